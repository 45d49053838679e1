/**
 * Owns how a command's state follows from the orchestrator's own events. SPEC O1.
 */
import type { LogChange } from '../../core/accept.ts'
import { readAnswer } from '../../core/answers.ts'
import type { CommandState, RunCommand } from '../../core/commands.ts'
import type { LogRecord, RunEvent } from '../../core/entities.ts'
import { isOurStream } from '../../core/ids.ts'

type Commands = Readonly<Record<string, RunCommand>>

const FINAL: readonly CommandState[] = ['applied', 'rejected', 'expired', 'unknown']

export const isFinal = ({ state }: Pick<RunCommand, 'state'>): boolean => FINAL.includes(state)

/** Settled by somebody's word: that stays. */
export const isDecided = (command: Pick<RunCommand, 'state'>): boolean =>
  isFinal(command) && !isGuess(command)

/** Settled for want of word, which the orchestrator's own word replaces. */
const isGuess = ({ state }: Pick<RunCommand, 'state'>): boolean => state === 'unknown' || state === 'expired'

/** Commands settled by what owners said in the changes; the same table when there are none. */
export function settleCommands(commands: Commands, changes: readonly LogChange[]): Commands {
  let next: Record<string, RunCommand> | null = null
  for (const { command, state, detail, event } of wordsOn(commands, changes)) {
    const isBetter = isGuess(command) && !isOurStream(event.stream)
    if (isFinal(command) && !isBetter) continue
    next ??= { ...commands }
    next[command.id] = { ...command, state, detail, settledAt: event.timestamp }
  }
  return next ?? commands
}

/** Something an owner said from which a command's end follows. */
interface Word {
  command: RunCommand
  state: CommandState
  detail: string | null
  event: RunEvent
}

export function wordsOn(commands: Commands, changes: readonly LogChange[]): readonly Word[] {
  return changes.flatMap(({ record, events }) =>
    events.flatMap((event): readonly Word[] => {
      if (event.type === 'control.settled') {
        const { commandId, state, detail } = event.payload
        const command = typeof commandId === 'string' ? commands[commandId] : undefined
        if (command === undefined) return []
        // The decoder let only these through.
        return [
          {
            command,
            state: state as CommandState,
            detail: typeof detail === 'string' ? detail : null,
            event,
          },
        ]
      }
      const isSaid = event.type === 'question.settled' || event.type === 'run.registered'
      return isSaid ? answersTo(commands, record, event) : []
    }),
  )
}

/** Owners that know of no commands show that an answer arrived: nobody waits for it any more. */
function answersTo(commands: Commands, record: LogRecord, event: RunEvent): readonly Word[] {
  if (record.entity !== 'run') return []
  const answered = new Set(
    record.questions.flatMap(({ questionId, state }) => (state === 'answered' ? questionId : [])),
  )
  if (answered.size === 0) return []
  return Object.values(commands)
    .filter(({ log, verb, state }) => log === record.log && verb === 'answer' && state !== 'queued')
    .filter(({ payload }) => answered.has(readAnswer(payload).questionId ?? ''))
    .map((command) => ({ command, state: 'applied', detail: null, event }))
}
