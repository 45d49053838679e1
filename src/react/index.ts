/** The React side: one provider, hooks memoized per id. */
export { useRunActions } from './actions.ts'
export type { RunAction, RunActions } from './actions.ts'
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
