/**
 * Owns order and identity within a source's streams: which arrivals are new, which are repeats, which wait
 * for a missing one, and when a gap is given up. Knows nothing about runs. SPEC F1–F3, A3.
 */
import type { Position } from './ids.ts'
import type { StreamInfo } from './events.ts'

/** How far a stream was processed; committed with the events, so that it is never ahead of them. */
export interface StreamCursor {
  stream: string
  /** Highest position processed; `first - 1` before the first. */
  position: number
  /** Positions given up and not yet filled, oldest first. */
  gaps: readonly (readonly [from: number, to: number])[]
  /** The last keys, for events whose position is a key. */
  keys: readonly string[]
}

export const INTAKE_LIMITS = {
  /** Arrivals held for a missing one. */
  held: 1_000,
  /** Milliseconds the first held arrival waits. */
  wait: 1_000,
  keys: 512,
  gaps: 256,
  /** A jump beyond this is a broken source, not a loss. */
  jump: 10_000,
} as const

/** Something with a position: an event, a delta, or nothing where an undecodable one stood. */
export interface Arrival<Item> {
  position: Position
  item: Item
}

export interface Gap {
  from: number
  to: number
}

export type Offered<Item> =
  | { kind: 'ready'; items: readonly Item[] }
  | { kind: 'duplicate' }
  | { kind: 'held' }
  | { kind: 'refused'; reason: string }

export interface StreamIntake<Item> {
  /** Takes one arrival. `now` is a monotonic time in milliseconds. */
  offer(arrival: Arrival<Item>, now: number): Offered<Item>
  /** Gives up on what was missing for too long; null when nothing is due. */
  expire(now: number): { gap: Gap; items: readonly Item[] } | null
  /** When `expire` should be called; null when nothing is held. */
  dueAt(): number | null
  cursor(): StreamCursor
  held(): number
}

export function createStreamIntake<Item>(info: StreamInfo, from?: StreamCursor): StreamIntake<Item> {
  let position = from?.position ?? info.first - 1
  let gaps = [...(from?.gaps ?? [])]
  const keys = new Set(from?.keys)
  const waiting = new Map<number, Item>()
  let waitingSince: number | null = null

  function offerKey(key: string, item: Item): Offered<Item> {
    if (keys.has(key)) return { kind: 'duplicate' }
    keys.add(key)
    if (keys.size > INTAKE_LIMITS.keys) {
      const [oldest] = keys
      if (oldest !== undefined) keys.delete(oldest)
    }
    return { kind: 'ready', items: [item] }
  }

  /** Everything that waited and is now next in line. */
  function drain(items: Item[], now: number): void {
    while (waiting.has(position + 1)) {
      position += 1
      // Just seen to be there; the item itself may be anything.
      items.push(waiting.get(position) as Item)
      waiting.delete(position)
    }
    // What still waits, waits for another one: its second starts now.
    waitingSince = waiting.size === 0 ? null : items.length > 0 ? now : waitingSince
  }

  function fill(at: number): boolean {
    const index = gaps.findIndex(([low, high]) => at >= low && at <= high)
    const gap = gaps[index]
    if (gap === undefined) return false
    const [low, high] = gap
    const rest: (readonly [number, number])[] = []
    if (low < at) rest.push([low, at - 1])
    if (at < high) rest.push([at + 1, high])
    gaps.splice(index, 1, ...rest)
    return true
  }

  function offerNumber(at: number, item: Item, now: number): Offered<Item> {
    if (at <= position) {
      // Late, but only a repeat if it was not given up before.
      return fill(at) ? { kind: 'ready', items: [item] } : { kind: 'duplicate' }
    }
    if (!info.contiguous) {
      position = at
      return { kind: 'ready', items: [item] }
    }
    if (at === position + 1) {
      position = at
      const items = [item]
      drain(items, now)
      return { kind: 'ready', items }
    }
    if (at - position > INTAKE_LIMITS.jump) {
      return { kind: 'refused', reason: `position ${at} jumps ${at - position} ahead of ${position}` }
    }
    if (waiting.has(at)) return { kind: 'duplicate' }
    waiting.set(at, item)
    waitingSince ??= now
    return { kind: 'held' }
  }

  return {
    offer: ({ position: at, item }, now) =>
      typeof at === 'string' ? offerKey(at, item) : offerNumber(at, item, now),

    expire(now) {
      if (waitingSince === null) return null
      const full = waiting.size >= INTAKE_LIMITS.held
      if (!full && now - waitingSince < INTAKE_LIMITS.wait) return null
      const gap: Gap = { from: position + 1, to: Math.min(...waiting.keys()) - 1 }
      gaps = [...gaps, [gap.from, gap.to] as const].slice(-INTAKE_LIMITS.gaps)
      position = gap.to
      const items: Item[] = []
      drain(items, now)
      return { gap, items }
    },

    dueAt: () =>
      waitingSince === null
        ? null
        : waiting.size >= INTAKE_LIMITS.held
          ? waitingSince
          : waitingSince + INTAKE_LIMITS.wait,

    cursor: () => ({ stream: info.id, position, gaps: [...gaps], keys: [...keys] }),
    held: () => waiting.size,
  }
}
