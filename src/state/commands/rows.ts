/**
 * Owns what of the outbox another page wrote: rows on disk that this page shows differently.
 */
import type { RunCommand } from '../../core/commands.ts'
import { isFinal } from './states.ts'
import type { Runtime } from '../runtime.ts'

/** Rows that are news here. A command that is settled here stays settled. */
export async function readCommands({ ledger, getState }: Runtime): Promise<readonly RunCommand[]> {
  const stored = await ledger.listCommands()
  const known = getState().runs.commands
  return stored.filter((command) => {
    const ours = known[command.id]
    if (ours === undefined) return !isFinal(command)
    return !isFinal(ours) && (ours.state !== command.state || ours.sender !== command.sender)
  })
}
