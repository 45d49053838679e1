/**
 * Owns the comparison of rows with events. A row that is missing or behind is folded again from the log's
 * segments; events that a row says were accepted and that are gone are counted and marked, never hidden.
 */
import { refold } from '../core/accept.ts'
import type { LogRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { IntegrityReport, Losses } from './port.ts'
import { INTACT } from './port.ts'
import { toRow } from './rows.ts'
import type { LedgerDatabase, LedgerTransaction, Meta, Segment } from './schema.ts'
import { EMPTY_META, SCHEMA_VERSION, storeOf } from './schema.ts'
import { eventsOf, lostSegment } from './segments.ts'

/** Names kept of logs with holes; their number of events is kept in any case. */
const LOST_LOGS_KEPT = 1_000

interface LogExtent {
  ranges: (readonly [first: number, last: number])[]
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
  let named = 0
  const lostLogs: LogId[] = []

  for (const log of new Set([...extents.keys(), ...heads.keys()])) {
    const extent = extents.get(log) ?? { ranges: [], segments: 0, events: 0 }
    const rowHead = heads.get(log) ?? 0
    const head = Math.max(rowHead, extent.ranges.at(-1)?.[1] ?? 0)
    let next = 1
    let missing = 0
    // Each hole is marked, so that the head stays where it was and the loss is reported once.
    for (const [first, last] of [...extent.ranges, [head + 1, head] as const]) {
      if (first > next) {
        await tx.objectStore('segments').put(lostSegment(next, first - 1), [log, first - 1])
        extent.segments += 1
        missing += first - next
      }
      next = last + 1
    }
    extents.set(log, extent)
    if (missing > 0) {
      named += missing
      lostLogs.push(log)
    }
    if (rowHead >= head) continue
    const record = await refoldStored(tx, log).catch(() => null)
    if (record === null) continue
    await tx.objectStore(storeOf(log)).put(toRow(record), log)
    rebuilt += 1
  }
  const after = await recount(tx, meta, extents)
  // Logs of which nothing is left have no name any more; the counters still know how much they held.
  const lostEvents = Math.max(named, meta.events - after.events)
  if (lostEvents > 0) after.losses = addLosses(meta.losses, lostEvents, lostLogs)
  await tx.objectStore('meta').put(after, 'ledger')
  return { rebuilt, lostEvents, lostLogs }
}

function addLosses(before: Losses | undefined, events: number, logs: readonly LogId[]): Losses {
  const named = new Set([...(before?.logs ?? []), ...logs])
  return { events: (before?.events ?? 0) + events, logs: [...named].slice(0, LOST_LOGS_KEPT) }
}

/** Folds a log again; null when it has no events. */
export async function refoldLog(db: LedgerDatabase, log: LogId): Promise<LogRecord | null> {
  return fold(await db.getAll('segments', rangeOf(log)))
}

export async function refoldStored(
  tx: LedgerTransaction<'readwrite'>,
  log: LogId,
): Promise<LogRecord | null> {
  return fold(await tx.objectStore('segments').getAll(rangeOf(log)))
}

/** The record at the log's head, also where the last events are lost. */
function fold(segments: readonly Segment[]): LogRecord | null {
  const record = refold(segments.flatMap(eventsOf))?.record
  if (record === undefined) return null
  const head = { lastSequence: segments.at(-1)?.last ?? 0 }
  return record.entity === 'run'
    ? { ...record, run: { ...record.run, ...head } }
    : { ...record, workflow: { ...record.workflow, ...head } }
}

async function readExtents(tx: LedgerTransaction<'readwrite'>): Promise<Map<LogId, LogExtent>> {
  const extents = new Map<LogId, LogExtent>()
  let cursor = await tx.objectStore('segments').openCursor()
  while (cursor !== null) {
    const [log, last] = cursor.key
    const { lost, first } = cursor.value
    const extent = extents.get(log) ?? { ranges: [], segments: 0, events: 0 }
    extent.ranges.push([first, last])
    extent.segments += 1
    extent.events += lost === true ? 0 : last - first + 1
    extents.set(log, extent)
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
  const [runs, workflows, quarantined] = await Promise.all([
    tx.objectStore('runs').count(),
    tx.objectStore('workflows').count(),
    tx.objectStore('quarantine').count(),
  ])
  let segments = 0
  let events = 0
  for (const extent of extents.values()) {
    segments += extent.segments
    events += extent.events
  }
  return {
    ...meta,
    schema: SCHEMA_VERSION,
    batch: meta.batch + 1,
    runs,
    workflows,
    segments,
    events,
    quarantined,
  }
}

function rangeOf(log: LogId): IDBKeyRange {
  return IDBKeyRange.bound([log, 0], [log, Number.POSITIVE_INFINITY])
}
