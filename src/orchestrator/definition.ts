/**
 * Owns the shape of a workflow definition and its validation: a phase graph, declared as data.
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
  name: string
  description: string
  /** One child run per entry; with `forEach`, the one agent launched per item. */
  agentIds: readonly string[]
  /** Phases that must be completed first. */
  dependsOn: readonly string[]
  /** A phase in `dependsOn` whose single result is an array (or has `items`): one child per item. */
  forEach?: string
}
