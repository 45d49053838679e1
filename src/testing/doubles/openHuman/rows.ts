/** Owns the shapes of the core's rows, as its JSON-RPC methods give them: camelCase, snake_case values, RFC 3339 times. */

export type Fields = Readonly<Record<string, unknown>>

export type AgentStatus =
  | 'pending'
  | 'running'
  | 'awaiting_user'
  | 'paused'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'interrupted'

export interface AgentRunRow {
  id: string
  kind: string
  parentRunId: string | null
  parentThreadId: string | null
  agentId: string | null
  status: AgentStatus
  promptRef: string | null
  workerThreadId: string | null
  /** Of first-version cores only. */
  taskBoardId: string | null
  taskCardId: string | null
  checkpointPath: string | null
  checkpoint: Fields | null
  summary: string | null
  error: string | null
  metadata: Fields
  startedAt: string
  updatedAt: string
  completedAt: string | null
}

export interface TelemetryRow {
  runId: string
  inputTokens: number
  outputTokens: number
  cachedInputTokens: number
  costUsd: number
  elapsedMs: number | null
  toolCount: number
  model: string | null
  provider: string | null
  error: string | null
  updatedAt: string | null
}

export interface RunEventRow {
  runId: string
  sequence: number
  eventType: string
  payload: Fields
  timestamp: string
}

export type WorkflowStatus = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'interrupted'

export interface PhaseState {
  status: 'pending' | 'running' | 'completed' | 'failed'
  outputs: readonly Fields[]
  reason?: string
}

export interface WorkflowRow {
  id: string
  definitionId: string
  parentThreadId: string | null
  input: unknown
  phaseStates: Readonly<Record<string, PhaseState>>
  childRunIds: readonly string[]
  status: WorkflowStatus
  summary: string | null
  startedAt: string
  updatedAt: string
  completedAt: string | null
  /** Of second-version cores only. */
  revision: number
  leaseOwner: string | null
  leaseExpiresAt: string | null
}

export interface PhaseDefinition {
  name: string
  description: string
  agentIds: readonly string[]
  dependsOn: readonly string[]
}

export interface WorkflowDefinition {
  id: string
  name: string
  description: string
  phases: readonly PhaseDefinition[]
  defaultConcurrency: number
  maxChildren: number
  safetyTier: 'read_only' | 'standard' | 'edit_capable'
}

export const TERMINAL: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'interrupted'])

/** Times of rows: never twice the same, so that an order by them is one. */
export interface Stamps {
  next(): string
}

export function createStamps(now: () => number): Stamps {
  let last = 0
  return {
    next() {
      last = Math.max(now(), last + 1)
      return new Date(last).toISOString()
    },
  }
}
