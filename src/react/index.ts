/** The React side: one provider, hooks memoized per id. */
export { useRunActions } from './actions.ts'
export type { RunAction, RunActions } from './actions.ts'
export { useIsFollowed } from './followed.ts'
export { useChatRuntime } from './chatRuntime.ts'
export type { ChatRuntimeThread } from './chatRuntime.ts'
export { useNow } from './clock.ts'
export { useEvidence } from './evidence.ts'
export { useInbox } from './inbox.ts'
export type { InboxItem, InboxView } from './inbox.ts'
export { useMorning } from './morning.ts'
export type { MorningEntry, MorningView } from './morning.ts'
export { useResumePlan, useResumeReceipt } from './resume.ts'
export type { ResumePlanView, ResumeReceiptView } from './resume.ts'
export { RunLedgerProvider, useRunLedger } from './context.tsx'
export {
  useLedgerStatus,
  useLiveText,
  usePendingQuestions,
  useRun,
  useRunEvents,
  useRuns,
  useRunTotals,
  useText,
  useThread,
  useThreadRows,
  useViewPrefs,
  useWorkflow,
} from './hooks.ts'
export type { LoadState, RunEventsView, RunView, TextView, ThreadView, WorkflowView } from './hooks.ts'
export { useStorageReport, useTask } from './storage.ts'
export type { StorageReportView, Task } from './storage.ts'
export { useRunEventPages, useRunList, useWorkflowRunList } from './queries.ts'
export type { PagedView, RunEventPagesView, RunListView } from './queries.ts'
