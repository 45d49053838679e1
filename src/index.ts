/** Run Ledger: agent and workflow runs that survive the page. See docs/ARCHITECTURE.md. */
export type { CommandState, CommandVerb, RunCommand } from './core/commands.ts'
export type * from './core/entities.ts'
export type { RawEvent, SourceEvent, StreamInfo } from './core/events.ts'
export { idOfLog, isRunLog, runLog, workflowLog } from './core/ids.ts'
export type { LogId, RunLogId, WorkflowLogId } from './core/ids.ts'
export type * from './core/ports.ts'
export { defaultRedact } from './core/redact.ts'
export type { Redact } from './core/redact.ts'
export type { Capture } from './core/redaction.ts'
export { redactCards } from './core/secrets.ts'
export { MORNING_GROUPS } from './core/morning.ts'
export type { MorningGroupName } from './core/morning.ts'
export { describeEvidence } from './core/evidence.ts'
export type { EvidenceDescription } from './core/evidence.ts'
export { RECEIPT_OUTCOMES } from './core/resume/receipt.ts'
export type { ReceiptEntry, ReceiptOutcome, ResumeReceipt } from './core/resume/receipt.ts'
export { DEFAULT_POLICY } from './core/resume/policy.ts'
export type { Permission, ResumePolicy } from './core/resume/policy.ts'
export type { PlanAction, PlanEntry, PlanReason, ResumePlan, WorkDone } from './core/resume/plan.ts'
export { answerFromText, APPROVALS, checkAnswer } from './core/answers.ts'
export { BUCKETS, bucketOf, IllegalTransitionError, isSettled } from './core/status.ts'
export type { Bucket, RunStatus, RunStatusName, Trigger } from './core/status.ts'
export type { RowStatus, SubagentRow, ToolRow } from './core/timeline.ts'
export { describeEvent } from './core/describe.ts'
export type { EventDescription } from './core/describe.ts'
export { ArchiveError } from './ledger/archive.ts'
export { LedgerError } from './ledger/port.ts'
export type { Ledger, RecordCount } from './ledger/port.ts'
export type { KeptBecause, PlannedTree, RetentionPlan, RetentionPolicy } from './ledger/retention.ts'
export { browserStorage, memoryStorage } from './ledger/storage.ts'
export type { Storage } from './ledger/storage.ts'
export { randomIds, systemClock, webLocks } from './platform/browser.ts'
export { browserDevice } from './platform/device.ts'
export type { Device } from './platform/device.ts'
export { pageIdle } from './platform/idle.ts'
export type { Idle } from './platform/idle.ts'
export { pageSyncStore } from './platform/syncStore.ts'
export type { Verification } from './ledger/verify.ts'
export { committed } from './state/actions.ts'
export type { Committed, Healing, Health } from './state/actions.ts'
export type { ArchiveScope, ImportResult } from './state/archive/archive.ts'
export type { ImportedEvent, ImportedEvents } from './state/archive/importEvents.ts'
export type { ArchiveDiff, LogDiff } from './state/archive/inspect.ts'
export type { RefusedLine } from './state/archive/reader.ts'
export type { LiveText } from './state/chatRuntimeSlice.ts'
export type * from './state/chatRuntime/types.ts'
export { LEDGER_API } from './state/api.ts'
export type { LedgerApi, LedgerApiState } from './state/api.ts'
export type { EventPage } from './state/api/eventPages.ts'
export type { RunPage } from './state/api/listPages.ts'
export type * from './state/api/queries.ts'
export { CommandRefusedError, StalePlanError } from './state/commands/send.ts'
export { UnknownRunError } from './state/transition.ts'
export { CannotPlanError } from './state/resume/inputs.ts'
export type { ResumeAllOptions, ResumeOutcome } from './state/resume/resumeAllSafe.ts'
export type { Standing } from './state/resume/standing.ts'
export type { PlanOptions } from './state/resume/world.ts'
export { createRunLedger } from './state/createRunLedger.ts'
export type { RunLedger, RunLedgerOptions } from './state/createRunLedger.ts'
export type { HousekeepingReport } from './state/housekeeping/housekeeping.ts'
export type { PersistAnswer, StorageReport } from './state/housekeeping/storage.ts'
export type { LedgerState } from './state/ledgerSlice.ts'
export type { Content } from './state/reads.ts'
export type { PruneResult, RetentionPreview } from './state/housekeeping/retention.ts'
export { selectChatRuntime, selectChatRuntimeState } from './state/selectors/chatRuntime.ts'
export { selectInbox, selectInboxCount } from './state/selectors/inbox.ts'
export type { InboxQuestion } from './state/selectors/inbox.ts'
export { selectPendingQuestions } from './state/selectors/pendingQuestions.ts'
export type { PendingQuestion } from './state/selectors/pendingQuestions.ts'
export {
  selectLedgerStatus,
  selectRun,
  selectRunEvents,
  selectRunList,
  selectRuns,
  selectThreadRows,
  selectToolCalls,
  selectWorkflow,
  selectWorkflowRuns,
} from './state/selectors/selectors.ts'
export type { RunFilter, RunLedgerState, RunListEntry } from './state/selectors/selectors.ts'
export { selectRunTotals } from './state/selectors/totals.ts'
export type { RunTotals } from './state/selectors/totals.ts'
export {
  choiceMade,
  collapseToggled,
  morningDismissed,
  pinToggled,
  presenceNoted,
  themeChosen,
} from './state/viewPrefsSlice.ts'
export type { ViewPrefs } from './state/viewPrefsSlice.ts'
