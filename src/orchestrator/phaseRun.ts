/**
 * Owns one phase: which tasks it has, how many of them run at once, and what their outcomes mean for it.
 */
import type { Json } from '../core/entities.ts'
import type { Agent, AgentTask, UpstreamResult } from './agent.ts'
import type { ChildOutcome, ChildResult } from './agentRun.ts'
import type { PhaseDefinition } from '../core/workflow/definition.ts'
import { line } from './text.ts'

export interface PlannedTask {
  agent: Agent
  task: AgentTask
}

export type PhasePlan = { ok: true; tasks: readonly PlannedTask[] } | { ok: false; reason: string }

export type PhaseOutcome =
  | { kind: 'completed'; results: readonly ChildResult[] }
  | { kind: 'failed'; reason: string }

/** Results of completed phases by name. */
export type Results = ReadonlyMap<string, readonly ChildResult[]>

/** One task per agent of the phase, or per item of the result it goes through. */
export function planPhase(
  phase: PhaseDefinition,
  input: Json,
  upstream: readonly PhaseDefinition[],
  results: Results,
  agents: ReadonlyMap<string, Agent>,
): PhasePlan {
  const items = itemsOf(phase, results)
  if (!items.ok) return items
  const shared = upstreamResults(upstream, results)
  const tasks: PlannedTask[] = []
  for (const [index, { agentId, item }] of items.entries.entries()) {
    const agent = agents.get(agentId)
    if (agent === undefined) return { ok: false, reason: `the agent “${agentId}” does not exist` }
    tasks.push({ agent, task: { input, upstream: shared, item, index } })
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
}

/**
 * Runs the tasks that fit. All of them end, whatever becomes of the others; then the first failure in
 * definition order fails the phase, so that timing does not choose the reason.
 */
export async function runPhase(
  tasks: readonly PlannedTask[],
  limits: PhaseLimits,
  launch: (planned: PlannedTask) => Promise<ChildOutcome> | null,
): Promise<PhaseOutcome> {
  const { concurrency, granted, cap } = limits
  const outcomes: ChildOutcome[] = []
  let next = 0

  async function lane(): Promise<void> {
    while (next < granted) {
      const index = next
      next += 1
      const planned = tasks[index]
      const launched = planned === undefined ? null : launch(planned)
      // Nothing is launched any more: the workflow was stopped.
      if (launched === null) return
      outcomes[index] = await launched
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, granted) }, lane))

  const failures = outcomes.flatMap((outcome, index) => failureOf(outcome, tasks[index]?.agent.name ?? ''))
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
  }
}

interface Entry {
  agentId: string
  item: Json
}

function itemsOf(
  phase: PhaseDefinition,
  results: Results,
): { ok: true; entries: readonly Entry[] } | { ok: false; reason: string } {
  const source = phase.forEach
  const [agentId] = phase.agentIds
  if (source === undefined || agentId === undefined) {
    return { ok: true, entries: phase.agentIds.map((id) => ({ agentId: id, item: null })) }
  }
  const found = results.get(source) ?? []
  const [result] = found
  if (result === undefined || found.length > 1) {
    return { ok: false, reason: `“${source}” has ${found.length} results, and one is needed to go through` }
  }
  const list = listIn(result.output)
  if (list === null) return { ok: false, reason: `the result of “${source}” is no list and has no items` }
  return { ok: true, entries: list.map((item) => ({ agentId, item })) }
}

function listIn(output: Json): readonly Json[] | null {
  if (Array.isArray(output)) return output
  if (typeof output !== 'object' || output === null) return null
  const { items } = output as { readonly [key: string]: Json }
  return Array.isArray(items) ? items : null
}

function upstreamResults(
  upstream: readonly PhaseDefinition[],
  results: Results,
): Readonly<Record<string, readonly UpstreamResult[]>> {
  // Phase names come from outside: without a prototype none of them means something else.
  const byPhase = Object.create(null) as Record<string, readonly UpstreamResult[]>
  for (const { name } of upstream) {
    byPhase[name] = Object.freeze(
      (results.get(name) ?? []).map(({ runId, agentId, output }) => ({ runId, agentId, output })),
    )
  }
  return Object.freeze(byPhase)
}
