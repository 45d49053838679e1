/**
 * Owns waiting for a quiet moment: work that nobody waits for goes between frames, or where there is no such notion
 * (Safari, workers, Node) after a short pause.
 */

/** Resolves when the page has nothing better to do. */
export type Idle = () => Promise<void>

/** A page that is never idle still gets its housekeeping, one bounded step at a time. */
const AT_LATEST_MS = 10_000
const PAUSE_MS = 50

export const pageIdle: Idle = () =>
  new Promise((resolve) => {
    if (typeof requestIdleCallback === 'undefined') setTimeout(resolve, PAUSE_MS)
    else requestIdleCallback(() => resolve(), { timeout: AT_LATEST_MS })
  })
