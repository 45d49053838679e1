/**
 * Owns what each event means for a workflow run: phases, children, status. Pure, no clock. SPEC F1–F6.
 */
import type { Phase, PhaseStatus, WorkflowRecord, WorkflowRun } from './entities.ts'
import type { EventPayload, SourceEvent } from './events.ts'
import { idOfLog, isOurStream } from './ids.ts'
import type { WorkflowLogId } from './ids.ts'
import {
  attemptOf,
  bind,
  bindOpened,
  isAnnouncedAnew,
  late,
  newLifecycle,
  NO_NOTES,
  openAttempt,
  transition,
} from './lifecycle.ts'
import type { TransitionFact } from './lifecycle.ts'
import { timesOf, toOrigin } from './registration.ts'
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
    resumePlan: null,
    origin: null,
    createdAt: timestamp,
    ...newLifecycle(timestamp, undefined),
  }
  return { entity: 'workflow', log, workflow, bindings: [], registered: false, notes: NO_NOTES }
}

/** A workflow's record that is ours to change while a batch is folded: `workflow` is a copy of its own. */
export type WorkflowDraft = WorkflowRecord

export const draftWorkflow = (record: WorkflowRecord): WorkflowDraft => ({
  ...record,
  workflow: { ...record.workflow },
})

/** Folds one event into the draft; the caller stamps the sequence (`accept.ts`). */
export function foldWorkflow(draft: WorkflowDraft, event: SourceEvent): void {
  const { workflow } = draft
  const attempt = attemptOf(draft.bindings, event.stream, workflow.attempt)
  const tooLate = (): void => void (draft.notes = late(draft.notes))

  switch (event.type) {
    case 'workflow.registered': {
      const { status } = event.payload
      // Other events were quicker, or it is announced anew: the status it is registered with is one more fact.
      const isFact = draft.registered
        ? isAnnouncedAnew(workflow, draft.bindings, event.stream)
        : workflow.lastSequence > 0
      Object.assign(draft, register(draft, event.payload, event.stream, event.timestamp))
      if (isFact && status !== undefined)
        settle(draft, { to: status, trigger: 'spawn' }, workflow.attempt, event.timestamp)
      return
    }

    case 'workflow.transitioned':
      return settle(draft, event.payload, attempt, event.timestamp)

    case 'workflow.attempt_started': {
      const opened = openAttempt(workflow, event.payload, event.timestamp)
      if (opened === null) return tooLate()
      draft.bindings = bindOpened(draft.bindings, event.stream, {
        from: workflow.attempt,
        to: opened.attempt,
      })
      if (isOurStream(event.stream)) {
        // Its owner is alive after all: nothing begins anew, so its phases stand where they stood.
        draft.workflow = { ...opened, phases: takeUpPhases(workflow.phases, workflow.status) }
        return
      }
      const { plan, definition = opened.definition, input = opened.input, phases } = event.payload
      draft.workflow = {
        ...opened,
        definition,
        input,
        // What was done before shows again as the attempt comes by it; a phase left running would wait for ever.
        phases: phases === undefined ? opened.phases.map(pending) : declare(phases),
        resumePlan: plan ?? null,
      }
      return
    }

    case 'phase.transitioned': {
      // Over by our conclusion alone, its owner still knows how far it came.
      const isOver = isSettled(workflow.status) && !workflow.inferred
      if (attempt !== workflow.attempt || isOver) return tooLate()
      const { phase, to, reason } = event.payload
      workflow.phases = movePhase(workflow.phases, phase, to, reason ?? null)
      return
    }

    case 'run.linked': {
      const { childRunId } = event.payload
      const { childRunIds } = workflow
      const isFull = childRunIds.length >= CHILDREN_KEPT
      if (childRunId === undefined || isFull || childRunIds.includes(childRunId)) return
      workflow.childRunIds = [...childRunIds, childRunId]
      return
    }

    default:
      // Kept and shown on the timeline; the head advances, nothing else.
      return
  }
}

/** A status fact; a phase cannot outlive its workflow. */
function settle(draft: WorkflowDraft, fact: TransitionFact, attempt: number, timestamp: number): void {
  const { lifecycle, moved, notes } = transition(draft.workflow, draft.notes, fact, attempt, timestamp)
  draft.workflow = lifecycle
  draft.notes = notes
  if (moved && isSettled(lifecycle.status)) lifecycle.phases = abandonPhases(lifecycle.phases, fact.to)
}

function register(
  record: WorkflowRecord,
  payload: EventPayload<'workflow.registered'>,
  stream: string,
  timestamp: number,
): Partial<WorkflowRecord> {
  const { workflow } = record
  const phases = declare(payload.phases)
  if (record.registered) {
    const settledForGood = isSettled(workflow.status) && !workflow.inferred
    return {
      // A later attempt has the phases it began with: an announcement told again brings none back.
      ...(workflow.attempt === 1 && {
        workflow: { ...workflow, phases: declareMore(workflow.phases, phases) },
      }),
      ...(settledForGood ? null : { bindings: bind(record.bindings, stream, workflow.attempt) }),
    }
  }
  const known = new Map(workflow.phases.map((phase) => [phase.name, phase]))
  const declared = phases.map((phase) => ({ ...phase, ...progressOf(known.get(phase.name)) }))
  const undeclared = workflow.phases.filter((phase) => !phases.some((each) => each.name === phase.name))
  return {
    workflow: {
      ...workflow,
      ...(workflow.lastSequence === 0
        ? { ...newLifecycle(timestamp, payload.status), ...timesOf(payload) }
        : null),
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

const declare = (phases: EventPayload<'workflow.registered'>['phases']): readonly Phase[] =>
  phases.map(({ name, description, agentIds, dependsOn }) => ({
    name,
    description: description ?? null,
    status: 'pending',
    agentIds,
    dependsOn,
    reason: null,
  }))

/** Told again, a workflow may have phases it had not then; of those it had, what was missing is filled in. */
function declareMore(known: readonly Phase[], told: readonly Phase[]): readonly Phase[] {
  const again = new Map(told.map((phase) => [phase.name, phase]))
  const filled = known.map((phase) => {
    const { description, dependsOn } = again.get(phase.name) ?? phase
    return {
      ...phase,
      description: phase.description ?? description,
      dependsOn: [...new Set([...phase.dependsOn, ...dependsOn])],
    }
  })
  const fresh = told.filter(({ name }) => !known.some((phase) => phase.name === name))
  return [...filled, ...fresh].slice(0, PHASES_KEPT)
}

const pending = (phase: Phase): Phase => ({ ...phase, status: 'pending', reason: null })

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
  const ending = endingOf(to)
  return phases.map((phase) => (phase.status === 'running' ? { ...phase, status: ending } : phase))
}

/** What ended only because we thought the workflow over is under way. */
function takeUpPhases(phases: readonly Phase[], concluded: RunStatusName): readonly Phase[] {
  const ending = endingOf(concluded)
  return phases.map((phase) => (phase.status === ending ? { ...phase, status: 'running' } : phase))
}

const endingOf = (to: RunStatusName): PhaseStatus => (to === 'cancelled' ? 'cancelled' : 'interrupted')
