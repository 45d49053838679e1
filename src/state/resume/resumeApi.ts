/**
 * Owns what a run ledger offers for going on after a loss: plans, carrying them out, and what pages look up for them.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { LogId } from '../../core/ids.ts'
import type { Source } from '../../core/ports.ts'
import type { ResumePlan } from '../../core/resume/plan.ts'
import type { Runtime } from '../runtime.ts'
import { resumeAllSafe } from './resumeAllSafe.ts'
import type { ResumeAllOptions, ResumeOutcome } from './resumeAllSafe.ts'
import { planResume, resumeWorkflow } from './resumeWorkflow.ts'
import { standingOf } from './standing.ts'
import type { Standing } from './standing.ts'
import type { PlanOptions } from './world.ts'

export const resumeApi = (runtime: Runtime) => ({
  /**
   * What a resume would do with every child of a workflow run, and why; changes nothing.
   * @throws CannotPlanError when the workflow, its definition or the agents there are cannot be read.
   */
  planResume: (workflowRunId: string, options?: PlanOptions): Promise<ResumePlan> =>
    planResume(runtime, workflowRunId, options),
  /**
   * Carries out exactly this plan.
   * @throws StalePlanError when the world is not the plan's any more, CommandRefusedError: nothing was written or sent.
   */
  resumeWorkflow: (plan: ResumePlan): Promise<RunCommand> => resumeWorkflow(runtime, plan),
  /** Resumes what lost its owner and needs nobody's word, one after the other. Never rejects for one of them. */
  resumeAllSafe: (options?: ResumeAllOptions): Promise<readonly ResumeOutcome[]> =>
    resumeAllSafe(runtime, options),
  /** Whether somebody drives a run, and whether its checkpoint can be used; null when there is no such run. */
  standingOf: (log: LogId): Promise<Standing | null> => standingOf(runtime, log),
  /** What the sources of this page can carry out. */
  verbs: new Set(runtime.sources.flatMap(({ verbs }) => verbs.map(({ verb }) => verb))),
  /** Why they cannot carry out others. */
  cannot: Object.assign({}, ...runtime.sources.map(({ cannot }) => cannot)) as NonNullable<Source['cannot']>,
  /** How much of what is said is kept. */
  capture: runtime.redaction.capture,
})
