/**
 * Owns naming what is not as it was when a run began: fields of the input, phases of the definition, agents, and
 * what work builds upon.
 */
import { changedParts, hashOf } from '../contentKey.ts'
import type { KeyPart } from '../contentKey.ts'
import type { Json, WorkflowRecord } from '../entities.ts'
import type { PhaseDefinition, WorkflowDefinition } from '../workflow/definition.ts'

interface Fields {
  readonly [key: string]: Json
}

/** Fields of the input that differ, as `input changed: question`. */
export function inputChanges(before: Json, now: Json): readonly string[] {
  if (hashOf(before) === hashOf(now)) return []
  if (!isObject(before) || !isObject(now)) return ['input changed']
  return differing(before, now).map((name) => `input changed: ${name}`)
}

/** What differs from the definition as it was run; nothing can be said when that was not recorded. */
export function definitionChanges({ workflow }: WorkflowRecord, now: WorkflowDefinition): readonly string[] {
  const before = workflow.definition
  if (!isObject(before)) return []
  const known = phasesIn(before)
  const names = new Set(now.phases.map(({ name }) => name))
  const { phases: _, ...rest } = before
  const { phases, ...others } = now
  return [
    ...differing(rest, others).map((name) => `definition changed: ${name}`),
    ...phases.flatMap((phase) => {
      const old = known.get(phase.name)
      if (old === undefined) return [`phase added: ${phase.name}`]
      return hashOf(asDeclared(phase)) === hashOf(old) ? [] : [`phase changed: ${phase.name}`]
    }),
    ...[...known.keys()].filter((name) => !names.has(name)).map((name) => `phase removed: ${name}`),
  ]
}

/** What makes the work of an earlier run other work; `parts` in which its key differs. */
export function workChanges(
  parts: readonly KeyPart[],
  { phase, agentId, input }: { phase: string; agentId: string; input: readonly string[] },
): readonly string[] {
  return parts.flatMap((part) => {
    switch (part) {
      case 'phase':
        return [`phase changed: ${phase}`]
      case 'agent':
        return [`agent changed: ${agentId}`]
      case 'input':
        return input.length > 0 ? input : ['input changed']
      case 'item':
        return [`item changed: ${phase}`]
      case 'upstream':
        return [`results before it changed: ${phase}`]
    }
  })
}

/** Parts in which a child's key differs from the one its work has now; all is open for a run without a key. */
export const partsChanged = (keyBefore: string | null, keyNow: string): readonly KeyPart[] =>
  keyBefore === null ? [] : (changedParts(keyBefore, keyNow) ?? [])

function phasesIn(definition: Fields): ReadonlyMap<string, Json> {
  const list = definition['phases']
  const phases: readonly Json[] = Array.isArray(list) ? list : []
  return new Map(
    phases.flatMap((phase) => {
      if (!isObject(phase)) return []
      const { name, description, agentIds, dependsOn, forEach } = phase
      const declared = { name, description, agentIds, dependsOn, forEach: forEach ?? null }
      return typeof name === 'string' ? [[name, declared as Json] as const] : []
    }),
  )
}

const asDeclared = ({ name, description, agentIds, dependsOn, forEach }: PhaseDefinition): Json => ({
  name,
  description,
  agentIds,
  dependsOn,
  forEach: forEach ?? null,
})

/** Names of the members that differ, in alphabetical order. */
function differing(before: Fields, now: Fields): readonly string[] {
  const at = (fields: Fields, name: string): Json =>
    Object.hasOwn(fields, name) ? [fields[name] ?? null] : null
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => hashOf(at(before, name)) !== hashOf(at(now, name)))
    .toSorted()
}

const isObject = (value: Json): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
