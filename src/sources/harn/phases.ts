/**
 * Owns a run's nodes as phases of its workflow: which there are, what builds on what, and how far each got. A node visited
 * twice is one phase; its last visit counts.
 */
import type { PhaseStatus } from '../../core/entities.ts'
import type { RunContext } from './context.ts'
import { line } from './facts.ts'
import { readList, TRANSITION } from './records.ts'
import { stageStatus } from './statuses.ts'

/** As many as a workflow may declare. */
const DECLARED = 200

export interface DeclaredPhase {
  name: string
  description: string | null
  agentIds: string[]
  dependsOn: string[]
}

export function declarePhases(context: RunContext): DeclaredPhase[] {
  const { run, stages, report } = context
  const kinds = new Map(stages.map(({ node, value }) => [node, line(value.kind, 200)]))
  const transitions = readList(TRANSITION, run.transitions, 'transitions', report.skip).map(
    ({ value }) => value,
  )
  const others = [
    ...(run.completed_nodes ?? []),
    ...(run.pending_nodes ?? []),
    ...transitions.map((each) => each.to_node_id),
  ]
  const names = [
    ...new Set([...stages.map(({ node }) => node), ...others.map((name) => line(name, 200) ?? '')]),
  ].filter((name) => name !== '')
  if (names.length > DECLARED)
    report.note(`The run has ${names.length} nodes; ${DECLARED} of them are shown as phases.`)
  const declared = names.slice(0, DECLARED)
  return declared.map((name, at) => {
    // Loops go back to earlier nodes; what a phase builds on came before it.
    const earlier = new Set(declared.slice(0, at))
    const from = transitions
      .filter((each) => line(each.to_node_id, 200) === name)
      .map((each) => line(each.from_node_id, 200) ?? '')
    return {
      name,
      description: kinds.get(name) ?? null,
      agentIds: [],
      dependsOn: [...new Set(from)].filter((each) => earlier.has(each)),
    }
  })
}

/** Facts of how far each node got. Every step is told, so that an older file never has one that a newer lacks. */
export function addPhases(context: RunContext): void {
  const { run, stages, facts, workflowLog: log, stream, startedAt } = context
  const visits = new Map<string, number>()
  const move = (node: string, to: PhaseStatus, visit: number, at: readonly (number | null)[]): void =>
    facts.add({
      log,
      stream,
      type: 'phase.transitioned',
      payload: { phase: node, to },
      key: `phase:${node}:${visit}:${to}`,
      at,
    })

  for (const { node, value, startedAt: began, finishedAt: ended } of stages) {
    const visit = (visits.get(node) ?? 0) + 1
    visits.set(node, visit)
    move(node, 'running', visit, [began, startedAt])
    const end = endOf(stageStatus(value.status, value.outcome))
    if (end !== null) move(node, end, visit, [ended, began, startedAt])
  }
  for (const name of run.completed_nodes ?? []) {
    const node = line(name, 200)
    if (node !== null && !visits.has(node)) move(node, 'completed', 0, [startedAt])
  }
}

/** An end nobody wrote is not told: the workflow's own end closes what was left open. */
function endOf(status: ReturnType<typeof stageStatus>): PhaseStatus | null {
  return status === 'completed' || status === 'failed' || status === 'cancelled' ? status : null
}
