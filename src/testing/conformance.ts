/**
 * Owns the contract of storage: any ledger that passes this suite will do. The test runner is handed in, so
 * that no runner is a dependency. SPEC W1, W2, S1.
 */
import { conformance } from './conformance/context.ts'
import type { ConformanceSetup, TestApi } from './conformance/context.ts'
import { decisionLaws } from './conformance/decisions.ts'
import { eventLaws } from './conformance/events.ts'
import { historyLaws } from './conformance/histories.ts'
import { listLaws } from './conformance/lists.ts'
import { writeLaws } from './conformance/writes.ts'

export type { ConformanceSetup, TestApi } from './conformance/context.ts'

/** Declares the suite for one storage. `make` gives an empty ledger each time it is called. */
export function ledgerConformance(name: string, make: () => Promise<ConformanceSetup>, api: TestApi): void {
  const suite = conformance(make, api)
  api.describe(`${name}: writes`, () => writeLaws(suite))
  api.describe(`${name}: decisions`, () => decisionLaws(suite))
  api.describe(`${name}: events`, () => eventLaws(suite))
  api.describe(`${name}: lists`, () => listLaws(suite))
  api.describe(`${name}: histories`, () => historyLaws(suite))
}
