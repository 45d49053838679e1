/**
 * Owns what each event means for a workflow run: phases, children, status. Pure, no clock. SPEC F1–F6.
 */
import type { Phase, PhaseStatus, WorkflowRecord, WorkflowRun } from './entities.ts'
import type { EventPayload, SourceEvent } from './events.ts'
import { idOfLog } from './ids.ts'
import type { WorkflowLogId } from './ids.ts'
import { attemptOf, bind, late, newLifecycle, NO_NOTES, openAttempt, transition } from './lifecycle.ts'
import type { TransitionFact } from './lifecycle.ts'
import { toOrigin } from './registration.ts'
import type { RunStatusName } from './status.ts'
import { isSettled } from './status.ts'

/** As many as a registration may declare. */
const PHASES_KEPT = 200
/** Named in the record; all children are found by their own `workflowRunId`. */
const CHILDREN_KEPT = 1_000

export function newWorkflowRecord(log: WorkflowLogId, timestamp: number): WorkflowRecord {
  const workflow: WorkflowRun = {
    id: idOfLog(log),
    definitionId: 'unknown',
    title: null,
    definition: null,
    parentThreadId: null,
    input: null,
    phases: [],
    childRunIds: [],
    origin: null,
    createdAt: timestamp,
    ...newLifecycle(timestamp, undefined),
  }
  return { entity: 'workflow', log, workflow, bindings: [], registered: false, notes: NO_NOTES }
}

/** Folds one event; the caller stamps the sequence (`accept.ts`). */
export function foldWorkflow(record: WorkflowRecord, event: SourceEvent): WorkflowRecord {
  const { workflow, notes } = record
  const attempt = attemptOf(record.bindings, event.stream, workflow.attempt)
  const tooLate = (): WorkflowRecord => ({ ...record, notes: late(notes) })

  switch (event.type) {
    case 'workflow.registered': {
      const known = register(record, event.payload, event.stream, event.timestamp)
      const { status } = event.payload
      if (status === undefined || record.registered || workflow.lastSequence === 0) return known
      // Other events were quicker: the status it was registered with is one more fact.
      return move(known, { to: status, trigger: 'spawn' }, workflow.attempt, event.timestamp)
    }

    case 'workflow.transitioned':
      return move(record, event.payload, attempt, event.timestamp)

    case 'workflow.attempt_started': {
      const opened = openAttempt(workflow, event.payload, event.timestamp)
      if (opened === null) return tooLate()
      return {
        ...record,
        workflow: opened,
        bindings: bind(record.bindings, event.stream, opened.attempt),
      }
    }

    case 'phase.transitioned': {
      if (attempt !== workflow.attempt || isSettled(workflow.status)) return tooLate()
      const { phase, to, reason } = event.payload
      return {
        ...record,
        workflow: { ...workflow, phases: movePhase(workflow.phases, phase, to, reason ?? null) },
      }
    }

    case 'run.linked': {
      const { childRunId } = event.payload
      const { childRunIds } = workflow
      const isFull = childRunIds.length >= CHILDREN_KEPT
      if (childRunId === undefined || isFull || childRunIds.includes(childRunId)) return record
      return { ...record, workflow: { ...workflow, childRunIds: [...childRunIds, childRunId] } }
    }

    default:
      // Kept and shown on the timeline; the head advances, nothing else.
      return record
  }
}

/** A status fact; a phase cannot outlive its workflow. */
function move(
  record: WorkflowRecord,
  fact: TransitionFact,
  attempt: number,
  timestamp: number,
): WorkflowRecord {
  const { workflow } = record
  const { lifecycle, moved, notes } = transition(workflow, record.notes, fact, attempt, timestamp)
  if (lifecycle === workflow && notes === record.notes) return record
  const ended = moved && isSettled(lifecycle.status)
  const phases = ended ? abandonPhases(lifecycle.phases, fact.to) : lifecycle.phases
  return { ...record, workflow: { ...lifecycle, phases }, notes }
}

function register(
  record: WorkflowRecord,
  payload: EventPayload<'workflow.registered'>,
  stream: string,
  timestamp: number,
): WorkflowRecord {
  const { workflow } = record
  const phases = payload.phases.map(({ name, description, agentIds, dependsOn }): Phase => ({
    name,
    description: description ?? null,
    status: 'pending',
    agentIds,
    dependsOn,
    reason: null,
  }))
  if (record.registered) {
    const settledForGood = isSettled(workflow.status) && !workflow.inferred
    return settledForGood ? record : { ...record, bindings: bind(record.bindings, stream, workflow.attempt) }
  }
  const known = new Map(workflow.phases.map((phase) => [phase.name, phase]))
  const declared = phases.map((phase) => ({ ...phase, ...progressOf(known.get(phase.name)) }))
  const undeclared = workflow.phases.filter((phase) => !phases.some((each) => each.name === phase.name))
  return {
    ...record,
    workflow: {
      ...workflow,
      ...(workflow.lastSequence === 0 ? newLifecycle(timestamp, payload.status) : null),
      definitionId: payload.definitionId,
      title: payload.title ?? null,
      definition: payload.definition ?? null,
      parentThreadId: payload.parentThreadId ?? null,
      input: payload.input ?? null,
      phases: [...declared, ...undeclared].slice(0, PHASES_KEPT),
      origin: toOrigin(payload.origin),
    },
    registered: true,
    bindings: bind(record.bindings, stream, workflow.attempt),
  }
}

function movePhase(
  phases: readonly Phase[],
  name: string,
  status: PhaseStatus,
  reason: string | null,
): readonly Phase[] {
  if (!phases.some((phase) => phase.name === name)) {
    // A phase the definition does not know is shown, not dropped, as long as they are few.
    if (phases.length >= PHASES_KEPT) return phases
    return [...phases, { name, description: null, status, agentIds: [], dependsOn: [], reason }]
  }
  return phases.map((phase) => (phase.name === name ? { ...phase, status, reason } : phase))
}

function progressOf(phase: Phase | undefined): Partial<Phase> {
  return phase === undefined ? {} : { status: phase.status, reason: phase.reason }
}

/** What was under way ends as the workflow did. */
function abandonPhases(phases: readonly Phase[], to: RunStatusName): readonly Phase[] {
  const ending: PhaseStatus = to === 'cancelled' ? 'cancelled' : 'interrupted'
  return phases.map((phase) => (phase.status === 'running' ? { ...phase, status: ending } : phase))
}
