/** Owns quantiles in the page, so that a million latencies need not leave it. */

export interface Quantiles {
  p50: number
  p95: number
  p99: number
  max: number
  count: number
}

/** Null when nothing was measured. */
export function quantiles(values: readonly number[]): Quantiles | null {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).toSorted()
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1), count: sorted.length }
}

export function median(values: readonly number[]): number {
  return quantiles(values)?.p50 ?? Number.NaN
}
