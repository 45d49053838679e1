/**
 * Owns handing a command over: to the run's owner, to an orchestrator that takes on a run nobody drives, or, for a
 * stop of such a run, to ourselves. SPEC O1.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { Json } from '../../core/entities.ts'
import type { Source } from '../../core/ports.ts'
import type { Carrier } from './carrier.ts'
import { save, settle } from './writes.ts'
import { isFinal } from './states.ts'
import { withOrder } from './orphanOrder.ts'
import { stopOrphan } from './stopOrphan.ts'
import type { Runtime } from '../runtime.ts'

/** `payload` is what the person said; it goes to whoever drives the run and nowhere else. The command is on disk. */
export async function carryOut(
  runtime: Runtime,
  carrier: Carrier,
  command: RunCommand,
  payload: Json,
): Promise<RunCommand> {
  switch (carrier.kind) {
    case 'away':
      return command
    case 'here':
      return deliver(runtime, carrier.source, command, payload)
    case 'orphan':
      if (command.verb === 'stop') return stopOrphan(runtime, command)
      if (carrier.source !== null) return takeOn(runtime, carrier.source, command, payload)
      break
    case 'nobody':
  }
  return settle(runtime, command, 'rejected', 'Nobody can carry it out.')
}

async function deliver(
  runtime: Runtime,
  source: Source,
  command: RunCommand,
  payload: Json,
  isTakenOn = false,
): Promise<RunCommand> {
  const delivery = await source.send({ ...command, payload }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: 'lost' as const, reason: `May have been delivered: ${reason}` }
  })
  switch (delivery.kind) {
    case 'lost':
      return settle(runtime, command, 'unknown', delivery.reason)
    case 'rejected':
      return reject(runtime, command, delivery.reason)
    case 'unknownRun':
      if (command.verb === 'stop') return stopOrphan(runtime, command)
      if (!isTakenOn && source.catalog !== undefined) return takeOn(runtime, source, command, payload)
      return settle(runtime, command, 'rejected', delivery.reason)
    case 'delivered': {
      const delivered: RunCommand = { ...command, state: 'delivered' }
      await save(runtime, delivered)
      return runtime.getState().runs.commands[command.id] ?? delivered
    }
  }
}

/** Sends along all that an orchestrator needs to drive the run alone. */
async function takeOn(
  runtime: Runtime,
  source: Source,
  command: RunCommand,
  payload: Json,
): Promise<RunCommand> {
  const order =
    source.catalog === undefined ? { ok: true as const, payload } : await withOrder(runtime, command, payload)
  if (!order.ok) return settle(runtime, command, 'rejected', order.reason)
  return deliver(runtime, source, command, order.payload, true)
}

/** Who refuses a command of a run it knows says so on its timeline; else we do. */
async function reject(runtime: Runtime, command: RunCommand, reason: string): Promise<RunCommand> {
  await runtime.ingest.settled()
  const known = runtime.getState().runs.commands[command.id]
  return known !== undefined && isFinal(known) ? known : settle(runtime, command, 'rejected', reason)
}
