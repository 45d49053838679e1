/**
 * Owns the bench's touch with Run Ledger: what apps import, and below it the few inner parts that are measured
 * alone. When the ledger moves, this is the file to mend.
 */
import type { LogRecord } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { RunsState } from '../../src/state/runsState.ts'
import { at, valuesOf } from '../../src/state/table.ts'

export {
  browserStorage,
  committed,
  createRunLedger,
  memoryStorage,
  pageSyncStore,
  randomIds,
  runLog,
  systemClock,
  webLocks,
} from '../../src/index.ts'
export type { Committed, LogId, RunLedger, RunLedgerState, RawEvent, Storage } from '../../src/index.ts'
export { liveStream, scriptedSource } from '../../src/testing/scriptedSource.ts'
export type { ScriptedSource } from '../../src/testing/scriptedSource.ts'

export { accept } from '../../src/core/accept.ts'
export { decodeEvent } from '../../src/core/decode.ts'
export type { SourceEvent } from '../../src/core/events.ts'
export { EMPTY_FRAME, eventsReceived } from '../../src/state/actions.ts'
export { chatRuntimeReducer } from '../../src/state/chatRuntimeSlice.ts'
export { ledgerReducer } from '../../src/state/ledgerSlice.ts'
export { runsReducer } from '../../src/state/runsSlice.ts'

export const recordOf = (runs: RunsState, log: LogId): LogRecord | undefined => at(runs.records, log)
export const recordsOf = (runs: RunsState): readonly LogRecord[] => valuesOf(runs.records)
export const hasAllCalls = (runs: RunsState, log: LogId): boolean =>
  at(runs.toolCalls, log)?.complete === true
export const eventsHeld = (runs: RunsState): number =>
  valuesOf(runs.tails).reduce((sum, tail) => sum + tail.length, 0)
