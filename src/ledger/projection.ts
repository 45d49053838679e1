/**
 * Owns rows that an older fold made: folded again before they are shown, and the rest when idle, in bounded steps
 * that any later page can go on from.
 */
import { refold } from '../core/accept.ts'
import type { LogRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { PROJECTION_VERSION, toRow, UNFOLDED } from './rows.ts'
import type { Row } from './rows.ts'
import type { LedgerTransaction, Segment } from './schema.ts'
import { EMPTY_META, storeOf } from './schema.ts'
import { eventsOf, segmentsOf } from './segments.ts'
import { relist } from './tallies.ts'

interface SegmentReader {
  getAll(range: IDBKeyRange): Promise<readonly Segment[]>
}

/** The record as the present fold has it. */
export async function currentRecord(segments: SegmentReader, row: Row): Promise<LogRecord> {
  return row.projection === PROJECTION_VERSION ? row.record : foldAgain(segments, row)
}

/** The record at the log's head, also where the last events are lost; null for a log without events. */
export function foldSegments(segments: readonly Segment[]): LogRecord | null {
  const record = refold(segments.flatMap(eventsOf))?.record
  if (record === undefined) return null
  const head = { lastSequence: segments.at(-1)?.last ?? 0 }
  return record.entity === 'run'
    ? { ...record, run: { ...record.run, ...head } }
    : { ...record, workflow: { ...record.workflow, ...head } }
}

/** Where events are lost or unreadable the row is the only one who remembers them, and stays as it is. */
async function foldAgain(segments: SegmentReader, { log, record, projection }: Row): Promise<LogRecord> {
  const stored = await segments.getAll(segmentsOf(log))
  if (projection !== UNFOLDED && stored.some(({ lost }) => lost === true)) return record
  try {
    return foldSegments(stored) ?? record
  } catch {
    return record
  }
}

/**
 * Folds up to `limit` rows of an older fold again and mends their listings. Gives back how many rows are left to
 * look at; 0 when all are as the present fold has them. Reads one record when there is nothing to do.
 */
export async function refoldStale(tx: LedgerTransaction<'readwrite'>, limit: number): Promise<number> {
  const meta = (await tx.objectStore('meta').get('ledger')) ?? EMPTY_META
  const { projected } = meta
  const isCurrent = projected?.version === PROJECTION_VERSION
  if (isCurrent && projected.upTo === null) return 0
  const done = isCurrent ? projected.upTo : null
  const logs = await nextLogs(tx, done, limit)
  for (const log of logs) await mend(tx, log)
  const upTo = logs.length < limit ? null : (logs.at(-1) ?? null)
  await tx.objectStore('meta').put({ ...meta, projected: { version: PROJECTION_VERSION, upTo } }, 'ledger')
  return upTo === null ? 0 : countAfter(tx, upTo)
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
async function mend(tx: LedgerTransaction<'readwrite'>, log: LogId): Promise<void> {
  const rows = tx.objectStore(storeOf(log))
  const row = await rows.get(log)
  if (row === undefined) return
  const record = await currentRecord(tx.objectStore('segments'), row)
  if (row.projection !== PROJECTION_VERSION) await rows.put(toRow(record), log)
  await relist(tx, [record])
}
