/** Owns time for the doubles: the only file here that names the clock and the timers. */

export const now = (): number => Date.now()

/** Resolves later; gives way to whatever else waits even for no time at all. */
export const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
