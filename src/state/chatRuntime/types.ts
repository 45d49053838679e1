/**
 * Owns the shapes OpenHuman's frontend reads from its chat runtime, by its names, so that it can read ours. What
 * is unknown is absent (optional fields) or null, never 0 and never an empty text. Streamed prose and argument
 * pieces are never stored: after a reload and in other tabs they are absent, and everything else is the same.
 */
import type { Text } from '../../core/entities.ts'
import type { RowStatus } from '../../core/timeline.ts'

/** What a turn is doing now. Of a turn nobody has confirmed since it came from disk there is none. */
export interface InferenceStatus {
  phase: 'thinking' | 'tool_use' | 'subagent'
  /** 0 before the first iteration. */
  iteration: number
  /** 0 when the orchestrator names no limit. */
  maxIterations: number
  activeTool?: string
  activeSubagent?: string
}

/** What a turn says and thinks in its present iteration, as far as this page heard it. */
export interface StreamingAssistant {
  requestId: string
  content: string
  thinking: string
}

export type TurnLifecycle = 'started' | 'streaming' | 'interrupted'

/** What went wrong with a call. Only the sentence is stored; the rest is in the run's events. */
export interface ToolFailure {
  class: string | null
  category: string | null
  recoverable: boolean | null
  cause_plain: string
  next_action: string | null
}

/** Tokens and money; null is unknown, also where only part of a sum would be known to be 0. */
export interface UsageFigures {
  inputTokens: number | null
  outputTokens: number | null
  cachedInputTokens: number | null
  costUsd: number | null
}

export interface RuntimeUsage {
  /** Of the turns themselves. */
  own: UsageFigures
  /** Turns and everything they launched, each run counted once. */
  subtree: UsageFigures
}

export type SubagentStatus = 'running' | 'awaiting_user' | 'completed' | 'failed' | 'cancelled'

/** A call of a subagent. */
export interface SubagentToolCall {
  /** Unique in the run; call ids are not. */
  id: string
  callId: string
  toolName: string
  status: RowStatus
  /** We concluded how it ended; its owner never said. */
  inferred: boolean
  iteration?: number
  elapsedMs?: number
  outputChars?: number
  /** As much as is kept at hand; `argsText` says where the whole is. */
  args?: string
  result?: string
  argsText?: Text
  resultText?: Text
  displayName?: string
  detail?: string
  failure?: ToolFailure
}

/** Prose is there only if this page heard it; calls are always there. */
export type TranscriptItem =
  | { kind: 'text' | 'thinking'; iteration?: number; text: string }
  | ({ kind: 'tool' } & SubagentToolCall)

export interface SubagentActivity {
  taskId: string
  agentId: string
  status: SubagentStatus
  displayName: string
  workerThreadId?: string
  mode?: string
  dedicatedThread?: boolean
  prompt?: string
  childIteration?: number
  childMaxIterations?: number
  iterations?: number
  elapsedMs?: number
  outputChars?: number
  toolCalls: readonly SubagentToolCall[]
  transcript: readonly TranscriptItem[]
  worktreePath?: string
  changedFiles?: readonly string[]
  isDirty?: boolean
  awaitingQuestion?: string
  /** Its own tokens and money. */
  usage: UsageFigures
  startedAt: number
  completedAt?: number
}

/** A tool call of a turn, or a subagent it launched. The same id live and from disk. */
export interface ToolTimelineRow {
  id: string
  name: string
  /** The turn's iteration; 0 when none is known. */
  round: number
  /** Place in the order of issue, from 0. */
  seq: number
  status: RowStatus
  /** We concluded how it ended; its owner never said. */
  inferred: boolean
  /** In flight when last seen; nobody has confirmed since that it still is. */
  unconfirmed: boolean
  /** Absent for subagents. */
  callId?: string
  /** As it streams, then as it was recorded. */
  argsBuffer?: string
  argsText?: Text
  displayName?: string
  detail?: string
  sourceToolName?: string
  subagent?: SubagentActivity
  failure?: ToolFailure
  result?: string
  resultText?: Text
}

/** What happened in a turn, in order. Narration and thinking only as far as this page heard them. */
export type ProcessingItem =
  | { kind: 'narration' | 'thinking'; seq: number; round?: number; text: string }
  | { kind: 'toolCall'; seq: number; round: number; rowId: string; callId?: string; name: string }

export interface PendingApproval {
  requestId: string
  /** Who asks, and is answered. */
  runId: string
  questionId: string
  message: string
  toolCallId?: string
  toolName?: string
  args?: string
  expiresAt?: number
}

export interface PendingPlanReview {
  requestId: string
  /** Who asks, and is answered. */
  runId: string
  questionId: string
  message: string
  expiresAt?: number
}

/** Something a run of the thread made, and where it can be read. */
export interface RuntimeArtifact {
  runId: string
  title: string
  mediaType: string
  status: 'ready'
  content: Text
  recordedAt: number
}

/** By an id that somebody else gave: no prototype, so every key is an own one. */
export type ById<Value> = Readonly<Record<string, Value>>

/** One conversation as OpenHuman shows it. */
export interface ThreadRuntime {
  /** The newest turn, whose rows `toolTimeline` are; null in a thread without turns. */
  requestId: string | null
  /** The newest turn was in flight when last seen; nobody has confirmed since that it still is. */
  unconfirmed: boolean
  inferenceStatus: InferenceStatus | null
  /** Null: at rest. It moves with the turn, never with a child. */
  inferenceTurnLifecycle: TurnLifecycle | null
  inferenceHeartbeat: number
  streamingAssistant: StreamingAssistant | null
  /** What a turn that did not complete had said, as far as this page heard it. */
  interruptedAssistant: StreamingAssistant | null
  /** Earlier turns still in flight, by request. */
  parallelStreams: ById<StreamingAssistant>
  parallelRequests: readonly string[]
  toolTimeline: readonly ToolTimelineRow[]
  processing: readonly ProcessingItem[]
  /** Trails of earlier turns, by request. */
  turnTimelines: ById<readonly ToolTimelineRow[]>
  turnTranscripts: ById<readonly ProcessingItem[]>
  /** Detached subagents of all turns: they outlive the turn that launched them. */
  backgroundTasks: readonly ToolTimelineRow[]
  pendingApproval: PendingApproval | null
  pendingPlanReview: PendingPlanReview | null
  usage: RuntimeUsage
  artifacts: readonly RuntimeArtifact[]
}

/**
 * OpenHuman's state keys, as far as they are about runs. Task boards, goals, queues, follow-ups and proposals are
 * no run facts: hosts keep those.
 */
export interface ChatRuntimeView {
  inferenceStatusByThread: ById<InferenceStatus>
  streamingAssistantByThread: ById<StreamingAssistant>
  inferenceHeartbeatByThread: ById<number>
  parallelStreamsByThread: ById<ById<StreamingAssistant>>
  /** Request → thread. */
  parallelRequestThreads: ById<string>
  toolTimelineByThread: ById<readonly ToolTimelineRow[]>
  toolTimelineSeqByThread: ById<number>
  turnTimelinesByThread: ById<ById<readonly ToolTimelineRow[]>>
  turnTranscriptsByThread: ById<ById<readonly ProcessingItem[]>>
  interruptedAssistantByThread: ById<StreamingAssistant>
  processingByThread: ById<readonly ProcessingItem[]>
  inferenceTurnLifecycleByThread: ById<TurnLifecycle>
  pendingApprovalByThread: ById<PendingApproval>
  pendingPlanReviewByThread: ById<PendingPlanReview>
  artifactsByThread: ById<readonly RuntimeArtifact[]>
  usageByThread: ById<RuntimeUsage>
  /** Of all threads in memory. */
  sessionTokenUsage: UsageFigures
}
