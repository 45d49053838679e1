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
