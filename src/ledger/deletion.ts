/**
 * Owns what a whole log takes on the disk, and deleting it: everything a log holds goes in one transaction, and a
 * tombstone stays, so that no second copy brings it back. What the content store keeps of it goes in `state/housekeeping`.
 */
import type { LogId } from '../core/ids.ts'
import { contentPrefix } from '../core/ids.ts'
import { caughtUp } from './behind.ts'
import { sortAll } from './bundles.ts'
import type { Bundles } from './bundles.ts'
import type { Tombstone } from './copies.ts'
import type { Deletion } from './port.ts'
import { conflict } from './port.ts'
import type { LedgerDatabase, LedgerTransaction, Meta } from './schema.ts'
import { present, storeOf } from './schema.ts'
import { ALL_SORTED, readHead, segmentsOf } from './segments.ts'
import { unlist } from './tallies.ts'

/**
 * Deletes logs with their rows, events, texts and commands. With `heads`, nothing is deleted unless every log named
 * there still ends where it did: what is deleted is what somebody looked at.
 * @throws LedgerError `conflict` with the log that moved.
 */
export async function deleteLogs(
  tx: LedgerTransaction<'readwrite'>,
  logs: readonly LogId[],
  at: number,
  heads: ReadonlyMap<LogId, number> = new Map(),
): Promise<Deletion> {
  const meta = await sortAll(tx)
  for (const [log, expected] of heads) {
    const head = await readHead(tx.objectStore('segments'), ALL_SORTED, log)
    if (head !== expected) throw conflict(log, expected, head)
  }
  meta.batch += 1
  meta.behind = caughtUp(meta.behind, logs)
  const eventsBefore = meta.events
  const gone = new Set(logs)
  const tombstones = [...gone].map((log): Tombstone => ({ log, at, batch: meta.batch }))
  for (const { log, batch } of tombstones) {
    await takeSegments(tx, log, meta)
    await takeBlobs(tx, log, meta)
    await takeRow(tx, log, meta)
    await tx.objectStore('tombstones').put({ at, batch }, log)
  }
  await takeCommands(tx, gone)
  await tx.objectStore('meta').put(meta, 'ledger')
  const stamp = { batch: meta.batch, events: meta.events }
  return { stamp, tombstones, events: eventsBefore - meta.events }
}

export async function readDeleted(db: LedgerDatabase, logs: readonly LogId[]): Promise<ReadonlySet<LogId>> {
  const store = db.transaction('tombstones').store
  const found = await Promise.all(logs.map((log) => store.getKey(log)))
  return new Set(logs.filter((_, at) => found[at] !== undefined))
}

/** One at a time, since all segments of a long run are too much to hold. */
async function takeSegments(tx: LedgerTransaction<'readwrite'>, log: LogId, meta: Meta): Promise<void> {
  const store = tx.objectStore('segments')
  let cursor = await store.openCursor(segmentsOf(log))
  while (cursor !== null) {
    const { first, last, body, lost } = cursor.value
    meta.segments -= 1
    meta.bytes -= body.length
    if (lost !== true) meta.events -= last - first + 1
    cursor = await cursor.continue()
  }
  await store.delete(segmentsOf(log))
}

async function takeBlobs(tx: LedgerTransaction<'readwrite'>, log: LogId, meta: Meta): Promise<void> {
  const store = tx.objectStore('blobs')
  const range = blobsOf(log)
  let cursor = await store.openCursor(range)
  while (cursor !== null) {
    meta.bytes -= cursor.value.length
    cursor = await cursor.continue()
  }
  await store.delete(range)
}

async function takeRow(tx: LedgerTransaction<'readwrite'>, log: LogId, meta: Meta): Promise<void> {
  const name = storeOf(log)
  if ((await tx.objectStore(name).getKey(log)) !== undefined) meta[name] -= 1
  await tx.objectStore(name).delete(log)
  await unlist(tx, log)
}

/** What was asked of a run holds as much of it as the run does: questions, answers, inputs. */
async function takeCommands(tx: LedgerTransaction<'readwrite'>, logs: ReadonlySet<LogId>): Promise<void> {
  let cursor = await tx.objectStore('commands').openCursor()
  while (cursor !== null) {
    if (logs.has(cursor.value.log)) await cursor.delete()
    cursor = await cursor.continue()
  }
}

/** Characters of a log's events and texts, or of everything there is. Reads the log, one piece at a time. */
export async function sizeOf(db: LedgerDatabase, bundles: Bundles, log?: LogId): Promise<number> {
  if (log === undefined) return (await db.get('meta', 'ledger'))?.bytes ?? 0
  const tx = db.transaction(present(db, ['segments', 'bundles', 'blobs', 'meta'] as const))
  const newest = (await bundles.read(tx)).of(log)
  let chars = newest.reduce((sum, { body }) => sum + body.length, 0)
  let segment = await tx.objectStore('segments').openCursor(segmentsOf(log))
  while (segment !== null) {
    chars += segment.value.body.length
    segment = await segment.continue()
  }
  let blob = await tx.objectStore('blobs').openCursor(blobsOf(log))
  while (blob !== null) {
    chars += blob.value.length
    blob = await blob.continue()
  }
  return chars
}

/** Keys of the results, reports and checkpoints of a log. */
function blobsOf(log: LogId): IDBKeyRange {
  const prefix = contentPrefix(log)
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`)
}
