/**
 * Owns how the events of a log lie on disk: in segments, each a JSON string under the key [log, last sequence], and
 * behind them in the bundles that are not sorted yet (`bundles.ts`). The last key of a log is its head, so a head check
 * reads no value; the first key at or above n holds event n, so any window is a bounded read.
 */
import type { RunEvent } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { StoredSegment } from './copies.ts'
import type { EventQuery, LogWrite } from './port.ts'
import type { Segment, SegmentKey } from './schema.ts'

/** What is needed of a segments store, in whatever transaction it was opened. */
interface SegmentKeys {
  openKeyCursor(range: IDBKeyRange, direction: 'next' | 'prev'): Promise<{ key: SegmentKey } | null>
}
interface SegmentValues extends SegmentKeys {
  openCursor(range: IDBKeyRange, direction: 'next' | 'prev'): Promise<SegmentCursor | null>
}
interface SegmentCursor {
  value: Segment
  continue(): Promise<SegmentCursor | null>
}

export function toSegment(events: readonly RunEvent[]): Segment | null {
  const first = events[0]
  const last = events.at(-1)
  if (first === undefined || last === undefined) return null
  return { first: first.sequence, last: last.sequence, body: JSON.stringify(events) }
}

/** The events of each log, encoded once for both copies. */
export function encode(logs: readonly Pick<LogWrite, 'log' | 'events'>[]): readonly StoredSegment[] {
  return logs.flatMap(({ log, events }) => {
    const segment = toSegment(events)
    return segment === null ? [] : [{ log, ...segment }]
  })
}

export const lostSegment = (first: number, last: number): Segment => ({ first, last, body: '[]', lost: true })

/** @throws SyntaxError when the stored text is damaged. */
export function eventsOf({ body }: Pick<Segment, 'body'>): readonly RunEvent[] {
  // Written by `toSegment` from accepted events; the browser stores it byte for byte.
  return JSON.parse(body) as RunEvent[]
}

/** Segments of a log that are behind those in its store, ascending. */
export interface NewestSegments {
  of(log: LogId): readonly Segment[]
}

export const ALL_SORTED: NewestSegments = { of: () => [] }

/** The log's last sequence; 0 for a log without events. Reads one key at most. */
export async function readHead(store: SegmentKeys, newest: NewestSegments, log: LogId): Promise<number> {
  const unsorted = newest.of(log).at(-1)
  if (unsorted !== undefined) return unsorted.last
  const last = await store.openKeyCursor(segmentsOf(log), 'prev')
  return last === null ? 0 : last.key[1]
}

/** A log's segments from the one that holds `sequence` on, ascending, sorted or not. */
export type SegmentSource = (log: LogId, sequence?: number) => Promise<readonly Segment[]>

/** The store of sorted segments, in whatever transaction it was opened. */
export interface SegmentStore extends SegmentValues {
  getAll(range: IDBKeyRange): Promise<readonly Segment[]>
}

export function segmentSource(store: Pick<SegmentStore, 'getAll'>, newest: NewestSegments): SegmentSource {
  return async (log, sequence = 0) => {
    const own = newest.of(log)
    const sorted = beginsBefore(own, sequence) ? [] : await store.getAll(segmentsOf(log, sequence))
    return [...sorted, ...own.filter(({ last }) => last >= sequence)]
  }
}

/** Whether all from `sequence` on is among the newest, so that no other segment has to be read. */
function beginsBefore(newest: readonly Segment[], sequence: number): boolean {
  const [oldest] = newest
  return oldest !== undefined && oldest.first <= sequence
}

/** A window of a log's events, ascending; reads only the segments that hold it. */
export function readWindow(
  store: SegmentValues,
  newest: NewestSegments,
  log: LogId,
  { after, before, limit }: EventQuery,
): Promise<readonly RunEvent[]> {
  return after !== undefined && before === undefined
    ? readAfter(store, newest.of(log), log, after, limit)
    : readBefore(store, newest.of(log), log, before, limit)
}

async function readAfter(
  store: SegmentValues,
  newest: readonly Segment[],
  log: LogId,
  after: number,
  limit: number,
): Promise<readonly RunEvent[]> {
  const found: RunEvent[] = []
  const take = (segment: Segment): void => {
    found.push(...eventsOf(segment).filter((event) => event.sequence > after))
  }
  const range = segmentsOf(log, after + 1)
  let cursor = beginsBefore(newest, after + 1) ? null : await store.openCursor(range, 'next')
  while (cursor !== null && found.length < limit) {
    take(cursor.value)
    cursor = await cursor.continue()
  }
  for (const segment of newest) if (segment.last > after && found.length < limit) take(segment)
  return found.slice(0, limit)
}

async function readBefore(
  store: SegmentValues,
  newest: readonly Segment[],
  log: LogId,
  before: number | undefined,
  limit: number,
): Promise<readonly RunEvent[]> {
  const windows: (readonly RunEvent[])[] = []
  let missing = limit
  const take = (segment: Segment): number => {
    const events = eventsOf(segment).filter((event) => before === undefined || event.sequence < before)
    windows.unshift(events)
    return events.length
  }
  for (const segment of newest.toReversed()) {
    if (missing > 0 && segment.first < (before ?? Infinity)) missing -= take(segment)
  }
  if (missing > 0) {
    const upTo = before === undefined ? null : await store.openKeyCursor(segmentsOf(log, before - 1), 'next')
    const range = upTo === null ? segmentsOf(log) : IDBKeyRange.bound([log, 0], upTo.key)
    let cursor = await store.openCursor(range, 'prev')
    while (cursor !== null && missing > 0) {
      missing -= take(cursor.value)
      cursor = await cursor.continue()
    }
  }
  return windows.flat().slice(-limit)
}

/** Joined segments hold up to 256 KiB each. */
const PAGE = 64

interface AllSegments {
  getAll(range: IDBKeyRange | null, count: number): Promise<Segment[]>
  getAllKeys(range: IDBKeyRange | null, count: number): Promise<SegmentKey[]>
}

/** Every sorted segment of every log, by log and ascending, page by page. */
export async function* sortedSegments(store: AllSegments): AsyncGenerator<readonly [log: LogId, Segment]> {
  let range: IDBKeyRange | null = null
  for (;;) {
    const [keys, values]: [SegmentKey[], Segment[]] = await Promise.all([
      store.getAllKeys(range, PAGE),
      store.getAll(range, PAGE),
    ])
    for (const [index, segment] of values.entries()) {
      const key = keys[index]
      if (key !== undefined) yield [key[0], segment]
    }
    const last = keys.at(-1)
    if (last === undefined || keys.length < PAGE) return
    range = IDBKeyRange.lowerBound(last, true)
  }
}

/** Keys of a log's segments, from the one that holds `sequence` on. */
export function segmentsOf(log: LogId, sequence = 0): IDBKeyRange {
  return IDBKeyRange.bound([log, sequence], [log, Number.POSITIVE_INFINITY])
}
