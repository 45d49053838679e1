/** Owns distributions small enough for a line of a log: counts of milliseconds, to two significant digits. */

/** Milliseconds as text to how often they were seen. */
export type Histogram = Readonly<Record<string, number>>

export function histogramOf(values: readonly number[]): Histogram {
  const counts = new Map<string, number>()
  for (const value of values) {
    const key = String(Number(value.toPrecision(2)))
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return Object.fromEntries(counts)
}

export interface Percentiles {
  p50: number
  p99: number
}

/** Over all of them together; null when there is nothing. */
export function percentilesOf(histograms: readonly Histogram[]): Percentiles | null {
  const counts = new Map<number, number>()
  for (const histogram of histograms) {
    for (const [ms, count] of Object.entries(histogram)) {
      counts.set(Number(ms), (counts.get(Number(ms)) ?? 0) + count)
    }
  }
  const sorted = [...counts].toSorted(([a], [b]) => a - b)
  const total = sorted.reduce((sum, [, count]) => sum + count, 0)
  const at = (share: number): number => {
    let passed = 0
    for (const [ms, count] of sorted) {
      passed += count
      if (passed >= share * total) return ms
    }
    return 0
  }
  return total === 0 ? null : { p50: at(0.5), p99: at(0.99) }
}
