/**
 * Owns time in tests: it stands still until it is advanced, and every wait up to there happens in order.
 */
import type { Clock } from '../core/ports.ts'

export interface ManualClock extends Clock {
  /** Moves time on, fires what is due in order, and lets promises run in between. */
  advance(ms: number): Promise<void>
  /** Timers that wait. */
  waiting(): number
}

interface Timer {
  due: number
  callback: () => void
}

/** Promise reactions let run at every stop: more than any chain in the code under test is long. */
const TURNS = 500

export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsed = 0
  let timers: readonly Timer[] = []

  /** The next timer due until then; of equal ones the first set. */
  function takeDue(until: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of timers) {
      if (timer.due <= until && (next === undefined || timer.due < next.due)) next = timer
    }
    timers = timers.filter((timer) => timer !== next)
    return next
  }

  return {
    now: () => Math.floor(start + elapsed),
    monotonic: () => elapsed,

    setTimeout(callback, ms) {
      const timer: Timer = { due: elapsed + Math.max(0, ms), callback }
      timers = [...timers, timer]
      return () => {
        timers = timers.filter((each) => each !== timer)
      }
    },

    async advance(ms) {
      const until = elapsed + ms
      await letPromisesRun()
      for (let timer = takeDue(until); timer !== undefined; timer = takeDue(until)) {
        elapsed = timer.due
        timer.callback()
        await letPromisesRun()
      }
      elapsed = until
    },

    waiting: () => timers.length,
  }
}

async function letPromisesRun(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve()
}
