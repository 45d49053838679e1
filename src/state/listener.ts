/**
 * Owns the one listener: it enqueues what a frame asks to have written, and nothing else. Time, order and
 * failures belong to the writer.
 */
import { createListenerMiddleware } from '@reduxjs/toolkit'
import type { LogChange } from '../core/accept.ts'
import type { RunCommand } from '../core/commands.ts'
import type { LedgerWriter } from '../ledger/writer.ts'
import { eventsReceived } from './actions.ts'
import type { FollowedState } from './api/openQueries.ts'

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
  return listener
}

/** Commands that events of this frame settled; their rows are written with those events. */
function settledBy(
  changes: readonly LogChange[],
  commands: Readonly<Record<string, RunCommand>>,
): readonly RunCommand[] {
  const settled: RunCommand[] = []
  for (const { events } of changes) {
    for (const { type, payload } of events) {
      if (type !== 'control.settled' || typeof payload.commandId !== 'string') continue
      const command = commands[payload.commandId]
      if (command !== undefined) settled.push(command)
    }
  }
  return settled
}
