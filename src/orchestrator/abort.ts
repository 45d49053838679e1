/**
 * Owns how work ends when its run does: foreign code may never return, and may not wait for what it started.
 */

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
