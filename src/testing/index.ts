/** Helpers for tests of apps and storages built on the run ledger. No test runner is imported. */
export { ledgerConformance } from './conformance.ts'
export type { ConformanceSetup, TestApi } from './conformance.ts'
export { faultyLedger } from './faults.ts'
export type { Fault, FaultyLedger } from './faults.ts'
export { manualClock } from './manualClock.ts'
export type { ManualClock } from './manualClock.ts'
export { liveStream, scriptedSource } from './scriptedSource.ts'
export type { ScriptedSource } from './scriptedSource.ts'
