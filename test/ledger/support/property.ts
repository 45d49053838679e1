/** `property()` of test/core for checks that wait; the same two environment variables replay and multiply. */
import fc from 'fast-check'
import { test } from 'vitest'

const [seed, path] = (process.env['RUN_LEDGER_SEED'] ?? '').split('/')
const factor = Number(process.env['RUN_LEDGER_RUNS'] ?? 1)

export function asyncProperty<Value>(
  name: string,
  values: fc.Arbitrary<Value>,
  check: (value: Value) => Promise<void>,
  runs: number,
): void {
  test(name, { timeout: 60_000 * Math.max(1, factor) }, async () => {
    const result = await fc.check(fc.asyncProperty(values, check), {
      numRuns: Math.max(1, Math.round(runs * factor)),
      ...(seed ? { seed: Number(seed) } : {}),
      ...(path ? { path } : {}),
    })
    if (!result.failed) return
    const replay = `RUN_LEDGER_SEED=${result.seed}/${result.counterexamplePath ?? ''}`
    throw new Error(`${replay}\n${fc.defaultReportMessage(result) ?? ''}`, { cause: result.errorInstance })
  })
}
