/**
 * Owns one phase: which tasks it has, how many of them run at once, and what their outcomes mean for it.
 */
import { fingerprintOf } from '../core/contentKey.ts'
import type { Json } from '../core/entities.ts'
import type { PhaseDefinition, WorkflowDefinition } from '../core/workflow/definition.ts'
import { upstreamOf } from '../core/workflow/phaseGraph.ts'
import { keyMaker, tasksOf, upstreamResults } from '../core/workflow/tasks.ts'
import type { Agent, AgentTask } from './agent.ts'
import type { ChildOutcome, ChildResult } from './childOutcome.ts'
import type { Gate } from './gate.ts'
import { line } from './text.ts'

export interface PlannedTask {
  agent: Agent
  task: AgentTask
  contentKey: string
}

export type PhasePlan = { ok: true; tasks: readonly PlannedTask[] } | { ok: false; reason: string }

export type PhaseOutcome =
  | { kind: 'completed'; results: readonly ChildResult[] }
  | { kind: 'failed'; reason: string }

/** Results of completed phases by name. */
export type Results = ReadonlyMap<string, readonly ChildResult[]>

/** What the phases of one workflow run have in common. */
export interface PhaseInputs {
  definition: WorkflowDefinition
  input: Json
  agents: ReadonlyMap<string, Agent>
}

/** The tasks of a phase, each with its agent and its key. */
export function planPhase(
  phase: PhaseDefinition,
  results: Results,
  { definition, input, agents }: PhaseInputs,
): PhasePlan {
  const found = tasksOf(phase, results)
  if (!found.ok) return found
  const upstream = upstreamOf(definition.phases, phase.name)
  const fingerprint = (id: string): string => fingerprintOf(id, agents.get(id)?.config ?? null)
  const keyOf = keyMaker({ phase, upstream, results, input, fingerprint })
  const shared = upstreamResults(upstream, results)
  const tasks: PlannedTask[] = []
  for (const each of found.tasks) {
    const { agentId, index, item } = each
    const agent = agents.get(agentId)
    if (agent === undefined) return { ok: false, reason: `the agent “${agentId}” does not exist` }
    const task = { input, upstream: shared, item, index, followUps: [] }
    tasks.push({ agent, task, contentKey: keyOf(each) })
  }
  return { ok: true, tasks }
}

export interface PhaseLimits {
  /** Children running at once. */
  concurrency: number
  /** Children this phase may launch; less than its tasks when the workflow's cap is reached. */
  granted: number
  /** The workflow's cap. */
  cap: number
  /** Shut while nothing may be launched. */
  gate: Gate
  signal: AbortSignal
}

/**
 * Runs the tasks that fit. All of them end, whatever becomes of the others; then the first failure in
 * definition order fails the phase, so that timing does not choose the reason.
 */
export async function runPhase<Task extends { planned: PlannedTask }>(
  tasks: readonly Task[],
  limits: PhaseLimits,
  launch: (task: Task) => Promise<ChildOutcome> | null,
): Promise<PhaseOutcome> {
  const { concurrency, granted, cap, gate, signal } = limits
  const outcomes: ChildOutcome[] = []
  let next = 0

  async function lane(): Promise<void> {
    while (next < granted) {
      if (gate.isShut()) await gate.passed(signal)
      const index = next
      next += 1
      // While it waited, others may have taken the last.
      const planned = index < granted ? tasks[index] : undefined
      const launched = planned === undefined ? null : launch(planned)
      // Nothing is launched any more: the workflow was stopped.
      if (launched === null) return
      outcomes[index] = await launched
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, granted) }, lane))

  const failures = outcomes.flatMap((outcome, index) =>
    failureOf(outcome, tasks[index]?.planned.agent.name ?? ''),
  )
  const [first] = failures
  if (first !== undefined) {
    const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : ''
    return { kind: 'failed', reason: line(`${first}${more}`) }
  }
  if (granted < tasks.length) {
    const reason = `the cap of ${cap} children is reached; ${tasks.length - granted} were not launched`
    return { kind: 'failed', reason }
  }
  return {
    kind: 'completed',
    results: outcomes.flatMap((outcome) => (outcome.kind === 'completed' ? [outcome.result] : [])),
  }
}

function failureOf(outcome: ChildOutcome, name: string): readonly string[] {
  switch (outcome.kind) {
    case 'completed':
      return []
    case 'failed':
      return [`${name} failed: ${outcome.reason}`]
    case 'cancelled':
      return [`${name} was ${outcome.reason}`]
    case 'left':
      return [`${name}: ${outcome.reason}`]
  }
}
