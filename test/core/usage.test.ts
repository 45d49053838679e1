/** Figures are absolute and keyed. SPEC F5, as far as one run goes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RUN, decoded } from './support/histories.ts'
import { runOf } from './support/fold.ts'
import { property } from '../support/property.ts'

interface Report {
  key: string
  stream?: string
  inputTokens?: number
  costUsd?: number
  costSource?: string
  scope?: string
  includes?: readonly { runId: string; inputTokens?: number; costUsd?: number | null }[]
  model?: string
}

const tell = (reports: readonly Report[]) =>
  runOf(
    reports.map(({ stream = 'A', scope = 'own', ...rest }, at) =>
      decoded({ log: RUN, type: 'usage.reported', payload: { scope, ...rest }, position: at, stream }),
    ),
  )

test('F5 a later figure replaces the earlier one of its key, and keys add up', () => {
  const { telemetry } = tell([
    { key: 'turn1', inputTokens: 10 },
    { key: 'turn1', inputTokens: 25 },
    { key: 'turn2', inputTokens: 5 },
  ])
  expect(telemetry.inputTokens).toBe(30)
})

test('F5 what nobody reported is unknown, and a reported zero is zero', () => {
  expect(tell([{ key: 'a' }]).telemetry).toMatchObject({ inputTokens: null, costUsd: null, costSource: null })
  expect(tell([{ key: 'a', inputTokens: 0, costUsd: 0 }]).telemetry).toMatchObject({
    inputTokens: 0,
    costUsd: 0,
  })
})

test('F5 a subtree’s figure covers the run’s own of its stream, and is less what it lists as others’', () => {
  const { telemetry, usage } = tell([
    { key: 'own', inputTokens: 10 },
    { key: 'all', inputTokens: 90, scope: 'subtree', includes: [{ runId: 'kid', inputTokens: 60 }] },
    { key: 'later', inputTokens: 5, stream: 'B' },
  ])
  expect(telemetry.inputTokens).toBe(30 + 5)
  expect(usage.entries).toHaveLength(3)
})

test('F5 a later figure that lists nobody keeps the list, and one that lists others replaces it', () => {
  const all = { key: 'all', scope: 'subtree' }
  const first = { ...all, inputTokens: 90, includes: [{ runId: 'kid', inputTokens: 60 }] }
  expect(tell([first, { ...all, inputTokens: 100 }]).telemetry.inputTokens).toBe(40)
  const both = [
    { runId: 'kid', inputTokens: 60 },
    { runId: 'kin', inputTokens: 30 },
  ]
  expect(tell([first, { ...all, inputTokens: 100, includes: both }]).telemetry.inputTokens).toBe(10)
})

test('F5 what nobody knows of a child stays with its parent, and nothing falls below zero', () => {
  const all = { key: 'all', scope: 'subtree', costUsd: 2, inputTokens: 10 }
  const { telemetry } = tell([{ ...all, includes: [{ runId: 'kid', costUsd: null, inputTokens: 12 }] }])
  expect(telemetry).toMatchObject({ costUsd: 2, inputTokens: 0, outputTokens: null })
})

test('F5 one estimate makes the whole an estimate', () => {
  const charged = { key: 'a', costUsd: 1, costSource: 'charged' }
  expect(tell([charged]).telemetry.costSource).toBe('charged')
  expect(tell([charged, { key: 'b', costUsd: 1, costSource: 'estimated' }]).telemetry.costSource).toBe(
    'estimated',
  )
  expect(tell([charged, { key: 'b', costUsd: 1 }]).telemetry.costSource).toBeNull()
  expect(tell([charged, { key: 'b', inputTokens: 1, costSource: 'estimated' }]).telemetry.costSource).toBe(
    'charged',
  )
})

test('F5 the last model named is the model', () => {
  expect(tell([{ key: 'a', model: 'm1' }, { key: 'b', model: 'm2' }, { key: 'c' }]).telemetry.model).toBe(
    'm2',
  )
})

property(
  'F5 replaying reports changes no figure',
  fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), inputTokens: fc.nat(99) }), {
    minLength: 1,
    maxLength: 20,
  }),
  (reports) => {
    const last = [...new Map(reports.map((report) => [report.key, report])).values()]
    expect(tell([...reports, ...last]).telemetry.inputTokens).toBe(tell(reports).telemetry.inputTokens)
  },
)

/** 200 keys of a finished stream, then one of the next: the book closes. */
const old = (costSource: (at: number) => string): Report[] =>
  Array.from({ length: 200 }, (_, at) => ({
    key: `old${at}`,
    inputTokens: 1,
    costUsd: 0.25,
    costSource: costSource(at),
    stream: 'old',
  }))
const next: Report = { key: 'next', inputTokens: 7, costUsd: 1, costSource: 'charged', stream: 'new' }

describe('beyond 200 keys', () => {
  const book = [...old(() => 'charged'), next]

  test('F5 at 200 keys nothing is closed', () => {
    expect(tell(book.slice(0, 200)).usage).toMatchObject({ entries: { length: 200 }, closed: [] })
  })

  test('F5 those of other streams fold into one figure per stream, and no total changes', () => {
    const { usage, telemetry } = tell(book)
    expect(usage.entries.map((entry) => entry.key)).toEqual(['next'])
    expect(usage.closed).toMatchObject([{ stream: 'old', scope: 'own', inputTokens: 200, costUsd: 50 }])
    expect(telemetry).toMatchObject({ inputTokens: 207, costUsd: 51, costSource: 'charged' })
  })

  test('F5 a later figure for a closed stream is refused and counted', () => {
    const { telemetry, notes } = tell([...book, { key: 'old3', inputTokens: 900, stream: 'old' }])
    expect(telemetry.inputTokens).toBe(207)
    expect(notes.refused).toBe(1)
  })

  test('F5 figures of scopes stay apart when they are closed', () => {
    const mixed = old(() => 'charged').map((each, at) => ({ ...each, scope: at < 50 ? 'subtree' : 'own' }))
    const book = tell([...mixed, next])
    expect(book.usage.closed).toMatchObject([
      { scope: 'subtree', inputTokens: 50 },
      { scope: 'own', inputTokens: 150 },
    ])
    expect(book.telemetry.inputTokens).toBe((tell(mixed).telemetry.inputTokens ?? 0) + 7)
  })

  test('F5 an estimate among closed figures is still an estimate', () => {
    const mixed = old((at) => (at === 100 ? 'estimated' : 'charged'))
    expect(tell(mixed).telemetry.costSource).toBe('estimated')
    expect(tell([...mixed, next]).telemetry.costSource).toBe('estimated')
  })

  property(
    'F5 closing changes no total, whatever the streams are',
    fc.array(fc.tuple(fc.constantFrom('A', 'B', 'C'), fc.nat(9)), { minLength: 201, maxLength: 260 }),
    (reports) => {
      // Stream by stream: a stream that goes on after its book was closed is refused, on purpose.
      const ordered = reports.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      const told = ordered.map(([stream, inputTokens], at) => ({ key: `k${at}`, stream, inputTokens }))
      const { telemetry, notes } = tell(told)
      expect(telemetry.inputTokens).toBe(reports.reduce((sum, [, tokens]) => sum + tokens, 0))
      expect(notes.refused).toBe(0)
    },
    20,
  )
})

describe('beyond 200 keys of one stream', () => {
  const turns = (count: number, from = 1): Report[] =>
    Array.from({ length: count }, (_, at) => ({
      key: `turn:${from + at * 9}`,
      inputTokens: 1,
      costUsd: 0.25,
    }))

  test('F5 an agent of thousands of turns has a small book, and totals that count each turn', () => {
    const { usage, telemetry, notes } = tell(turns(3_000))
    expect(usage.entries.length).toBeLessThanOrEqual(200)
    expect(usage.closed).toHaveLength(1)
    expect(JSON.stringify(usage).length).toBeLessThan(64_000)
    expect(telemetry).toMatchObject({ inputTokens: 3_000, costUsd: 750 })
    expect(notes.refused).toBe(0)
  })

  test('F5 a closed turn told again is refused and counted, one still in the book is replaced, a new one added', () => {
    const book = turns(300)
    const [first, last] = [book[0]?.key ?? '', book.at(-1)?.key ?? '']
    const again = tell([...book, { key: first, inputTokens: 900 }])
    expect([again.telemetry.inputTokens, again.notes.refused]).toEqual([300, 1])
    const replaced = tell([...book, { key: last, inputTokens: 5 }, { key: 'turn:9999', inputTokens: 1 }])
    expect([replaced.telemetry.inputTokens, replaced.notes.refused]).toEqual([305, 0])
  })

  test('F5 a turn told late that may be among the closed ones is refused and counted, not counted twice', () => {
    const { telemetry, notes } = tell([...turns(300), { key: 'turn:2', inputTokens: 7 }])
    expect([telemetry.inputTokens, notes.refused]).toEqual([300, 1])
  })

  test('F5 figures of a subtree stay apart and less what they list, closed or not', () => {
    const includes = [{ runId: 'kid', inputTokens: 4 }]
    const book = turns(300).map((each) => ({ ...each, scope: 'subtree', inputTokens: 10, includes }))
    expect(tell(book).telemetry.inputTokens).toBe(1_800)
  })

  test('F5 what one report lists as others’ lowers no other report, closed or not', () => {
    const lists = (inputTokens: number) => ({ scope: 'subtree', includes: [{ runId: 'kid', inputTokens }] })
    const odd: Report[] = [
      { key: 'turn:1', inputTokens: 10, ...lists(12) },
      { key: 'turn:2', ...lists(5) },
    ]
    const rest = turns(298, 3).map((each) => ({ ...each, scope: 'subtree', inputTokens: 10 }))
    expect(tell([...odd, ...rest.slice(0, 50)]).telemetry.inputTokens).toBe(500)
    expect(tell([...odd, ...rest]).telemetry.inputTokens).toBe(2_980)
  })

  test('F5 a closed turn that another stream tells again is refused, too', () => {
    const { telemetry, notes } = tell([...turns(300), { key: 'turn:1', inputTokens: 1, stream: 'list' }])
    expect([telemetry.inputTokens, notes.refused]).toEqual([300, 1])
  })

  test('F5 a stream whose oldest keys were closed is closed as a whole when another goes on', () => {
    const { usage, telemetry, notes } = tell([
      ...turns(250),
      ...turns(60).map((each) => ({ ...each, key: `b${each.key}`, stream: 'B' })),
      { key: 'turn:99999', inputTokens: 1 },
    ])
    expect(usage.closed).toMatchObject([{ stream: 'A', inputTokens: 250 }])
    expect([telemetry.inputTokens, notes.refused]).toEqual([310, 1])
  })

  test('F5 keys without a number have no order to close them in: beyond 200 they are refused and counted', () => {
    const names = Array.from({ length: 210 }, (_, at) => ({ key: `${at}:name`, inputTokens: 1 }))
    const { usage, telemetry, notes } = tell(names)
    expect([usage.entries.length, telemetry.inputTokens, notes.refused]).toEqual([200, 200, 10])
  })

  property(
    'F5 every key told counts once, whatever is told again and when',
    fc.tuple(
      fc.array(fc.tuple(fc.constantFrom('in:', 'out:', 'turn-'), fc.nat(9)), {
        minLength: 201,
        maxLength: 500,
      }),
      fc.array(fc.tuple(fc.nat(499), fc.nat(499)), { maxLength: 40 }),
    ),
    ([reports, repeats]) => {
      const told: Report[] = reports.map(([series, inputTokens], at) => ({
        key: `${series}${at}`,
        inputTokens,
      }))
      const again = told.flatMap((each, at) => [
        each,
        ...repeats.flatMap(([when, which]) => (when === at && which < at ? (told[which] ?? []) : [])),
      ])
      const { usage, telemetry } = tell(again)
      expect(usage.entries.length).toBeLessThanOrEqual(200)
      expect(telemetry.inputTokens).toBe(reports.reduce((sum, [, tokens]) => sum + tokens, 0))
    },
    40,
  )
})
