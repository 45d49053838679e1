/**
 * Owns the pages of an open list and how they follow a run that changed: it leaves its place, takes its new one if
 * the list reaches that far, and is counted once.
 */
import { idOfLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { RecordCount, RecordFilter, RecordPage } from '../../ledger/port.ts'
import { matches, newestFirst, positionOf } from '../../ledger/rows.ts'
import type { Listing } from '../../ledger/rows.ts'
import type { ListCursor } from './queries.ts'
import { logOf, positionAt } from './queries.ts'
import { lifecycleOf } from '../../core/entities.ts'

/** Ids and totals: the runs themselves are in `runsSlice`. */
export interface RunPage {
  ids: string[]
  /** The `sortAt` of each, which is its place in the list. */
  sortAt: number[]
  /** Of the whole list; in the last page it is the newest figure. */
  total: RecordCount
  /** Where the next page continues; null at the end. */
  next: ListCursor | null
}

/** What became of a run. */
export interface Relisted {
  log: LogId
  /** What it was listed by before; null when it was not there, undefined when nobody here knows. */
  before: Listing | null | undefined
  /** Null when it was deleted. */
  after: Listing | null
}

export function toRunPage({ records, next, total }: RecordPage): RunPage {
  return {
    ids: records.map(({ log }) => idOfLog(log)),
    sortAt: records.map((record) => lifecycleOf(record).sortAt),
    total,
    next: next && { sortAt: next.sortAt, id: idOfLog(next.log) },
  }
}

/** Whether a list has to do with a change at all. */
export function concerns(filter: RecordFilter, pages: readonly RunPage[], change: Relisted): boolean {
  const { log, before, after } = change
  const isListed = after !== null && matches(after, filter)
  // Its place may be beyond the pages; the total is about it all the same.
  if (before !== undefined && isListed !== (before !== null && matches(before, filter))) return true
  if (isListed) return !isInPlace(filter, pages, after)
  return isEntity(filter, log) && findId(pages, idOfLog(log)) !== null
}

/** Moves one run in the pages, in place. False when the total is no longer known for sure. */
export function follow(filter: RecordFilter, pages: RunPage[], { log, before, after }: Relisted): boolean {
  const wasShown = take(pages, idOfLog(log))
  const isListed = after !== null && matches(after, filter)
  const isShown = isListed && put(filter, pages, after)
  if (before === undefined) {
    // Shown before and after, or at neither time: as far as we know nothing was added.
    return wasShown === isShown
  }
  const wasListed = before !== null && matches(before, filter)
  count(pages, Number(isListed) - Number(wasListed))
  return true
}

/** Sets the total everywhere: a page fetched later knows better than those before it. */
export function retotal(pages: RunPage[], total: RecordCount): void {
  for (const page of pages) page.total = { ...total }
}

function count(pages: RunPage[], by: number): void {
  const total = pages.at(-1)?.total
  if (total !== undefined && by !== 0) retotal(pages, { ...total, count: Math.max(0, total.count + by) })
}

function take(pages: RunPage[], id: string): boolean {
  const place = findId(pages, id)
  if (place === null) return false
  place.page.ids.splice(place.index, 1)
  place.page.sortAt.splice(place.index, 1)
  return true
}

/** False when its place is behind what was loaded. */
function put(filter: RecordFilter, pages: RunPage[], listing: Listing): boolean {
  const at = positionOf(listing)
  const last = pages.at(-1)
  if (last === undefined) return false
  if (last.next !== null && newestFirst(at, positionAt(filter.entity, last.next)) > 0) return false
  for (const page of pages) {
    const index = page.ids.findIndex(
      (id, each) => newestFirst(at, positionAt(filter.entity, { id, sortAt: page.sortAt[each] ?? 0 })) < 0,
    )
    if (index === -1 && page !== last) continue
    const place = index === -1 ? page.ids.length : index
    page.ids.splice(place, 0, idOfLog(listing.log))
    page.sortAt.splice(place, 0, at.sortAt)
    return true
  }
  return false
}

function isInPlace(filter: RecordFilter, pages: readonly RunPage[], listing: Listing): boolean {
  const place = findId(pages, idOfLog(listing.log))
  if (place !== null) return place.page.sortAt[place.index] === -listing.order
  const next = pages.at(-1)?.next ?? null
  return next !== null && newestFirst(positionOf(listing), positionAt(filter.entity, next)) > 0
}

const isEntity = ({ entity }: RecordFilter, log: LogId): boolean => logOf(entity, idOfLog(log)) === log

function findId<Page extends Pick<RunPage, 'ids'>>(
  pages: readonly Page[],
  id: string,
): { page: Page; index: number } | null {
  for (const page of pages) {
    const index = page.ids.indexOf(id)
    if (index !== -1) return { page, index }
  }
  return null
}
