/** The judge of the kill harness sees each way a history can be wrong: a harness that cannot fail measures nothing. */
import { describe, expect, test } from 'vitest'
import { accept } from '../../src/core/accept.ts'
import type { LogRecord } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import { QUARANTINE_KEPT } from '../../src/ledger/quarantine.ts'
import type { Verdict } from './history.ts'
import { CLEAN, createHistory } from './history.ts'
import { injectionAt } from './kills.ts'
import type { Stored, StoredLog } from './page/protocol.ts'
import { smallVerdict } from './smallRows.ts'
import { commandOf, eventAt, LOGS, refusalOf, smallAt } from './workload.ts'

const SEED = 7
const LENGTH = 25

/** What a ledger that kept its promises gives back. */
function storedOf(log: LogId, generation = 1): StoredLog {
  let record: LogRecord | undefined
  const events: string[] = []
  const blobs: (readonly [string, string])[] = []
  for (let sequence = 1; sequence <= LENGTH; sequence += 1) {
    const prepared = eventAt({ seed: SEED, log, sequence, generation })
    const [change] = accept(() => record, [prepared.event]).changes
    record = change?.record
    events.push(...(change?.events ?? []).map((event) => JSON.stringify(event)))
    blobs.push(...prepared.blobs.map(({ ref, text }) => [ref, text] as const))
  }
  return { log, events, row: JSON.stringify(record), cursor: LENGTH, blobs }
}

/** Everything of one life: four appends with rows that are no events, and the logs. */
const SMALL = Array.from({ length: 12 }, (_, index) => smallAt(1, index + 1))
const newest = new Map(SMALL.flatMap(({ commands }) => commands.map((command) => [command.id, command])))

const all = (): Stored => ({
  logs: LOGS.map((log) => storedOf(log)),
  commands: [...newest.values()],
  quarantine: SMALL.flatMap(({ quarantine }) => quarantine),
})

function judgedWhole(
  change: (stored: Stored) => Stored,
  { told = LENGTH, seen = false } = {},
): Partial<Verdict> {
  const history = createHistory(SEED)
  history.generation = 1
  history.acknowledge({ logs: [{ log: 'r:a', sequence: told }], commands: [], quarantine: [] })
  for (const { commands, quarantine } of SMALL) {
    history.acknowledge({ logs: [], commands, quarantine: quarantine.map(({ id }) => id) })
  }
  if (seen) expect(history.judge(all())).toEqual(CLEAN)
  const verdict = history.judge(change(all()))
  return Object.fromEntries(Object.entries(verdict).filter(([, count]) => count !== 0))
}

const judged = (
  change: (stored: StoredLog) => StoredLog,
  options: { told?: number; seen?: boolean } = {},
): Partial<Verdict> =>
  judgedWhole(
    (stored) => ({ ...stored, logs: stored.logs.map((each) => (each.log === 'r:a' ? change(each) : each)) }),
    options,
  )

const without = (stored: StoredLog, from: number, to: number): StoredLog => ({
  ...stored,
  events: stored.events.filter((_, index) => index + 1 < from || index + 1 > to),
})

const cut = (stored: StoredLog, length: number): StoredLog => {
  const { events, row, blobs } = without(stored, length + 1, LENGTH)
  return { log: stored.log, events, row, blobs, cursor: length }
}

describe('the judge', () => {
  test('W6 finds nothing wrong with what was kept', () => {
    expect(judged((stored) => stored)).toEqual({})
    expect(judged((stored) => stored, { seen: true })).toEqual({})
  })

  test('W6 more than was acknowledged is no fault', () => {
    expect(judged((stored) => stored, { told: 3 })).toEqual({})
  })

  test('W6 counts acknowledged events that are gone', () => {
    expect(judged((stored) => cut(stored, 22))).toMatchObject({ lost: 3 })
    expect(judged((stored) => without(stored, 4, 5))).toMatchObject({ lost: 2, gaps: 2 })
    expect(judged((stored) => ({ ...stored, events: [], row: null, cursor: null, blobs: [] }))).toEqual({
      lost: LENGTH,
    })
  })

  test('O1 counts acknowledged commands that are gone, went back or say something else', () => {
    const commandsWith = (edit: (commands: Stored['commands']) => Stored['commands']) =>
      judgedWhole((stored) => ({ ...stored, commands: edit(stored.commands) }))
    expect(commandsWith((commands) => commands.slice(1))).toEqual({ commands: 1 })
    expect(commandsWith((commands) => commands.map(({ id }) => commandOf(id, 'sending')))).toEqual({
      commands: 2,
    })
    expect(commandsWith((commands) => commands.map((each) => ({ ...each, payload: null })))).toEqual({
      commands: 3,
    })
    expect(commandsWith((commands) => commands.map(({ id }) => commandOf(id, 'applied')))).toEqual({})
  })

  test('A3 counts refused inputs that are gone or changed; more of them are no fault', () => {
    const refusalsWith = (edit: (entries: Stored['quarantine']) => Stored['quarantine']) =>
      judgedWhole((stored) => ({ ...stored, quarantine: edit(stored.quarantine) }))
    expect(refusalsWith((entries) => entries.slice(1))).toEqual({ refusals: 1 })
    expect(refusalsWith((entries) => entries.map((entry) => ({ ...entry, raw: '' })))).toEqual({
      refusals: 3,
    })
    expect(refusalsWith((entries) => [...entries, refusalOf('2-1')])).toEqual({})
  })

  test('A3 does not miss refused inputs that newer ones took the place of', () => {
    const ids = Array.from({ length: QUARANTINE_KEPT + 5 }, (_, index) => String(10_000 + index))
    const known = { commands: new Map(), quarantine: new Set(ids) }
    const verdictOn = (kept: readonly string[]) =>
      smallVerdict(known, { commands: [], quarantine: kept.map(refusalOf) }).refusals
    expect(verdictOn(ids.slice(5))).toBe(0)
    expect(verdictOn(ids.slice(6))).toBe(1)
  })

  test('counts what was there at an earlier start', () => {
    expect(judged((stored) => cut(stored, 20), { told: 5, seen: true })).toMatchObject({
      retracted: 5,
    })
  })

  test('W1 counts events stored twice', () => {
    const twice = ({ events, ...rest }: StoredLog): StoredLog => ({
      ...rest,
      events: [...events.slice(0, 7), ...events.slice(6)],
    })
    expect(judged(twice)['duplicates']).toBeGreaterThan(0)
  })

  test('W1 counts other bodies, new and old', () => {
    const changed = (stored: StoredLog): StoredLog => ({
      ...stored,
      events: stored.events.map((text, index) => (index === 8 ? text.replace('of 1:', 'of 2:') : text)),
    })
    expect(judged(changed)).toMatchObject({ changed: 1 })
    expect(judged(changed, { seen: true })).toMatchObject({ changed: 1 })
    expect(judged(() => storedOf('r:a', 2))['changed']).toBeGreaterThan(10)
  })

  test('W6 counts results and checkpoints that do not resolve, or to something else', () => {
    const [missing, other] = [null, 'other'].map((text) =>
      judged((stored) => ({
        ...stored,
        blobs: stored.blobs.map(([ref, kept], at) => [ref, at === 0 ? text : kept] as const),
      })),
    )
    expect(missing).toEqual({ blobs: 1 })
    expect(other).toEqual({ blobs: 1 })
  })

  test('W2 counts rows that are not the fold, and cursors off their place', () => {
    expect(
      judged((stored) => ({ ...stored, row: stored.row?.replace('"attempt":2', '"attempt":3') ?? null })),
    ).toEqual({ rows: 1 })
    expect(judged((stored) => ({ ...stored, row: null }))).toEqual({ rows: 1 })
    expect(judged((stored) => ({ ...stored, cursor: LENGTH - 1 }))).toEqual({ cursors: 1 })
  })
})

describe('injections', () => {
  test.each([30, 250, 500])('%i kills damage each copy equally often, never at the same time', (kills) => {
    const injected = Array.from({ length: kills }, (_, index) => injectionAt(index + 1, kills))
    const most = Math.min(20, kills / 5)
    expect(injected.filter((each) => each === 'wipe').length).toBe(most)
    expect(injected.filter((each) => each === 'journal').length).toBe(most)
  })
})
