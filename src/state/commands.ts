/**
 * Owns the outbox: a command is durable before it is sent, by the page that is connected to its orchestrator, and
 * settled by the orchestrator's own event or by its refusal. What is stored and shown of it is redacted; what is sent is what the person said. SPEC O1.
 */
import type { RunCommand } from '../core/commands.ts'
import type { Json } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import { scopeName } from '../core/ids.ts'
import type { CommandRequest, Source } from '../core/ports.ts'
import { isSettled } from '../core/status.ts'
import { EMPTY_BATCH } from '../ledger/port.ts'
import { commandChanged, followed } from './actions.ts'
import { carrierOf } from './carrier.ts'
import { readCommands } from './commandRows.ts'
import { isFinal } from './commandStates.ts'
import { livingPages } from './tabs/pages.ts'
import { holdPatiently } from './tabs/patientLock.ts'
import type { Runtime } from './runtime.ts'
import { at } from './table.ts'

const HOUR = 3_600_000
const LIFETIME = { stop: HOUR, pause: HOUR } as Readonly<Partial<Record<RunCommand['verb'], number>>>

/** A command nobody can carry out. Nothing was written or sent. */
export class CommandRefusedError extends Error {
  override readonly name = 'CommandRefusedError'
}

/**
 * Records a command, then sends it. Resolves with its state once delivered or refused; the orchestrator's
 * event settles it later. One for another page's orchestrator resolves as `queued`: that page sends it.
 * @throws CommandRefusedError when no source can carry out the verb, or nothing is hydrated yet.
 * @throws LedgerError when the command could not be made durable; it was not sent.
 */
export async function sendCommand(runtime: Runtime, request: CommandRequest): Promise<RunCommand> {
  const { getState, clock, ids, redaction } = runtime
  if (getState().ledger.phase !== 'ready') throw new CommandRefusedError('The ledger is still loading.')
  const carrier = await carrierOf(runtime, request)
  if (carrier === 'nobody') throw new CommandRefusedError(`No connected source can ${request.verb} a run.`)
  const now = clock.now()
  const id = ids.next()
  const record = at(getState().runs.records, request.log)
  const payload = redaction.command(request.payload)
  const isElsewhere = carrier === 'elsewhere'
  if (isElsewhere && payload !== request.payload) {
    // Only what is stored reaches the other page.
    throw new CommandRefusedError('It holds what looks like a secret: say it in the tab that runs this.')
  }
  const command: RunCommand = {
    id,
    log: request.log,
    verb: request.verb,
    payload,
    ...(payload !== request.payload && { withheld: true as const }),
    idempotencyKey: id,
    attempt: record === undefined ? 1 : lifecycleOf(record).attempt,
    sender: runtime.page,
    state: isElsewhere ? 'queued' : 'sending',
    createdAt: now,
    expiresAt: now + (LIFETIME[request.verb] ?? 24 * HOUR),
    settledAt: null,
    detail: null,
  }
  await save(runtime, command)
  return carrier === 'elsewhere' ? command : deliver(runtime, carrier, command, request.payload)
}

/** Who holds the outbox for this long is frozen, or so slow that nothing is lost by going on: each row names its sender. */
const OUTBOX_LOCK_MS = 2_000
const outboxLock = (scope: string): string => `run-ledger:${scopeName(scope)}:outbox`

/**
 * Takes up what other pages left in the outbox: what is queued for a source that this page is connected to, and
 * what pages that died had on its way.
 */
export async function resumeOutbox(runtime: Runtime): Promise<void> {
  // One page at a time, and over what is on disk by then: no command is taken up twice.
  let isOurs = true
  const release = await holdPatiently(runtime, outboxLock(runtime.scope), OUTBOX_LOCK_MS, () => {
    isOurs = false
  })
  try {
    const commands = await readCommands(runtime)
    if (commands.length > 0) runtime.dispatch(followed({ changes: [], alive: [], commands }))
    for (const command of await readOpen(runtime)) if (isOurs) await takeUp(runtime, command)
  } finally {
    release()
  }
}

/** Commands that are in nobody's hands. */
async function readOpen(runtime: Runtime): Promise<readonly RunCommand[]> {
  const [stored, living] = await Promise.all([runtime.ledger.listCommands(), livingPages(runtime)])
  return stored.filter((command) => {
    if (isFinal(command)) return false
    if (command.state === 'queued') return true
    if (command.sender === runtime.page) return false
    // Without locks nobody's death can be told, only that its time is over.
    return living === null ? command.expiresAt <= runtime.clock.now() : !living.has(command.sender)
  })
}

async function takeUp(runtime: Runtime, command: RunCommand): Promise<void> {
  const record = (await runtime.ledger.readRecords([command.log])).get(command.log)
  const isQueued = command.state === 'queued'
  const isStart = command.verb === 'start'
  const conclude = async (state: RunCommand['state'], detail: string | null): Promise<void> => {
    await settle(runtime, command, state, detail)
  }
  if (isStart && record !== undefined) return conclude('applied', null)
  if (command.withheld === true) {
    const detail =
      'It may have been delivered. It held what looked like secrets, which are not stored: ask again.'
    return conclude(isQueued ? 'expired' : 'unknown', detail)
  }
  const carrier = await carrierOf(runtime, command)
  if (carrier === 'nobody' || command.expiresAt <= runtime.clock.now()) {
    return conclude(isQueued || isStart ? 'expired' : 'unknown', 'It was never confirmed in time.')
  }
  if (isQueued && record !== undefined && isSettled(lifecycleOf(record).status)) {
    return conclude('expired', 'The run had ended before it was sent.')
  }
  // An orchestrator of the page's own went down with it; a start of which nothing appeared can be made again.
  if (!isQueued && !isStart && !hasSurvivor(runtime, command)) {
    return conclude('unknown', 'The page closed before the orchestrator confirmed it.')
  }
  if (carrier === 'elsewhere') return
  const ours: RunCommand = { ...command, sender: runtime.page }
  if (command.state === 'delivered' && !isStart) return save(runtime, ours)
  if (!isQueued && !isRepeatable(carrier, command)) {
    return conclude('unknown', 'May have been delivered: its page closed before it knew.')
  }
  await save(runtime, { ...ours, state: 'sending' })
  await deliver(runtime, carrier, { ...ours, state: 'sending' }, ours.payload)
}

/** Whether there is an orchestrator for it that outlives pages. */
const hasSurvivor = ({ sources }: Runtime, { verb }: RunCommand): boolean =>
  sources.some(({ instance, verbs }) => instance !== undefined && verbs.some((each) => each.verb === verb))

const isRepeatable = ({ verbs, instance }: Source, { verb }: RunCommand): boolean =>
  instance === undefined || verbs.some((each) => each.verb === verb && each.idempotent)

/** `payload` is what the person said; it goes to the owner of the run and nowhere else. */
async function deliver(
  runtime: Runtime,
  source: Source,
  command: RunCommand,
  payload: Json,
): Promise<RunCommand> {
  try {
    const delivery = await source.send({ ...command, payload })
    if (delivery.kind === 'rejected') return settle(runtime, command, 'rejected', delivery.reason)
    const delivered: RunCommand = { ...command, state: 'delivered' }
    await save(runtime, delivered)
    return runtime.getState().runs.commands[command.id] ?? delivered
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
  const { clock, redaction } = runtime
  const said = detail === null ? null : redaction.text(detail)
  const settled: RunCommand = { ...command, state, detail: said, settledAt: clock.now() }
  await save(runtime, settled)
  return settled
}

/** Durable first, visible after; unless its event was quicker than its receipt. */
async function save({ writer, dispatch, getState }: Runtime, command: RunCommand): Promise<void> {
  const isOvertaken = (): boolean => {
    const known = getState().runs.commands[command.id]
    return !isFinal(command) && known !== undefined && isFinal(known)
  }
  await writer.decide([], () =>
    isOvertaken() ? null : { ...EMPTY_BATCH, commands: [command], durability: 'strict' },
  )
  if (!isOvertaken()) dispatch(commandChanged(command))
}
