/**
 * Owns how a run gets to be known: its first registration, re-announcements, rows seen in lists, parents
 * added later. A repair fills what is missing and never re-points a lineage.
 */
import type { AgentRun, RunRecord } from './entities.ts'
import type { EventPayload } from './events.ts'
import { bind, newLifecycle } from './lifecycle.ts'
import { isSettled } from './status.ts'

const PARENTS_KEPT = 20

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
    const untouched = run.lastSequence === 0
    const opening = untouched ? newLifecycle(timestamp, payload.status) : null
    return {
      run: { ...filled, ...opening, kind: payload.kind ?? run.kind },
      registered: true,
      bindings: bind(record.bindings, stream, run.attempt),
    }
  }
  const settledForGood = isSettled(run.status) && !run.inferred
  // A re-announcement (a resume) keeps the attempt, rebinds the stream and adds the new parent.
  return {
    run: addParent(filled, payload.parentRunId ?? null),
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

/** Fields already known win: a repair never destroys richer data and never re-points a lineage. */
export function fillMissing(run: AgentRun, payload: RegisteredFields): AgentRun {
  const origin = payload.origin
  return {
    ...run,
    parentRunId: run.parentRunId ?? payload.parentRunId ?? null,
    rootRunId: run.rootRunId ?? payload.rootRunId ?? null,
    workflowRunId: run.workflowRunId ?? payload.workflowRunId ?? null,
    phase: run.phase ?? payload.phase ?? null,
    contentKey: run.contentKey ?? payload.contentKey ?? null,
    parentThreadId: run.parentThreadId ?? payload.parentThreadId ?? null,
    workerThreadId: run.workerThreadId ?? payload.workerThreadId ?? null,
    parentCallId: run.parentCallId ?? payload.parentCallId ?? null,
    agentId: run.agentId ?? payload.agentId ?? null,
    agentName: run.agentName ?? payload.agentName ?? null,
    prompt: run.prompt ?? payload.prompt ?? null,
    taskBoardId: run.taskBoardId ?? payload.taskBoardId ?? null,
    taskCardId: run.taskCardId ?? payload.taskCardId ?? null,
    metadata: { ...payload.metadata, ...run.metadata },
    origin:
      run.origin ??
      (origin
        ? {
            source: origin.source ?? null,
            traceId: origin.traceId ?? null,
            trigger: origin.trigger ?? null,
            replayOf: origin.replayOf ?? null,
          }
        : null),
  }
}
