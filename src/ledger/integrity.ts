/**
 * Owns the comparison of rows with events. A row that is missing or behind is folded again from the log's
 * segments; events that a row says were accepted and that are gone are counted and marked, never hidden.
 */
import { refold } from '../core/accept.ts'
import type { LogRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { IntegrityReport } from './port.ts'
import { INTACT } from './port.ts'
import { toRow } from './rows.ts'
import type { LedgerDatabase, LedgerTransaction, Meta } from './schema.ts'
import { EMPTY_META, SCHEMA_VERSION, storeOf } from './schema.ts'
import { eventsOf, lostSegment } from './segments.ts'

interface LogExtent {
  head: number
  segments: number
  events: number
}

/** Compares counters first; only a difference costs a look at every row and segment. */
export async function checkIntegrity(tx: LedgerTransaction<'readwrite'>): Promise<IntegrityReport> {
  const [meta = EMPTY_META, runs, workflows, segments] = await Promise.all([
    tx.objectStore('meta').get('ledger'),
    tx.objectStore('runs').count(),
    tx.objectStore('workflows').count(),
    tx.objectStore('segments').count(),
  ])
  if (meta.runs === runs && meta.workflows === workflows && meta.segments === segments) return INTACT

  const extents = await readExtents(tx)
  const heads = await readRowHeads(tx)
  let rebuilt = 0
  let lostEvents = 0
  const lostLogs: LogId[] = []

  for (const [log, { head }] of extents) {
    if ((heads.get(log) ?? 0) >= head) continue
    const record = await refoldStored(tx, log)
    if (record === null) continue
    await tx.objectStore(storeOf(log)).put(toRow(record), log)
    rebuilt += 1
  }
  for (const [log, rowHead] of heads) {
    const extent = extents.get(log) ?? { head: 0, segments: 0, events: 0 }
    if (extent.head >= rowHead) continue
    lostEvents += rowHead - extent.head
    lostLogs.push(log)
    // Holds the head where the row says it was, so that the log can go on and the hole stays visible.
    await tx.objectStore('segments').put(lostSegment(extent.head + 1, rowHead), [log, rowHead])
    extents.set(log, { ...extent, head: rowHead, segments: extent.segments + 1 })
  }
  await tx.objectStore('meta').put(await recount(tx, meta, extents), 'ledger')
  return { rebuilt, lostEvents, lostLogs }
}

/** Folds a log again; null when it has no events. */
export async function refoldLog(db: LedgerDatabase, log: LogId): Promise<LogRecord | null> {
  const segments = await db.getAll('segments', rangeOf(log))
  return refold(segments.flatMap(eventsOf))?.record ?? null
}

async function refoldStored(tx: LedgerTransaction<'readwrite'>, log: LogId): Promise<LogRecord | null> {
  const segments = await tx.objectStore('segments').getAll(rangeOf(log))
  return refold(segments.flatMap(eventsOf))?.record ?? null
}

async function readExtents(tx: LedgerTransaction<'readwrite'>): Promise<Map<LogId, LogExtent>> {
  const extents = new Map<LogId, LogExtent>()
  let cursor = await tx.objectStore('segments').openCursor()
  while (cursor !== null) {
    const [log, last] = cursor.key
    const { lost, first } = cursor.value
    const before = extents.get(log) ?? { head: 0, segments: 0, events: 0 }
    const events = lost === true ? 0 : last - first + 1
    extents.set(log, { head: last, segments: before.segments + 1, events: before.events + events })
    cursor = await cursor.continue()
  }
  return extents
}

async function readRowHeads(tx: LedgerTransaction<'readwrite'>): Promise<Map<LogId, number>> {
  const heads = new Map<LogId, number>()
  for (const name of ['runs', 'workflows'] as const) {
    let cursor = await tx.objectStore(name).openCursor()
    while (cursor !== null) {
      heads.set(cursor.value.log, lifecycleOf(cursor.value.record).lastSequence)
      cursor = await cursor.continue()
    }
  }
  return heads
}

async function recount(
  tx: LedgerTransaction<'readwrite'>,
  meta: Meta,
  extents: ReadonlyMap<LogId, LogExtent>,
): Promise<Meta> {
  const [runs, workflows] = await Promise.all([
    tx.objectStore('runs').count(),
    tx.objectStore('workflows').count(),
  ])
  let segments = 0
  let events = 0
  for (const extent of extents.values()) {
    segments += extent.segments
    events += extent.events
  }
  return { ...meta, schema: SCHEMA_VERSION, batch: meta.batch + 1, runs, workflows, segments, events }
}

function rangeOf(log: LogId): IDBKeyRange {
  return IDBKeyRange.bound([log, 0], [log, Number.POSITIVE_INFINITY])
}
