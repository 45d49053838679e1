/**
 * Owns sending: a command is durable before it is sent, by the page that is connected to its orchestrator, and settled
 * by the orchestrator's own event or by its refusal. What is stored and shown of it is redacted; what is sent is what
 * the person said. SPEC O1.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { LogRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import { idOfLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { CommandRequest } from '../../core/ports.ts'
import { answeredOnce } from './answers.ts'
import { carrierOf } from './carrier.ts'
import type { Carrier } from './carrier.ts'
import { CommandRefusedError, StalePlanError } from './errors.ts'
import { tell } from './writes.ts'
import type { Stored } from '../decide.ts'
import { carryOut } from './delivery.ts'
import { ask } from '../evidence/ask.ts'
import type { Runtime } from '../runtime.ts'
import { at } from '../table.ts'

export { CommandRefusedError, StalePlanError } from './errors.ts'

const HOUR = 3_600_000
const LIFETIME = { stop: HOUR, pause: HOUR } as Readonly<Partial<Record<RunCommand['verb'], number>>>

export interface SendOptions {
  /** The command is written only if these logs are where they are said to be, in the transaction that writes it. */
  heads?: Readonly<Record<LogId, number>>
}

/**
 * Records a command, then sends it. Resolves with its state once delivered or refused; the orchestrator's event
 * settles it later. One whose orchestrator is away, or another page's, resolves as `queued`. An answer to a question
 * that was answered before resolves as that first answer.
 * @throws CommandRefusedError when nobody can carry it out, the run is not known, or the answer does not fit.
 * @throws StalePlanError when a log moved on from where `heads` says it is.
 * @throws LedgerError when the command could not be made durable; it was not sent.
 */
export async function sendCommand(
  runtime: Runtime,
  request: CommandRequest,
  options: SendOptions = {},
): Promise<RunCommand> {
  const { getState, ids } = runtime
  const { log, verb, payload } = request
  if (getState().ledger.phase !== 'ready') throw new CommandRefusedError('The ledger is still loading.')
  const record = await findRecord(runtime, log)
  if (record === undefined && verb !== 'start') await refuseUnknown(runtime, log)
  const carrier = await carrierOf(runtime, request, record)
  refuseHopeless(carrier, request)

  const write = async (id: string): Promise<RunCommand> => {
    const command = newCommand(runtime, request, { id, carrier, record })
    const heads = Object.entries(options.heads ?? {}) as [LogId, number][]
    const check = (records: Stored): void => refuseStale(records, heads)
    await tell(runtime, command, { logs: heads.map(([each]) => each), check, isClaim: heads.length > 0 })
    return command
  }
  if (verb !== 'answer' || record?.entity !== 'run') {
    return carryOut(runtime, carrier, await write(ids.next()), payload)
  }
  const { command, isNew } = await answeredOnce(runtime, record, payload, write)
  return isNew ? carryOut(runtime, carrier, command, payload) : command
}

/** In memory, else on disk. */
async function findRecord({ ledger, getState }: Runtime, log: LogId): Promise<LogRecord | undefined> {
  return at(getState().runs.records, log) ?? (await ledger.readRecords([log])).get(log)
}

async function refuseUnknown(runtime: Runtime, log: LogId): Promise<void> {
  const evidence = (await ask(runtime, [{ log, stream: null }])).get(log)
  if (evidence?.kind !== 'live') throw new CommandRefusedError(`There is no run ${idOfLog(log)} here.`)
}

function refuseHopeless(carrier: Carrier, { verb }: CommandRequest): void {
  if (carrier.kind === 'nobody') {
    throw new CommandRefusedError(`No connected source can ${verb.replace('_', ' ')} a run.`)
  }
  if (carrier.kind === 'orphan' && verb === 'pause') {
    throw new CommandRefusedError('Nobody drives it any more: there is nothing to pause.')
  }
}

function refuseStale(records: Stored, heads: readonly (readonly [LogId, number])[]): void {
  const moved = heads.filter(([log, head]) => {
    const record = records.get(log)
    return (record === undefined ? 0 : lifecycleOf(record).lastSequence) !== head
  })
  if (moved.length > 0) throw new StalePlanError(moved.map(([log]) => log))
}

function newCommand(
  { clock, page, redaction }: Runtime,
  { log, verb, payload: said }: CommandRequest,
  { id, carrier, record }: { id: string; carrier: Carrier; record: LogRecord | undefined },
): RunCommand {
  const now = clock.now()
  const payload = redaction.command(said)
  const isWithheld = payload !== said
  const isQueued = carrier.kind === 'away'
  if (isQueued && isWithheld) {
    // Only what is stored is sent later, by whichever page.
    throw new CommandRefusedError('It holds what looks like a secret: say it in the tab that runs this.')
  }
  return {
    id,
    log,
    verb,
    payload,
    ...(isWithheld && { withheld: true as const }),
    idempotencyKey: id,
    attempt: record === undefined ? 1 : lifecycleOf(record).attempt,
    sender: page,
    state: isQueued ? 'queued' : 'sending',
    createdAt: now,
    expiresAt: now + (LIFETIME[verb] ?? 24 * HOUR),
    settledAt: null,
    detail: isQueued ? carrier.detail : null,
  }
}
