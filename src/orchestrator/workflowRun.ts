/**
 * Owns one workflow run: its phases in the order of their dependencies, its children, and its own status.
 */
import type { Json, PhaseStatus } from '../core/entities.ts'
import { idOfLog, isUsableId } from '../core/ids.ts'
import type { WorkflowLogId } from '../core/ids.ts'
import { assertMove, isSettled } from '../core/status.ts'
import type { RunStatusName, Trigger, WorkflowStatusName } from '../core/status.ts'
import type { Agent } from './agent.ts'
import { launchAgentRun } from './agentRun.ts'
import type { ChildOutcome, ChildResult, Engine, LocalAgentRun } from './agentRun.ts'
import type { PhaseDefinition, WorkflowDefinition } from '../core/workflow/definition.ts'
import { upstreamOf } from '../core/workflow/phaseGraph.ts'
import { planPhase, runPhase } from './phaseRun.ts'
import type { PhaseOutcome, PlannedTask } from './phaseRun.ts'
import { line, longText, messageOf } from './text.ts'

export interface WorkflowRunSetup {
  log: WorkflowLogId
  definition: WorkflowDefinition
  /** Plain and unchangeable: all children share it. */
  input: Json
  parentThreadId: string | null
  agents: ReadonlyMap<string, Agent>
  launched(child: LocalAgentRun): void
  settled(): void
}

export interface LocalWorkflowRun {
  log: WorkflowLogId
  status(): RunStatusName
  /** Writes what the run is. Throws when that cannot be recorded; then nothing was written. */
  register(): void
  begin(): void
  children(): readonly LocalAgentRun[]
  stop(reason: string): void
  /** Ends all work without a word: its owner goes away. */
  abandon(): void
}

/** Characters a question's number may add to a child's id. */
const ID_SPARE = 12

export const childRunId = (workflowRunId: string, phase: string, number: number): string =>
  `${workflowRunId}.${phase}.${number}`

/** Whether all ids the run would give are usable: they are made of its own and its phases' names. */
export function hasRoomForIds(workflowRunId: string, definition: WorkflowDefinition): boolean {
  return definition.phases.every(({ name }) => {
    const longest = childRunId(workflowRunId, name, definition.maxChildren)
    return isUsableId(longest + '0'.repeat(ID_SPARE))
  })
}

export function createWorkflowRun(engine: Engine, setup: WorkflowRunSetup): LocalWorkflowRun {
  const { emitter } = engine
  const { log, definition, input, parentThreadId, agents } = setup
  const { phases, maxChildren } = definition
  const id = idOfLog(log)
  const children: LocalAgentRun[] = []
  const phaseStatus = new Map<string, PhaseStatus>(phases.map(({ name }) => [name, 'pending']))
  const results = new Map<string, readonly ChildResult[]>()
  const reasons = new Map<string, string>()
  const waiting = new Set<string>()
  let status: WorkflowStatusName = 'pending'
  let launchable = maxChildren
  let halted = false

  function move(to: WorkflowStatusName, trigger: Trigger, details: Details = {}): void {
    assertMove(status, to, trigger)
    emitter.emit(log, 'workflow.transitioned', { to, trigger, ...details })
    status = to
    if (isSettled(to)) setup.settled()
  }

  function movePhase(phase: string, to: PhaseStatus, reason: string | null = null): void {
    assertMove(phaseStatus.get(phase) ?? 'pending', to, 'spawn')
    emitter.emit(log, 'phase.transitioned', { phase, to, reason })
    phaseStatus.set(phase, to)
  }

  const inStatus = (wanted: PhaseStatus): readonly PhaseDefinition[] =>
    phases.filter(({ name }) => phaseStatus.get(name) === wanted)

  /** Starts every phase that can; when none runs and none can, the workflow is at its end. */
  function advance(): void {
    if (halted) return
    if (reasons.size === 0) {
      const ready = inStatus('pending').filter(({ dependsOn }) =>
        dependsOn.every((name) => phaseStatus.get(name) === 'completed'),
      )
      for (const phase of ready) start(phase)
    }
    if (inStatus('running').length === 0) conclude()
  }

  function start(phase: PhaseDefinition): void {
    movePhase(phase.name, 'running')
    void drive(phase)
      .catch((error: unknown): PhaseOutcome => ({ kind: 'failed', reason: messageOf(error) }))
      .then((outcome) => end(phase, outcome))
  }

  async function drive(phase: PhaseDefinition): Promise<PhaseOutcome> {
    const plan = planPhase(phase, input, upstreamOf(phases, phase.name), results, agents)
    if (!plan.ok) return { kind: 'failed', reason: plan.reason }
    // Granted as a whole when the phase begins, so that what runs does not depend on who is quicker.
    const granted = Math.min(plan.tasks.length, launchable)
    launchable -= granted
    const limits = { concurrency: definition.concurrency, granted, cap: maxChildren }
    return runPhase(plan.tasks, limits, (planned) => (halted ? null : launch(phase.name, planned)))
  }

  function launch(phase: string, { agent, task }: PlannedTask): Promise<ChildOutcome> {
    const runId = childRunId(id, phase, task.index + 1)
    const child = launchAgentRun(engine, {
      runId,
      agent,
      task,
      workflowRunId: id,
      phase,
      parentThreadId,
      waiting: (isWaiting, trigger) => wait(runId, isWaiting, trigger),
    })
    children.push(child)
    setup.launched(child)
    emitter.emit(log, 'run.linked', { childRunId: runId })
    return child.done
  }

  /** The workflow waits for a person while any child does. */
  function wait(runId: string, isWaiting: boolean, trigger: Trigger): void {
    if (isWaiting) waiting.add(runId)
    else waiting.delete(runId)
    const to = waiting.size > 0 ? 'awaiting_user' : 'running'
    if (!halted && to !== status) move(to, trigger)
  }

  function end(phase: PhaseDefinition, outcome: PhaseOutcome): void {
    if (halted) return
    if (outcome.kind === 'completed') {
      results.set(phase.name, outcome.results)
      movePhase(phase.name, 'completed')
    } else {
      reasons.set(phase.name, outcome.reason)
      movePhase(phase.name, 'failed', outcome.reason)
    }
    advance()
  }

  function conclude(): void {
    halted = true
    const reason = phases.map(({ name }) => reasons.get(name)).find((each) => each !== undefined)
    if (reason !== undefined) {
      move('failed', 'errored', { reason, error: reason, summary: reason })
      return
    }
    const last = phases.map(({ name }) => results.get(name) ?? []).findLast((each) => each.length > 0) ?? []
    const summary = line(last.map((result) => result.summary).join('; ')) || 'Completed without a result.'
    const output = longText(last.map((result) => result.text).join('\n\n'))
    move('completed', 'result_received', last.length > 0 ? { summary, output } : { summary })
  }

  return {
    log,
    status: () => status,

    register() {
      emitter.emit(log, 'workflow.registered', {
        definitionId: definition.id,
        title: definition.name,
        definition: asJson(definition),
        phases: phases.map(({ name, description, agentIds, dependsOn }) => ({
          name,
          description,
          agentIds: [...agentIds],
          dependsOn: [...dependsOn],
        })),
        parentThreadId,
        input,
      })
    },

    begin() {
      move('running', 'spawn')
      advance()
    },

    children: () => children,

    stop(reason) {
      halted = true
      for (const child of children) if (!isSettled(child.status())) child.stop(reason)
      for (const { name } of inStatus('running')) movePhase(name, 'cancelled', reason)
      move('cancelled', 'user_terminated', { reason })
    },

    abandon() {
      halted = true
      for (const child of children) child.abandon()
    },
  }
}

interface Details {
  reason?: string
  error?: string
  summary?: string
  output?: ReturnType<typeof longText>
}

/** The definition was read from JSON; an absent `forEach` is simply left out. */
const asJson = (definition: WorkflowDefinition): Json => definition as unknown as Json
