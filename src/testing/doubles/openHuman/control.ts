/** Owns the verbs of the command center: they change the row and leave a note, and nothing in the world happens. */
import type { AgentRuns } from './agentRuns.ts'
import type { AgentRunRow, AgentStatus, Fields, TelemetryRow } from './rows.ts'
import { TERMINAL } from './rows.ts'

interface Verb {
  event: string
  allowed(status: AgentStatus): boolean
  to(status: AgentStatus): AgentStatus
  needsMessage: boolean
}

const VERBS: Readonly<Record<string, Verb>> = {
  stop: {
    event: 'control_stopped',
    allowed: (status) => !TERMINAL.has(status),
    to: () => 'cancelled',
    needsMessage: false,
  },
  retry: {
    event: 'control_retry',
    allowed: (status) => TERMINAL.has(status) && status !== 'completed',
    to: () => 'pending',
    needsMessage: false,
  },
  continue: {
    event: 'control_continued',
    allowed: (status) => status === 'awaiting_user',
    to: () => 'running',
    needsMessage: true,
  },
  follow_up: {
    event: 'control_follow_up',
    allowed: () => true,
    to: (status) => status,
    needsMessage: true,
  },
}

export function control(runs: AgentRuns, params: Fields): Fields {
  const runId = String(params['runId'])
  const action = String(params['action'])
  const message = typeof params['message'] === 'string' ? params['message'].trim() : ''
  const reason = typeof params['reason'] === 'string' ? params['reason'] : null
  const run = runs.get(runId)
  const verb = Object.hasOwn(VERBS, action) ? VERBS[action] : undefined
  if (verb === undefined) throw new Error(`unknown action '${action}'`)
  if (run === null) throw new Error(`agent run not found: ${runId}`)
  if (!verb.allowed(run.status)) throw new Error(`'${action}' is not allowed while run is '${run.status}'`)
  if (verb.needsMessage && message === '') throw new Error(`'${action}' requires a message`)
  const toStatus = verb.to(run.status)
  if (toStatus !== run.status) {
    const isStop = action === 'stop'
    runs.transition(runId, toStatus, isStop ? reason : null, isStop ? runs.now() : null)
  }
  runs.append(runId, verb.event, {
    verb: action,
    fromStatus: run.status,
    toStatus,
    message: message === '' ? null : message,
    reason,
  })
  return { row: workRow(runs.get(runId) ?? run, runs.telemetry(runId)) }
}

const BUCKETS: Readonly<Record<string, readonly AgentStatus[]>> = {
  needs_input: ['awaiting_user'],
  working: ['pending', 'running', 'paused'],
  completed: ['completed'],
  failed: ['failed'],
  stopped: ['cancelled', 'interrupted'],
}

/** Always all five, in this order. */
export function workGroups(runs: AgentRuns, limit: number): Fields {
  const rows = runs.list().slice(0, limit)
  const groups = Object.entries(BUCKETS).map(([bucket, statuses]) => {
    const own = rows.filter(({ status }) => statuses.includes(status))
    return { bucket, count: own.length, rows: own.map((run) => workRow(run, runs.telemetry(run.id))) }
  })
  return { groups, total: rows.length }
}

function workRow(run: AgentRunRow, telemetry: TelemetryRow | null): Fields {
  const { id: runId, kind, agentId, status, parentThreadId, workerThreadId, summary, error } = run
  const bucket = Object.entries(BUCKETS).find(([, statuses]) => statuses.includes(status))?.[0]
  return {
    runId,
    kind,
    agentId,
    displayName: run.metadata['displayName'] ?? null,
    bucket,
    status,
    parentThreadId,
    workerThreadId,
    summary,
    error,
    startedAt: run.startedAt,
    updatedAt: run.updatedAt,
    elapsedMs: telemetry?.elapsedMs ?? null,
    // Nothing known is a 0 here.
    inputTokens: telemetry?.inputTokens ?? 0,
    outputTokens: telemetry?.outputTokens ?? 0,
    costUsd: telemetry?.costUsd ?? 0,
    toolCount: telemetry?.toolCount ?? 0,
  }
}
