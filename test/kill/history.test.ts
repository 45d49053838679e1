/** The judge of the kill harness sees each way a history can be wrong: a harness that cannot fail measures nothing. */
import { describe, expect, test } from 'vitest'
import { accept } from '../../src/core/accept.ts'
import type { LogRecord } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { Verdict } from './history.ts'
import { CLEAN, createHistory } from './history.ts'
import { injectionAt } from './kills.ts'
import type { StoredLog } from './page/protocol.ts'
import { eventAt, LOGS } from './workload.ts'

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

const all = (): StoredLog[] => LOGS.map((log) => storedOf(log))

function judged(
  change: (stored: StoredLog) => StoredLog,
  options: { told?: number; safe?: number; seen?: boolean; wiped?: boolean } = {},
): Partial<Verdict> {
  const { told = LENGTH, safe = LENGTH, seen = false, wiped = false } = options
  const history = createHistory(SEED, 2)
  history.generation = 1
  history.acknowledge([{ log: 'r:a', sequence: told, copies: 1 }])
  history.acknowledge([{ log: 'r:a', sequence: safe, copies: 2 }])
  if (seen) expect(history.judge(all(), { wiped: false })).toEqual(CLEAN)
  const verdict = history.judge(
    all().map((stored) => (stored.log === 'r:a' ? change(stored) : stored)),
    { wiped },
  )
  return Object.fromEntries(Object.entries(verdict).filter(([, count]) => count !== 0))
}

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
    expect(judged((stored) => stored, { told: 3, safe: 0 })).toEqual({})
  })

  test('W6 counts acknowledged events that are gone', () => {
    expect(judged((stored) => cut(stored, 22))).toMatchObject({ lost: 3 })
    expect(judged((stored) => without(stored, 4, 5))).toMatchObject({ lost: 2, gaps: 2 })
    expect(judged((stored) => ({ ...stored, events: [], row: null, cursor: null, blobs: [] }))).toEqual({
      lost: LENGTH,
    })
  })

  test('W6 tells apart what only the wiped copy held', () => {
    expect(judged((stored) => cut(stored, 20), { safe: 20, wiped: true })).toMatchObject({ lostEarly: 5 })
    expect(judged((stored) => cut(stored, 20), { safe: 20, wiped: false })).toMatchObject({ lost: 5 })
    expect(judged((stored) => cut(stored, 19), { safe: 20, wiped: true })).toMatchObject({
      lost: 1,
      lostEarly: 5,
    })
  })

  test('counts what was there at an earlier start', () => {
    expect(judged((stored) => cut(stored, 20), { told: 5, safe: 5, seen: true })).toMatchObject({
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
