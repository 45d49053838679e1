/**
 * Owns writing a command down: its row and, where no orchestrator speaks of it, the event on its run's timeline, in
 * one transaction. Durable first, visible after. SPEC O1.
 */
import type { CommandState, RunCommand } from '../../core/commands.ts'
import type { SourceEvent } from '../../core/events.ts'
import { isFinal } from './states.ts'
import { decide } from '../decide.ts'
import type { Stored } from '../decide.ts'
import type { Runtime } from '../runtime.ts'

/** The stream of what the ledger itself says of commands. */
export const COMMANDS_STREAM = 'ledger:commands'

/** Writes the row alone: the command is on its way, and whoever gets it says so. */
export async function save(runtime: Runtime, command: RunCommand): Promise<void> {
  await decide(runtime, [], () =>
    isOvertaken(runtime, command) ? null : { events: [], commands: [command] },
  )
}

export interface TellOptions {
  /** Logs whose records `check` looks at, as they are on disk; what it throws leaves everything unwritten. */
  logs?: Parameters<typeof decide>[1]
  check?: (records: Stored) => void
  /** Moves the run's log on, so that of several who decided on the same heads only one is first. */
  isClaim?: boolean
}

/** Writes the row and says on the timeline what became of it. */
export async function tell(
  runtime: Runtime,
  command: RunCommand,
  { logs = [], check = () => {}, isClaim = false }: TellOptions = {},
): Promise<void> {
  // On its way nothing is said of it: whoever gets it does that.
  const own = command.state === 'queued' || isFinal(command) ? [command.log] : []
  await decide(runtime, [...new Set([...own, ...logs])], (records) => {
    check(records)
    if (isOvertaken(runtime, command)) return null
    const events = isClaim ? claimOf(records, command) : eventsOf(records, command)
    return { events, commands: [command] }
  })
}

function claimOf(records: Stored, command: RunCommand): readonly SourceEvent[] {
  const { id: commandId, log, verb, createdAt } = command
  if (!records.has(log)) return []
  const envelope = { log, stream: COMMANDS_STREAM, position: `${commandId}:claimed`, timestamp: createdAt }
  const payload = {
    commandId,
    verb,
    detail: 'By the plan that was shown.',
    state: command.state,
    planned: true,
  }
  return [{ ...envelope, type: 'control.requested', payload }]
}

/** Settles a command of which its orchestrator says nothing. Gives back how it is known then. */
export async function settle(
  runtime: Runtime,
  command: RunCommand,
  state: CommandState,
  detail: string | null,
): Promise<RunCommand> {
  const settled = settledAs(runtime, command, state, detail)
  await tell(runtime, settled)
  return runtime.getState().runs.commands[command.id] ?? settled
}

export function settledAs(
  { clock, redaction }: Pick<Runtime, 'clock' | 'redaction'>,
  command: RunCommand,
  state: CommandState,
  detail: string | null,
): RunCommand {
  const said = detail === null ? null : redaction.text(detail)
  return { ...command, state, detail: said, settledAt: isFinal({ state }) ? clock.now() : null }
}

/** What the run's log says of a command; nothing in a log that is not there: a command begins no history. */
export function eventsOf(records: Stored, command: RunCommand): readonly SourceEvent[] {
  const { id: commandId, log, verb, state, detail, createdAt, settledAt } = command
  const envelope = { log, stream: COMMANDS_STREAM, position: `${commandId}:${state}` }
  if (!records.has(log)) return []
  switch (state) {
    case 'queued': {
      const payload = { commandId, verb, detail, state }
      return [{ ...envelope, timestamp: createdAt, type: 'control.requested', payload }]
    }
    case 'applied':
    case 'rejected':
    case 'expired':
    case 'unknown': {
      const payload = { commandId, verb, state, detail }
      return [{ ...envelope, timestamp: settledAt ?? createdAt, type: 'control.settled', payload }]
    }
    case 'sending':
    case 'delivered':
      return []
  }
}

/** Its orchestrator's event was quicker than its receipt, and that is the better word. */
export function isOvertaken({ getState }: Pick<Runtime, 'getState'>, { id }: RunCommand): boolean {
  const known = getState().runs.commands[id]
  return known !== undefined && isFinal(known)
}
