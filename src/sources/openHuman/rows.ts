/**
 * Owns what a row of the core's `agent_runs` says of a run. A row tells what is missing here; figures of 0 in its
 * columns mean unknown, and an upsert never cleared what an earlier state of the run left behind.
 */
import type { Json, RunRecord, UsageEntry } from '../../core/entities.ts'
import type { RawEvent } from '../../core/events.ts'
import { runLog } from '../../core/ids.ts'
import type { Trigger } from '../../core/status.ts'
import { isSettled } from '../../core/status.ts'
import { attemptStream, idOf, keyOf, known, lineOf, LIST_STREAM, timeOf } from './envelope.ts'
import type { Told } from './envelope.ts'
import { isInFlight, isOver, writtenAt } from './rowsRead.ts'
import type { AgentRow } from './rowsRead.ts'
import type { OpenHumanStatus } from './views.ts'

type Row = AgentRow

/** `record`: what the ledger knows of the run. */
export function tellRow(row: Row, record: RunRecord | null): readonly Told[] {
  const attempt = attemptOf(row, record)
  const events = [
    observed(row, record),
    ...parent(row, record),
    ...checkpoint(row, record),
    ...usage(row, record),
  ]
  return [...attempt, { stream: LIST_STREAM, events }]
}

/**
 * A run that is first heard of when it is over already: it is told as it was while it worked, so that what its run
 * events tell of that time has a run to belong to.
 */
export function tellBeginning(row: Row): Told {
  const beginning = { ...row, status: 'running' as const, updatedAt: row.startedAt, telemetry: null }
  return { stream: LIST_STREAM, events: [observed(beginning, null)] }
}

const TRIGGER: Readonly<Record<OpenHumanStatus, Trigger>> = {
  pending: 'spawn',
  running: 'spawn',
  awaiting_user: 'question_asked',
  paused: 'paused_by_user',
  completed: 'result_received',
  failed: 'errored',
  cancelled: 'user_terminated',
  // The core says so of turns and children that its own end, or that of their connection, cut off.
  interrupted: 'process_exited',
}

/** How the core marks the rows that it writes itself. */
const WRITTEN_BY: readonly unknown[] = ['web_channel', 'agent_progress']

/**
 * What a row says beside its fields. What follows from those, and how the core marks its own rows, is left out: a run
 * is the same whether or not one of its rows was read.
 */
export function metadataOf(row: Row): Readonly<Record<string, Json>> {
  const { parentCallId: _call, source, schemaVersion, ...others } = row.metadata ?? {}
  const seeds = [
    `thread:${row.parentThreadId}:request:${row.id}`,
    `thread:${row.workerThreadId}:message:seed`,
  ]
  return {
    ...others,
    ...(!WRITTEN_BY.includes(source) && known({ source })),
    ...(schemaVersion !== 1 && known({ schemaVersion })),
    ...(!seeds.includes(row.promptRef ?? '') && known({ promptRef: row.promptRef })),
  }
}

function observed(row: Row, record: RunRecord | null): RawEvent {
  const { metadata, status } = row
  const fields = known({
    kind: row.kind,
    parentRunId: idOf(row.parentRunId),
    parentThreadId: idOf(row.parentThreadId),
    workerThreadId: idOf(row.workerThreadId),
    parentCallId: stringIn(metadata, 'parentCallId'),
    agentId: lineOf(row.agentId),
    agentName: stringIn(metadata, 'displayName'),
    taskBoardId: lineOf(row.taskBoardId),
    taskCardId: lineOf(row.taskCardId),
    startedAt: timeOf(row.startedAt),
  })
  const payload = {
    ...fields,
    origin: { source: 'openhuman' },
    metadata: metadataOf(row),
    ...(status != null && statusFields(row, status, record)),
  }
  return fact(row, 'run.observed', 'row', payload)
}

function statusFields(row: Row, status: OpenHumanStatus, record: RunRecord | null): object {
  if (status === 'awaiting_user') return { status, trigger: TRIGGER[status], question: questionOf(row) }
  if (!isSettled(status)) {
    // Rows know of no approval: they say running while one waits. What became of it, messages tell.
    if (record?.questions.some(({ kind, state }) => kind === 'approval' && state === 'open')) return {}
    // Error, summary and end of a row in flight are what an earlier end of the run left in it.
    const waited = record?.run.status === 'awaiting_user'
    return { status, trigger: waited && status === 'running' ? 'answered' : TRIGGER[status] }
  }
  return {
    status,
    trigger: TRIGGER[status],
    ...known({
      completedAt: timeOf(row.completedAt),
      // Often statistics ("Completed in 3 iteration(s) …"): what the run put out is said elsewhere.
      summary: lineOf(row.summary),
      // A run that failed, was retried and completed still has the error of the first time.
      error: status === 'completed' ? null : lineOf(row.error),
    }),
  }
}

/** The same question of the same turn is one, however often the row is written. */
function questionOf(row: Row): object | undefined {
  const prompt = lineOf(row.checkpoint?.question) ?? lineOf(row.summary)
  if (prompt === undefined) return undefined
  const asking = idOf(row.parentRunId) ?? row.id
  return {
    questionId: keyOf('ask', asking, prompt).slice(0, 200),
    prompt,
    ...known({ agentId: row.agentId }),
  }
}

/** A run that was continued is told of under its new turn; its lineage keeps both. */
function parent(row: Row, record: RunRecord | null): readonly RawEvent[] {
  const parentRunId = idOf(row.parentRunId)
  if (parentRunId === undefined || record === null || record.run.parentRunId === null) return []
  const { run } = record
  if (run.parentRunId === parentRunId || run.formerParentRunIds.includes(parentRunId)) return []
  return [fact(row, 'run.linked', 'parent', { parentRunId })]
}

/**
 * Only what was really saved can be gone on from. Newer cores say whether it was; older ones give a path at most, which
 * is the best word there is of theirs, though they gave it when the write had failed, too. The core deletes it when the
 * run is completed; its row goes on naming it.
 */
function checkpoint(row: Row, record: RunRecord | null): readonly RawEvent[] {
  if (row.status === 'completed' && record?.run.checkpoint != null)
    return [fact(row, 'checkpoint.cleared', `cleared-${String(writtenAt(row))}`, {})]
  if (row.status !== 'awaiting_user' && row.status !== 'paused') return []
  const { checkpoint: saved, checkpointPath } = row
  const isSaved = saved?.checkpointPersisted ?? (checkpointPath != null && checkpointPath !== '')
  if (!isSaved) return []
  const state = JSON.stringify({ ...saved, ...known({ checkpointPath }) })
  if (record?.run.checkpoint?.state.preview === state) return []
  return [fact(row, 'checkpoint.saved', 'checkpoint', { state })]
}

type Figures = Pick<UsageEntry, 'inputTokens' | 'outputTokens' | 'cachedInputTokens' | 'costUsd'>

/** A turn's figures include its children's; a child's are its own, of the turn that it worked in last. */
function usage(row: Row, record: RunRecord | null): readonly RawEvent[] {
  const isTurn = (record?.run.kind ?? row.kind) === 'background_agent'
  const key = isTurn ? `turn:${row.id}` : `spend:${idOf(row.parentRunId) ?? row.id}`
  const told = record?.usage.entries.find((entry) => entry.key === key)
  const figures = figuresOf(row)
  if (Object.values(figures).every((figure) => figure === null)) return []
  const merged: Figures = {
    inputTokens: figures.inputTokens ?? told?.inputTokens ?? null,
    outputTokens: figures.outputTokens ?? told?.outputTokens ?? null,
    cachedInputTokens: figures.cachedInputTokens ?? told?.cachedInputTokens ?? null,
    costUsd: figures.costUsd ?? told?.costUsd ?? null,
  }
  if (told !== undefined && isSame(told, merged) && !lacksModel(row, record)) return []
  // Rows do not say whether it was charged or estimated; the same amount is what it was.
  const costSource = told?.costUsd === merged.costUsd ? (told?.costSource ?? null) : null
  const { model, provider } = row.telemetry ?? {}
  const scope = isTurn ? 'subtree' : 'own'
  const payload = { key, scope, ...known({ ...merged, costSource, model, provider }) }
  return [fact(row, 'usage.reported', 'usage', payload)]
}

/** Only rows name the model. */
export const lacksModel = ({ telemetry }: Row, record: RunRecord | null): boolean =>
  telemetry?.model != null && telemetry.model !== '' && record?.telemetry.model == null

/** In the columns, which cannot be empty, 0 is what nobody ever wrote: unknown. */
function figuresOf({ telemetry }: Row): Figures {
  const figure = (value: number | null | undefined): number | null =>
    value === undefined || value === 0 ? null : value
  return {
    inputTokens: figure(telemetry?.inputTokens),
    outputTokens: figure(telemetry?.outputTokens),
    cachedInputTokens: figure(telemetry?.cachedInputTokens),
    costUsd: figure(telemetry?.costUsd),
  }
}

const isSame = (one: Figures, other: Figures): boolean =>
  (['inputTokens', 'outputTokens', 'cachedInputTokens', 'costUsd'] as const).every(
    (name) => one[name] === other[name],
  )

/** In flight again after its end was told: a retry, or a resume. What was written before that end is old news. */
function attemptOf(row: Row, record: RunRecord | null): readonly Told[] {
  if (record === null || !isBegunAnew(row, record.run)) return []
  const attempt = record.run.attempt + 1
  const payload = { trigger: 'restart', attempt, status: row.status }
  const event = fact(row, 'run.attempt_started', 'attempt', payload)
  return [{ stream: attemptStream(row.id, attempt), events: [event] }]
}

/** An end that we only concluded is taken back by its owner's word (`ask`), not by a row. */
export function isBegunAnew(
  row: Parameters<typeof isInFlight>[0] & Parameters<typeof writtenAt>[0],
  known: Pick<RunRecord['run'], 'status' | 'inferred' | 'completedAt' | 'updatedAt'>,
): boolean {
  if (!isInFlight(row) || !isSettled(known.status) || known.inferred) return false
  return (writtenAt(row) ?? 0) > (known.completedAt ?? known.updatedAt)
}

/** The time of an end is its own, not that of the row's last writing. */
function fact(row: Row, type: string, what: string, payload: object): RawEvent {
  const ended = isOver(row) ? timeOf(row.completedAt) : null
  const timestamp = ended ?? writtenAt(row) ?? 0
  return { log: runLog(row.id), type, payload, timestamp, position: keyOf(what, row.id, payload) }
}

const stringIn = (metadata: Row['metadata'], name: string): string | undefined => {
  const value = metadata?.[name]
  return typeof value === 'string' ? lineOf(value) : undefined
}
