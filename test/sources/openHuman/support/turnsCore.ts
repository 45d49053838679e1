/**
 * Owns what a core's ledger answers: its rows, run events and workflow runs behind the RPCs, with the limits and orders of
 * openhuman.md 1.8, and verbs that only flip a row (5.5). Just enough of it for the points of section 8.
 */
import { THREAD } from './turns.ts'

export type Row = Readonly<Record<string, unknown>> & { readonly id: string }

export interface Call {
  method: string
  params: Readonly<Record<string, unknown>>
}

export interface Core {
  rpc(method: string, params?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Inserts or replaces rows whole, as its upsert left them. */
  put(...rows: readonly Row[]): void
  row(id: string): Row | null
  putEvents(runId: string, events: readonly object[]): void
  putWorkflow(run: Row): void
  /** Its boot sweep: what ran is interrupted. */
  restart(): void
  readonly restarts: number
  readonly calls: readonly Call[]
  /** Children whose work was really ended. */
  readonly aborted: ReadonlySet<string>
}

const NOW = Date.UTC(2026, 5, 10, 9)
/** A time as its rows hold it, so many seconds into the morning. */
export const at = (seconds: number): string => new Date(NOW + seconds * 1_000).toISOString()

export function childRow(id: string, fields: Readonly<Record<string, unknown>> = {}): Row {
  const { metadata, ...others } = fields
  return {
    id,
    kind: 'subagent',
    parentRunId: 'req-9f2',
    parentThreadId: THREAD,
    agentId: 'researcher',
    status: 'running',
    promptRef: null,
    workerThreadId: null,
    checkpointPath: null,
    checkpoint: null,
    summary: null,
    error: null,
    metadata: {
      mode: 'typed',
      dedicatedThread: false,
      promptChars: 212,
      displayName: 'Researcher',
      source: 'agent_progress',
      schemaVersion: 1,
      ...(metadata as object | undefined),
    },
    telemetry: null,
    startedAt: at(0),
    updatedAt: at(7),
    completedAt: null,
    ...others,
  }
}

export const turnRow = (id: string, fields: Readonly<Record<string, unknown>> = {}): Row => ({
  ...childRow(id),
  kind: 'background_agent',
  parentRunId: null,
  agentId: 'orchestrator',
  promptRef: `thread:${THREAD}:request:${id}`,
  metadata: { clientId: 's-1', source: 'web_channel', schemaVersion: 1 },
  ...fields,
})

/** What a row's telemetry is when only some of it was ever told: its columns default to 0. */
export const telemetry = (runId: string, fields: object = {}): object => ({
  runId,
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  costUsd: 0,
  elapsedMs: null,
  toolCount: 0,
  model: null,
  provider: null,
  error: null,
  updatedAt: at(7),
  ...fields,
})

export function createCore(): Core {
  const rows = new Map<string, Row>()
  const events = new Map<string, readonly object[]>()
  const workflows = new Map<string, Row>()
  const aborted = new Set<string>()
  const calls: Call[] = []
  let restarts = 0

  function flip(id: string, fields: Readonly<Record<string, unknown>>): Row | null {
    const row = rows.get(id)
    if (row === undefined) return null
    const next = { ...row, ...fields }
    rows.set(id, next)
    return next
  }

  const answers: Readonly<Record<string, (params: Readonly<Record<string, unknown>>) => unknown>> = {
    run_ledger_list: (params) => {
      const matches = newestFirst(rows, params, ['status', 'kind', 'parentRunId', 'parentThreadId'])
      return { runs: page(matches, params), count: matches.length }
    },
    run_ledger_get: ({ id }) => ({ run: rows.get(String(id)) ?? null }),
    run_ledger_events: ({ runId, afterSequence = 0, limit = 100 }) => {
      const all = events.get(String(runId)) ?? []
      const after = all.slice(Number(afterSequence), Number(afterSequence) + Math.min(Number(limit), 1_000))
      return { events: after, count: after.length }
    },
    agent_work_list: () => ({ groups: [], total: 0 }),
    agent_work_control: ({ runId, action, reason }) => {
      const flips: Record<string, object> = {
        stop: { status: 'cancelled', error: reason ?? null, completedAt: at(100), updatedAt: at(100) },
        retry: { status: 'pending', error: null, completedAt: null, updatedAt: at(100) },
      }
      return { row: flip(String(runId), flips[String(action)] as Record<string, unknown>) }
    },
    subagent_cancel: ({ taskId }) => {
      const cancelled = rows.has(String(taskId)) && !aborted.has(String(taskId))
      aborted.add(String(taskId))
      return { cancelled, taskId }
    },
    workflow_run_list_definitions: () => ({ definitions: [], count: 0 }),
    workflow_run_list: (params) => {
      const matches = newestFirst(workflows, params, ['status', 'definitionId', 'parentThreadId'])
      return { runs: page(matches, params), count: matches.length }
    },
    workflow_run_get: ({ id }) => ({ workflowRun: workflows.get(String(id)) ?? null }),
    agent_team_list: () => ({ teams: [], count: 0 }),
  }

  return {
    async rpc(method, params = {}) {
      calls.push({ method, params })
      const answer = answers[method.replace('openhuman.', '')]
      if (answer === undefined) throw new Error(`Method not found: ${method}`)
      return answer(params)
    },
    put: (...given) => {
      for (const row of given) rows.set(row.id, row)
    },
    row: (id) => rows.get(id) ?? null,
    putEvents: (runId, given) => void events.set(runId, given),
    putWorkflow: (run) => void workflows.set(run.id, run),
    restart() {
      restarts += 1
      for (const { id, status } of rows.values()) {
        if (status !== 'running' && status !== 'pending') continue
        flip(id, { status: 'interrupted', completedAt: at(200), updatedAt: at(200) })
      }
    },
    get restarts() {
      return restarts
    },
    calls,
    aborted,
  }
}

function newestFirst(
  rows: ReadonlyMap<string, Row>,
  params: Readonly<Record<string, unknown>>,
  filters: readonly string[],
): readonly Row[] {
  const wanted = filters.filter((name) => params[name] != null)
  return [...rows.values()]
    .filter((row) => wanted.every((name) => row[name] === params[name]))
    .toSorted((a, b) => Date.parse(String(b['updatedAt'])) - Date.parse(String(a['updatedAt'])))
}

function page(
  rows: readonly Row[],
  { limit = 50, offset = 0 }: Readonly<Record<string, unknown>>,
): readonly Row[] {
  return rows.slice(Number(offset), Number(offset) + Math.min(Number(limit), 500))
}
