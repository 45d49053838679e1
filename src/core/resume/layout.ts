/**
 * Owns walking the phases of a workflow as its orchestrator would: which tasks each has, as far as earlier results
 * tell, and which children are theirs. Where something is still to be done, what comes after it is open.
 */
import type { Json } from '../entities.ts'
import type { PhaseDefinition, WorkflowDefinition } from '../workflow/definition.ts'
import { upstreamOf } from '../workflow/phaseGraph.ts'
import { keyMaker, tasksOf } from '../workflow/tasks.ts'
import type { PhaseResults, PhaseTask, UpstreamResult } from '../workflow/tasks.ts'
import { explainErrors, validateDefinition } from '../workflow/validateDefinition.ts'
import { byPlace, matchTasks } from './match.ts'
import type { KeyedTask, Match } from './match.ts'
import type { ResumeChild, ResumeWorld } from './plan.ts'

export interface PhaseLayout {
  phase: PhaseDefinition
  /** Phases it builds upon, in definition order. */
  upstream: readonly PhaseDefinition[]
  /** Tasks that the cap on children leaves room for. */
  granted: number
  work:
    | { kind: 'known'; matches: readonly Match[] }
    /** Its inputs are still to come; `children` have worked in it before. */
    | { kind: 'open'; waitsFor: readonly string[]; children: readonly OpenChild[] }
    /** Its inputs are there and cannot be used. */
    | { kind: 'impossible'; reason: string }
}

export interface OpenChild {
  child: ResumeChild
  /** Key the child would have if all that is still to come came out as it was; null without its agent. */
  keyNow: string | null
}

export interface Layout {
  /** In definition order. */
  phases: readonly PhaseLayout[]
  /** Results of the phases that are wholly done. */
  results: ReadonlyMap<string, readonly (UpstreamResult & { child: ResumeChild })[]>
}

/** `isDone`: whether the child's result stands. */
export function layOut(world: ResumeWorld, isDone: (child: ResumeChild) => boolean): Layout {
  const { definition } = world
  const laid = new Map<string, PhaseLayout>()
  const results = new Map<string, readonly (UpstreamResult & { child: ResumeChild })[]>()
  let room = definition.maxChildren

  for (const phase of inOrder(definition)) {
    const upstream = upstreamOf(definition.phases, phase.name)
    const waitsFor = upstream.map(({ name }) => name).filter((name) => !results.has(name))
    const work = workIn(world, { phase, upstream, waitsFor, results, isDone })
    const granted = Math.min(room, sizeOf(phase, work))
    room -= granted
    laid.set(phase.name, { phase, upstream, granted, work })
    if (work.kind !== 'known' || granted < work.matches.length) continue
    const done = work.matches.flatMap(({ child }) =>
      child !== null && child.result.kind === 'found' && isDone(child)
        ? [{ ...resultOf(child, child.result.value), child }]
        : [],
    )
    if (done.length === work.matches.length) results.set(phase.name, done)
  }
  return { phases: definition.phases.flatMap(({ name }) => laid.get(name) ?? []), results }
}

/** Why phases cannot be walked; a definition may come from anywhere, and a cycle would never end. */
export function whyUnusable(definition: WorkflowDefinition): string | null {
  const named = new Set(definition.phases.flatMap(({ agentIds }) => agentIds))
  const check = validateDefinition(definition, named)
  return check.ok ? null : `Its definition cannot be used: ${explainErrors(check.errors)}`
}

/** Dependencies first; of those that could begin together, in definition order. */
function inOrder({ phases }: WorkflowDefinition): readonly PhaseDefinition[] {
  const order = new Set<PhaseDefinition>()
  const names = new Set<string>()
  for (let before = -1; before < order.size;) {
    before = order.size
    const ready = phases.filter(
      (phase) => !order.has(phase) && phase.dependsOn.every((name) => names.has(name)),
    )
    for (const phase of ready) {
      order.add(phase)
      names.add(phase.name)
    }
  }
  return [...order]
}

interface Standing {
  phase: PhaseDefinition
  upstream: readonly PhaseDefinition[]
  waitsFor: readonly string[]
  results: PhaseResults
  isDone: (child: ResumeChild) => boolean
}

function workIn(world: ResumeWorld, standing: Standing): PhaseLayout['work'] {
  const { phase, upstream, waitsFor, results, isDone } = standing
  const { children, input, agent } = world
  const fingerprint = (agentId: string): string => agent(agentId)?.fingerprint ?? ''
  const keyOf = keyMaker({ phase, upstream, results, input, fingerprint })
  const keyed = (task: PhaseTask): KeyedTask => ({
    task,
    key: agent(task.agentId) === null ? null : keyOf(task),
  })
  if (waitsFor.length > 0) return { kind: 'open', waitsFor, children: openChildren(phase, children, keyed) }
  const tasks = tasksOf(phase, results)
  if (!tasks.ok) return { kind: 'impossible', reason: tasks.reason }
  return { kind: 'known', matches: matchTasks(phase.name, tasks.tasks.map(keyed), children, isDone) }
}

function openChildren(
  phase: PhaseDefinition,
  children: readonly ResumeChild[],
  keyed: (task: PhaseTask) => KeyedTask,
): readonly OpenChild[] {
  const place = ({ record }: ResumeChild): number => phase.agentIds.indexOf(record.run.agentId ?? '')
  return children
    .filter((child) => child.record.run.phase === phase.name && place(child) !== -1)
    .toSorted((a, b) => place(a) - place(b) || byPlace(a, b))
    .map((child) => {
      const task = { phase: phase.name, agentId: child.record.run.agentId ?? '', index: 0, item: null }
      return { child, keyNow: keyed(task).key }
    })
}

/** Tasks it has at least; how many items a list to come will have is not known. */
function sizeOf(phase: PhaseDefinition, work: PhaseLayout['work']): number {
  if (work.kind === 'known') return work.matches.length
  return work.kind === 'open' && phase.forEach === undefined ? phase.agentIds.length : 0
}

const resultOf = ({ record: { run } }: ResumeChild, output: Json): UpstreamResult => ({
  runId: run.id,
  agentId: run.agentId ?? '',
  output,
})
