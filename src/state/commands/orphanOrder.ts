/**
 * Owns what goes along with a command for a run that nobody drives: all that an orchestrator needs to drive it alone.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { Json } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import { isRunLog } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import { childOrderFor } from '../resume/childOrder.ts'
import type { Runtime } from '../runtime.ts'
import { at } from '../table.ts'

/** The payload as it is sent. A workflow run's order is made with its plan, and is in the payload already. */
export async function withOrder(
  runtime: Runtime,
  { log, verb }: Pick<RunCommand, 'log' | 'verb'>,
  payload: Json,
): Promise<{ ok: true; payload: Json } | { ok: false; reason: string }> {
  if (!isRunLog(log)) return { ok: true, payload }
  const record =
    at(runtime.getState().runs.records, log) ?? (await runtime.ledger.readRecords([log])).get(log)
  const hasEnded = record !== undefined && isSettled(lifecycleOf(record).status)
  const mode = verb === 'answer' || (verb === 'resume' && !hasEnded) ? 'continue' : 'attempt'
  const own = fieldsOf(payload)
  const { message } = own
  const followUps = verb === 'follow_up' && typeof message === 'string' ? [message] : []
  const made = await childOrderFor(runtime, log, mode, followUps).catch((error: unknown) => ({
    ok: false as const,
    reason: error instanceof Error ? error.message : String(error),
  }))
  if (!made.ok) return made
  return { ok: true, payload: { ...own, order: made.order as unknown as Json } }
}

/** What the verb itself is given. */
function fieldsOf(payload: Json): { readonly [field: string]: Json } {
  const isPlain = typeof payload === 'object' && payload !== null && !Array.isArray(payload)
  return isPlain ? (payload as { readonly [field: string]: Json }) : {}
}
