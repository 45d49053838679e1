/**
 * Owns listings and how many there are of each status and kind, in step: IndexedDB counts an index entry by entry
 * (a tenth of a second for 10,000), so what lists show as their total is kept as numbers.
 */
import type { LogRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import type { RecordFilter } from './port.ts'
import { isSameListing, toListing } from './rows.ts'
import type { Listing } from './rows.ts'
import type { LedgerTransaction, TallyKey } from './schema.ts'

type Writing = LedgerTransaction<'readwrite'>

interface TallyReader {
  getAllKeys(range: IDBKeyRange): Promise<readonly TallyKey[]>
  getAll(range: IDBKeyRange): Promise<readonly number[]>
}

/** Lists records by what they have become. */
export async function relist(tx: Writing, records: readonly LogRecord[]): Promise<void> {
  if (records.length === 0) return
  const listings = tx.objectStore('listings')
  const before = await Promise.all(records.map(({ log }) => listings.get(log)))
  const changes = new Changes()
  const puts = records.map(async (record, index) => {
    const listing = toListing(record)
    const was = before[index]
    if (was !== undefined && isSameListing(was, listing)) return
    if (was !== undefined) changes.add(was, -1)
    changes.add(listing, 1)
    await listings.put(listing, record.log)
  })
  await Promise.all([...puts, changes.apply(tx)])
}

export async function unlist(tx: Writing, log: LogId): Promise<void> {
  const was = await tx.objectStore('listings').get(log)
  if (was === undefined) return
  const changes = new Changes()
  changes.add(was, -1)
  await Promise.all([tx.objectStore('listings').delete(log), changes.apply(tx)])
}

/** Counts every listing again. */
export async function recountTallies(tx: Writing): Promise<void> {
  const changes = new Changes()
  for (const listing of await tx.objectStore('listings').getAll()) changes.add(listing, 1)
  await tx.objectStore('tallies').clear()
  await changes.apply(tx)
}

/** How many records a filter by status and kind alone leaves. */
export async function sumTallies(store: TallyReader, filter: RecordFilter): Promise<number> {
  const { entity, status, kind, unsettled } = filter
  const prefix = status === undefined ? [entity] : [entity, status]
  const range = IDBKeyRange.bound(prefix, [...prefix, []])
  const [keys, counts] = await Promise.all([store.getAllKeys(range), store.getAll(range)])
  return keys.reduce((sum, [, itsStatus, itsKind], index) => {
    const isCounted =
      (kind === undefined || kind === itsKind) && (unsettled !== true || !isSettled(itsStatus))
    return isCounted ? sum + (counts[index] ?? 0) : sum
  }, 0)
}

/** Differences per tally, so that each is read and written once. */
class Changes {
  readonly #byKey = new Map<string, { key: TallyKey; by: number }>()

  add({ entity, status, kind }: Listing, by: 1 | -1): void {
    const key: TallyKey = [entity, status, kind]
    const name = JSON.stringify(key)
    this.#byKey.set(name, { key, by: (this.#byKey.get(name)?.by ?? 0) + by })
  }

  async apply(tx: Writing): Promise<void> {
    const tallies = tx.objectStore('tallies')
    const moved = [...this.#byKey.values()].filter(({ by }) => by !== 0)
    await Promise.all(
      moved.map(async ({ key, by }) => {
        const count = ((await tallies.get(key)) ?? 0) + by
        await (count > 0 ? tallies.put(count, key) : tallies.delete(key))
      }),
    )
  }
}
