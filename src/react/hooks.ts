/**
 * Owns the hooks. Each selects one thing, memoized per id; those about one run or thread also load it and
 * keep it in memory while they are mounted.
 */
import { useCallback, useEffect, useMemo, useState } from 'react'
import { shallowEqual, useDispatch, useSelector } from 'react-redux'
import type { RunEvent, RunRecord, Text, ToolCall, WorkflowRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { runLog, workflowLog } from '../core/ids.ts'
import type { SubagentRow } from '../core/timeline.ts'
import { subscribed } from '../state/actions.ts'
import type { LiveText } from '../state/chatRuntimeSlice.ts'
import type { LedgerState } from '../state/ledgerSlice.ts'
import { selectThreadRunLogs } from '../state/selectors/chatRuntime.ts'
import { selectPendingQuestions } from '../state/selectors/pendingQuestions.ts'
import type { PendingQuestion } from '../state/selectors/pendingQuestions.ts'
import type { RunFilter, RunLedgerState, RunListEntry } from '../state/selectors/selectors.ts'
import { selectRunTotals } from '../state/selectors/totals.ts'
import type { RunTotals } from '../state/selectors/totals.ts'
import * as select from '../state/selectors/selectors.ts'
import { at } from '../state/table.ts'
import type { ViewPrefs } from '../state/viewPrefsSlice.ts'
import { useRunLedger } from './context.tsx'
import { useKept } from './kept.ts'

const useLedgerSelector = useSelector.withTypes<RunLedgerState>()

/** Whether something on disk is being looked for, is there, or does not exist. */
export type LoadState = 'loading' | 'ready' | 'missing'

/** List entries, newest first. Workflow runs count their children in. */
export function useRuns(filter: RunFilter = {}): readonly RunListEntry[] {
  return useLedgerSelector((state) => select.selectRuns(state, filter), shallowEqual)
}

export interface RunView {
  state: LoadState
  record: RunRecord | null
  toolCalls: readonly ToolCall[]
  /** In flight when last seen; nobody has confirmed since that it still is. */
  unconfirmed: boolean
}

/** An agent run with all its tool calls. */
export function useRun(runId: string): RunView {
  const log = runLog(runId)
  const ledger = useRunLedger()
  const load = useCallback(() => ledger.openRun(log), [ledger, log])
  const loaded = useLoad(log, load)
  const record = useLedgerSelector((state) => select.selectRun(state, runId))
  const toolCalls = useLedgerSelector((state) => select.selectToolCalls(state, runId))
  const unconfirmed = useLedgerSelector((state) => select.selectIsUnconfirmed(state, log))
  return { state: record === null ? loaded : 'ready', record, toolCalls, unconfirmed }
}

export interface WorkflowView {
  state: LoadState
  record: WorkflowRecord | null
  runs: readonly RunRecord[]
  unconfirmed: boolean
}

/** A workflow run with the runs it launched, in the order they were launched. */
export function useWorkflow(workflowRunId: string): WorkflowView {
  const log = workflowLog(workflowRunId)
  const ledger = useRunLedger()
  const load = useCallback(() => ledger.openWorkflow(workflowRunId), [ledger, workflowRunId])
  const loaded = useLoad(log, load)
  const record = useLedgerSelector((state) => select.selectWorkflow(state, workflowRunId))
  const runs = useLedgerSelector((state) => select.selectWorkflowRuns(state, workflowRunId), shallowEqual)
  const unconfirmed = useLedgerSelector((state) => select.selectIsUnconfirmed(state, log))
  return { state: record === null ? loaded : 'ready', record, runs, unconfirmed }
}

export interface RunEventsView {
  events: readonly RunEvent[]
  /** Sequences above it are not yet durable, and not yet linkable. */
  persistedSequence: number
  hasEarlier: boolean
  /** Events that were accepted and that the store no longer has, as far as they can be told. */
  missing: number
  loadEarlier: () => Promise<boolean>
}

/** The latest events of a log, oldest first. */
export function useRunEvents(log: LogId): RunEventsView {
  const ledger = useRunLedger()
  const load = useCallback(() => ledger.openRun(log), [ledger, log])
  const loaded = useLoad(log, load)
  const events = useLedgerSelector((state) => select.selectRunEvents(state, log))
  const persistedSequence = useLedgerSelector((state) => select.selectPersistedSequence(state, log))
  const head = useLedgerSelector((state) => select.selectHead(state, log))
  const hasEarlier = (events[0]?.sequence ?? 1) > 1
  const missing = loaded === 'ready' ? countMissing(events, head) : 0
  return { events, persistedSequence, hasEarlier, missing, loadEarlier: () => ledger.loadEarlierEvents(log) }
}

/** Holes between the events at hand, and behind the last. */
function countMissing(events: readonly RunEvent[], head: number): number {
  const first = events[0]
  return first === undefined ? head : head - first.sequence + 1 - events.length
}

export interface ThreadView {
  state: LoadState
  workflows: readonly WorkflowRecord[]
  /** Every agent run of it that is in memory, turns included, in the order they were heard of. */
  runs: readonly RunRecord[]
  rows: readonly SubagentRow[]
}

/** A conversation: its workflow runs and agent runs, and one row per subagent with nested tool rows. */
export function useThread(threadId: string): ThreadView {
  const ledger = useRunLedger()
  const load = useCallback(() => ledger.openThread(threadId).then(() => true), [ledger, threadId])
  const loaded = useLoad(`t:${threadId}`, load)
  useKept(
    threadId,
    useLedgerSelector((state) => selectThreadRunLogs(state, threadId)),
  )
  const rows = useThreadRows(threadId)
  const workflows = useLedgerSelector((state) => select.selectThreadWorkflows(state, threadId), shallowEqual)
  const runs = useLedgerSelector((state) => runsOfThread(state, threadId), shallowEqual)
  const isEmpty = rows.length === 0 && workflows.length === 0 && runs.length === 0
  return { state: isEmpty ? (loaded === 'ready' ? 'missing' : loaded) : 'ready', workflows, runs, rows }
}

const runsOfThread = (state: RunLedgerState, threadId: string): readonly RunRecord[] =>
  selectThreadRunLogs(state, threadId)
    .map(({ id }) => at(state.runs.records, id))
    .filter((record) => record?.entity === 'run')

export function useThreadRows(threadId: string): readonly SubagentRow[] {
  return useLedgerSelector((state) => select.selectThreadRows(state, threadId))
}

/** Prose of a run while it streams; null after it ended, and in every other tab. */
export function useLiveText(runId: string): LiveText | null {
  return useLedgerSelector((state) => select.selectLiveText(state, runId))
}

export function useRunTotals(log: LogId): RunTotals | null {
  return useLedgerSelector((state) => selectRunTotals(state, log), shallowEqual)
}

/** Every open question of every run, oldest first. */
export function usePendingQuestions(): readonly PendingQuestion[] {
  return useLedgerSelector(selectPendingQuestions)
}

export function useLedgerStatus(): LedgerState {
  return useLedgerSelector(select.selectLedgerStatus)
}

export function useViewPrefs(): ViewPrefs {
  return useLedgerSelector(select.selectViewPrefs)
}

export type TextView = { state: 'loading' } | { state: 'ready'; text: string } | { state: 'missing' }

/** The whole of a text that is stored elsewhere. `missing` when the reference does not resolve. */
export function useText(text: Text | null): TextView {
  const ledger = useRunLedger()
  const [loaded, setLoaded] = useState<{ ref: string; view: TextView } | null>(null)
  const ref = text?.ref ?? null
  useEffect(() => {
    if (text === null || ref === null) return
    let current = true
    const show = (view: TextView): void => {
      if (current) setLoaded({ ref, view })
    }
    ledger.readText(text).then(
      (content) =>
        show(content.kind === 'found' ? { state: 'ready', text: content.text } : { state: 'missing' }),
      () => show({ state: 'missing' }),
    )
    return () => {
      current = false
    }
  }, [ledger, text, ref])
  return useMemo(() => {
    if (text === null) return { state: 'missing' }
    if (ref === null) return { state: 'ready', text: text.preview }
    return loaded?.ref === ref ? loaded.view : { state: 'loading' }
  }, [text, ref, loaded])
}

/** Loads once the ledger can be read, and keeps a log in memory while mounted. `load` must be memoized. */
function useLoad(key: string, load: () => Promise<boolean>): LoadState {
  const dispatch = useDispatch()
  const phase = useLedgerSelector((state) => state.ledger.phase)
  const [result, setResult] = useState<{ key: string; found: boolean } | null>(null)
  const readable = phase === 'reconciling' || phase === 'ready'
  useEffect(() => {
    if (!key.startsWith('t:')) dispatch(subscribed({ logs: [key as LogId], by: 1 }))
    return () => {
      if (!key.startsWith('t:')) dispatch(subscribed({ logs: [key as LogId], by: -1 }))
    }
  }, [dispatch, key])
  useEffect(() => {
    if (!readable) return
    let current = true
    load().then(
      (found) => current && setResult({ key, found }),
      () => current && setResult({ key, found: false }),
    )
    return () => {
      current = false
    }
  }, [key, load, readable])
  if (result?.key !== key) return 'loading'
  return result.found ? 'ready' : 'missing'
}
