/**
 * Owns what happens when another writer moved a log first: the record on disk replaces ours, and our
 * unacknowledged events are accepted again by identity. SPEC W5.
 */
import { accept, refold, toSourceEvent } from '../../core/accept.ts'
import type { LogRecord, RunEvent } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import { eventIdentity } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import { NO_WORK } from '../../ledger/work.ts'
import { EMPTY_FRAME, eventsReceived, healthChanged, rebased } from '../actions.ts'
import { healLedger } from '../healLedger.ts'
import { openLog } from '../reads.ts'
import type { Runtime } from '../runtime.ts'
import { at } from '../table.ts'

const RETRY_MS = 1_000

/** Never gives up and never throws: the events are in nobody else's hands, and the writer waits for them. */
export async function rebase(runtime: Runtime, log: LogId, events: readonly RunEvent[]): Promise<void> {
  const { ingest, clock, dispatch, writer } = runtime
  let waiting = events
  const isShown = (at(runtime.getState().runs.tails, log)?.length ?? 0) > events.length
  for (;;) {
    const release = ingest.hold()
    try {
      await ingest.paused()
      // A frame that was under way came behind them, with sequences that others have.
      waiting = waiting.concat(writer.takeOut(log))
      await acceptAgain(runtime, log, waiting)
      // What a page shows of the run was read with the record that was replaced.
      if (isShown) void openLog(runtime, log).catch(() => {})
      return
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      dispatch(healthChanged({ state: 'recovering', reason }))
    } finally {
      // The live view goes on while we wait.
      release()
    }
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, RETRY_MS))
  }
}

async function acceptAgain(
  runtime: Runtime,
  log: LogId,
  events: readonly RunEvent[],
  checked = false,
): Promise<void> {
  const { ledger, writer, dispatch, getState } = runtime
  const [first] = events
  const ours = at(getState().runs.records, log)
  if (first === undefined || ours === undefined) return
  const record = (await ledger.readRecords([log])).get(log)
  if (record === undefined && first.sequence === 1) {
    // Nothing of it was ever stored: what was changed about its events changes the record.
    const changed = refold(events)?.record ?? ours
    dispatch(rebased({ record: changed }))
    const write = { log, base: 0, events, record: changed, relisted: true }
    void writer.append({ ...NO_WORK, logs: [write], durability: 'strict' })
    return
  }
  if (record === undefined) {
    // Nothing of the log is left, as when another tab deleted the database: what we still have goes on.
    const reason = 'The stored history was deleted while this page was open.'
    dispatch(healthChanged({ state: 'history-lost', reason }))
    const write = { log, base: 0, events, record: ours, relisted: true }
    void writer.append({ ...NO_WORK, logs: [write], durability: 'strict' })
    return
  }
  const stored = await ledger.readEvents(log, { after: first.sequence - 1, limit: Number.MAX_SAFE_INTEGER })
  const head = await ledger.readHead(log)
  if (head < lifecycleOf(record).lastSequence) {
    // Events were lost under us: what the journal has comes back, a hole is marked, and ours go on behind it.
    if (checked) throw new Error(`${log} has lost stored events`)
    await healLedger(runtime, { full: true })
    await acceptAgain(runtime, log, events, true)
    return
  }
  dispatch(rebased({ record: upToDate(record, stored) }))
  const known = new Set(stored.map(eventIdentity))
  const missing = events.filter((event) => !known.has(eventIdentity(event)))
  const { records } = getState().runs
  const { changes } = accept((each) => at(records, each), missing.map(toSourceEvent))
  dispatch(
    eventsReceived({
      ...EMPTY_FRAME,
      changes,
      counts: { ...EMPTY_FRAME.counts, duplicates: events.length - missing.length },
      durability: 'strict',
    }),
  )
}

/** Rows and events are written together; should a row be behind all the same, the events are right. */
function upToDate(record: LogRecord, stored: readonly RunEvent[]): LogRecord {
  const { lastSequence } = lifecycleOf(record)
  const newer = stored.filter((event) => event.sequence > lastSequence)
  return refold(newer, record)?.record ?? record
}
