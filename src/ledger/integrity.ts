/**
 * Owns the comparison of rows with events. A row that is missing or behind is folded again from the log's
 * segments; events that a row says were accepted and that are gone are counted and marked, never hidden.
 */
import type { LogRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { IntegrityReport, Losses } from './port.ts'
import { caughtUp, headBehind } from './behind.ts'
import { sortAll } from './bundles.ts'
import { mendListings } from './lists.ts'
import { foldSegments } from './projection.ts'
import { PROJECTION_VERSION, toRow } from './rows.ts'
import type { LedgerDatabase, LedgerTransaction, Meta } from './schema.ts'
import { EMPTY_META, SCHEMA_VERSION, storeOf } from './schema.ts'
import { sortedSegments, lostSegment, segmentsOf } from './segments.ts'

/** Names kept of logs with holes; their number of events is kept in any case. */
const LOST_LOGS_KEPT = 1_000

interface LogExtent {
  ranges: (readonly [first: number, last: number])[]
  segments: number
  events: number
}

/** Whether the counters fit the contents. Reads no row and no event. */
export async function isConsistent(db: LedgerDatabase): Promise<boolean> {
  const tx = db.transaction(['meta', 'runs', 'workflows', 'segments', 'bundles', 'listings'])
  const [meta = EMPTY_META, runs, workflows, segments, bundles, listings] = await Promise.all([
    tx.objectStore('meta').get('ledger'),
    tx.objectStore('runs').count(),
    tx.objectStore('workflows').count(),
    tx.objectStore('segments').count(),
    tx.objectStore('bundles').count(),
    tx.objectStore('listings').count(),
  ])
  const rowsAgree = meta.runs === runs && meta.workflows === workflows && listings === runs + workflows
  return rowsAgree && meta.segments === segments && meta.bundles === bundles
}

/** Looks at every row and segment; repairs, marks and counts. */
export async function checkIntegrity(tx: LedgerTransaction<'readwrite'>): Promise<IntegrityReport> {
  const counted = await tx.objectStore('meta').get('ledger')
  const meta = await sortAll(tx)
  const extents = await readExtents(tx)
  const heads = await readRowHeads(tx)
  let rebuilt = 0
  let named = 0
  const lostLogs: LogId[] = []
  const behind = caughtUp(meta.behind, [])

  for (const log of new Set([...extents.keys(), ...heads.keys()])) {
    const extent = extents.get(log) ?? { ranges: [], segments: 0, events: 0 }
    const { head: written, isStale } = heads.get(log) ?? { head: 0, isStale: true }
    // A row that is known to be behind speaks for the events it waits for.
    const rowHead = Math.max(written, headBehind(behind, log))
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
    if (rowHead >= head && !isStale) continue
    const record = await refoldStored(tx, log).catch(() => null)
    if (record === null) continue
    await tx.objectStore(storeOf(log)).put(toRow(record), log)
    delete behind[log]
    rebuilt += 1
  }
  await mendListings(tx)
  const after = await recount(tx, { ...meta, bundles: 0, behind }, extents)
  if (counted === undefined) after.bytes = await countBytes(tx)
  // Logs of which nothing is left have no name any more; the counters still know how much they held.
  const lostEvents = Math.max(named, meta.events - after.events)
  if (lostEvents > 0) after.losses = addLosses(meta.losses, lostEvents, lostLogs)
  await tx.objectStore('meta').put(after, 'ledger')
  return { rebuilt, lostEvents, lostLogs }
}

export async function recordLoss(tx: LedgerTransaction<'readwrite'>, events: number): Promise<void> {
  const meta = (await tx.objectStore('meta').get('ledger')) ?? EMPTY_META
  await tx.objectStore('meta').put({ ...meta, losses: addLosses(meta.losses, events, []) }, 'ledger')
}

function addLosses(before: Losses | undefined, events: number, logs: readonly LogId[]): Losses {
  const named = new Set([...(before?.logs ?? []), ...logs])
  return { events: (before?.events ?? 0) + events, logs: [...named].slice(0, LOST_LOGS_KEPT) }
}

async function refoldStored(tx: LedgerTransaction<'readwrite'>, log: LogId): Promise<LogRecord | null> {
  return foldSegments(await tx.objectStore('segments').getAll(segmentsOf(log)))
}

async function readExtents(tx: LedgerTransaction<'readwrite'>): Promise<Map<LogId, LogExtent>> {
  const extents = new Map<LogId, LogExtent>()
  for await (const [log, { first, last, lost }] of sortedSegments(tx.objectStore('segments'))) {
    const extent = extents.get(log) ?? { ranges: [], segments: 0, events: 0 }
    extent.ranges.push([first, last])
    extent.segments += 1
    extent.events += lost === true ? 0 : last - first + 1
    extents.set(log, extent)
  }
  return extents
}

async function countBytes(tx: LedgerTransaction<'readwrite'>): Promise<number> {
  let bytes = 0
  for await (const [, { body }] of sortedSegments(tx.objectStore('segments'))) bytes += body.length
  let blob = await tx.objectStore('blobs').openCursor()
  while (blob !== null) {
    bytes += blob.value.length
    blob = await blob.continue()
  }
  return bytes
}

interface RowHead {
  head: number
  /** Folded by another fold, or by nobody since its events came back. */
  isStale: boolean
}

async function readRowHeads(tx: LedgerTransaction<'readwrite'>): Promise<Map<LogId, RowHead>> {
  const heads = new Map<LogId, RowHead>()
  for (const name of ['runs', 'workflows'] as const) {
    let cursor = await tx.objectStore(name).openCursor()
    while (cursor !== null) {
      const { log, record, projection } = cursor.value
      const head = lifecycleOf(record).lastSequence
      heads.set(log, { head, isStale: projection !== PROJECTION_VERSION })
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
    quarantined: quarantined + (meta.quarantineDropped ?? 0),
  }
}
