/**
 * Owns how a run gets to be known: its first registration, re-announcements, rows seen in lists, parents
 * added later. A repair fills what is missing and never re-points a lineage.
 */
import type { AgentRun, Lifecycle, Origin, RunKind, RunRecord } from './entities.ts'
import type { EventPayload } from './events.ts'
import { bind, newLifecycle } from './lifecycle.ts'
import { isSettled } from './status.ts'

const PARENTS_KEPT = 20
const METADATA_KEPT = 100

type RegisteredFields = EventPayload<'run.registered'> | EventPayload<'run.observed'>

export function register(
  record: RunRecord,
  payload: EventPayload<'run.registered'>,
  stream: string,
  timestamp: number,
): Partial<RunRecord> {
  const { run } = record
  const filled = fillMissing(run, payload)
  if (!record.registered) {
    // Facts that came before the registration already moved the run; only its opening is ours to set.
    const opening =
      run.lastSequence === 0 ? { ...newLifecycle(timestamp, payload.status), ...timesOf(payload) } : null
    return {
      run: addParent({ ...filled, ...opening, kind: payload.kind ?? run.kind }, payload.parentRunId ?? null),
      registered: true,
      bindings: bind(record.bindings, stream, run.attempt),
    }
  }
  const settledForGood = isSettled(run.status) && !run.inferred
  // A re-announcement (a resume) keeps the attempt, rebinds the stream and adds the new parent.
  return {
    run: addParent({ ...filled, kind: refineKind(run.kind, payload.kind) }, payload.parentRunId ?? null),
    bindings: settledForGood ? record.bindings : bind(record.bindings, stream, run.attempt),
  }
}

export function addParent(run: AgentRun, parentRunId: string | null): AgentRun {
  const former = run.parentRunId
  if (parentRunId === null || parentRunId === former || parentRunId === run.id) return run
  if (former === null) return { ...run, parentRunId }
  const others = run.formerParentRunIds.filter((id) => id !== parentRunId && id !== former)
  return { ...run, parentRunId, formerParentRunIds: [...others, former].slice(-PARENTS_KEPT) }
}

/** From the least that is known of a run's kind to the most. */
const REFINEMENTS: readonly RunKind[] = ['subagent', 'worker_thread', 'team_member', 'workflow_child']

/** A row may say more precisely what a run is, and one that says less takes nothing back. */
export const refineKind = (known: RunKind, told: RunKind | undefined): RunKind =>
  told !== undefined && REFINEMENTS.includes(known) && REFINEMENTS.indexOf(told) > REFINEMENTS.indexOf(known)
    ? told
    : known

/** When a run began and ended that is heard of only now. */
export function timesOf(told: {
  startedAt?: number | null | undefined
  completedAt?: number | null | undefined
}): Partial<Pick<Lifecycle, 'startedAt' | 'completedAt'> & Pick<AgentRun, 'createdAt'>> {
  return {
    ...(told.startedAt != null && { startedAt: told.startedAt, createdAt: told.startedAt }),
    ...(told.completedAt != null && { completedAt: told.completedAt }),
  }
}

/** What an announcement or a list may tell about a run that it did not tell before. */
const FILLABLE = [
  'parentRunId',
  'rootRunId',
  'workflowRunId',
  'phase',
  'contentKey',
  'parentThreadId',
  'workerThreadId',
  'parentCallId',
  'agentId',
  'agentName',
  'prompt',
  'taskBoardId',
  'taskCardId',
] as const

/**
 * Fields already known win: a repair never destroys richer data and never re-points a lineage. Gives back the
 * same run when there was nothing to fill.
 */
export function fillMissing(run: AgentRun, payload: RegisteredFields): AgentRun {
  const missing = FILLABLE.filter((field) => run[field] === null && (payload[field] ?? null) !== null)
  const metadata = fillMetadata(run.metadata, payload.metadata ?? {})
  const origin = run.origin ?? toOrigin(payload.origin)
  if (missing.length === 0 && metadata === run.metadata && origin === run.origin) return run
  const filled = Object.fromEntries(missing.map((field) => [field, payload[field]]))
  return { ...run, ...filled, metadata, origin }
}

function fillMetadata(known: AgentRun['metadata'], told: AgentRun['metadata']): AgentRun['metadata'] {
  const room = METADATA_KEPT - Object.keys(known).length
  const added = Object.keys(told).filter((key) => !Object.hasOwn(known, key))
  if (added.length === 0 || room <= 0) return known
  return { ...known, ...Object.fromEntries(added.slice(0, room).map((key) => [key, told[key] ?? null])) }
}

/** What is said of an attempt's end replaces what was said of an earlier one, and is kept before what was said first. */
export function replaceMetadata(run: AgentRun, told: AgentRun['metadata'] | undefined): AgentRun {
  const news = Object.entries(told ?? {}).slice(0, METADATA_KEPT)
  if (news.length === 0) return run
  const replaced = Object.fromEntries(news)
  const others = Object.keys(run.metadata).filter((name) => !Object.hasOwn(replaced, name))
  const gone = new Set(others.slice(0, Math.max(0, others.length + news.length - METADATA_KEPT)))
  const kept = Object.entries(run.metadata).filter(([name]) => !gone.has(name))
  return { ...run, metadata: { ...Object.fromEntries(kept), ...replaced } }
}

export function toOrigin(origin: RegisteredFields['origin']): Origin | null {
  if (origin === null || origin === undefined) return null
  const { source = null, traceId = null, trigger = null, replayOf = null } = origin
  return { source, traceId, trigger, replayOf }
}
