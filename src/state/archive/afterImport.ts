/**
 * Owns what follows once history from elsewhere was written: what was in flight there is so no more, unless somebody
 * drives it, and lists and counts know of what came. SPEC A2, H4.
 */
import type { LogRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { SourceEvent } from '../../core/events.ts'
import type { LogId } from '../../core/ids.ts'
import { reconcile } from '../../core/reconcile.ts'
import { isSettled } from '../../core/status.ts'
import { contentsRead, recordsLoaded } from '../actions.ts'
import { decide, eachOf } from '../decide.ts'
import { gatherEvidence, readCheckpoints } from '../evidence/ask.ts'
import { QUARANTINE_SHOWN } from '../ledgerSlice.ts'
import type { QuarantineEntry } from '../../ledger/copies.ts'
import { EMPTY_BATCH } from '../../ledger/port.ts'
import type { Runtime } from '../runtime.ts'

/** Imported logs whose records are read, and go to the store, together; others are read when a page asks. */
const LOADED = 400
/** Of what was refused before, the newest that are compared. */
const KEPT_COMPARED = 1_000
const IMPORT_STREAM = 'ledger:import'

/**
 * What was in flight in its archive is so no more, unless an owner says that it lives: it is settled here as
 * inferred. The event comes after the archived ones, so that these stay what they were.
 */
export async function interrupt(
  runtime: Runtime,
  logs: readonly LogId[],
  isSpared: (record: LogRecord) => boolean = () => false,
): Promise<number> {
  let count = 0
  for (let at = 0; at < logs.length; at += LOADED) {
    const records = await runtime.ledger.readRecords(logs.slice(at, at + LOADED))
    const open = [...records.values()].filter(
      (record) => !isSettled(lifecycleOf(record).status) && !isSpared(record),
    )
    if (open.length === 0) continue
    const evidence = await gatherEvidence(runtime, open)
    const gone = open.filter(({ log }) => evidence.get(log)?.kind !== 'live')
    const checkpoints = await readCheckpoints(runtime, gone)
    const now = runtime.clock.now()
    const changes = await decide(
      runtime,
      gone.map(({ log }) => log),
      eachOf((record) => endOf(record, checkpoints.has(record.log), now)),
    )
    count += changes.length
  }
  return count
}

/** As `reconcile` judges a run whose owner is gone, said as what it is. */
function endOf(record: LogRecord, hasCheckpoint: boolean, now: number): SourceEvent | null {
  const judged = { record, evidence: { kind: 'gone' as const, exitCode: null }, hasCheckpoint }
  const event = reconcile(judged, now)
  if (event === null) return null
  const reason = 'It was in flight when it was written down, and nobody carries it on here.'
  const payload = { ...event.payload, trigger: 'imported', reason }
  return { ...event, stream: IMPORT_STREAM, payload } as SourceEvent
}

/** Puts refused input aside; the same of the same place is kept once, however often it comes. */
export async function putAside(
  { ledger, writer }: Runtime,
  refused: readonly QuarantineEntry[],
): Promise<void> {
  if (refused.length === 0) return
  const known = await ledger.listQuarantine(KEPT_COMPARED)
  const nameOf = ({ stream, position, raw }: QuarantineEntry): string =>
    JSON.stringify([stream, position, raw])
  const seen = new Set(known.map(nameOf))
  const entries = refused.filter((entry) => !seen.has(nameOf(entry)))
  await writer.decide([], () => ({ ...EMPTY_BATCH, quarantine: entries }))
}

/** Lists and counts know of what came. */
export async function show({ ledger, dispatch }: Runtime, logs: readonly LogId[]): Promise<void> {
  const records = await ledger.readRecords(logs.slice(-LOADED))
  dispatch(recordsLoaded({ records: [...records.values()] }))
  const [counts, entries] = await Promise.all([ledger.counts(), ledger.listQuarantine(QUARANTINE_SHOWN)])
  dispatch(contentsRead({ counts, quarantine: entries }))
}
