/**
 * Owns what pages left behind that had no time to write in order: their last events are accepted once more, by
 * identity, on what is stored by now. Adopting a letter twice changes nothing. SPEC W1, W5.
 */
import { accept, toSourceEvent } from '../core/accept.ts'
import { progressOf } from '../core/commands.ts'
import { lifecycleOf } from '../core/entities.ts'
import { eventIdentity } from '../core/ids.ts'
import { LedgerError } from './port.ts'
import type { Ledger, LedgerBatch, LogWrite } from './port.ts'

/** Another page may be adopting as well, or writing the same logs. */
const ATTEMPTS = 5

/**
 * Writes what the letters hold and the ledger does not; `write` also tells the second copy. Gives back how many
 * events were adopted. @throws LedgerError
 */
export async function adoptLetters(
  ledger: Ledger,
  write: (batch: LedgerBatch) => Promise<unknown>,
): Promise<number> {
  let adopted = 0
  for (const { id, batches } of await ledger.listLetters()) {
    for (const batch of batches) adopted += await adopt(ledger, batch, write)
    await ledger.deleteLetters([id])
  }
  return adopted
}

async function adopt(
  ledger: Ledger,
  batch: LedgerBatch,
  write: (batch: LedgerBatch) => Promise<unknown>,
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const logs = (await Promise.all(batch.logs.map((each) => missingOf(ledger, each)))).flat()
    const [cursors, commands] = await Promise.all([newerCursors(ledger, batch), newerCommands(ledger, batch)])
    try {
      await write({ ...batch, logs, cursors, commands, durability: 'strict' })
      return logs.reduce((sum, { events }) => sum + events.length, 0)
    } catch (error) {
      const moved = error instanceof LedgerError && error.kind === 'conflict'
      if (!moved || attempt === ATTEMPTS) throw error
    }
  }
}

/** The write as it has to be now: as it was, without what landed after all, or nothing. */
async function missingOf(ledger: Ledger, write: LogWrite): Promise<readonly LogWrite[]> {
  const { log, base, events } = write
  const head = await ledger.readHead(log)
  // Adopted, and what was deleted since may be back with it: of a store beside the database a kill undoes the last words.
  if (head === 0 && (await ledger.readDeleted([log])).has(log)) return []
  if (head === base) return [write]
  const stored = await ledger.readEvents(log, { after: base, limit: Number.MAX_SAFE_INTEGER })
  const known = new Set(stored.map(eventIdentity))
  const missing = events.filter((event) => !known.has(eventIdentity(event)))
  const record = (await ledger.readRecords([log])).get(log)
  if (missing.length === 0 || record === undefined || lifecycleOf(record).lastSequence !== head) return []
  return accept(() => record, missing.map(toSourceEvent)).changes
}

/** A cursor never walks back: the stream may have been followed by somebody else since. */
async function newerCursors(ledger: Ledger, { cursors }: LedgerBatch): Promise<LedgerBatch['cursors']> {
  const stored = await Promise.all(cursors.map(({ stream }) => ledger.readCursor(stream)))
  return cursors.filter((cursor, index) => (stored[index]?.position ?? -1) <= cursor.position)
}

async function newerCommands(ledger: Ledger, { commands }: LedgerBatch): Promise<LedgerBatch['commands']> {
  if (commands.length === 0) return commands
  const stored = new Map((await ledger.listCommands()).map((command) => [command.id, command]))
  return commands.filter((command) => {
    const known = stored.get(command.id)
    return known === undefined || progressOf(known) < progressOf(command)
  })
}
