/**
 * What a source can do to a page: say things twice, differently, out of order, too late, at the wrong time, too much,
 * or in shapes that hurt. Faults F23–F28. SPEC F1–F4, A1, A3, S1.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoryStorage, selectLedgerStatus } from '../../src/index.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import { memoryLedger } from '../../src/ledger/memory.ts'
import { createRunLimit } from '../../src/state/ingest/runLimit.ts'
import { OTHER_CONTENT } from '../../src/state/ingest/repeats.ts'
import { at } from '../../src/state/table.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { liveStream } from '../../src/testing/scriptedSource.ts'
import { asyncProperty } from '../support/property.ts'
import { newScope, openPage, research, script, START } from '../state/support/page.ts'
import type { Page } from '../state/support/page.ts'
import { accept } from '../../src/core/accept.ts'
import { chatter, ended, started } from '../../src/testing/conformance/samples.ts'
import { hostileEvents } from './support/hostile.ts'

const RUN = 'r:wf1.research.1'
const ALL = { after: 0, limit: 100_000 }

async function booted(options: Parameters<typeof openPage>[1] = {}) {
  const storage = memoryStorage()
  const page = openPage(newScope(), { storage, ...options })
  await page.boot()
  return Object.assign(page, { storage })
}

const lifecycle = (page: Page, log: LogId) => {
  const record = at(page.state().runs.records, log)
  if (record === undefined) throw new Error(`no ${log}`)
  return lifecycleOf(record)
}

test('fault F23: the same again is counted and changes nothing; health stays ok', async () => {
  const page = await booted()
  const lines = script()
  const events = research(lines)
  page.source.emit(lines.stream, events)
  await page.ledger.whenIdle()
  const before = JSON.stringify(page.state().runs.records)
  page.source.emit(lines.stream, events)
  await page.ledger.whenIdle()
  const { duplicates, quarantined } = selectLedgerStatus(page.state())
  expect({ duplicates, quarantined }).toEqual({ duplicates: events.length, quarantined: 0 })
  expect(JSON.stringify(page.state().runs.records)).toBe(before)
})

test.each([
  ['in memory', false],
  ['on disk, after a restart', true],
])(
  'fault F23: other content for a place that is taken is refused, kept and counted; the first wins (%s)',
  async (_where, restarted) => {
    const storage = memoryStorage()
    const scope = newScope()
    let page = openPage(scope, { storage })
    await page.boot()
    const lines = script()
    const events = research(lines)
    page.source.emit(lines.stream, events)
    await page.ledger.whenIdle()
    if (restarted) {
      await page.ledger.dispose()
      page = openPage(scope, { storage })
      await page.boot()
    }
    const record = JSON.stringify((await storage.ledger.readRecords([RUN])).get(RUN))
    const position = 8
    const other = { ...events[position - 1], payload: { callId: 'c1', status: 'failed', failure: 'really' } }
    page.source.emit(lines.stream, [other])
    await page.ledger.whenIdle()

    const { quarantine, duplicates } = selectLedgerStatus(page.state())
    expect(quarantine).toMatchObject([{ stream: 'live:1', position, reason: OTHER_CONTENT }])
    expect(quarantine[0]?.raw).toContain('really')
    expect(duplicates).toBe(1)
    expect(JSON.stringify((await storage.ledger.readRecords([RUN])).get(RUN))).toBe(record)
  },
)

test('fault F24: what is missing is waited for a second, then said, and heals when it comes after all', async () => {
  const clock = manualClock()
  const page = await booted({ clock })
  const lines = script()
  const events = research(lines)
  const late = lines.event(RUN, 'iteration.started', { iteration: 2 })
  const last = lines.event(RUN, 'usage.reported', { key: 'u', scope: 'own', inputTokens: 5 })
  page.source.emit(lines.stream, [...events, last])
  await clock.advance(900)
  expect(lifecycle(page, RUN).lastSequence).toBe(5)
  await clock.advance(200)
  const stored = (): Promise<readonly { type: string }[]> => page.storage.ledger.readEvents(RUN, ALL)
  await page.ledger.whenIdle()
  expect((await stored()).map(({ type }) => type).slice(5)).toEqual(['log.gap', 'usage.reported'])

  page.source.emit(lines.stream, [late])
  await page.ledger.whenIdle()
  expect((await stored()).at(-1)?.type).toBe('iteration.started')
  const record = at(page.state().runs.records, RUN)
  expect(record?.entity === 'run' && record.run.iteration).toBe(2)
  expect(await page.storage.ledger.readCursor('live:1')).toMatchObject({ position: 11, gaps: [] })
  expect(selectLedgerStatus(page.state()).health).toEqual({ state: 'ok' })
})

test('fault F24: a thousand that wait are not held longer, and a jump of 10,001 is refused and moves nothing', async () => {
  const clock = manualClock()
  const page = await booted({ clock })
  const { event, stream } = script()
  const [first] = [event('r:a', 'run.observed', { agentName: 'a' })]
  page.source.emit(stream, [first])
  const ahead = Array.from({ length: 1_000 }, (_, index) => ({
    ...event('r:a', 'tick', { index }),
    position: 3 + index,
  }))
  page.source.emit(stream, ahead)
  await clock.advance(50)
  await page.ledger.whenIdle()
  expect(lifecycle(page, 'r:a').lastSequence).toBe(1_002)
  page.source.emit(stream, [{ ...event('r:a', 'tick', {}), position: 30_000 }])
  await page.ledger.whenIdle()
  expect(selectLedgerStatus(page.state()).quarantine[0]?.reason).toContain('jumps')
  expect(lifecycle(page, 'r:a').lastSequence).toBe(1_002)
})

test('fault F25: after the end nothing comes back to life; what is told late is stored and counted', async () => {
  const page = await booted()
  const lines = script()
  const end = { to: 'completed', trigger: 'result_received' }
  page.source.emit(lines.stream, [...research(lines), lines.event(RUN, 'run.transitioned', end)])
  const late = [
    lines.event(RUN, 'run.transitioned', { to: 'running', trigger: 'spawn' }),
    lines.event(RUN, 'tool.started', { callId: 'zombie', name: 'search' }),
    lines.event(RUN, 'question.asked', { questionId: 'q', prompt: 'Still there?' }),
    lines.event(RUN, 'usage.reported', { key: 'u', scope: 'own', inputTokens: 7 }),
  ]
  page.source.emit(lines.stream, late)
  await page.ledger.whenIdle()
  expect(lifecycle(page, RUN)).toMatchObject({ status: 'completed', lastSequence: 10 })
  const record = at(page.state().runs.records, RUN)
  if (record?.entity !== 'run') throw new Error('no run')
  expect(record.questions.filter(({ state }) => state === 'open')).toEqual([])
  expect(record.telemetry.inputTokens).toBe(7)
  // A call that is told late happened; it is part of the record and in nobody's way.
  const told = record.toolCalls.find(({ callId }) => callId === 'zombie')
  expect(told).toMatchObject({ status: 'unknown', inferred: true })
  expect(record.notes.late).toBe(2)
})

test('fault F25: what was left running is shown as unconfirmed, never as live, and settled when its owner is gone', async () => {
  const storage = memoryStorage()
  const scope = newScope()
  const before = openPage(scope, { storage })
  await before.boot()
  const lines = script()
  before.source.emit(lines.stream, research(lines))
  await before.ledger.whenIdle()
  before.die()
  const after = openPage(scope, { storage })
  await after.boot()
  expect(at(after.state().runs.unconfirmed, RUN)).toBe(true)
  after.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
  await after.ledger.reconcile()
  expect(lifecycle(after, RUN)).toMatchObject({ status: 'interrupted', inferred: true })
})

const YEAR = 365 * 24 * 3_600_000

test.each([
  ['a year ahead', YEAR],
  ['a year back', -YEAR],
  ['an hour back', -3_600_000],
])(
  'fault F26: a clock that jumps %s in the middle of a run moves no event and breaks no wait',
  async (_name, jump) => {
    const steady = manualClock()
    let skew = 0
    const clock = { ...steady, now: () => steady.now() + skew }
    const page = await booted({ clock })
    const lines = script()
    const [head, rest] = [research(lines), lines.event(RUN, 'iteration.started', { iteration: 2 })]
    page.source.emit(lines.stream, head)
    await steady.advance(50)
    skew = jump
    // The source's clock jumps as well, and one event is missing.
    const after = [
      {
        ...lines.event(RUN, 'run.transitioned', { to: 'idle', trigger: 'result_received' }),
        timestamp: START + jump,
      },
      {
        ...lines.event(RUN, 'run.transitioned', { to: 'running', trigger: 'prompt_received' }),
        timestamp: START,
      },
    ]
    page.source.emit(lines.stream, after)
    await steady.advance(500)
    page.source.emit(lines.stream, [rest])
    await steady.advance(50)
    await page.ledger.whenIdle()
    const events = await page.storage.ledger.readEvents(RUN, ALL)
    expect(events.map(({ position }) => position)).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(lifecycle(page, RUN).status).toBe('running')
    const record = at(page.state().runs.records, RUN)
    if (record?.entity === 'run') expect(record.telemetry.elapsedMs ?? 0).toBeGreaterThanOrEqual(0)
    expect(selectLedgerStatus(page.state()).health).toEqual({ state: 'ok' })
  },
)

test('fault F27: a text of 2 MiB is kept, a longer one and one in the wrong place are refused, and their neighbours land', async () => {
  const page = await booted()
  const { stream, event } = script()
  const huge = 'x'.repeat(2 * 1024 * 1024)
  page.source.emit(stream, [
    event('r:a', 'run.observed', { agentName: 'a' }),
    event('r:a', 'checkpoint.saved', { state: huge }),
    event('r:a', 'run.observed', { summary: huge }),
    event('r:a', 'checkpoint.saved', { state: `${huge}and more` }),
    event('r:a', 'iteration.started', { iteration: 9 }),
  ])
  await page.ledger.whenIdle()
  const events = await page.storage.ledger.readEvents('r:a', ALL)
  expect(events.map(({ type }) => type)).toEqual(['run.observed', 'checkpoint.saved', 'iteration.started'])
  const { quarantine } = selectLedgerStatus(page.state())
  expect(quarantine.map(({ position }) => position)).toEqual([4, 3])
  expect(quarantine.every(({ raw }) => raw.length <= 4_000)).toBe(true)
})

function limited(limits: { events: number; chars: number }) {
  const records = new Map<LogId, ReturnType<typeof accept>['changes'][number]['record']>()
  const ledger = memoryLedger()
  const limit = createRunLimit({ ledger, recordOf: (log) => records.get(log), limits })
  return (told: ReturnType<typeof chatter>) => {
    const kept = limit.keep(told.map((event) => ({ event, blobs: [], contents: [] })))
    const { changes } = accept(
      (log) => records.get(log),
      kept.map(({ event }) => event),
    )
    for (const { log, record } of changes) records.set(log, record)
    return kept.map(({ event }) => event)
  }
}

test('fault F27: beyond its limit a run keeps its course and its result, and says how much was left out', () => {
  const take = limited({ events: 10, chars: Number.POSITIVE_INFINITY })
  expect(take([started('r:a'), ...chatter('r:a', 9)])).toHaveLength(10)
  const more = chatter('r:a', 300)
  expect(take(more)).toEqual([])
  expect(take([started('r:b'), ...chatter('r:b', 3)])).toHaveLength(4)
  const kept = take([...chatter('r:a', 1), ended('r:a')])
  expect(kept.map(({ type }) => type)).toEqual(['log.gap', 'run.transitioned'])
  expect(kept[0]?.payload).toMatchObject({ stream: 'live', from: more[0]?.position, events: 301 })
})

test('fault F28: none of 120 hostile events takes its neighbours along, throws, or leaves a mark on all objects', async () => {
  const page = await booted()
  const prototype = Reflect.ownKeys(Object.prototype)
  const hostile = hostileEvents(1)
  expect(hostile).toHaveLength(120)
  const sparse = { ...liveStream('hostile'), contiguous: false }
  const good = script('good')
  for (const { event } of hostile) {
    page.source.emit(sparse, [event])
    page.source.emit(good.stream, [good.event('r:good', 'tick', { still: 'here' })])
    page.source.emit(sparse, [event, event])
  }
  await page.ledger.whenIdle()

  expect(lifecycle(page, 'r:good').lastSequence).toBe(120)
  const { quarantined, received, health } = selectLedgerStatus(page.state())
  expect(received).toBe(480)
  expect(health).toEqual({ state: 'ok' })
  const stored = await page.storage.ledger.readEvents('r:victim', ALL)
  const refused = await page.storage.ledger.listQuarantine(1_000)
  expect(refused).toHaveLength(quarantined)
  for (const { reason, raw } of refused) {
    expect(reason).toMatch(/\w/)
    expect(raw.length).toBeLessThanOrEqual(4_000)
  }
  // Each is either stored or refused.
  const seen = new Set([...stored, ...refused].map(({ position }) => position))
  const silent = hostile.filter(({ event }, index) => !seen.has(index + 1) && placeOf(event) === index + 1)
  expect(silent.map(({ name }) => name)).toEqual([])
  expect(stored.length).toBeGreaterThan(20)
  expect(quarantined).toBeGreaterThan(60)
  expect(Reflect.ownKeys(Object.prototype)).toEqual(prototype)
  expect(({} as { polluted?: unknown }).polluted).toBe(undefined)
  expect(() => structuredClone([page.state().runs.records, stored, refused])).not.toThrow()
})

/** Where it says that it stands. */
function placeOf(event: unknown): unknown {
  try {
    return (event as { position: unknown }).position
  } catch {
    return null
  }
}

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  key: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', 'ref', 'preview'), fc.string()),
})

asyncProperty(
  'fault F28: whatever comes as an event or a payload, the next event lands',
  fc.array(
    fc.record({
      event: anything,
      payload: anything,
      type: fc.constantFrom('run.observed', 'tool.finished', 'x'),
    }),
    { maxLength: 20 },
  ),
  async (all) => {
    const page = await booted()
    const prototype = Reflect.ownKeys(Object.prototype)
    const sparse = { ...liveStream('hostile'), contiguous: false }
    page.source.emit(
      sparse,
      all.flatMap(({ event, payload, type }, position) => [
        event,
        { log: 'r:a', timestamp: START, type, payload, position },
      ]),
    )
    const good = script('good')
    page.source.emit(good.stream, [good.event('r:good', 'tick', {})])
    await page.ledger.whenIdle()
    expect(lifecycle(page, 'r:good').lastSequence).toBe(1)
    expect(Reflect.ownKeys(Object.prototype)).toEqual(prototype)
  },
  40,
)
