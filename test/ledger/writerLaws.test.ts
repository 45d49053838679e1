/** The writer under random appends, decisions and failures: order, prefix, cursors. SPEC W1, W4, W5. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { LogRecord } from '../../src/core/entities.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import type { SourceEvent } from '../../src/core/events.ts'
import type { LogId } from '../../src/core/ids.ts'
import { chatter, chronicle, cursor, refused, started, tells } from '../../src/testing/conformance/samples.ts'
import { asyncProperty } from '../support/property.ts'
import { failing, identityOf, watch, writing } from './support/writing.ts'

const LOGS: readonly LogId[] = ['r:a', 'r:b', 'w:c']

type Step =
  | { do: 'append'; logs: readonly LogId[]; count: number; strict: boolean }
  | { do: 'wait'; ms: number }
  | { do: 'decide' }
  | { do: 'idle' }
  | { do: 'fail'; times: number }
  | { do: 'lose' }
  | { do: 'intrude'; log: LogId }

const append = fc.record({
  do: fc.constant('append' as const),
  logs: fc.subarray([...LOGS], { minLength: 1 }),
  count: fc.integer({ min: 1, max: 3 }),
  strict: fc.boolean(),
})
const wait = fc.record({
  do: fc.constant('wait' as const),
  ms: fc.constantFrom(0, 1, 15, 16, 100, 700, 40_000),
})
const decide = fc.constant({ do: 'decide' as const })
const idle = fc.constant({ do: 'idle' as const })
const fail = fc.record({ do: fc.constant('fail' as const), times: fc.integer({ min: 1, max: 4 }) })
const lose = fc.constant({ do: 'lose' as const })
const intrude = fc.record({ do: fc.constant('intrude' as const), log: fc.constantFrom(...LOGS) })

const calm = [
  { weight: 5, arbitrary: append },
  { weight: 4, arbitrary: wait },
  { weight: 1, arbitrary: decide },
  { weight: 1, arbitrary: idle },
] as const
const script = (...troubles: fc.Arbitrary<Step>[]): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof(...calm, ...troubles.map((arbitrary) => ({ weight: 2, arbitrary }))), {
    minLength: 1,
    maxLength: 30,
  })

/** Plays a script on a writer and checks after every step what must always hold. */
async function play(steps: readonly Step[]) {
  /** While a log is read again nothing new is accepted, as the ingest has it. */
  const rebasing: { now: Promise<void> | null } = { now: null }
  const t = writing({
    on: {
      async conflict(log, events) {
        rebasing.now = t.rebase(log, events).finally(() => {
          rebasing.now = null
        })
        await rebasing.now
      },
    },
  })
  t.writer.start()
  /** Every event our source told, per log, in the order it was accepted first. */
  const told = new Map<LogId, string[]>()
  const positions: { log: LogId; id: string }[] = []
  const decided: Promise<unknown>[] = []
  let quarantined = 0

  function tell(events: readonly SourceEvent[], strict: boolean): void {
    for (const event of events) {
      told.set(event.log, [...(told.get(event.log) ?? []), identityOf(event)])
      positions.push({ log: event.log, id: identityOf(event) })
    }
    quarantined += 1
    t.append(events, {
      durability: strict ? 'strict' : 'relaxed',
      cursors: [cursor('live', positions.length)],
      quarantine: [refused(`odd ${quarantined}`)],
    })
  }

  async function step(each: Step): Promise<void> {
    switch (each.do) {
      case 'append':
        while (rebasing.now !== null) await rebasing.now
        return tell(
          each.logs.flatMap((log) => chatter(log, each.count)),
          each.strict,
        )
      case 'wait':
        return t.clock.advance(each.ms)
      case 'decide': {
        const decision = t.writer.decide(['r:ours'], (records) => onTop(records.get('r:ours')))
        decided.push(decision.catch(() => {}))
        return
      }
      case 'idle': {
        const accepted = new Map([...told].map(([log, ids]) => [log, ids.length]))
        const idle = watch(t.writer.whenIdle())
        await t.clock.advance(0)
        if (!idle.settled) return
        for (const [log, count] of accepted) expect(await own(log)).toHaveLength(count)
        return
      }
      case 'fail':
        return t.ledger.next(
          ...Array.from({ length: each.times }, () => ({ kind: 'refuse' as const, error: failing() })),
        )
      case 'lose':
        return t.ledger.next({ kind: 'lose-receipt', error: failing() })
      case 'intrude':
        await t.beneath.decide(
          [each.log],
          (records) => {
            const other = chronicle()
            const record = records.get(each.log)
            if (record !== undefined) other.records.set(each.log, record)
            return other.tell([tells(each.log, 'foreign', { source: 'other', name: 'note' }, 0, 'other')])
          },
          'strict',
        )
    }
  }

  /** Our source's events in a log, as they are stored. */
  async function own(log: LogId): Promise<string[]> {
    return (await t.events(log)).filter((event) => event.stream === 'live').map(identityOf)
  }

  async function checkAlways(): Promise<void> {
    // First the cursor: the writer goes on while this reads.
    const reached = (await t.beneath.readCursor('live'))?.position ?? 0
    const stored = new Map<LogId, string[]>()
    for (const log of LOGS) {
      const events = await t.events(log)
      expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1))
      const ids = await own(log)
      expect(ids).toEqual((told.get(log) ?? []).slice(0, ids.length))
      stored.set(log, ids)
    }
    for (const { log, id } of positions.slice(0, reached)) expect(stored.get(log)).toContain(id)
    for (const { persisted } of t.commits) {
      for (const { log, sequence } of persisted)
        expect((await t.events(log)).length).toBeGreaterThanOrEqual(sequence)
    }
    expect(t.ledger.mostAtOnce()).toBeLessThanOrEqual(1)
  }

  for (const each of steps) {
    await step(each)
    await checkAlways()
  }
  // The store is well again: everything lands.
  const attempts = t.ledger.attempts()
  const seen = watch(t.writer.whenIdle())
  await t.clock.advance(600_000)
  expect(seen.settled).toBe(true)
  expect(t.ledger.attempts() - attempts).toBeLessThanOrEqual(40)
  await Promise.all(decided)
  await checkAlways()
  for (const [log, ids] of told) expect(await own(log)).toEqual(ids)
  // A cursor that lags would have the source say it all again.
  expect((await t.beneath.readCursor('live'))?.position ?? 0).toBe(positions.length)
  expect(t.clock.waiting()).toBe(0)
  return { t, quarantined }
}

function onTop(record: LogRecord | undefined) {
  const story = chronicle()
  if (record === undefined) return story.tell([started('r:ours')])
  story.records.set('r:ours', record)
  return lifecycleOf(record).lastSequence > 5 ? null : story.tell(chatter('r:ours', 1))
}

asyncProperty(
  'W1 W4 what is stored is a prefix of what was accepted, cursors included, whatever is refused',
  script(fail),
  async (steps) => {
    const { t, quarantined } = await play(steps)
    expect(t.handedBack).toEqual([])
    expect((await t.beneath.counts()).quarantined).toBe(quarantined)
    for (const [log, record] of await t.beneath.readRecords(LOGS)) expect(record).toEqual(t.records.get(log))
  },
  120,
)

asyncProperty(
  'W1 W5 lost receipts cost no event and write none twice',
  script(fail, lose),
  async (steps) => {
    await play(steps)
  },
  120,
)

asyncProperty(
  'W1 W5 two writers never lose or reorder an event, and no cursor runs ahead of its events',
  script(fail, lose, intrude),
  async (steps) => {
    await play(steps)
  },
  120,
)
