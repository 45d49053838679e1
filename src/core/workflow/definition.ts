/**
 * Owns the shape of a workflow definition, a phase graph declared as data, and of what can be wrong with one.
 */

export interface WorkflowDefinition {
  id: string
  name: string
  description: string
  phases: readonly PhaseDefinition[]
  /** Agents running at once within a phase. */
  concurrency: number
  /** Agents launched at most in one run of the workflow. */
  maxChildren: number
}

export interface PhaseDefinition {
  /** Part of its children's run ids, therefore without a dot. */
  name: string
  description: string
  /** One child run per entry; with `forEach`, the one agent launched per item. */
  agentIds: readonly string[]
  /** Phases that must be completed first. */
  dependsOn: readonly string[]
  /** A phase in `dependsOn` whose single result is an array (or has `items`): one child per item. */
  forEach?: string
}

/** What is wrong, and a sentence a person can read. */
export type DefinitionError = { message: string } & (
  | { kind: 'malformed'; path: string }
  | { kind: 'noPhases' }
  | { kind: 'duplicatePhase'; phase: string }
  | { kind: 'emptyPhase'; phase: string }
  | { kind: 'unknownAgent'; phase: string; agentId: string }
  | { kind: 'unknownDependency'; phase: string; dependency: string }
  | { kind: 'cyclicDependency'; cycle: readonly string[] }
  | { kind: 'invalidForEach'; phase: string; source: string }
  | { kind: 'invalidConcurrency' }
  | { kind: 'invalidMaxChildren' }
)

export type DefinitionCheck =
  | { ok: true; definition: WorkflowDefinition }
  | { ok: false; errors: readonly DefinitionError[] }
