/** Owns requests that nobody waits for one by one: a failure aborts their transaction, and that is awaited. */
export function unwaited(request: Promise<unknown>): void {
  request.catch(() => {})
}
