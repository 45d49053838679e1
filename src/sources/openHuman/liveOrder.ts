/**
 * Owns the order in which a turn's messages are followed up. The ledger puts numbered events in order itself; what is
 * told beside them has no number, so it waits here until what comes before it has come, or was given up there.
 */
import { INTAKE_LIMITS } from '../../core/intake.ts'
import type { Clock } from '../../core/ports.ts'

/** A little longer than the ledger waits, so that what it held comes first. */
const WAIT = INTAKE_LIMITS.wait + 250

export interface Order<Item> {
  /** Takes a message; a number below those that came is late, and passed on at once. */
  offer(seq: number | null, item: Item): void
  /** Passes on all that waits. */
  flush(): void
}

export function createOrder<Item>(first: number, clock: Clock, pass: (item: Item) => void): Order<Item> {
  let next = first
  const waiting = new Map<number, Item>()
  /** Without a number: behind everything that came before them. */
  let unnumbered: Item[] = []
  let cancel: (() => void) | null = null

  function drain(): void {
    for (let item = waiting.get(next); item !== undefined; item = waiting.get(next)) {
      waiting.delete(next)
      next += 1
      pass(item)
    }
    cancel?.()
    cancel = null
    if (waiting.size > 0) {
      cancel = clock.setTimeout(giveUp, WAIT)
      return
    }
    const passed = unnumbered
    unnumbered = []
    for (const item of passed) pass(item)
  }

  function giveUp(): void {
    if (waiting.size === 0) return
    next = Math.min(...waiting.keys())
    drain()
  }

  return {
    offer(seq, item) {
      if (seq === null) {
        if (waiting.size > 0) unnumbered.push(item)
        else pass(item)
        return
      }
      if (seq < next) return pass(item)
      if (seq - next > INTAKE_LIMITS.jump) return
      const isFirstToWait = waiting.size === 0
      waiting.set(seq, item)
      if (seq === next) drain()
      else if (waiting.size >= INTAKE_LIMITS.held) giveUp()
      else if (isFirstToWait) cancel = clock.setTimeout(giveUp, WAIT)
    },
    flush() {
      while (waiting.size > 0) giveUp()
      drain()
    },
  }
}
