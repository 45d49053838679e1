/**
 * Owns the projection of runs to the rows of a conversation: one row per subagent, its tool calls nested.
 * Total and one-way; a row's status is a view of the run's, never a second truth. SPEC H3.
 */
import type { AgentRun, RunRecord, Text, ToolCall, ToolCallStatus } from './entities.ts'
import type { RunStatusName } from './status.ts'

export type RowStatus = 'running' | 'success' | 'error' | 'awaiting_user' | 'cancelled'

/** A subagent's row in its thread. */
export interface SubagentRow {
  /** `subagent:<run id>`, live and hydrated alike. */
  id: string
  runId: string
  name: string
  displayName: string
  status: RowStatus
  /** The run's own status, for labels finer than the five of a row. */
  runStatus: RunStatusName
  /** `detailOf` its run. */
  detail: string | null
  phase: string | null
  workflowRunId: string | null
  parentThreadId: string
  /** Rows are ordered by it, then by id. */
  createdAt: number
  attempt: number
  iteration: number
  elapsedMs: number | null
  startedAt: number
  /** Last event of the run that is in this row. */
  sequence: number
  toolCount: number
  awaitingQuestion: string | null
  /** In flight when it was last seen, and nobody has confirmed since that it still is. */
  unconfirmed: boolean
  toolCalls: readonly ToolRow[]
}

export interface ToolRow {
  id: string
  callId: string
  name: string
  label: string | null
  status: ToolCallStatus
  args: Text | null
  output: Text | null
  failure: string | null
  startedAt: number
  elapsedMs: number | null
  outputChars: number | null
}

export const subagentRowId = (runId: string): string => `subagent:${runId}`

/** The thread a run has a row in, or null: background agents and thread-less runs have none. */
export function threadOf(run: AgentRun): string | null {
  return run.kind === 'background_agent' ? null : run.parentThreadId
}

/** What a person is asked, if anything. */
export const openPrompt = ({ questions }: RunRecord): string | null =>
  questions.find(({ state }) => state === 'open')?.prompt ?? null

/** Outcome, open question or error, whichever matters now. */
export const detailOf = (record: RunRecord): string | null =>
  record.run.error ?? openPrompt(record) ?? record.run.summary ?? record.run.reason

/** A run's row; its tool rows come from `toToolRow`, call by call. */
export function toSubagentRow(
  record: RunRecord,
  threadId: string,
  toolCalls: readonly ToolRow[],
  unconfirmed: boolean,
): SubagentRow {
  const { run, telemetry } = record
  return {
    id: subagentRowId(run.id),
    runId: run.id,
    name: `subagent:${run.agentId ?? 'agent'}`,
    displayName: run.agentName ?? run.agentId ?? 'Agent',
    status: toRowStatus(run.status),
    runStatus: run.status,
    detail: detailOf(record),
    phase: run.phase,
    workflowRunId: run.workflowRunId,
    parentThreadId: threadId,
    createdAt: run.createdAt,
    attempt: run.attempt,
    iteration: run.iteration,
    elapsedMs: telemetry.elapsedMs,
    startedAt: run.startedAt,
    sequence: run.lastSequence,
    toolCount: telemetry.toolCount,
    awaitingQuestion: openPrompt(record),
    unconfirmed,
    toolCalls,
  }
}

export function toToolRow(call: ToolCall): ToolRow {
  const { id, callId, name, label, status, args, output, failure, startedAt, elapsedMs, outputChars } = call
  return { id, callId, name, label, status, args, output, failure, startedAt, elapsedMs, outputChars }
}

export function toRowStatus(status: RunStatusName): RowStatus {
  switch (status) {
    case 'pending':
    case 'starting':
    case 'running':
    case 'idle':
      return 'running'
    case 'awaiting_user':
    case 'paused':
      return 'awaiting_user'
    case 'completed':
      return 'success'
    case 'failed':
      return 'error'
    case 'cancelled':
    case 'interrupted':
      return 'cancelled'
  }
}

/** Issue order of rows: the same whether they came live, from disk, or both. */
export function compareRows(a: SubagentRow, b: SubagentRow): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
