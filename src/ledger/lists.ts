/**
 * Owns how lists are read: one index scan over listings from the newest on, then only the rows that are shown.
 * What a page costs does not depend on how much is stored.
 */
import type { IDBPObjectStore, IDBPTransaction } from 'idb'
import type { LogRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { Bundles } from './bundles.ts'
import { currentRecord } from './projection.ts'
import type { ListPosition, RecordCount, RecordFilter, RecordPage, RecordQuery } from './port.ts'
import { isSameListing, matches, newestFirst, positionOf, toListing } from './rows.ts'
import type { Listing } from './rows.ts'
import { present, storeOf } from './schema.ts'
import type { LedgerDatabase, LedgerSchema, LedgerTransaction, ListIndex } from './schema.ts'
import { segmentSource } from './segments.ts'
import { recountTallies, sumTallies } from './tallies.ts'

/** Listings read at a time where the index alone does not decide. */
const CHUNK = 256
/** A count that no index gives looks at so many listings and then says "at least". */
export const COUNT_SCAN = 2_000
/** IndexedDB counts in 32 bits. */
const MOST = 2 ** 31

/** What records are read from. */
const ROW_STORES = ['runs', 'workflows', 'segments', 'bundles', 'meta'] as const
const LIST_STORES = ['listings', 'tallies', ...ROW_STORES] as const

/** Any transaction over them. */
interface RowReader {
  objectStoreNames: { contains(name: 'bundles'): boolean }
  objectStore<Name extends (typeof ROW_STORES)[number]>(
    name: Name,
  ): Pick<IDBPObjectStore<LedgerSchema, (typeof ROW_STORES)[number][], Name>, 'get' | 'getAll' | 'getAllKeys'>
}
type ListTransaction = IDBPTransaction<LedgerSchema, typeof LIST_STORES, 'readonly'>

interface Choice {
  index: ListIndex
  /** What the entries of the list begin with in that index. */
  prefix: readonly string[] | readonly [string, 1]
  /** Whether the index holds the list and nothing else. */
  exact: boolean
}

/** A page and what it is a page of, as of one moment. */
export async function readPage(
  db: LedgerDatabase,
  bundles: Bundles,
  query: RecordQuery,
): Promise<RecordPage> {
  const tx = db.transaction(LIST_STORES)
  const [{ listings, next }, total] = await Promise.all([scan(tx, query), count(tx, query)])
  return { records: await readRows(tx, bundles, logsOf(listings)), next, total }
}

/** Several lists as of one moment; a row in more than one of them is read once. */
export async function readLists(
  db: LedgerDatabase,
  bundles: Bundles,
  queries: readonly RecordQuery[],
): Promise<readonly LogRecord[]> {
  const tx = db.transaction(LIST_STORES)
  const lists = await Promise.all(queries.map((query) => scan(tx, query)))
  return readRows(tx, bundles, [...new Set(lists.flatMap(({ listings }) => logsOf(listings)))])
}

export function readCount(db: LedgerDatabase, filter: RecordFilter): Promise<RecordCount> {
  return count(db.transaction(LIST_STORES), filter)
}

/** The list out of whole records: for a store without listings, or one laid out by other code. */
export function pageOf(records: readonly LogRecord[], query: RecordQuery): RecordPage {
  const all = records
    .map((record) => ({ record, listing: toListing(record) }))
    .filter(({ listing }) => matches(listing, query))
    .map(({ record, listing }) => ({ record, at: positionOf(listing) }))
    .toSorted((a, b) => newestFirst(a.at, b.at))
  const { before } = query
  const rest = before === undefined ? all : all.filter(({ at }) => newestFirst(at, before) > 0)
  const shown = rest.slice(0, query.limit)
  return {
    records: shown.map(({ record }) => record),
    next: rest.length > shown.length ? (shown.at(-1)?.at ?? null) : null,
    total: { count: all.length, exact: true },
  }
}

/** Reads every row, as `pageOf` wants them: what a read-only page of another version can rely on. */
export async function readPageFromRows(
  db: LedgerDatabase,
  bundles: Bundles,
  query: RecordQuery,
): Promise<RecordPage> {
  const tx = db.transaction(present(db, ROW_STORES))
  const logs = await tx.objectStore(query.entity === 'run' ? 'runs' : 'workflows').getAllKeys()
  return pageOf(await readRows(tx, bundles, logs), query)
}

export async function readListsFromRows(
  db: LedgerDatabase,
  bundles: Bundles,
  queries: readonly RecordQuery[],
): Promise<readonly LogRecord[]> {
  const pages = await Promise.all(queries.map((query) => readPageFromRows(db, bundles, query)))
  const records = new Map(pages.flatMap((page) => page.records.map((record) => [record.log, record])))
  return [...records.values()]
}

/** Makes the listings those of the rows: one for each, and no other. */
export async function mendListings(tx: LedgerTransaction<'readwrite'>): Promise<void> {
  const store = tx.objectStore('listings')
  const listed = new Map((await store.getAll()).map((listing) => [listing.log, listing]))
  for (const name of ['runs', 'workflows'] as const) {
    let cursor = await tx.objectStore(name).openCursor()
    while (cursor !== null) {
      const listing = toListing(cursor.value.record)
      const before = listed.get(listing.log)
      if (before === undefined || !isSameListing(before, listing)) await store.put(listing, listing.log)
      listed.delete(listing.log)
      cursor = await cursor.continue()
    }
  }
  for (const log of listed.keys()) await store.delete(log)
  await recountTallies(tx)
}

async function scan(
  tx: ListTransaction,
  query: RecordQuery,
): Promise<{ listings: readonly Listing[]; next: ListPosition | null }> {
  const { limit } = query
  if (limit <= 0) return { listings: [], next: null }
  const { index, prefix, exact } = choose(query)
  const source = tx.objectStore('listings').index(index)
  // One more than wanted tells whether there is more.
  const size = Math.min(exact ? limit + 1 : Math.max(CHUNK, limit + 1), MOST)
  const found: Listing[] = []
  let from = query.before
  for (;;) {
    const chunk = await source.getAll(rangeOf(prefix, from), size)
    for (const listing of chunk) {
      if (!matches(listing, query)) continue
      if (found.length === limit) return { listings: found, next: positionOf(found[limit - 1] ?? listing) }
      found.push(listing)
    }
    const last = chunk.at(-1)
    if (last === undefined || chunk.length < size) return { listings: found, next: null }
    from = positionOf(last)
  }
}

async function count(tx: ListTransaction, filter: RecordFilter): Promise<RecordCount> {
  const { parent, workflow, thread } = filter
  if (parent === undefined && workflow === undefined && thread === undefined) {
    return { count: await sumTallies(tx.objectStore('tallies'), filter), exact: true }
  }
  const { index, prefix, exact } = choose(filter)
  const source = tx.objectStore('listings').index(index)
  if (exact) return { count: await source.count(rangeOf(prefix)), exact: true }
  const seen = await source.getAll(rangeOf(prefix), COUNT_SCAN)
  return {
    count: seen.filter((listing) => matches(listing, filter)).length,
    exact: seen.length < COUNT_SCAN,
  }
}

const logsOf = (listings: readonly Listing[]): readonly LogId[] => listings.map(({ log }) => log)

/** The records of these logs, whatever the layout is. */
export function readLogs(
  db: LedgerDatabase,
  bundles: Bundles,
  logs: readonly LogId[],
): Promise<readonly LogRecord[]> {
  return readRows(db.transaction(present(db, ROW_STORES)), bundles, logs)
}

/** The records of these logs, as far as there are any; in their order. */
export async function readRows(
  tx: RowReader,
  bundles: Bundles,
  logs: readonly LogId[],
): Promise<readonly LogRecord[]> {
  const [unsorted, ...rows] = await Promise.all([
    bundles.read(tx),
    ...logs.map((log) => tx.objectStore(storeOf(log)).get(log)),
  ])
  const segments = segmentSource(tx.objectStore('segments'), unsorted)
  const found = rows.filter((row) => row !== undefined)
  return Promise.all(found.map((row) => currentRecord(segments, row, unsorted.meta.behind)))
}

/** The index that leaves the fewest entries: lineage before state, state before kind. */
function choose(filter: RecordFilter): Choice {
  const { entity, parent, workflow, thread, unsettled, status, kind } = filter
  const conditions = [parent, workflow, thread, status, kind].filter((value) => value !== undefined)
  const total = conditions.length + (unsettled === true ? 1 : 0)
  const by = (index: ListIndex, ...values: string[]): Choice => ({
    index,
    prefix: [entity, ...values],
    exact: total === values.length,
  })
  if (parent !== undefined) return by('parent', parent)
  if (workflow !== undefined) return by('workflow', workflow)
  if (thread !== undefined) return by('thread', thread)
  if (unsettled === true) return { index: 'unsettled', prefix: [entity, 1], exact: total === 1 }
  if (status !== undefined && kind !== undefined) return by('statusAndKind', status, kind)
  if (status !== undefined) return by('status', status)
  if (kind !== undefined) return by('kind', kind)
  return by('entity')
}

/** Entries that begin with `prefix`, after a position. An array sorts behind every number and string. */
function rangeOf(prefix: Choice['prefix'], after?: ListPosition): IDBKeyRange {
  const from = after === undefined ? [...prefix] : [...prefix, -after.sortAt, after.log]
  return IDBKeyRange.bound(from, [...prefix, []], true)
}
