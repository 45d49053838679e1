/**
 * Owns the pages of a run's events: bounded, contiguous, in either order, and how an open one grows with what
 * became durable.
 */
import type { RunEvent } from '../../core/entities.ts'
import type { EventCursor, EventOrder } from './queries.ts'

/** Pages kept of one open log; the farthest go first and are read again when someone scrolls back. */
export const EVENT_PAGES = 10

export interface EventPage {
  /** In the order that was asked for. */
  events: RunEvent[]
  /** Where the list goes on; null at its end. */
  next: EventCursor | null
  /** What lies before this page in the list; null at its beginning. */
  previous: EventCursor | null
}

export interface EventPages {
  pages: EventPage[]
  pageParams: (EventCursor | null)[]
}

export interface Bounds {
  order: EventOrder
  limit: number
  /** The last sequence that is not wanted. */
  floor: number
}

/** Whether a page is read from its beginning on; else it is read from its end backwards. */
export const isForwards = (cursor: EventCursor | null, order: EventOrder): boolean =>
  cursor === null ? order === 'ascending' : 'after' in cursor

/**
 * A page out of events as they were read, ascending; `cursor` says from where. One more than the limit was read, to
 * tell whether there is more.
 */
export function toEventPage(
  read: readonly RunEvent[],
  cursor: EventCursor | null,
  { order, limit, floor }: Bounds,
): EventPage {
  const isFull = read.length > limit
  const kept = isForwards(cursor, order) ? read.slice(0, limit) : read.slice(-limit)
  const events = kept.filter(({ sequence }) => sequence > floor)
  const [first, last] = [events[0]?.sequence, events.at(-1)?.sequence]
  let older: EventCursor | null
  let newer: EventCursor | null
  if (isForwards(cursor, order)) {
    const start = cursor !== null && 'after' in cursor ? cursor.after : floor
    older = start > floor ? { before: first ?? start + 1 } : null
    newer = isFull ? { after: last ?? start } : null
  } else {
    const end = cursor !== null && 'before' in cursor ? cursor.before : null
    older = isFull && first !== undefined && first > floor + 1 ? { before: first } : null
    newer = end === null ? null : { after: last ?? end - 1 }
  }
  return order === 'ascending'
    ? { events, next: newer, previous: older }
    : { events: events.toReversed(), next: older, previous: newer }
}

/** Whether the newest end is loaded and more than it shows is durable. */
export function isBehind(data: EventPages, persisted: number, { order, floor }: Bounds): boolean {
  const head = order === 'ascending' ? data.pages.at(-1) : data.pages[0]
  if (head === undefined || (order === 'ascending' ? head.next : head.previous) !== null) return false
  return persisted > (newest(data, order) ?? floor)
}

/** Adds what became durable to the newest end of pages that are behind. `tail` is what memory holds, ascending. */
export function grow(
  data: EventPages,
  tail: readonly RunEvent[],
  persisted: number,
  { order, limit, floor }: Bounds,
): void {
  const isAscending = order === 'ascending'
  const head = isAscending ? data.pages.at(-1) : data.pages[0]
  if (head === undefined) return
  const upper = newest(data, order) ?? floor
  const news = tail.filter(({ sequence }) => sequence > upper && sequence <= persisted)
  if (news[0]?.sequence !== upper + 1) {
    // Memory has let go of what comes next; it is on disk.
    if (isAscending) head.next = { after: upper }
    else head.previous = { after: upper }
    return
  }
  for (const event of news) append(data, event, isAscending, limit)
  trim(data, isAscending)
}

function append(data: EventPages, event: RunEvent, isAscending: boolean, limit: number): void {
  const { pages, pageParams } = data
  let page = isAscending ? pages.at(-1) : pages[0]
  if (page === undefined || page.events.length >= limit) {
    const param: EventCursor = { after: event.sequence - 1 }
    const older: EventCursor = { before: event.sequence }
    // The former newest page has one behind it now, also when that is let go.
    if (page !== undefined && isAscending) page.next = param
    if (page !== undefined && !isAscending) page.previous = param
    page = isAscending
      ? { events: [], next: null, previous: older }
      : { events: [], next: older, previous: null }
    if (isAscending) {
      pages.push(page)
      pageParams.push(param)
    } else {
      pages.unshift(page)
      pageParams.unshift(param)
    }
  }
  if (isAscending) page.events.push(event)
  else page.events.unshift(event)
}

/** Drops whole pages from the far end; what is dropped can be read again. */
function trim({ pages, pageParams }: EventPages, isAscending: boolean): void {
  while (pages.length > EVENT_PAGES) {
    if (isAscending) {
      pages.shift()
      pageParams.shift()
      const first = pages[0]?.events[0]?.sequence
      if (pages[0] !== undefined && first !== undefined) pages[0].previous = { before: first }
    } else {
      pages.pop()
      pageParams.pop()
      const last = pages.at(-1)
      const first = last?.events.at(-1)?.sequence
      if (last !== undefined && first !== undefined) last.next = { before: first }
    }
  }
}

function newest({ pages }: EventPages, order: EventOrder): number | undefined {
  const found = order === 'ascending' ? pages.toReversed() : pages
  for (const { events } of found) {
    const end = order === 'ascending' ? events.at(-1) : events[0]
    if (end !== undefined) return end.sequence
  }
  return undefined
}
