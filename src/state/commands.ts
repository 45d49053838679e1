/**
 * Owns the outbox: a command is durable before it is sent, and settled by the orchestrator's own event or by
 * its refusal. SPEC O1.
 */
import type { RunCommand } from '../core/commands.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { CommandRequest, Source } from '../core/ports.ts'
import { EMPTY_BATCH } from '../ledger/port.ts'
import { commandChanged } from './actions.ts'
import { isFinal } from './commandStates.ts'
import type { Runtime } from './runtime.ts'

const HOUR = 3_600_000
const LIFETIME = { stop: HOUR, pause: HOUR } as Readonly<Partial<Record<RunCommand['verb'], number>>>

/** A command nobody can carry out. Nothing was written or sent. */
export class CommandRefusedError extends Error {
  override readonly name = 'CommandRefusedError'
}

/**
 * Records a command, then sends it. Resolves with its state once delivered or refused; the orchestrator's
 * event settles it later.
 * @throws CommandRefusedError when no source can carry out the verb, or nothing is hydrated yet.
 * @throws LedgerError when the command could not be made durable; it was not sent.
 */
export async function sendCommand(runtime: Runtime, request: CommandRequest): Promise<RunCommand> {
  const { getState, clock, ids } = runtime
  if (getState().ledger.phase !== 'ready') throw new CommandRefusedError('The ledger is still loading.')
  const source = carrierOf(runtime, request.verb)
  if (source === undefined) throw new CommandRefusedError(`No connected source can ${request.verb} a run.`)
  const now = clock.now()
  const id = ids.next()
  const record = getState().runs.records[request.log]
  const command: RunCommand = {
    id,
    log: request.log,
    verb: request.verb,
    payload: request.payload,
    idempotencyKey: id,
    attempt: record === undefined ? 1 : lifecycleOf(record).attempt,
    sender: runtime.page,
    state: 'sending',
    createdAt: now,
    expiresAt: now + (LIFETIME[request.verb] ?? 24 * HOUR),
    settledAt: null,
    detail: null,
  }
  await save(runtime, command)
  return deliver(runtime, source, command)
}

/** Held by a page for as long as it lives: its commands are in its own hands. */
const pageLock = (scope: string, page: string): string => `run-ledger:${scope}:page:${page}`

/** Tells the scope's other pages that this one is alive. Gives back how to take that back. */
export function claimPage({ locks, scope, page }: Runtime): Promise<() => void> {
  return locks.hold(pageLock(scope, page))
}

/**
 * Settles what pages that died left in the outbox. A start whose run never appeared is sent again, since
 * nothing of it survived; whatever was meant for an orchestrator that died with its page is unknown.
 */
export async function resumeOutbox(runtime: Runtime): Promise<void> {
  // One page at a time, and over what is on disk by then: no command is taken up twice.
  const release = await runtime.locks.hold(`run-ledger:${runtime.scope}:outbox`)
  try {
    const orphans = await readOrphans(runtime)
    for (const command of orphans) await takeUp(runtime, command)
  } finally {
    release()
  }
}

async function readOrphans(runtime: Runtime): Promise<readonly RunCommand[]> {
  const { ledger, locks, dispatch, getState, clock, scope, page } = runtime
  const [stored, held] = await Promise.all([ledger.listCommands(), locks.held()])
  const known = getState().runs.commands
  for (const command of stored) {
    // Another page may have settled what we still show as open.
    if (isFinal(command) && known[command.id]?.state !== command.state) dispatch(commandChanged(command))
  }
  return stored.filter((command) => {
    if (isFinal(command) || command.sender === page) return false
    // Without locks nobody's death can be told, only that its time is over.
    return held === null ? command.expiresAt <= clock.now() : !held.has(pageLock(scope, command.sender))
  })
}

async function takeUp(runtime: Runtime, command: RunCommand): Promise<void> {
  if (command.verb !== 'start') {
    const detail = 'The page closed before the orchestrator confirmed it.'
    await settle(runtime, command, command.state === 'queued' ? 'expired' : 'unknown', detail)
    return
  }
  const source = carrierOf(runtime, command.verb)
  const record = (await runtime.ledger.readRecords([command.log])).get(command.log)
  if (record !== undefined) await settle(runtime, command, 'applied', null)
  else if (command.expiresAt <= runtime.clock.now() || source === undefined) {
    await settle(runtime, command, 'expired', 'It was never sent.')
  } else {
    const ours: RunCommand = { ...command, sender: runtime.page }
    await save(runtime, ours)
    await deliver(runtime, source, ours)
  }
}

function carrierOf({ sources }: Runtime, verb: RunCommand['verb']): Source | undefined {
  return sources.find((source) => source.verbs.some((each) => each.verb === verb))
}

async function deliver(runtime: Runtime, source: Source, command: RunCommand): Promise<RunCommand> {
  try {
    const delivery = await source.send(command)
    if (delivery.kind === 'rejected') return settle(runtime, command, 'rejected', delivery.reason)
    // Its event may have been quicker than its receipt.
    const known = runtime.getState().runs.commands[command.id]
    if (known !== undefined && isFinal(known)) return known
    const delivered: RunCommand = { ...command, state: 'delivered' }
    await save(runtime, delivered)
    return delivered
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return settle(runtime, command, 'unknown', `May have been delivered: ${reason}`)
  }
}

async function settle(
  runtime: Runtime,
  command: RunCommand,
  state: RunCommand['state'],
  detail: string | null,
): Promise<RunCommand> {
  const settled: RunCommand = { ...command, state, detail, settledAt: runtime.clock.now() }
  await save(runtime, settled)
  return settled
}

/** Durable first, visible after. */
async function save({ writer, dispatch }: Runtime, command: RunCommand): Promise<void> {
  await writer.decide([], () => ({ ...EMPTY_BATCH, commands: [command], durability: 'strict' }))
  dispatch(commandChanged(command))
}
