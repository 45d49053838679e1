/**
 * Owns the order for a single worker that nobody drives: all an orchestrator needs to go on with that child alone,
 * from the records of its workflow. SPEC R1.
 */
import type { LogId } from '../../core/ids.ts'
import { idOfLog, isRunLog } from '../../core/ids.ts'
import type { ChildOrder } from '../../core/resume/order.ts'
import { childOrderOf } from '../../core/resume/planner.ts'
import type { Runtime } from '../runtime.ts'
import { CannotPlanError } from './inputs.ts'
import { gatherWorld } from './world.ts'

export type MadeOrder = { ok: true; order: ChildOrder } | { ok: false; reason: string }

/**
 * `continue` goes on in the same attempt from its checkpoint; `attempt` begins the next one. `reason`: why there is
 * no order, as a sentence. @throws LedgerError
 */
export async function childOrderFor(
  runtime: Runtime,
  log: LogId,
  mode: ChildOrder['mode'],
  followUps: readonly string[] = [],
): Promise<MadeOrder> {
  const record = isRunLog(log) ? (await runtime.ledger.readRecords([log])).get(log) : undefined
  if (record?.entity !== 'run') return { ok: false, reason: `There is no run ${idOfLog(log)} here.` }
  const { workflowRunId } = record.run
  if (workflowRunId === null) {
    return { ok: false, reason: 'Its owner is gone, and what it was given is known to nobody else.' }
  }
  try {
    const world = await gatherWorld(runtime, workflowRunId)
    return await childOrderOf(world, record.run.id, { mode, followUps })
  } catch (error) {
    if (error instanceof CannotPlanError) return { ok: false, reason: error.message }
    throw error
  }
}
