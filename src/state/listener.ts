/**
 * Owns the one listener: it enqueues what a frame asks to have written, and nothing else. Time, order and
 * failures belong to the writer.
 */
import { createListenerMiddleware } from '@reduxjs/toolkit'
import type { Middleware } from '@reduxjs/toolkit'
import type { LogChange } from '../core/accept.ts'
import type { RunCommand } from '../core/commands.ts'
import type { LedgerWriter } from '../ledger/writer.ts'
import { eventsReceived } from './actions.ts'
import type { FollowedState } from './api/openQueries.ts'
import { isFinal, wordsOn } from './commands/states.ts'

export function createLedgerListener(writer: LedgerWriter, onError: (error: unknown) => void) {
  const listener = createListenerMiddleware<FollowedState>({ onError })
  listener.startListening({
    actionCreator: eventsReceived,
    effect: ({ payload }, { getState }) => {
      const { changes, cursors, blobs, contents, quarantine, durability } = payload
      writer.append({
        logs: changes,
        transitions: changes.flatMap((change) => change.transitions),
        cursors,
        blobs,
        contents,
        quarantine,
        commands: settledBy(changes, getState().runs.commands),
        durability,
      })
    },
  })
  return { ...listener, middleware: evenIfToldInVain(listener.middleware) }
}

/** What is in the store is written, also when somebody of the host's throws on being told of it. */
function evenIfToldInVain<Listener extends Middleware>(listen: Listener): Listener {
  const guarded: Middleware = (api) => {
    const listening = listen(api)
    return (next) => {
      const plain = listening(next)
      return (action) => {
        if (!eventsReceived.match(action)) return plain(action)
        const before = api.getState()
        const thrown: unknown[] = []
        const told = listening((each) => {
          try {
            return next(each)
          } catch (error) {
            if (api.getState() === before) throw error
            thrown.push(error)
            return each
          }
        })(action)
        if (thrown.length > 0) throw thrown[0]
        return told
      }
    }
  }
  return guarded as Listener
}

/** Commands that this frame settled, as they are now; their rows are written with its events. */
function settledBy(
  changes: readonly LogChange[],
  commands: Readonly<Record<string, RunCommand>>,
): readonly RunCommand[] {
  return [...new Set(wordsOn(commands, changes).map(({ command }) => command))].filter(isFinal)
}
