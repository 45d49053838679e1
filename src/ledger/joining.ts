/**
 * Owns how neighbouring segments of a log become one: bodies are spliced as text and never parsed, within bounds, so
 * that a window of events stays a small read.
 */
import type { Segment } from './schema.ts'

/** Events and characters of a joined segment, at most. */
export const JOINED_EVENTS = 512
export const JOINED_CHARS = 256 * 1024

/** Segments that will be one. */
export class Group {
  #members: Segment[] = []
  #events = 0
  #chars = 0

  get members(): readonly Segment[] {
    return this.#members
  }

  /** Whether the next segment may be joined to these. */
  takes(next: Segment): boolean {
    const previous = this.#members.at(-1)
    if (!isJoinable(next)) return false
    if (previous === undefined) return true
    return (
      next.first === previous.last + 1 &&
      this.#events + next.last - next.first + 1 <= JOINED_EVENTS &&
      this.#chars + next.body.length <= JOINED_CHARS
    )
  }

  add(segment: Segment): void {
    this.#members.push(segment)
    this.#events += segment.last - segment.first + 1
    this.#chars += segment.body.length
  }

  /** The one segment; null when there are not two to join. */
  joined(): Segment | null {
    const first = this.#members[0]
    const last = this.#members.at(-1)
    if (first === undefined || last === undefined || first === last) return null
    const body = `[${this.#members.map((each) => each.body.slice(1, -1)).join(',')}]`
    return { first: first.first, last: last.last, body }
  }
}

/** A marker of lost events says what it says alone; anything that is not a list is left to who reads it. */
function isJoinable({ lost, first, last, body }: Segment): boolean {
  return lost !== true && last >= first && body.length > 2 && body.startsWith('[') && body.endsWith(']')
}

/** Segments of a log, ascending, as few as the bounds allow. */
export function joinNeighbours(segments: readonly Segment[]): readonly Segment[] {
  const whole: Segment[] = []
  let group = new Group()
  const close = (): void => {
    const joined = group.joined()
    whole.push(...(joined === null ? group.members : [joined]))
    group = new Group()
  }
  for (const segment of segments) {
    if (!group.takes(segment)) close()
    if (group.takes(segment)) group.add(segment)
    else whole.push(segment)
  }
  close()
  return whole
}
