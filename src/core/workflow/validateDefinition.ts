/**
 * Owns the validation of workflow definitions. They come from outside, so every problem is found and named
 * before anything runs.
 */
import { toPlainJson } from '../bounds.ts'
import type { DefinitionCheck, DefinitionError, PhaseDefinition } from './definition.ts'
import { findCycles } from './phaseGraph.ts'
import { readDefinition } from './readDefinition.ts'

/**
 * Checks a definition from anywhere, and copies it without what we do not know. `agentIds`: those there are; null
 * where a phase may name one that is gone, and fails when it is reached. Never throws.
 */
export function validateDefinition(
  definition: unknown,
  agentIds: ReadonlySet<string> | null,
): DefinitionCheck {
  const plain = toPlainJson(definition)
  if (!plain.ok) {
    const message = `The definition is not plain data: it holds ${plain.reason}.`
    return { ok: false, errors: [{ kind: 'malformed', path: '', message }] }
  }
  const { read, errors: malformed } = readDefinition(plain.value)
  const errors = [...malformed, ...checkPhases(read.phases, agentIds)]
  return errors.length > 0 ? { ok: false, errors } : { ok: true, definition: read }
}

/** All problems joined to one reason, for a rejected command. */
export function explainErrors(errors: readonly DefinitionError[]): string {
  return errors.map(({ message }) => message).join(' ')
}

function checkPhases(
  phases: readonly PhaseDefinition[],
  agentIds: ReadonlySet<string> | null,
): readonly DefinitionError[] {
  const byName = new Map(phases.map((phase) => [phase.name, phase]))
  return [
    ...duplicates(phases),
    ...phases.flatMap((phase) => [
      ...unknownAgents(phase, agentIds),
      ...unknownDependencies(phase, byName),
      ...forEachErrors(phase, byName),
    ]),
    ...findCycles(phases).map((cycle): DefinitionError => {
      const [first = ''] = cycle
      const message = `These phases wait for each other: ${[...cycle, first].join(' → ')}.`
      return { kind: 'cyclicDependency', cycle, message }
    }),
  ]
}

function duplicates(phases: readonly PhaseDefinition[]): readonly DefinitionError[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { name } of phases) (seen.has(name) ? twice : seen).add(name)
  return [...twice].map((phase) => ({
    kind: 'duplicatePhase',
    phase,
    message: `There is more than one phase named “${phase}”.`,
  }))
}

function unknownAgents(
  phase: PhaseDefinition,
  known: ReadonlySet<string> | null,
): readonly DefinitionError[] {
  if (known === null) return []
  const unknown = new Set(phase.agentIds.filter((agentId) => !known.has(agentId)))
  return [...unknown].map((agentId) => ({
    kind: 'unknownAgent',
    phase: phase.name,
    agentId,
    message: `Phase “${phase.name}” names the agent “${agentId}”, which does not exist.`,
  }))
}

function unknownDependencies(
  phase: PhaseDefinition,
  byName: ReadonlyMap<string, PhaseDefinition>,
): readonly DefinitionError[] {
  const unknown = new Set(phase.dependsOn.filter((name) => !byName.has(name)))
  return [...unknown].map((dependency) => ({
    kind: 'unknownDependency',
    phase: phase.name,
    dependency,
    message: `Phase “${phase.name}” depends on “${dependency}”, which does not exist.`,
  }))
}

function forEachErrors(
  phase: PhaseDefinition,
  byName: ReadonlyMap<string, PhaseDefinition>,
): readonly DefinitionError[] {
  const source = phase.forEach
  if (source === undefined) return []
  const invalid = (message: string): DefinitionError => ({
    kind: 'invalidForEach',
    phase: phase.name,
    source,
    message: `Phase “${phase.name}” ${message}`,
  })
  const errors: DefinitionError[] = []
  if (!phase.dependsOn.includes(source)) {
    errors.push(invalid(`takes its items from “${source}” and must depend on it.`))
  }
  if (phase.agentIds.length > 1) {
    errors.push(invalid(`launches one agent per item, so it may name only one.`))
  }
  const upstream = byName.get(source)
  if (upstream !== undefined && (upstream.agentIds.length > 1 || upstream.forEach !== undefined)) {
    errors.push(invalid(`takes its items from one result, but “${source}” has several.`))
  }
  return errors
}
