/**
 * Owns what a repair reads and writes of the database: everything by name without its texts, and pieces put back as
 * they were. What is missing where is decided in `heal.ts`.
 */
import type { LogId } from '../core/ids.ts'
import { Bundles, sortAll } from './bundles.ts'
import type { Unsorted } from './bundles.ts'
import type { Inventory, Pieces, Stamp, StoredSegment } from './copies.ts'
import type { LedgerDatabase, LedgerTransaction, Segment } from './schema.ts'
import { EMPTY_META, present, storeOf, STORES } from './schema.ts'
import { unwaited } from './requests.ts'
import { lostSegment, segmentsOf, sortedSegments } from './segments.ts'
import type { SegmentSource } from './segments.ts'

/** Reads keys and ranges; the texts of events and blobs stay on the disk. */
export async function takeInventory(db: LedgerDatabase): Promise<Inventory> {
  const tx = db.transaction(present(db, STORES))
  const [meta = EMPTY_META, blobs, cursors, commands, quarantine, graves, graveLogs, logs] =
    await Promise.all([
      tx.objectStore('meta').get('ledger'),
      tx.objectStore('blobs').getAllKeys(),
      tx.objectStore('streams').getAll(),
      tx.objectStore('commands').getAll(),
      tx.objectStore('quarantine').getAllKeys(),
      tx.objectStore('tombstones').getAll(),
      tx.objectStore('tombstones').getAllKeys(),
      readRanges(tx.objectStore('segments'), await new Bundles().read(tx)),
    ])
  return {
    stamp: { batch: meta.batch, events: meta.events },
    logs,
    blobs: new Set(blobs),
    cursors,
    commands,
    quarantine: new Set(quarantine),
    tombstones: graves.map((grave, index) => ({ log: graveLogs[index] ?? 'r:', ...grave })),
  }
}

async function readRanges(
  sorted: Parameters<typeof sortedSegments>[0],
  unsorted: Unsorted,
): Promise<Inventory['logs']> {
  const logs = new Map<LogId, (readonly [number, number])[]>()
  const heads = new Map<LogId, number>()
  const add = (log: LogId, { first, last, lost }: Segment): void => {
    const ranges = logs.get(log) ?? []
    if (lost !== true) ranges.push([first, last])
    logs.set(log, ranges)
    heads.set(log, last)
  }
  for await (const [log, segment] of sortedSegments(sorted)) add(log, segment)
  for (const segment of unsorted.all()) {
    if (segment.first > (heads.get(segment.log) ?? 0)) add(segment.log, segment)
  }
  return logs
}

export async function readStored(segments: SegmentSource, log: LogId): Promise<readonly StoredSegment[]> {
  return (await segments(log))
    .filter(({ lost }) => lost !== true)
    .map(({ first, last, body }) => ({ log, first, last, body }))
}

/**
 * Puts pieces back as they were. The rows of their logs are marked as folded by nobody: they are folded again before
 * anyone sees them, and by the integrity check for good.
 */
export async function restorePieces(tx: LedgerTransaction<'readwrite'>, pieces: Pieces): Promise<void> {
  // A write like any other: what a page remembers of heads is worth nothing after it.
  const meta = await sortAll(tx)
  unwaited(tx.objectStore('meta').put({ ...meta, batch: meta.batch + 1 }, 'ledger'))
  for (const segment of pieces.segments) await restoreSegment(tx, segment)
  for (const log of new Set(pieces.segments.map((segment) => segment.log))) {
    const rows = tx.objectStore(storeOf(log))
    const row = await rows.get(log)
    if (row !== undefined) await rows.put({ ...row, projection: 0 }, log)
  }
  for (const { ref, text } of pieces.blobs) unwaited(tx.objectStore('blobs').put(text, ref))
  for (const cursor of pieces.cursors) unwaited(tx.objectStore('streams').put(cursor, cursor.stream))
  for (const command of pieces.commands) unwaited(tx.objectStore('commands').put(command, command.id))
  for (const entry of pieces.quarantine) unwaited(tx.objectStore('quarantine').put(entry, entry.id))
  for (const { log, at, batch } of pieces.tombstones) {
    unwaited(tx.objectStore('tombstones').put({ at, batch }, log))
  }
}

/** Where events come back, the marks of their loss shrink to what is still missing. */
async function restoreSegment(
  tx: LedgerTransaction<'readwrite'>,
  { log, first, last, body }: StoredSegment,
): Promise<void> {
  const segments = tx.objectStore('segments')
  for (const mark of await segments.getAll(segmentsOf(log, first))) {
    if (mark.first > last) break
    if (mark.lost !== true) continue
    await segments.delete([log, mark.last])
    if (mark.first < first) await segments.put(lostSegment(mark.first, first - 1), [log, first - 1])
    if (mark.last > last) await segments.put(lostSegment(last + 1, mark.last), [log, mark.last])
  }
  await segments.put({ first, last, body }, [log, last])
}

export async function restamp(tx: LedgerTransaction<'readwrite'>, batch: number): Promise<Stamp> {
  const store = tx.objectStore('meta')
  const meta = { ...((await store.get('ledger')) ?? EMPTY_META), batch }
  await store.put(meta, 'ledger')
  return { batch, events: meta.events }
}
