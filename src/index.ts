/** Run Ledger: agent and workflow runs that survive the page. See docs/ARCHITECTURE.md. */
export type { CommandState, CommandVerb, RunCommand } from './core/commands.ts'
export type * from './core/entities.ts'
export type { RawEvent, SourceEvent, StreamInfo } from './core/events.ts'
export { idOfLog, isRunLog, runLog, workflowLog } from './core/ids.ts'
export type { LogId, RunLogId, WorkflowLogId } from './core/ids.ts'
export type * from './core/ports.ts'
export { BUCKETS, bucketOf, IllegalTransitionError, isSettled } from './core/status.ts'
export type { Bucket, RunStatus, RunStatusName, Trigger } from './core/status.ts'
export type { RowStatus, SubagentRow, ToolRow } from './core/timeline.ts'
export { describeEvent } from './core/describe.ts'
export type { EventDescription } from './core/describe.ts'
export { LedgerError } from './ledger/port.ts'
export type { Ledger } from './ledger/port.ts'
export { browserStorage, memoryStorage } from './ledger/storage.ts'
export type { Storage } from './ledger/storage.ts'
export { randomIds, systemClock, webLocks } from './platform/browser.ts'
export { committed } from './state/actions.ts'
export type { Committed, Health } from './state/actions.ts'
export type { LiveText } from './state/chatRuntimeSlice.ts'
export { CommandRefusedError } from './state/commands.ts'
export { createRunLedger } from './state/createRunLedger.ts'
export type { RunLedger, RunLedgerOptions } from './state/createRunLedger.ts'
export type { LedgerState } from './state/ledgerSlice.ts'
export type { Content } from './state/reads.ts'
export {
  selectLedgerStatus,
  selectPendingQuestions,
  selectRun,
  selectRunEvents,
  selectRunList,
  selectRuns,
  selectRunTotals,
  selectThreadRows,
  selectToolCalls,
  selectWorkflow,
  selectWorkflowRuns,
} from './state/selectors.ts'
export type {
  PendingQuestion,
  RunFilter,
  RunLedgerState,
  RunListEntry,
  RunTotals,
} from './state/selectors.ts'
export { choiceMade, collapseToggled, pinToggled, themeChosen } from './state/viewPrefsSlice.ts'
export type { ViewPrefs } from './state/viewPrefsSlice.ts'
