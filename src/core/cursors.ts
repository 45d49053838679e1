/**
 * Owns what two cursors of one stream mean together: pages that took turns at a stream, or were at it at the
 * same time, each know a part of what was stored. SPEC W5, T2.
 */
import type { Position } from './ids.ts'
import { INTAKE_LIMITS } from './intake.ts'
import type { StreamCursor } from './intake.ts'

type Range = readonly [from: number, to: number]

/** Whether the event at the position is stored already, for all the cursor can tell. */
export function hasSeen({ position, gaps, keys }: StreamCursor, at: Position): boolean {
  if (typeof at === 'string') return keys.includes(at)
  return at <= position && !gaps.some(([low, high]) => at >= low && at <= high)
}

/** All that either has seen: a cursor never goes back, whoever writes it last. */
export function joinCursors(one: StreamCursor, other: StreamCursor): StreamCursor {
  const [low, high] = one.position <= other.position ? [one, other] : [other, one]
  return {
    stream: one.stream,
    position: high.position,
    // Missing is what neither has: beyond the lower one's end only the higher one knows.
    gaps: high.gaps.flatMap((gap) => cut(gap, [...low.gaps, [low.position + 1, high.position]])),
    keys: [...new Set([...one.keys, ...other.keys])].slice(-INTAKE_LIMITS.keys),
  }
}

/** The parts of a range that lie within the others. */
function cut([from, to]: Range, others: readonly Range[]): readonly Range[] {
  return others
    .map(([low, high]): Range => [Math.max(from, low), Math.min(to, high)])
    .filter(([low, high]) => low <= high)
}
