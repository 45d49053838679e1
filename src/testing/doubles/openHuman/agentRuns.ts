/**
 * Owns the core's table of agent runs, with the rules of its upsert: what is absent keeps what is there, a settled
 * row is not protected, and a worker thread stays one.
 */
import type { AgentRunRow, AgentStatus, Fields, RunEventRow, Stamps, TelemetryRow } from './rows.ts'
import { TERMINAL } from './rows.ts'

export type RunUpsert = Pick<AgentRunRow, 'id' | 'kind' | 'status'> & Partial<AgentRunRow>

export interface RunFilter {
  status?: unknown
  kind?: unknown
  parentRunId?: unknown
  parentThreadId?: unknown
}

/** Set when given, never cleared. */
const KEPT = [
  'parentRunId',
  'parentThreadId',
  'agentId',
  'promptRef',
  'workerThreadId',
  'taskBoardId',
  'taskCardId',
  'checkpointPath',
  'checkpoint',
  'summary',
  'error',
  'completedAt',
] as const

export class AgentRuns {
  readonly #stamps: Stamps
  readonly #runs = new Map<string, AgentRunRow>()
  readonly #telemetry = new Map<string, TelemetryRow>()
  readonly #events = new Map<string, RunEventRow[]>()

  constructor(stamps: Stamps) {
    this.#stamps = stamps
  }

  get(id: string): AgentRunRow | null {
    return this.#runs.get(id) ?? null
  }

  telemetry(id: string): TelemetryRow | null {
    return this.#telemetry.get(id) ?? null
  }

  /** Last written first. */
  list(filter: RunFilter = {}): AgentRunRow[] {
    return [...this.#runs.values()]
      .filter(
        (run) =>
          matches(filter.status, run.status) &&
          matches(filter.kind, run.kind) &&
          matches(filter.parentRunId, run.parentRunId) &&
          matches(filter.parentThreadId, run.parentThreadId),
      )
      .toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))
  }

  upsert(incoming: RunUpsert): AgentRunRow {
    const at = this.#stamps.next()
    const known = this.#runs.get(incoming.id)
    const row: AgentRunRow = known === undefined ? fresh(incoming, at) : merged(known, incoming, at)
    this.#runs.set(row.id, row)
    return row
  }

  /** As the finalizers and the control verbs write: error and completedAt verbatim, null clears them. */
  transition(id: string, status: AgentStatus, error: string | null, completedAt: string | null): void {
    const known = this.#runs.get(id)
    if (known === undefined) return
    this.#runs.set(id, { ...known, status, error, completedAt, updatedAt: this.#stamps.next() })
  }

  /** An absent field keeps its value; a first row has the defaults of its columns. */
  report(runId: string, partial: Partial<TelemetryRow>): void {
    const known = this.#telemetry.get(runId) ?? noTelemetry(runId)
    this.#telemetry.set(runId, { ...known, ...partial, runId, updatedAt: this.#stamps.next() })
  }

  countTool(runId: string): void {
    this.report(runId, { toolCount: (this.telemetry(runId)?.toolCount ?? 0) + 1 })
  }

  append(runId: string, eventType: string, payload: Fields): void {
    const events = this.#events.get(runId) ?? []
    this.#events.set(runId, events)
    events.push({
      runId,
      sequence: events.length + 1,
      eventType,
      payload,
      timestamp: this.#stamps.next(),
    })
  }

  /** The oldest after the cursor, however new the rest is. */
  events(runId: string, afterSequence: number, limit: number): RunEventRow[] {
    const all = this.#events.get(runId) ?? []
    return all.filter(({ sequence }) => sequence > afterSequence).slice(0, limit)
  }

  /** What the core does once when it starts: whoever waits for a person goes on waiting. */
  sweep(): void {
    for (const { id, status, completedAt } of this.list()) {
      if (status !== 'running' && status !== 'pending') continue
      const at = completedAt ?? this.#stamps.next()
      this.transition(id, 'interrupted', this.get(id)?.error ?? null, at)
    }
  }

  now(): string {
    return this.#stamps.next()
  }

  isSettled(id: string): boolean {
    return TERMINAL.has(this.get(id)?.status ?? '')
  }
}

const matches = (wanted: unknown, value: string | null): boolean =>
  wanted === undefined || wanted === null || wanted === value

function fresh(incoming: RunUpsert, at: string): AgentRunRow {
  const absent = Object.fromEntries(KEPT.map((field) => [field, null])) as Pick<
    AgentRunRow,
    (typeof KEPT)[number]
  >
  return { ...absent, metadata: {}, ...incoming, startedAt: at, updatedAt: at }
}

function merged(known: AgentRunRow, incoming: RunUpsert, at: string): AgentRunRow {
  const kept = Object.fromEntries(KEPT.map((field) => [field, incoming[field] ?? known[field]]))
  const staysWorker = known.kind === 'worker_thread' && incoming.kind === 'subagent'
  const { metadata = {} } = incoming
  return {
    ...known,
    ...kept,
    kind: staysWorker ? known.kind : incoming.kind,
    status: incoming.status,
    metadata: Object.keys(metadata).length === 0 ? known.metadata : metadata,
    updatedAt: at,
  }
}

const noTelemetry = (runId: string): TelemetryRow => ({
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
  updatedAt: null,
})
