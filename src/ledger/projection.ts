/**
 * Owns rows that an older fold made: folded again before they are shown, and the rest when idle, in bounded steps
 * that any later page can go on from.
 */
import { refold } from '../core/accept.ts'
import type { LogRecord, RunEvent } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { Behind } from './behind.ts'
import { caughtUp, headBehind } from './behind.ts'
import { sortAll } from './bundles.ts'
import { PROJECTION_VERSION, toRow, UNFOLDED } from './rows.ts'
import type { Row } from './rows.ts'
import type { LedgerTransaction, Segment } from './schema.ts'
import { EMPTY_META, storeOf } from './schema.ts'
import { ALL_SORTED, eventsOf, segmentSource } from './segments.ts'
import type { SegmentSource } from './segments.ts'
import { relist } from './tallies.ts'

/** The record as the present fold has it, at the head of its log. */
export async function currentRecord(
  segments: SegmentSource,
  row: Row,
  behind: Behind | undefined,
): Promise<LogRecord> {
  const again = row.projection === PROJECTION_VERSION ? null : await foldAgain(segments, row)
  return again ?? goOn(segments, row.record, headBehind(behind, row.log))
}

/** The record up to `head`, also where the events in between are lost or unreadable. */
async function goOn(segments: SegmentSource, record: LogRecord, head: number): Promise<LogRecord> {
  const { lastSequence } = lifecycleOf(record)
  if (lastSequence >= head) return record
  const stored = await segments(record.log, lastSequence + 1)
  const events = stored.flatMap(readable).filter(({ sequence }) => sequence > lastSequence)
  return at(refold(events, record)?.record ?? record, head)
}

function readable(segment: Segment): readonly RunEvent[] {
  try {
    return eventsOf(segment)
  } catch {
    return []
  }
}

function at(record: LogRecord, lastSequence: number): LogRecord {
  return record.entity === 'run'
    ? { ...record, run: { ...record.run, lastSequence } }
    : { ...record, workflow: { ...record.workflow, lastSequence } }
}

/** The record at the log's head, also where the last events are lost; null for a log without events. */
export function foldSegments(segments: readonly Segment[]): LogRecord | null {
  const record = refold(segments.flatMap(eventsOf))?.record
  return record === undefined ? null : at(record, segments.at(-1)?.last ?? 0)
}

/** Null where events are lost or unreadable: the row is the only one who remembers them, and stays as it is. */
async function foldAgain(segments: SegmentSource, { log, projection }: Row): Promise<LogRecord | null> {
  const stored = await segments(log)
  if (projection !== UNFOLDED && stored.some(({ lost }) => lost === true)) return null
  try {
    return foldSegments(stored)
  } catch {
    return null
  }
}

/**
 * Folds up to `limit` rows of an older fold again and mends their listings. Gives back how many rows are left to
 * look at; 0 when all are as the present fold has them. Reads one record when there is nothing to do.
 */
export async function refoldStale(tx: LedgerTransaction<'readwrite'>, limit: number): Promise<number> {
  const { projected } = (await tx.objectStore('meta').get('ledger')) ?? EMPTY_META
  const isCurrent = projected?.version === PROJECTION_VERSION
  if (isCurrent && projected.upTo === null) return 0
  const done = isCurrent ? projected.upTo : null
  const logs = await nextLogs(tx, done, limit)
  const meta = await sortAll(tx)
  const segments = segmentSource(tx.objectStore('segments'), ALL_SORTED)
  for (const log of logs) await mend(tx, segments, log, meta.behind)
  const upTo = logs.length < limit ? null : (logs.at(-1) ?? null)
  const behind = caughtUp(meta.behind, logs)
  await tx
    .objectStore('meta')
    .put({ ...meta, behind, projected: { version: PROJECTION_VERSION, upTo } }, 'ledger')
  return upTo === null ? 0 : countAfter(tx, upTo)
}

/** Every event into a segment of its log, and up to `limit` rows to the heads of theirs. */
export async function catchUp(tx: LedgerTransaction<'readwrite'>, limit: number): Promise<number> {
  const { behind, bundles } = (await tx.objectStore('meta').get('ledger')) ?? EMPTY_META
  if (bundles === 0 && Object.keys(behind ?? {}).length === 0) return 0
  const meta = await sortAll(tx)
  const segments = segmentSource(tx.objectStore('segments'), ALL_SORTED)
  const waiting = Object.keys(meta.behind ?? {}) as LogId[]
  const now = waiting.slice(0, limit)
  for (const log of now) await mend(tx, segments, log, meta.behind)
  await tx.objectStore('meta').put({ ...meta, behind: caughtUp(meta.behind, now) }, 'ledger')
  return waiting.length - now.length
}

/** Logs in the order of their names; those of runs (`r:`) come before those of workflows (`w:`). */
async function nextLogs(
  tx: LedgerTransaction<'readwrite'>,
  after: LogId | null,
  limit: number,
): Promise<readonly LogId[]> {
  const range = after === null ? null : IDBKeyRange.lowerBound(after, true)
  const runs = await tx.objectStore('runs').getAllKeys(range, limit)
  if (runs.length === limit) return runs
  return [...runs, ...(await tx.objectStore('workflows').getAllKeys(range, limit - runs.length))]
}

async function countAfter(tx: LedgerTransaction<'readwrite'>, log: LogId): Promise<number> {
  const range = IDBKeyRange.lowerBound(log, true)
  const counts = await Promise.all([
    tx.objectStore('runs').count(range),
    tx.objectStore('workflows').count(range),
  ])
  return counts[0] + counts[1]
}

/** A listing may be older than its row: a write of the present fold saw no change and did not list it again. */
async function mend(
  tx: LedgerTransaction<'readwrite'>,
  segments: SegmentSource,
  log: LogId,
  behind: Behind | undefined,
): Promise<void> {
  const rows = tx.objectStore(storeOf(log))
  const row = await rows.get(log)
  if (row === undefined) return
  const record = await currentRecord(segments, row, behind)
  if (record !== row.record) await rows.put(toRow(record), log)
  await relist(tx, [record])
}
