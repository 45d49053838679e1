/**
 * Owns how a command's state follows from the orchestrator's own events. SPEC O1.
 */
import type { LogChange } from '../../core/accept.ts'
import type { CommandState, RunCommand } from '../../core/commands.ts'
import { isOurStream } from '../../core/ids.ts'

type Commands = Readonly<Record<string, RunCommand>>

const FINAL: readonly CommandState[] = ['applied', 'rejected', 'expired', 'unknown']

export const isFinal = ({ state }: Pick<RunCommand, 'state'>): boolean => FINAL.includes(state)

/** Settled by somebody's word: that stays. */
export const isDecided = (command: Pick<RunCommand, 'state'>): boolean =>
  isFinal(command) && !isGuess(command)

/** Settled for want of word, which the orchestrator's own word replaces. */
const isGuess = ({ state }: Pick<RunCommand, 'state'>): boolean => state === 'unknown' || state === 'expired'

/** Commands settled by `control.settled` events among the changes; the same table when there are none. */
export function settleCommands(commands: Commands, changes: readonly LogChange[]): Commands {
  let next: Record<string, RunCommand> | null = null
  for (const change of changes) {
    for (const event of change.events) {
      if (event.type !== 'control.settled') continue
      const { commandId, state, detail } = event.payload
      const command = typeof commandId === 'string' ? commands[commandId] : undefined
      if (command === undefined) continue
      const isBetter = isGuess(command) && !isOurStream(event.stream)
      if (isFinal(command) && !isBetter) continue
      next ??= { ...commands }
      next[command.id] = {
        ...command,
        // The decoder let only these through.
        state: state as CommandState,
        detail: typeof detail === 'string' ? detail : null,
        settledAt: event.timestamp,
      }
    }
  }
  return next ?? commands
}
