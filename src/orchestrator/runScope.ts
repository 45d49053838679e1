/**
 * Owns what the parts of one agent run share: its log, its signal, its pace.
 */
import type { Emitter } from './emitter.ts'
import type { LogId } from '../core/ids.ts'
import type { Clock } from '../core/ports.ts'

export interface RunScope {
  runId: string
  log: LogId
  emitter: Emitter
  clock: Clock
  /** Aborted when the run is settled, however it was. */
  signal: AbortSignal
  iteration(): number
  /** Resolves when the next step may begin: what was said is out, and the pace is kept. Rejects when aborted. */
  ready(): Promise<void>
}

/** The work's result, or the signal's reason as soon as it is aborted: foreign code may never return. */
export function orAborted<Result>(
  signal: AbortSignal,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort)
    // Inside a promise, so that a synchronous throw is a rejection like any other.
    Promise.resolve()
      .then(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Marks a rejection as seen: an agent that does not wait for what it started must not bring down its host. */
export function seen<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}

export function abortError(reason: string): Error {
  const error = new Error(reason)
  error.name = 'AbortError'
  return error
}
