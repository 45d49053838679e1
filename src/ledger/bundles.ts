/**
 * Owns the newest events of many logs: one record per write with a segment of each log it touched. IndexedDB is paid
 * by the record, and fifty agents that talk at once would cost fifty segments a frame. A log's events leave the bundles
 * as one segment when its turn comes (`behind.ts`), in the transaction of a write; a bundle goes when nothing in it
 * is unsorted. Whatever looks at everything sorts first.
 */
import { unwrap } from 'idb'
import type { IDBPObjectStore } from 'idb'
import type { LogId } from '../core/ids.ts'
import { allSorted, sortedUpTo } from './behind.ts'
import type { Behind } from './behind.ts'
import type { StoredSegment } from './copies.ts'
import { joinNeighbours } from './joining.ts'
import { EMPTY_META } from './schema.ts'
import type { LedgerSchema, LedgerTransaction, Meta, StoredBundle } from './schema.ts'
import { ALL_SORTED, readHead } from './segments.ts'

/** From so many bundles, or events in them, on, the logs of the oldest get their segments: a few with each write. */
const BUNDLES = 64
const BUNDLED_EVENTS = 8_192
const LOGS_AT_ONCE = 8
/** Far behind every number a page may remember a bundle or a head by. */
const NEW_NUMBERS = 1_000_000

/** Any transaction over them; layouts of older code have none. */
interface BundleReader {
  objectStoreNames: { contains(name: 'bundles'): boolean }
  objectStore<Name extends 'bundles' | 'meta'>(
    name: Name,
  ): Pick<IDBPObjectStore<LedgerSchema, ('bundles' | 'meta')[], Name>, 'get' | 'getAll' | 'getAllKeys'>
}

interface Bundle {
  /** Of the write that stored it. */
  number: number
  events: number
  segments: ReadonlyMap<LogId, StoredSegment>
}

/** The counters and the bundles as one transaction sees them. */
export class Unsorted {
  readonly meta: Meta
  /** Nobody knows any more what of the bundles is in segments. */
  readonly isUnnoted: boolean
  readonly #bundles: readonly Bundle[]

  constructor(meta: Meta | undefined, bundles: readonly Bundle[]) {
    this.meta = meta ?? EMPTY_META
    this.isUnnoted = meta === undefined && bundles.length > 0
    this.#bundles = bundles
  }

  get count(): number {
    return this.#bundles.length
  }

  /** The number of the last write that left a bundle; 0 without any. */
  newest(): number {
    return this.#bundles.at(-1)?.number ?? 0
  }

  /** A log's segments that are in bundles only, ascending. They continue where its own end. */
  of(log: LogId): readonly StoredSegment[] {
    const from = sortedUpTo(this.meta.behind, log)
    if (from === Infinity) return []
    return this.#bundles
      .map(({ segments }) => segments.get(log))
      .filter((segment) => segment !== undefined && segment.first > from) as StoredSegment[]
  }

  /** Everything in bundles, also what is in segments by now; each log's ascending. */
  all(): readonly StoredSegment[] {
    return this.#bundles.flatMap(({ segments }) => [...segments.values()])
  }

  /** Logs that have to get their segments for the oldest bundle to go; none while there is room. */
  overdue(): ReadonlySet<LogId> {
    const [oldest] = this.#bundles
    const events = this.#bundles.reduce((sum, bundle) => sum + bundle.events, 0)
    const isFull = this.#bundles.length >= BUNDLES || events > BUNDLED_EVENTS
    return new Set(isFull && oldest !== undefined ? this.#logsOf(oldest).slice(0, LOGS_AT_ONCE) : [])
  }

  /** The oldest bundles, as far as nothing in them is unsorted any more. */
  finished(behind: Behind | undefined): readonly number[] {
    const first = this.#bundles.findIndex(({ segments }) =>
      [...segments.values()].some(({ log, last }) => last > sortedUpTo(behind, log)),
    )
    const finished = first === -1 ? this.#bundles : this.#bundles.slice(0, first)
    return finished.map(({ number }) => number)
  }

  #logsOf({ segments }: Bundle): readonly LogId[] {
    const { behind } = this.meta
    return [...segments.values()]
      .filter(({ log, first }) => first > sortedUpTo(behind, log))
      .map(({ log }) => log)
  }
}

/** Bundles never change under their number, so a connection reads each of them once. */
export class Bundles {
  readonly #known = new Map<number, Bundle>()

  /** What is on the disk: asks for the numbers, and reads what it does not know. */
  async read(tx: BundleReader): Promise<Unsorted> {
    const stored = tx.objectStore('meta').get('ledger')
    if (!tx.objectStoreNames.contains('bundles')) return new Unsorted(await stored, [])
    const store = tx.objectStore('bundles')
    const [meta, numbers] = await Promise.all([stored, store.getAllKeys()])
    // Taken before anything is waited for: another transaction may see, and so remember, other bundles.
    const known: Bundle[] = []
    for (const number of numbers) {
      const bundle = this.#known.get(number)
      if (bundle === undefined) break
      known.push(bundle)
    }
    const later = numbers.slice(known.length)
    const values = later.length === 0 ? [] : await store.getAll(rangeOf(later))
    const bundles = [...known, ...later.map((number, index) => toBundle(number, readable(values[index])))]
    this.#known.clear()
    for (const bundle of bundles) this.#known.set(bundle.number, bundle)
    return new Unsorted(meta, bundles)
  }

  /** This page's write `number` was committed, with these segments in a bundle. */
  wrote(number: number, segments: readonly StoredSegment[]): void {
    if (segments.length > 0) this.#known.set(number, toBundle(number, segments))
  }
}

const rangeOf = (numbers: readonly number[]): IDBKeyRange => IDBKeyRange.bound(numbers[0], numbers.at(-1))

function toBundle(number: number, segments: readonly StoredSegment[]): Bundle {
  const events = segments.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return { number, events, segments: new Map(segments.map((segment) => [segment.log, segment])) }
}

const toStored = (segments: readonly StoredSegment[]): StoredBundle => ({
  logs: segments.map(({ log }) => log),
  firsts: segments.map(({ first }) => first),
  lasts: segments.map(({ last }) => last),
  bodies: segments.map(({ body }) => body),
})

/** The segments of a stored bundle. */
export const bundledSegments = ({ logs, firsts, lasts, bodies }: StoredBundle): readonly StoredSegment[] =>
  logs.map((log, at) => ({ log, first: firsts[at] ?? 0, last: lasts[at] ?? 0, body: bodies[at] ?? '' }))

/** A record that is damaged costs its own events and no others: the integrity check misses them. */
function readable(stored: StoredBundle | undefined): readonly StoredSegment[] {
  if (stored === undefined || stored === null) return []
  const { logs, firsts, lasts, bodies } = stored
  return [logs, firsts, lasts, bodies].every((column) => Array.isArray(column)) ? bundledSegments(stored) : []
}

/**
 * Stores what a write adds to logs: a segment for each of those that are `sorted`, a bundle for the others. Counts it
 * in `meta`, which knows the number of the write and what is behind after it. Gives back what went into the bundle.
 */
export function putSegments(
  tx: LedgerTransaction<'readwrite'>,
  unsorted: Unsorted,
  fresh: readonly StoredSegment[],
  sorted: ReadonlySet<LogId>,
  meta: Meta,
): readonly StoredSegment[] {
  const bundles = unwrap(tx).objectStore('bundles')
  for (const { body } of fresh) meta.bytes += body.length
  const byLog = new Map(fresh.map((segment) => [segment.log, segment]))
  for (const log of sorted) {
    const own = byLog.get(log)
    putJoined(tx, log, own === undefined ? unsorted.of(log) : [...unsorted.of(log), own], meta)
  }
  const rest = fresh.filter(({ log }) => !sorted.has(log))
  if (rest.length > 0) bundles.put(toStored(rest), meta.batch)
  const finished = unsorted.finished(meta.behind)
  for (const number of finished) bundles.delete(number)
  meta.bundles += (rest.length > 0 ? 1 : 0) - finished.length
  return rest
}

/** Stores a log's pieces as few segments. */
function putJoined(
  tx: LedgerTransaction<'readwrite'>,
  log: LogId,
  pieces: readonly StoredSegment[],
  meta: Meta,
): void {
  const segments = unwrap(tx).objectStore('segments')
  const joined = joinNeighbours(pieces.map(({ first, last, body }) => ({ first, last, body })))
  for (const segment of joined) segments.put(segment, [log, segment.last])
  meta.segments += joined.length
  // Two brackets of each piece became one comma.
  meta.bytes -= pieces.length - joined.length
}

/**
 * Gives every log its segments, by what is stored and not by what is noted: the note may be what is lost. Gives back
 * the counters as they are then; who calls it stores them.
 */
export async function sortAll(tx: LedgerTransaction<'readwrite'>): Promise<Meta> {
  const unsorted = await new Bundles().read(tx)
  const meta = { ...unsorted.meta }
  if (unsorted.isUnnoted) meta.batch = unsorted.newest() + NEW_NUMBERS
  const pieces = new Map<LogId, StoredSegment[]>()
  for (const piece of unsorted.all()) pieces.set(piece.log, [...(pieces.get(piece.log) ?? []), piece])
  for (const [log, own] of pieces) {
    const head = await readHead(tx.objectStore('segments'), ALL_SORTED, log)
    const missing = own.filter(({ first }) => first > head)
    putJoined(tx, log, missing, meta)
  }
  await tx.objectStore('bundles').clear()
  // One that was counted and is not there stays counted: the integrity check asks for it.
  return { ...meta, bundles: meta.bundles - unsorted.count, behind: allSorted(meta.behind) }
}
