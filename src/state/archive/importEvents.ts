/**
 * Owns taking in history that a reader of another system's files made events of. Add-only and by identity: the same
 * file again, or a newer one of the same run, adds what it says that was not known. Nobody is notified. SPEC A2, A3, H4.
 */
import type { Prepared } from '../../core/content.ts'
import type { LogRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { RawEvent, StreamInfo } from '../../core/events.ts'
import { eventIdentity } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import { readAll } from '../../ledger/readAll.ts'
import { createQuarantine, newGathered, toItem } from '../ingest/gathered.ts'
import type { Runtime } from '../runtime.ts'
import { addToLog, MovedOn } from './additions.ts'
import { interrupt, putAside, show } from './afterImport.ts'

/** Events that are decoded, and written, together. */
const TOGETHER = 256
/** A log that somebody keeps writing to is given up after so many tries. */
const TRIES = 5

/** An event of elsewhere, and the stream it has its place in. */
export interface ImportedEvent {
  stream: string
  event: RawEvent
}

export interface ImportedEvents {
  /** Events that said something new. */
  added: number
  /** Events that were here, or said nothing new. */
  repeated: number
  /** Events that could not be used; they are quarantined. */
  refused: number
  /** Runs that were in flight when they were written down and that nobody drives. */
  interrupted: number
  /** Every log the events are of, in their order. */
  logs: readonly LogId[]
}

/** Takes the events in, log by log. `onProgress` is told the share that is done, 0 to 1. @throws LedgerError */
export async function importEvents(
  runtime: Runtime,
  events: readonly ImportedEvent[],
  onProgress: (done: number) => void = () => {},
): Promise<ImportedEvents> {
  const { byLog, refused } = await takeIn(runtime, events)
  let added = 0
  let seen = 0
  for (const [log, prepared] of byLog) {
    const { before, after } = await addNew(runtime, log, prepared)
    added += after - before
    seen += prepared.length
    onProgress((refused + seen) / events.length)
  }
  const streams = new Set(events.map(({ stream }) => runtime.redaction.stream(repairStream(stream)).id))
  const logs = [...byLog.keys()]
  // Also where nothing was new: an import that was cut off had no time for it.
  const interrupted = await interrupt(runtime, logs, (record) => isSpared(record, streams))
  await show(runtime, logs)
  return { added, repeated: seen - added, refused, interrupted, logs }
}

/** Decoded, redacted and cut as everything is that comes from outside; what is refused is put aside with its reason. */
async function takeIn(runtime: Runtime, events: readonly ImportedEvent[]) {
  const { clock, redaction, page, frames } = runtime
  const quarantine = createQuarantine({ clock, redaction, page })
  const byLog = new Map<LogId, Prepared[]>()
  const gathered = newGathered(events.length)
  for (const [index, { stream, event }] of events.entries()) {
    // Whoever looks at the page meanwhile is not kept waiting.
    if (index % TOGETHER === TOGETHER - 1) await new Promise<void>((resolve) => void frames(resolve, true))
    const { position, item, refused } = toItem(event, redaction.stream(repairStream(stream)), redaction)
    if (refused !== null) quarantine(gathered, stream, position, refused, event)
    if (item.kind !== 'event') continue
    const { log } = item.prepared.event
    const known = byLog.get(log)
    if (known === undefined) byLog.set(log, [item.prepared])
    else known.push(item.prepared)
  }
  await putAside(runtime, gathered.quarantine)
  return { byLog, refused: gathered.quarantine.length }
}

/** Runs that others drive are theirs to judge; what waits, paused, in its own system goes on there. */
function isSpared(record: LogRecord, imported: ReadonlySet<string>): boolean {
  const driver = record.bindings.at(-1)?.stream
  return lifecycleOf(record).status === 'paused' || (driver !== undefined && !imported.has(driver))
}

const repairStream = (id: string): StreamInfo => ({ id, contiguous: false, first: 1, kind: 'repair' })

/** Adds those of a log's events that are not in it. Gives back where the log ended before and after. */
async function addNew(
  runtime: Runtime,
  log: LogId,
  events: readonly Prepared[],
): Promise<{ before: number; after: number }> {
  for (let tries = 1; ; tries += 1) {
    await runtime.writer.whenWritten()
    const stored = await readAll(runtime.ledger, log)
    const before = stored.at(-1)?.sequence ?? 0
    const known = new Set(stored.map(eventIdentity))
    const missing = events.filter(({ event }) => !known.has(eventIdentity(event)))
    try {
      let head = before
      for (let at = 0; at < missing.length; at += TOGETHER) {
        const together = missing.slice(at, at + TOGETHER)
        head = await addToLog(runtime, { log, head, events: together, blobs: [], isRepair: true })
      }
      return { before, after: head }
    } catch (error) {
      if (!(error instanceof MovedOn) || tries === TRIES) throw error
    }
  }
}
