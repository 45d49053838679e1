/**
 * Owns how long to wait before a store that failed is tried again: soon at first, then twice a minute, not hammered.
 */
const WAITS_MS = [100, 500, 2_000, 10_000, 30_000] as const

/** Milliseconds to wait after so many failures in a row; null when there was none. */
export const backoffMs = (failures: number): number | null =>
  failures === 0 ? null : (WAITS_MS[Math.min(failures, WAITS_MS.length) - 1] ?? null)
