/**
 * Owns reading a whole log, a page at a time.
 */
import type { RunEvent } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { Ledger } from './port.ts'

const PAGE = 1_000

/** All events of a log that are on disk. @throws LedgerError */
export async function readAll(ledger: Pick<Ledger, 'readEvents'>, log: LogId): Promise<readonly RunEvent[]> {
  const all: RunEvent[] = []
  for (;;) {
    const page = await ledger.readEvents(log, { after: all.at(-1)?.sequence ?? 0, limit: PAGE })
    for (const event of page) all.push(event)
    if (page.length < PAGE) return all
  }
}
