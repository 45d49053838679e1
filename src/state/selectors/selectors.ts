/**
 * Owns the questions pages ask of the state. Memoized per record or per set of records: a frame that touches
 * one run re-renders that run.
 */
import { createSelector } from '@reduxjs/toolkit'
import type { LogRecord, RunEvent, RunRecord, ToolCall, WorkflowRecord } from '../../core/entities.ts'
import type { RunCommand } from '../../core/commands.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import { runLog, workflowLog } from '../../core/ids.ts'
import type { Bucket, RunStatus } from '../../core/status.ts'
import { bucketOf, isSettled } from '../../core/status.ts'
import type { SubagentRow } from '../../core/timeline.ts'
import { memoize } from '../chatRuntime/memo.ts'
import type { ChatRuntimeState, LiveText } from '../chatRuntimeSlice.ts'
import { threadKey } from '../chatRuntimeSlice.ts'
import { isFinal } from '../commands/states.ts'
import type { LedgerState } from '../ledgerSlice.ts'
import type { RunsState } from '../runsState.ts'
import { pendingOf } from './pendingQuestions.ts'
import { at, valuesOf } from '../table.ts'
import type { ViewPrefs } from '../viewPrefsSlice.ts'

/** The part of the host's state that is ours. */
export interface RunLedgerState {
  runs: RunsState
  chatRuntime: ChatRuntimeState
  ledger: LedgerState
  viewPrefs: ViewPrefs
}

/** One line in a list: a workflow run with its children counted in, or an agent run of its own. */
export interface RunListEntry {
  log: LogId
  entity: 'run' | 'workflow'
  id: string
  title: string
  subtitle: string | null
  status: RunStatus
  inferred: boolean
  bucket: Bucket
  /** In flight when last seen; nobody has confirmed since that it still is. */
  unconfirmed: boolean
  threadId: string | null
  summary: string | null
  error: string | null
  startedAt: number
  updatedAt: number
  completedAt: number | null
  toolCount: number
  phasesDone: number
  phasesTotal: number
  childCount: number
  openQuestions: number
}

export interface RunFilter {
  bucket?: Bucket
  threadId?: string
}

const NO_EVENTS: readonly RunEvent[] = []
const NO_CALLS: readonly ToolCall[] = []
const NO_ROWS: readonly SubagentRow[] = []
const NO_RUNS: readonly RunRecord[] = []

export const selectRun = (state: RunLedgerState, runId: string): RunRecord | null => {
  const record = at(state.runs.records, runLog(runId))
  return record?.entity === 'run' ? record : null
}

export const selectWorkflow = (state: RunLedgerState, workflowRunId: string): WorkflowRecord | null => {
  const record = at(state.runs.records, workflowLog(workflowRunId))
  return record?.entity === 'workflow' ? record : null
}

export const selectIsUnconfirmed = (state: RunLedgerState, log: LogId): boolean =>
  at(state.runs.unconfirmed, log) === true && !isSettledLog(state, log)

export const selectRunEvents = (state: RunLedgerState, log: LogId): readonly RunEvent[] =>
  at(state.runs.tails, log) ?? NO_EVENTS

/** Sequence of the log's last accepted event; 0 when the log is not in memory. */
export const selectHead = (state: RunLedgerState, log: LogId): number => {
  const record = at(state.runs.records, log)
  return record === undefined ? 0 : lifecycleOf(record).lastSequence
}

export const selectPersistedSequence = (state: RunLedgerState, log: LogId): number =>
  at(state.runs.persisted, log) ?? 0

export const selectToolCalls = (state: RunLedgerState, runId: string): readonly ToolCall[] =>
  at(state.runs.toolCalls, runLog(runId))?.calls ?? NO_CALLS

/** The rows of a thread's runs in memory; a thread that is shown keeps its runs there (`useThread`). */
export const selectThreadRows = (state: RunLedgerState, threadId: string): readonly SubagentRow[] =>
  rowsInMemory(state.chatRuntime.toolTimelineByThread[threadKey(threadId)] ?? NO_ROWS, state.runs.records)

const rowsInMemory = memoize(
  (rows: readonly SubagentRow[], records: RunsState['records']): readonly SubagentRow[] => {
    const kept = rows.filter(({ runId }) => at(records, runLog(runId)) !== undefined)
    return kept.length === rows.length ? rows : kept
  },
)

export const selectLiveText = (state: RunLedgerState, runId: string): LiveText | null =>
  state.chatRuntime.liveTextByRun[runLog(runId)] ?? null

export const selectLedgerStatus = (state: RunLedgerState): LedgerState => state.ledger

export const selectViewPrefs = (state: RunLedgerState): ViewPrefs => state.viewPrefs

const selectRecords = (state: RunLedgerState): RunsState['records'] => state.runs.records
const selectUnconfirmed = (state: RunLedgerState): RunsState['unconfirmed'] => state.runs.unconfirmed

/** Runs of each workflow run, in the order they were registered. */
const selectChildren = createSelector([selectRecords], (records) => {
  const children = new Map<string, RunRecord[]>()
  for (const record of valuesOf(records)) {
    if (record.entity !== 'run' || record.run.workflowRunId === null) continue
    const siblings = children.get(record.run.workflowRunId)
    if (siblings === undefined) children.set(record.run.workflowRunId, [record])
    else siblings.push(record)
  }
  for (const siblings of children.values()) siblings.sort(byCreation)
  return children
})

export const selectWorkflowRuns = (state: RunLedgerState, workflowRunId: string): readonly RunRecord[] =>
  selectChildren(state).get(workflowRunId) ?? NO_RUNS

/** Workflow runs of a thread, oldest first. */
export const selectThreadWorkflows = (state: RunLedgerState, threadId: string): readonly WorkflowRecord[] =>
  selectWorkflows(state).filter(({ workflow }) => workflow.parentThreadId === threadId)

const selectWorkflows = createSelector([selectRecords], (records) =>
  valuesOf(records)
    .filter((record) => record.entity === 'workflow')
    .toSorted((a, b) => a.workflow.createdAt - b.workflow.createdAt || (a.log < b.log ? -1 : 1)),
)

/** All list entries, newest status change first. Children of workflow runs are counted in, not listed. */
export const selectRunList = createSelector(
  [selectRecords, selectChildren, selectUnconfirmed],
  (records, children, unconfirmed): readonly RunListEntry[] =>
    valuesOf(records)
      .filter((record) => record.entity === 'workflow' || record.run.workflowRunId === null)
      .map((record) =>
        entryOf(
          record,
          record.entity === 'workflow' ? (children.get(record.workflow.id) ?? []) : [record],
          at(unconfirmed, record.log) === true,
        ),
      )
      .toSorted((a, b) => b.startedAt - a.startedAt || (a.log < b.log ? -1 : 1)),
)

export function selectRuns(state: RunLedgerState, filter: RunFilter): readonly RunListEntry[] {
  return selectRunList(state).filter(
    (entry) =>
      (filter.bucket === undefined || entry.bucket === filter.bucket) &&
      (filter.threadId === undefined || entry.threadId === filter.threadId),
  )
}

/** Commands about a log that nobody has settled yet. */
export function selectPendingCommands(state: RunLedgerState, log: LogId): readonly RunCommand[] {
  return Object.values(state.runs.commands).filter((command) => command.log === log && !isFinal(command))
}

const entries = new WeakMap<
  LogRecord,
  { runs: readonly RunRecord[]; unconfirmed: boolean; entry: RunListEntry }
>()

/** The same entry as long as the record and its children are the same, so that other rows do not render. */
export function entryOf(record: LogRecord, runs: readonly RunRecord[], unconfirmed: boolean): RunListEntry {
  const known = entries.get(record)
  const isSame = known?.unconfirmed === unconfirmed && sameItems(known.runs, runs)
  if (known !== undefined && isSame) return known.entry
  const entry = toListEntry(record, runs, unconfirmed)
  entries.set(record, { runs, unconfirmed, entry })
  return entry
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

function toListEntry(record: LogRecord, runs: readonly RunRecord[], unconfirmed: boolean): RunListEntry {
  const { status, inferred, summary, error, startedAt, updatedAt, completedAt } = lifecycleOf(record)
  const openQuestions = runs.reduce((sum, run) => sum + pendingOf(run).length, 0)
  const phases = record.entity === 'workflow' ? record.workflow.phases : []
  return {
    log: record.log,
    entity: record.entity,
    ...namesOf(record),
    status,
    inferred,
    bucket: bucketOf(status, openQuestions > 0),
    unconfirmed: unconfirmed && !isSettled(status),
    summary,
    error,
    startedAt,
    updatedAt: runs.reduce((latest, { run }) => Math.max(latest, run.updatedAt), updatedAt),
    completedAt,
    toolCount: runs.reduce((sum, { telemetry }) => sum + telemetry.toolCount, 0),
    phasesDone: phases.filter((phase) => phase.status === 'completed').length,
    phasesTotal: phases.length,
    childCount: record.entity === 'workflow' ? record.workflow.childRunIds.length : 0,
    openQuestions,
  }
}

function namesOf(record: LogRecord): Pick<RunListEntry, 'id' | 'title' | 'subtitle' | 'threadId'> {
  if (record.entity === 'run') {
    const { id, agentName, agentId, prompt, parentThreadId } = record.run
    return {
      id,
      title: agentName ?? agentId ?? id,
      subtitle: prompt?.preview ?? null,
      threadId: parentThreadId,
    }
  }
  const { id, title, definitionId, input, parentThreadId } = record.workflow
  const name = title ?? definitionId
  const question = questionIn(input)
  return { id, title: question ?? name, subtitle: question === null ? null : name, threadId: parentThreadId }
}

/** What a run is called in a sentence or a link. */
export const titleOf = (record: LogRecord): string => namesOf(record).title

/** Workflows are usually asked something; that says more than the definition's name. */
function questionIn(input: WorkflowRecord['workflow']['input']): string | null {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) return null
  const { question } = input as { readonly question?: unknown }
  return typeof question === 'string' && question.length > 0 ? question : null
}

const byCreation = (a: RunRecord, b: RunRecord): number =>
  a.run.createdAt - b.run.createdAt || (a.run.id < b.run.id ? -1 : 1)

function isSettledLog(state: RunLedgerState, log: LogId): boolean {
  const record = at(state.runs.records, log)
  return record === undefined || isSettled(lifecycleOf(record).status)
}
