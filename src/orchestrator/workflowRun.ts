/**
 * Owns one workflow run: its phases in the order of their dependencies, its children, and its own status.
 */
import type { Json, PhaseStatus } from '../core/entities.ts'
import { idOfLog, runLog } from '../core/ids.ts'
import type { RunLogId, WorkflowLogId } from '../core/ids.ts'
import type { Delivery } from '../core/ports.ts'
import type { ResumeOrder } from '../core/resume/order.ts'
import { assertMove, isSettled } from '../core/status.ts'
import type { RunStatusName, Trigger, WorkflowStatusName } from '../core/status.ts'
import type { PhaseDefinition, WorkflowDefinition } from '../core/workflow/definition.ts'
import type { Agent } from './agent.ts'
import { launchAgentRun } from './agentRun.ts'
import { carryTask } from './carryTask.ts'
import type { TaskHost } from './carryTask.ts'
import { childRunId } from './childIds.ts'
import type { ChildResult } from './childOutcome.ts'
import type { Engine, LocalAgentRun } from './childRun.ts'
import { createGate } from './gate.ts'
import { createKnownChildren } from './knownChildren.ts'
import { planPhase, runPhase } from './phaseRun.ts'
import type { PhaseOutcome } from './phaseRun.ts'
import { abortError } from './abort.ts'
import { jsonText, line, longText, messageOf } from './text.ts'

export interface WorkflowRunSetup {
  log: WorkflowLogId
  definition: WorkflowDefinition
  /** Plain and unchangeable: all children share it. */
  input: Json
  parentThreadId: string | null
  agents: ReadonlyMap<string, Agent>
  /** What it is resumed with; null for one that starts from nothing. */
  order: Pick<ResumeOrder, 'attempt' | 'children' | 'held' | 'plan'> | null
  /** A run this orchestrator drives already. */
  driven(log: RunLogId): LocalAgentRun | null
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
  /** Launches nothing and holds back its runs. */
  pause(): Delivery
  resume(): Delivery
  stop(reason: string): void
  /** Ends all work without a word: its owner goes away. */
  abandon(): void
}

export function createWorkflowRun(engine: Engine, setup: WorkflowRunSetup): LocalWorkflowRun {
  const { emitter } = engine
  const { log, definition, input, parentThreadId, agents, order } = setup
  const { phases, maxChildren } = definition
  const id = idOfLog(log)
  const children: LocalAgentRun[] = []
  const phaseStatus = new Map<string, PhaseStatus>(phases.map(({ name }) => [name, 'pending']))
  const results = new Map<string, readonly ChildResult[]>()
  const reasons = new Map<string, string>()
  const waiting = new Set<string>()
  let status: WorkflowStatusName = 'pending'
  const known = createKnownChildren(order?.children ?? [], order?.held ?? [])
  const gate = createGate()
  const controller = new AbortController()
  const { signal } = controller
  /** Runs that were not paused by themselves. */
  const held = new Set<LocalAgentRun>()
  let launchable = maxChildren
  let isPaused = false
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
      .then((outcome) => whenReady(() => end(phase, outcome)))
  }

  /** Not while it is paused, and never when it is over. */
  async function whenReady(action: () => void): Promise<void> {
    if (await ready()) action()
  }

  async function ready(): Promise<boolean> {
    if (gate.isShut()) await gate.passed(signal).catch(() => {})
    return !halted
  }

  async function drive(phase: PhaseDefinition): Promise<PhaseOutcome> {
    const plan = planPhase(phase, results, { definition, input, agents })
    if (!plan.ok) return { kind: 'failed', reason: plan.reason }
    // Granted as a whole when the phase begins, so that what runs does not depend on who is quicker.
    const granted = Math.min(plan.tasks.length, launchable)
    launchable -= granted
    const tasks = known.assign(phase.name, plan.tasks)
    const limits = { concurrency: definition.concurrency, granted, cap: maxChildren, gate, signal }
    return runPhase(tasks, limits, (each) => (halted ? null : carryTask(hostOf(phase.name), each)))
  }

  const hostOf = (phase: string): TaskHost => ({
    content: engine.content,
    launch(runId, { agent, task, contentKey }, opening) {
      const child = launchAgentRun(engine, {
        runId,
        agent,
        task,
        workflowRunId: id,
        phase,
        contentKey,
        parentThreadId,
        opening,
        waiting: (isWaiting, trigger) => wait(runId, isWaiting, trigger),
      })
      children.push(child)
      setup.launched(child)
      return child
    },
    ready,
    adopt(runId) {
      const child = setup.driven(runLog(runId))
      if (child === null) return null
      children.push(child)
      child.adopt((isWaiting, trigger) => wait(runId, isWaiting, trigger))
      return child
    },
    link: (childRunId) => emitter.emit(log, 'run.linked', { childRunId }),
    newId: ({ task }) => childRunId(id, phase, task.index + 1, order?.attempt),
  })

  /** The workflow waits for a person while any child does. */
  function wait(runId: string, isWaiting: boolean, trigger: Trigger): void {
    if (isWaiting) waiting.add(runId)
    else waiting.delete(runId)
    if (!halted) show(trigger)
  }

  function show(trigger: Trigger): void {
    const to = isPaused ? 'paused' : waiting.size > 0 ? 'awaiting_user' : 'running'
    if (to !== status) move(to, trigger)
  }

  const underWay = (): readonly LocalAgentRun[] => children.filter((child) => !isSettled(child.status()))

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
      const declared = declaration(definition, input)
      if (order !== null) {
        const { attempt, plan } = order
        emitter.emit(log, 'workflow.attempt_started', {
          trigger: 'resumed_by_user',
          attempt,
          status: 'running',
          plan: longText(jsonText(plan)),
          ...declared,
        })
        status = 'running'
        return
      }
      emitter.emit(log, 'workflow.registered', {
        definitionId: definition.id,
        title: definition.name,
        parentThreadId,
        ...declared,
      })
    },

    begin() {
      if (order === null) move('running', 'spawn')
      advance()
    },

    children: () => children,

    pause() {
      if (isPaused) return { kind: 'rejected', reason: `${id} is already paused.` }
      isPaused = true
      gate.shut()
      for (const child of underWay()) if (child.pause().kind === 'delivered') held.add(child)
      show('paused_by_user')
      return { kind: 'delivered' }
    },

    resume() {
      if (!isPaused) return { kind: 'rejected', reason: `${id} is not paused.` }
      isPaused = false
      show('resumed_by_user')
      for (const child of held) if (!isSettled(child.status())) child.resume()
      held.clear()
      gate.open()
      return { kind: 'delivered' }
    },

    stop(reason) {
      halted = true
      const stopped = underWay()
      for (const child of stopped) child.stop(reason)
      for (const { name } of inStatus('running')) movePhase(name, 'cancelled', reason)
      const others = stopped.length === 1 ? 'one run that was' : `${stopped.length} runs that were`
      const whole = stopped.length === 0 ? reason : `${reason}, with ${others} under way`
      move('cancelled', 'user_terminated', { reason: whole })
      controller.abort(abortError(reason))
    },

    abandon() {
      halted = true
      controller.abort(abortError('its owner went away'))
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

/** What an attempt runs. */
const declaration = (definition: WorkflowDefinition, input: Json) => ({
  // It was read from JSON; an absent `forEach` is simply left out.
  definition: definition as unknown as Json,
  phases: definition.phases.map(({ name, description, agentIds, dependsOn }) => ({
    name,
    description,
    agentIds: [...agentIds],
    dependsOn: [...dependsOn],
  })),
  input,
})
