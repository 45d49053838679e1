/**
 * Owns which tasks a phase has, given the results before it, and the content key of each. The orchestrator that
 * runs a workflow and the planner that resumes it ask the same functions, so they cannot disagree.
 */
import { contentKeyOf, hashOf } from '../contentKey.ts'
import type { Json } from '../entities.ts'
import type { PhaseDefinition } from './definition.ts'

/** What a completed child hands to later phases. */
export interface UpstreamResult {
  runId: string
  agentId: string
  output: Json
}

/** Results of completed phases by name, each in the order of its tasks. */
export type PhaseResults = ReadonlyMap<string, readonly UpstreamResult[]>

export interface PhaseTask {
  phase: string
  agentId: string
  /** Zero-based place among the tasks of the phase. */
  index: number
  /** The item it is for, in a phase with `forEach`; null elsewhere. */
  item: Json
}

export type PhaseTasks = { ok: true; tasks: readonly PhaseTask[] } | { ok: false; reason: string }

/** One task per agent of the phase, or per item of the result it goes through. */
export function tasksOf(phase: PhaseDefinition, results: PhaseResults): PhaseTasks {
  const items = itemsOf(phase, results)
  if (!items.ok) return items
  return {
    ok: true,
    tasks: items.entries.map(({ agentId, item }, index) => ({ phase: phase.name, agentId, index, item })),
  }
}

/** Results of the phases one builds upon, by phase name, in definition order. */
export function upstreamResults(
  upstream: readonly PhaseDefinition[],
  results: PhaseResults,
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

/** What all tasks of one phase share in their keys. */
export interface KeyContext {
  phase: PhaseDefinition
  /** The phases it builds upon, in definition order. */
  upstream: readonly PhaseDefinition[]
  results: PhaseResults
  input: Json
  /** Fingerprint of an agent (`fingerprintOf`). */
  fingerprint(agentId: string): string
}

/** The content key of a task of the phase; what is shared is hashed once. */
export function keyMaker({
  phase,
  upstream,
  results,
  input,
  fingerprint,
}: KeyContext): (task: PhaseTask) => string {
  // Which run a result came from is no part of it: work done again gives the same key.
  const given = upstream.map(({ name }) => [
    name,
    (results.get(name) ?? []).map(({ output }) => hashOf(output)),
  ])
  const shared = { phase: declared(phase), upstream: hashOf(given), input: hashOf(input) }
  return ({ agentId, item }) => contentKeyOf({ ...shared, agent: fingerprint(agentId), item })
}

/** A sibling agent, or another order of the phases, is no other work. */
const declared = ({ name, description, forEach }: PhaseDefinition): Json => ({
  name,
  description,
  forEach: forEach ?? null,
})

interface Entry {
  agentId: string
  item: Json
}

function itemsOf(
  phase: PhaseDefinition,
  results: PhaseResults,
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
