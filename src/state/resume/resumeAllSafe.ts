/**
 * Owns resuming everything that lost its owner and that needs nobody's word: one workflow run after the other, each
 * with what became of it. What a person stopped, or what failed by its owner's word, is not among it.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { ResumePlan } from '../../core/resume/plan.ts'
import { selectLostWorkflows } from '../selectors/morning.ts'
import type { Runtime } from '../runtime.ts'
import { planResume, resumeWorkflow } from './resumeWorkflow.ts'

export interface ResumeOutcome {
  workflowRunId: string
  outcome: 'resumed' | 'left' | 'failed'
  /** Why it was left or failed; null when it was resumed. */
  reason: string | null
  plan: ResumePlan | null
  command: RunCommand | null
}

export interface ResumeAllOptions {
  /** Plans a person has seen; without them, all workflow runs that lost their owner are planned now. */
  plans?: readonly ResumePlan[]
  onOutcome?: (outcome: ResumeOutcome) => void
}

export async function resumeAllSafe(
  runtime: Runtime,
  { plans, onOutcome }: ResumeAllOptions = {},
): Promise<readonly ResumeOutcome[]> {
  const outcomes: ResumeOutcome[] = []
  for (const one of plans ?? selectLostWorkflows(runtime.getState()).map(({ workflow }) => workflow.id)) {
    const outcome = await resumeOne(runtime, one)
    outcomes.push(outcome)
    onOutcome?.(outcome)
  }
  return outcomes
}

async function resumeOne(runtime: Runtime, one: ResumePlan | string): Promise<ResumeOutcome> {
  const workflowRunId = typeof one === 'string' ? one : one.workflowRunId
  let plan: ResumePlan | null = null
  try {
    plan = typeof one === 'string' ? await planResume(runtime, one) : one
    const whyLeft = plan.refusal ?? (plan.isSafe ? null : 'Its plan needs a person’s word first.')
    if (whyLeft !== null) return { workflowRunId, outcome: 'left', reason: whyLeft, plan, command: null }
    const command = await resumeWorkflow(runtime, plan)
    const isRefused = command.state === 'rejected' || command.state === 'unknown'
    return { workflowRunId, outcome: isRefused ? 'failed' : 'resumed', reason: command.detail, plan, command }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { workflowRunId, outcome: 'failed', reason, plan, command: null }
  }
}
