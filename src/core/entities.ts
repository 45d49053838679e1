/** Owns what is stored and shown, as plain JSON: epoch ms UTC, durations ms, USD; unknown is null, never 0. */
import type { LogId, Position, RunLogId, WorkflowLogId } from './ids.ts'
import type { RunStatus, Trigger, WorkflowStatusName } from './status.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Text that may be long: what is shown at once, and where the whole of it can be read. */
export interface Text {
  preview: string
  /** Length of the whole text in UTF-16 units. */
  chars: number
  /** Where the whole text is kept; null when `preview` is all of it. */
  ref: string | null
  /** Something was taken out of it: it is shown, and nothing goes on from it. */
  redacted?: true | undefined
}

export const RUN_KINDS = [
  'subagent',
  'worker_thread',
  'background_agent',
  'team_member',
  'workflow_child',
] as const
export type RunKind = (typeof RUN_KINDS)[number]

/** What agent runs and workflow runs have in common: a status that belongs to an attempt, and a clock. */
export interface Lifecycle {
  attempt: number
  /** Earlier attempts, oldest first; the last 20. */
  attempts: readonly AttemptSummary[]
  status: RunStatus
  /** True when the settled status is our conclusion, not the owner's word. */
  inferred: boolean
  /** Why the run is in its status. */
  trigger: Trigger | null
  reason: string | null
  summary: string | null
  error: string | null
  /** What the attempt produced, as a person reads it. */
  output: Text | null
  /** What it hands on to later work, as JSON; null when its owner did not say. */
  result: Text | null
  /** Start of this attempt. */
  startedAt: number
  updatedAt: number
  /** Moves on status changes only, so that list indexes rarely change. */
  sortAt: number
  completedAt: number | null
  /** Sequence of the last event folded in. */
  lastSequence: number
}

export interface AttemptSummary {
  attempt: number
  status: RunStatus
  inferred: boolean
  startedAt: number
  completedAt: number | null
  summary: string | null
  error: string | null
}

export interface AgentRun extends Lifecycle {
  id: string
  kind: RunKind
  parentRunId: string | null
  rootRunId: string | null
  /** Parents of earlier announcements: a resume adds a parent and keeps the lineage. */
  formerParentRunIds: readonly string[]
  workflowRunId: string | null
  phase: string | null
  /** Hash of definition, agent and inputs; equal keys mean equal work. */
  contentKey: string | null
  parentThreadId: string | null
  workerThreadId: string | null
  parentCallId: string | null
  agentId: string | null
  agentName: string | null
  prompt: Text | null
  taskBoardId: string | null
  taskCardId: string | null
  checkpoint: Checkpoint | null
  origin: Origin | null
  metadata: { readonly [key: string]: Json }
  /** When the first attempt was registered; rows are ordered by it. */
  createdAt: number
  iteration: number
  maxIterations: number | null
  artifacts: readonly Artifact[]
}

export interface Checkpoint {
  savedAt: number
  state: Text
}

export interface Artifact {
  name: string
  mediaType: string
  content: Text
  recordedAt: number
}

export interface Origin {
  source: string | null
  traceId: string | null
  trigger: string | null
  replayOf: string | null
}

export interface WorkflowRun extends Lifecycle {
  id: string
  definitionId: string
  title: string | null
  /** The phase graph as it was run. */
  definition: Json
  parentThreadId: string | null
  input: Json
  phases: readonly Phase[]
  childRunIds: readonly string[]
  /** The plan this attempt was resumed by (`PlanEntry[]` as JSON); null for one that started from nothing. */
  resumePlan: Text | null
  origin: Origin | null
  createdAt: number
}

export type PhaseStatus = Exclude<WorkflowStatusName, 'awaiting_user' | 'paused'>

export interface Phase {
  name: string
  description: string | null
  status: PhaseStatus
  agentIds: readonly string[]
  dependsOn: readonly string[]
  reason: string | null
}

export interface RunTelemetry extends Figures {
  costSource: CostSource | null
  /** Wall time of the attempt; null until it settles. */
  elapsedMs: number | null
  toolCount: number
  toolErrorCount: number
  model: string | null
  provider: string | null
  updatedAt: number
}

export type CostSource = 'charged' | 'estimated'

export const TOOL_CALL_STATUSES = [
  'running',
  'completed',
  'failed',
  'cancelled',
  'interrupted',
  'unknown',
] as const
export type ToolCallStatus = (typeof TOOL_CALL_STATUSES)[number]

export const TOOL_EFFECTS = ['none', 'write'] as const
export type ToolEffect = (typeof TOOL_EFFECTS)[number]

export interface ToolCall {
  /** `attempt:iteration:callId`, unique within the run. */
  id: string
  callId: string
  attempt: number
  iteration: number
  /** Its place among the run's calls, from 1: the order they were told in, whatever clocks say. */
  ordinal: number
  name: string
  label: string | null
  /** What the label is about, as its owner puts it; absent when it said nothing. */
  detail?: string | undefined
  /** Whether it changes anything outside; null when nobody said. */
  effect: ToolEffect | null
  status: ToolCallStatus
  /** True when the run ended without the call's own end; the owner's later word replaces it. */
  inferred: boolean
  args: Text | null
  output: Text | null
  failure: string | null
  startedAt: number
  elapsedMs: number | null
  outputChars: number | null
}

export const QUESTION_KINDS = ['question', 'approval', 'dual_control', 'escalation'] as const
export type QuestionKind = (typeof QUESTION_KINDS)[number]
export type QuestionState = 'open' | 'answered' | 'denied' | 'timed_out' | 'superseded' | 'unknown'

export interface Question {
  questionId: string
  kind: QuestionKind
  prompt: string
  options: readonly QuestionOption[]
  /** JSON schema of a free answer, when options are not enough. */
  schema: Json
  agentId: string | null
  attempt: number
  askedAt: number
  expiresAt: number | null
  state: QuestionState
  answer: Json
  settledAt: number | null
}

export interface QuestionOption {
  value: string
  label: string
  description: string | null
}

/** An accepted event. Key: log + sequence; `sequence` is contiguous per log from 1. */
export interface RunEvent {
  log: LogId
  sequence: number
  type: string
  payload: { readonly [key: string]: unknown }
  timestamp: number
  attempt: number
  /** With `position`, the source's identity of the event. */
  stream: string
  position: Position
}

/** A stream's attempt: later events of the stream belong to the attempt it last opened. */
export interface Binding {
  stream: string
  attempt: number
}

/** Oddities that were accepted; shown, so that nothing strange is silent. */
export interface Notes {
  /** A status that skipped a step. */
  irregular: number
  /** Events that came too late to move anything. */
  late: number
  /** Usage figures refused because their stream's book is closed. */
  refused: number
}

/** All that one agent run's log folds to; stored as one record. SPEC W2. */
export interface RunRecord {
  entity: 'run'
  log: RunLogId
  run: AgentRun
  telemetry: RunTelemetry
  usage: UsageBook
  /** Open questions, then the last 20 settled. */
  questions: readonly Question[]
  /** Unsettled calls, then the last 20 settled; older ones are folded again from the events. */
  toolCalls: readonly ToolCall[]
  bindings: readonly Binding[]
  /** False while only later events of the run were seen. */
  registered: boolean
  notes: Notes
}

export interface WorkflowRecord {
  entity: 'workflow'
  log: WorkflowLogId
  workflow: WorkflowRun
  bindings: readonly Binding[]
  registered: boolean
  notes: Notes
}

export type LogRecord = RunRecord | WorkflowRecord

/** Absolute figures per usage key; replaying a report changes nothing. */
export interface UsageBook {
  entries: readonly UsageEntry[]
  /** One figure per stream and scope. Of a stream in `series`: of the keys `prefix` + number up to `upTo`. */
  closed: readonly UsageEntry[]
  series?: readonly { stream: string; prefix: string; upTo: number }[]
}

/** Absolute; null is unknown. */
export interface Figures {
  inputTokens: number | null
  outputTokens: number | null
  cachedInputTokens: number | null
  reasoningTokens: number | null
  costUsd: number | null
}

export interface UsageEntry extends Figures {
  key: string
  stream: string
  scope: 'own' | 'subtree'
  costSource: CostSource | null
  /** Of a subtree's figures: the sum of what it lists as other runs'. Absent where it lists nobody. */
  included?: Figures
}

export const lifecycleOf = (record: LogRecord): Lifecycle =>
  record.entity === 'run' ? record.run : record.workflow
