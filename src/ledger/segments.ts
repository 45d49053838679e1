/**
 * Owns how events lie on disk: one segment per log and flush, a JSON string under the key
 * [log, last sequence]. The last key of a log is its head, so a head check reads no value; the first key at or
 * above n holds event n, so any window is a bounded read. The cost of IndexedDB is the record, not the byte.
 */
import type { RunEvent } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { EventQuery } from './port.ts'
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

export const lostSegment = (first: number, last: number): Segment => ({ first, last, body: '[]', lost: true })

/** @throws SyntaxError when the stored text is damaged. */
export function eventsOf({ body }: Pick<Segment, 'body'>): readonly RunEvent[] {
  // Written by `toSegment` from accepted events; the browser stores it byte for byte.
  return JSON.parse(body) as RunEvent[]
}

/** The log's last sequence; 0 for a log without events. Reads one key. */
export async function readHead(store: SegmentKeys, log: LogId): Promise<number> {
  const last = await store.openKeyCursor(segmentsOf(log), 'prev')
  return last === null ? 0 : last.key[1]
}

/** A window of a log's events, ascending; reads only the segments that hold it. */
export async function readWindow(
  store: SegmentValues,
  log: LogId,
  { after, before, limit }: EventQuery,
): Promise<readonly RunEvent[]> {
  if (after !== undefined && before === undefined) {
    const found: RunEvent[] = []
    let cursor = await store.openCursor(segmentsOf(log, after + 1), 'next')
    while (cursor !== null && found.length < limit) {
      found.push(...eventsOf(cursor.value).filter((event) => event.sequence > after))
      cursor = await cursor.continue()
    }
    return found.slice(0, limit)
  }
  const upTo = before === undefined ? null : await store.openKeyCursor(segmentsOf(log, before - 1), 'next')
  const range = upTo === null ? segmentsOf(log) : IDBKeyRange.bound([log, 0], upTo.key)
  const windows: (readonly RunEvent[])[] = []
  let count = 0
  let cursor = await store.openCursor(range, 'prev')
  while (cursor !== null && count < limit) {
    const events = eventsOf(cursor.value).filter((event) => before === undefined || event.sequence < before)
    windows.unshift(events)
    count += events.length
    cursor = await cursor.continue()
  }
  return windows.flat().slice(-limit)
}

/** Merged segments hold up to 256 KiB each. */
const PAGE = 64

interface AllSegments {
  getAll(range: IDBKeyRange | null, count: number): Promise<Segment[]>
  getAllKeys(range: IDBKeyRange | null, count: number): Promise<SegmentKey[]>
}

/** Every segment of every log, by log and ascending, page by page. */
export async function* allSegments(store: AllSegments): AsyncGenerator<readonly [log: LogId, Segment]> {
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
