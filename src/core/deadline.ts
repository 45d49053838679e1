/**
 * Owns waiting with an end: IndexedDB opens and transactions can hang without any event, and so can whatever
 * waits for them.
 */
import type { Clock } from './ports.ts'

export const OPEN_DEADLINE_MS = 5_000
export const TRANSACTION_DEADLINE_MS = 5_000
/** A look at everything that is stored takes as long as that is large. */
export const REPAIR_DEADLINE_MS = 120_000

/** Settles as `promise` does, or rejects with `late()` after `ms`. */
export function withDeadline<Value>(
  clock: Clock,
  promise: Promise<Value>,
  ms: number,
  late: () => Error,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimeout(() => reject(late()), ms)
    promise.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error as Error)
      },
    )
  })
}
