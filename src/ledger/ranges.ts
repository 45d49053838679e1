/** Owns arithmetic on ranges of sequences: what one copy has that another lacks, and segments cut to that. */
import type { StoredSegment } from './copies.ts'
import { eventsOf, toSegment } from './segments.ts'

/** Both ends included. */
export type Range = readonly [first: number, last: number]

/** Sorted, without overlaps, neighbours joined. */
export function union(ranges: readonly Range[]): readonly Range[] {
  const joined: [number, number][] = []
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const previous = joined.at(-1)
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last)
    else joined.push([first, last])
  }
  return joined
}

/** What of `range` is in none of `others`, which are sorted and do not overlap. */
export function subtract([first, last]: Range, others: readonly Range[]): readonly Range[] {
  const rest: Range[] = []
  let next = first
  // Long histories: the first that matters is found, not walked to.
  for (let index = firstEndingAt(others, first); index < others.length; index += 1) {
    const [from, to] = others[index] ?? [Infinity, Infinity]
    if (from > last) break
    if (from > next) rest.push([next, from - 1])
    next = Math.max(next, to + 1)
  }
  if (next <= last) rest.push([next, last])
  return rest
}

function firstEndingAt(ranges: readonly Range[], sequence: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.[1] ?? Infinity) < sequence) low = middle + 1
    else high = middle
  }
  return low
}

/** The parts of a segment that lie in the ranges; as it is when all of it does. @throws SyntaxError when damaged. */
export function cutSegment(segment: StoredSegment, ranges: readonly Range[]): readonly StoredSegment[] {
  const { log, first, last } = segment
  return ranges.flatMap(([from, to]) => {
    if (from <= first && to >= last) return [segment]
    if (from > last || to < first) return []
    const events = eventsOf(segment).filter(({ sequence }) => sequence >= from && sequence <= to)
    const cut = toSegment(events)
    return cut === null ? [] : [{ log, ...cut }]
  })
}
