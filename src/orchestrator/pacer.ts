/**
 * Owns pace: how long an orchestrator pauses before each step, so that a person can watch. A pause changes
 * nothing but time.
 */
import type { Clock } from '../core/ports.ts'

export interface Pacer {
  ms(): number
  /** Takes effect at once: with 0, whoever pauses goes on. */
  set(ms: number): void
  /** Pauses for the pace, or a share of it. Rejects with the signal's reason when aborted. */
  pause(signal: AbortSignal, share?: number): Promise<void>
}

export function createPacer(clock: Clock, initial: number): Pacer {
  let pace = initial
  const pausing = new Set<() => void>()

  return {
    ms: () => pace,

    set(ms) {
      pace = ms
      if (ms === 0) for (const go of pausing) go()
    },

    async pause(signal, share = 1) {
      signal.throwIfAborted()
      if (pace === 0) return
      await new Promise<void>((resolve, reject) => {
        const end = (): void => {
          cancel()
          pausing.delete(go)
          signal.removeEventListener('abort', abort)
        }
        const go = (): void => {
          end()
          resolve()
        }
        const abort = (): void => {
          end()
          reject(signal.reason)
        }
        const cancel = clock.setTimeout(go, pace * share)
        pausing.add(go)
        signal.addEventListener('abort', abort)
      })
    },
  }
}
