/**
 * Owns reading what a resume is given: the definition as it will be run, and the agents there are to run it.
 */
import { toPlainJson } from '../../core/bounds.ts'
import type { Json, WorkflowRecord } from '../../core/entities.ts'
import type { AgentCatalog } from '../../core/ports.ts'
import type { WorkflowDefinition } from '../../core/workflow/definition.ts'
import { readDefinition } from '../../core/workflow/readDefinition.ts'
import { explainErrors, validateDefinition } from '../../core/workflow/validateDefinition.ts'
import { isHere } from '../commands/carrier.ts'
import type { Runtime } from '../runtime.ts'

/** No plan can be made: what it would be made of cannot be read. Nothing was changed. */
export class CannotPlanError extends Error {
  override readonly name = 'CannotPlanError'
}

/** The definition as it is kept, or the one the host gives. @throws CannotPlanError */
export function definitionOf({ workflow }: WorkflowRecord, given: Json | undefined): WorkflowDefinition {
  const value = given ?? workflow.definition
  if (value === null) {
    throw new CannotPlanError('This workflow was recorded without its definition, so it cannot be resumed.')
  }
  const plain = toPlainJson(value)
  // Agents that are no more block their own children, and nothing else.
  const named = plain.ok ? readDefinition(plain.value).read.phases.flatMap(({ agentIds }) => agentIds) : []
  const check = validateDefinition(value, new Set(named))
  if (!check.ok) {
    throw new CannotPlanError(
      `The definition of this workflow cannot be used: ${explainErrors(check.errors)}`,
    )
  }
  return check.definition
}

/** What could be run now. @throws CannotPlanError when nobody can tell: that is not the same as no agents. */
export async function readCatalog(runtime: Runtime): Promise<AgentCatalog> {
  const able = runtime.sources.filter((source) => source.catalog !== undefined)
  const source = able.find((each) => isHere(runtime, each)) ?? able[0]
  if (source?.catalog === undefined) {
    throw new CannotPlanError('No orchestrator of this page can resume workflows.')
  }
  try {
    return await source.catalog()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CannotPlanError(`The orchestrator that would run it cannot be reached: ${reason}`)
  }
}
