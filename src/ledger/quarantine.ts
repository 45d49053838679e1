/**
 * Owns how many refused inputs are kept: the newest thousand, each cut to a few thousand characters. A source that
 * sends nothing but nonsense fills no disk; how much was refused in all stays known. SPEC A3.
 */
import type { QuarantineEntry } from './copies.ts'
import { unwaited } from './requests.ts'
import type { LedgerDatabase, LedgerTransaction, Meta } from './schema.ts'

export const QUARANTINE_KEPT = 1_000

/** Stores entries and counts them in `meta`; the oldest give way, and are counted as well. */
export async function storeQuarantine(
  tx: LedgerTransaction<'readwrite'>,
  entries: readonly QuarantineEntry[],
  meta: Meta,
): Promise<void> {
  const store = tx.objectStore('quarantine')
  const known = await Promise.all(entries.map(({ id }) => store.getKey(id)))
  for (const entry of entries) unwaited(store.put(entry, entry.id))
  meta.quarantined += known.filter((key) => key === undefined).length
  const dropped = meta.quarantineDropped ?? 0
  const surplus = meta.quarantined - dropped - QUARANTINE_KEPT
  if (surplus <= 0) return
  // Ids begin with the time.
  const oldest = await store.getAllKeys(null, surplus)
  const last = oldest.at(-1)
  if (last === undefined) return
  unwaited(store.delete(IDBKeyRange.upperBound(last)))
  meta.quarantineDropped = dropped + oldest.length
}

/** Newest first. */
export async function readQuarantine(db: LedgerDatabase, limit: number): Promise<readonly QuarantineEntry[]> {
  const entries: QuarantineEntry[] = []
  let cursor = await db.transaction('quarantine').store.openCursor(null, 'prev')
  while (cursor !== null && entries.length < limit) {
    entries.push(cursor.value)
    cursor = await cursor.continue()
  }
  return entries
}
