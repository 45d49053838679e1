/**
 * Properties that can be run again: a failure prints the seed and path; `RUN_LEDGER_SEED=<seed>[/<path>]`
 * replays it and `RUN_LEDGER_RUNS=<n>` multiplies the number of runs.
 */
import fc from 'fast-check'
import { test } from 'vitest'

const [seed, path] = (process.env['RUN_LEDGER_SEED'] ?? '').split('/')
const factor = Number(process.env['RUN_LEDGER_RUNS'] ?? 1)
const timeout = 60_000 * Math.max(1, factor)

export const RUNS = 150

export function property<Value>(
  name: string,
  values: fc.Arbitrary<Value>,
  check: (value: Value) => void,
  runs = RUNS,
): void {
  test(name, { timeout }, () => {
    report(
      fc.check(
        fc.property(values, (value) => void check(value)),
        parameters(runs),
      ),
    )
  })
}

/** For checks that wait. */
export function asyncProperty<Value>(
  name: string,
  values: fc.Arbitrary<Value>,
  check: (value: Value) => Promise<void>,
  runs = RUNS,
): void {
  test(name, { timeout }, async () => {
    report(await fc.check(fc.asyncProperty(values, check), parameters(runs)))
  })
}

function parameters(runs: number): { numRuns: number; seed?: number; path?: string } {
  return {
    numRuns: Math.max(1, Math.round(runs * factor)),
    ...(seed ? { seed: Number(seed) } : {}),
    ...(path ? { path } : {}),
  }
}

function report<Value>(result: fc.RunDetails<Value>): void {
  if (!result.failed) return
  const replay = `RUN_LEDGER_SEED=${result.seed}/${result.counterexamplePath ?? ''}`
  throw new Error(`${replay}\n${fc.defaultReportMessage(result) ?? ''}`, { cause: result.errorInstance })
}
