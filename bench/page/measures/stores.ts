/**
 * Owns the filled stores: a history of many runs, and what is asked of it afterwards. Two runs hold a tenth of
 * all events, each as many as a run keeps; the others share the rest; the last twenty are still running, the last four are
 * one thread.
 */
import { openBareDatabase, writeSegments } from '../subjects/bareSegments.ts'
import { assemble, onDisk, ready } from '../subjects/ours.ts'
import type { Ours } from '../subjects/ours.ts'
import { runEnded, runEvent } from '../events.ts'
import { hasAllCalls, liveStream, recordOf, recordsOf, runLog } from '../ledger.ts'
import type { LogId, RawEvent, RunLedgerState } from '../ledger.ts'
import { median, quantiles } from '../statistics.ts'

export interface Size {
  runs: number
  events: number
}

const LONG_RUNS = 2
const UNSETTLED = 20
const THREAD_RUNS = 4
const NEWEST = 50
const FILL_CHUNK = 20_480
const FLUSH = 256

const runName = (index: number): string => `run-${String(index).padStart(6, '0')}`
const threadOf = (index: number): string => `thread-${Math.floor(index / THREAD_RUNS)}`
const longRuns: readonly LogId[] = Array.from({ length: LONG_RUNS }, (_, index) => runLog(runName(index)))
const unsettledRuns = ({ runs }: Size): string[] =>
  Array.from({ length: UNSETTLED }, (_, index) => runName(runs - 1 - index))

const lengthOfLong = (events: number): number => Math.floor(events / 10 / LONG_RUNS)

/** Every event of the history, run after run. */
function* history({ runs, events }: Size): Generator<RawEvent> {
  const long = lengthOfLong(events)
  const each = Math.floor((events - LONG_RUNS * long) / (runs - LONG_RUNS))
  let position = 0
  for (let run = 0; run < runs; run += 1) {
    const count = run < LONG_RUNS ? long : each
    const ends = run < runs - UNSETTLED
    for (let at = 0; at < count; at += 1) {
      position += 1
      const isLast = ends && at === count - 1
      yield isLast ? runEnded(runName(run), position) : runEvent(runName(run), threadOf(run), at, position)
    }
  }
}

/** Writes the history; gives back how many events it has. */
export async function fill({ store, size }: { store: 'ours' | 'bare'; size: Size }): Promise<number> {
  const ours = store === 'ours' ? assemble() : null
  const write = ours === null ? await fillBare() : await fillOurs(ours)
  let total = 0
  let chunk: RawEvent[] = []
  for (const event of history(size)) {
    chunk.push(event)
    if (chunk.length < FILL_CHUNK) continue
    await write(chunk)
    total += chunk.length
    chunk = []
  }
  await write(chunk)
  // Work for idle moments is done here, so that what is measured later does not share the machine with it.
  await ours?.runs.storage.tidy()
  return total + chunk.length
}

async function fillOurs(ours: Ours): Promise<(events: RawEvent[]) => Promise<void>> {
  await ready(ours)
  const stream = liveStream('history')
  return async (events) => {
    ours.source.emit(stream, events)
    await ours.runs.whenIdle()
  }
}

async function fillBare(): Promise<(events: RawEvent[]) => Promise<void>> {
  const db = await openBareDatabase()
  return async (events) => {
    for (let from = 0; from < events.length; from += 1_024) {
      await writeSegments(db, events.slice(from, from + 1_024))
    }
  }
}

/** From before `open` to the first screen, then to the moment events flow; reads follow on the open ledger. */
export async function boot({ size }: { size: Size }) {
  const thread = threadOf(size.runs - 1)
  const threadRuns = Array.from({ length: THREAD_RUNS }, (_, index) => runLog(runName(size.runs - 1 - index)))
  const began = performance.now()
  const ours = assemble()
  await ours.storage.ledger.open()
  const openMs = performance.now() - began
  let screenMs: number | null = null
  ours.store.subscribe(() => {
    if (screenMs === null && isOnScreen(ours.store.getState(), size, threadRuns))
      screenMs = performance.now() - began
  })
  await ready(ours, thread)
  const readyMs = performance.now() - began
  if (screenMs === null) throw new Error('the first screen never came')
  return { openMs, screenMs, readyMs, ...(await reads(ours, size)) }
}

/** Every unsettled run, fifty headers, and the open thread with all of its tool calls. */
function isOnScreen({ runs }: RunLedgerState, size: Size, threadRuns: readonly LogId[]): boolean {
  return (
    recordsOf(runs).length >= NEWEST &&
    unsettledRuns(size).every((run) => recordOf(runs, runLog(run)) !== undefined) &&
    threadRuns.every((log) => hasAllCalls(runs, log))
  )
}

async function reads({ storage: { ledger } }: Ours, { runs, events }: Size) {
  const latest: number[] = []
  for (const log of [...longRuns, runLog(runName(Math.floor(runs / 2))), runLog(runName(runs - 30))]) {
    const began = performance.now()
    const found = await ledger.readEvents(log, { limit: 200 })
    latest.push(performance.now() - began)
    if (found.length === 0) throw new Error(`${log} has no events`)
  }
  const began = performance.now()
  let allEvents = 0
  for (const log of longRuns) {
    const all = await ledger.readEvents(log, { after: 0, limit: Number.MAX_SAFE_INTEGER })
    if (all.length !== lengthOfLong(events)) throw new Error(`${log} has ${all.length} events`)
    allEvents += all.length
  }
  const allMs = performance.now() - began
  return { latestMs: Math.max(...latest), allMs, allEvents }
}

/** What one more event, and one more flush of 256 over twenty runs, takes on top of what is stored. */
export async function append({
  store,
  size,
  rounds,
}: {
  store: 'ours' | 'bare'
  size: Size
  rounds: number
}) {
  const write = store === 'ours' ? await appendOurs(size) : await appendBare()
  const runs = unsettledRuns(size)
  let position = 0
  const event = (): RawEvent => {
    position += 1
    const run = runs[position % UNSETTLED] ?? ''
    return runEvent(run, 'thread', 1_001 + Math.floor(position / UNSETTLED), position)
  }
  const timed = async (count: number): Promise<number> => {
    const events = Array.from({ length: count }, event)
    const began = performance.now()
    await write(events)
    return performance.now() - began
  }
  for (let round = 0; round < 20; round += 1) await timed(FLUSH)
  const single: number[] = []
  const flush: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    single.push(await timed(1))
    flush.push(await timed(FLUSH))
  }
  return {
    single: median(single),
    flush: median(flush),
    singleP95: quantiles(single)?.p95 ?? Number.NaN,
    flushP95: quantiles(flush)?.p95 ?? Number.NaN,
  }
}

async function appendOurs(size: Size): Promise<(events: RawEvent[]) => Promise<void>> {
  const ours = assemble(onDisk())
  await ready(ours, threadOf(size.runs - 1))
  const stream = liveStream('later')
  return async (events) => {
    ours.source.emit(stream, events)
    await ours.runs.whenIdle()
  }
}

async function appendBare(): Promise<(events: RawEvent[]) => Promise<void>> {
  const db = await openBareDatabase()
  // Later than every position of the history.
  return (events) =>
    writeSegments(
      db,
      events.map((event) => ({ ...event, position: 10_000_000 + Number(event.position) })),
    )
}
