/**
 * Owns making a plan and carrying out exactly that plan: when anything it was made from is another by now, nothing
 * is written and nothing is sent. SPEC R1, R2.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { Json, LogRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import { runLog, workflowLog } from '../../core/ids.ts'
import { hashOf } from '../../core/contentKey.ts'
import type { PlanEntry, ResumePlan, ResumeWorld } from '../../core/resume/plan.ts'
import { orderOf, planResume as planOf } from '../../core/resume/planner.ts'
import { CommandRefusedError, sendCommand, StalePlanError } from '../commands/send.ts'
import type { Runtime } from '../runtime.ts'
import { gatherWorld } from './world.ts'
import type { PlanOptions } from './world.ts'

/** What would become of every child. Changes nothing. @throws CannotPlanError, LedgerError */
export async function planResume(
  runtime: Runtime,
  workflowRunId: string,
  options: PlanOptions = {},
): Promise<ResumePlan> {
  return planOf(await gatherWorld(runtime, workflowRunId, options))
}

/**
 * Sends the plan to the orchestrator. Resolves once it took it on; what is blocked is left alone.
 * @throws StalePlanError when the world is not the plan's any more: nothing was written or sent.
 * @throws CommandRefusedError when the plan has nothing to carry out.
 */
export async function resumeWorkflow(runtime: Runtime, plan: ResumePlan): Promise<RunCommand> {
  if (plan.refusal !== null) throw new CommandRefusedError(plan.refusal)
  const { workflowRunId, definition, input, policy, agreed, heads } = plan
  const world = await gatherWorld(runtime, workflowRunId, { definition, input, policy, agreed })
  const moved = movedLogs(plan, world)
  if (moved.length > 0) throw new StalePlanError(moved)
  const now = planOf(world)
  const other = differing(plan, now)
  // Results, checkpoints, owners and agents have no head; what became of them shows in the entries.
  if (other.length > 0) throw new StalePlanError(other)
  const order = orderOf(now, world) as unknown as Json
  return sendCommand(runtime, { log: workflowLog(workflowRunId), verb: 'resume', payload: order }, { heads })
}

/** Logs that are not where the plan says, that came since, or that are gone. */
function movedLogs({ heads }: ResumePlan, { record, children }: ResumeWorld): readonly LogId[] {
  const records: readonly LogRecord[] = [record, ...children.map((child) => child.record)]
  const found = new Set(records.map(({ log }) => log))
  const gone = (Object.keys(heads) as LogId[]).filter((log) => !found.has(log))
  const moved = records.filter((each) => heads[each.log] !== lifecycleOf(each).lastSequence)
  return [...moved.map(({ log }) => log), ...gone]
}

/** What the entries that come out otherwise are about. */
function differing(before: ResumePlan, now: ResumePlan): readonly LogId[] {
  const own = workflowLog(before.workflowRunId)
  const logOf = ({ runId }: PlanEntry): LogId => (runId === null ? own : runLog(runId))
  const known = new Map(before.entries.map((entry) => [entry.id, spelled(entry)]))
  const ids = new Set(now.entries.map(({ id }) => id))
  const logs = [
    ...now.entries.filter((entry) => known.get(entry.id) !== spelled(entry)),
    ...before.entries.filter(({ id }) => !ids.has(id)),
  ].map(logOf)
  if (logs.length === 0 && (before.refusal !== now.refusal || before.attempt !== now.attempt)) return [own]
  return [...new Set(logs)]
}

const spelled = (entry: PlanEntry): string => hashOf(entry as unknown as Json)
