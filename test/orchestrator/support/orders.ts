// Orders as the planner would make them, from what a life of an orchestrator left behind.
import type { Json, RunRecord, Text } from '../../../src/core/entities.ts'
import type { ChildOrder, KnownChild, ResumeOrder } from '../../../src/core/resume/order.ts'
import type { WorkflowDefinition } from '../../../src/core/workflow/definition.ts'

export const textOf = (preview: string): Text => ({ preview, chars: preview.length, ref: null })

type Known = Pick<KnownChild, 'action'> & Partial<KnownChild>

export function known({ run }: RunRecord, { action, ...changes }: Known): KnownChild {
  const { id, attempt, contentKey, phase, agentId } = run
  return {
    runId: id,
    contentKey: contentKey ?? '',
    phase: phase ?? '',
    agentId: agentId ?? '',
    attempt,
    action,
    ...changes,
  }
}

/** Its result as it is, its words for people too. */
export const reuse = ({ run }: RunRecord, isOrphan = false): KnownChild['action'] => ({
  kind: 'reuse',
  result: run.result ?? textOf('nothing that could be read'),
  output: run.output,
  summary: run.summary ?? '',
  isOrphan,
})

export const checkpointOf = ({ run }: RunRecord): Text => run.checkpoint?.state ?? textOf('none')

/** Reuses what is completed, goes on where somebody waits, begins the rest again. */
export function usual(record: RunRecord): KnownChild {
  const { status, checkpoint } = record.run
  if (status === 'completed') return known(record, { action: reuse(record) })
  if (status === 'awaiting_user' || status === 'paused') {
    return known(record, { action: { kind: 'continue', checkpoint: checkpointOf(record) } })
  }
  return known(record, { action: { kind: 'relaunch', checkpoint: checkpoint?.state ?? null } })
}

export const resumeOrder = (
  definition: WorkflowDefinition,
  input: Json,
  children: readonly KnownChild[],
  changes: Partial<ResumeOrder> = {},
): ResumeOrder => ({
  definition: definition as unknown as Json,
  input,
  parentThreadId: null,
  attempt: 2,
  children,
  held: [],
  plan: [],
  ...changes,
})

export function childOrder(record: RunRecord, changes: Partial<ChildOrder> = {}): ChildOrder {
  const { workflowRunId, phase, agentId, contentKey, attempt } = record.run
  return {
    workflowRunId: workflowRunId ?? '',
    phase: phase ?? '',
    agentId: agentId ?? '',
    contentKey: contentKey ?? '',
    parentThreadId: null,
    index: 0,
    item: null,
    input: null,
    upstream: [],
    attempt,
    mode: 'continue',
    checkpoint: checkpointOf(record),
    followUps: [],
    ...changes,
  }
}
