/**
 * The ledger's disk layout without the ledger: per flush and touched run one segment (events as one JSON
 * string) and one row of about a kilobyte. No decoding, no fold, no heads, no index, one copy.
 */
import { groupCommit } from '../groupCommit.ts'
import { openDatabase, transact } from '../indexedDb.ts'
import type { RawEvent } from '../ledger.ts'
import type { OpenSubject } from '../subject.ts'

const ROW = 'x'.repeat(800)

export const openBareDatabase = (): Promise<IDBDatabase> =>
  openDatabase('bare', (fresh) => {
    fresh.createObjectStore('segments')
    fresh.createObjectStore('rows')
  })

/** One transaction: a segment and a row per run among the events. */
export function writeSegments(db: IDBDatabase, events: readonly RawEvent[]): Promise<void> {
  const runs = new Map<string, RawEvent[]>()
  for (const event of events) {
    const known = runs.get(event.log)
    if (known === undefined) runs.set(event.log, [event])
    else known.push(event)
  }
  return transact(db, ['segments', 'rows'], (tx) => {
    const segments = tx.objectStore('segments')
    const rows = tx.objectStore('rows')
    for (const [log, own] of runs) {
      const last = own.at(-1)?.position ?? 0
      segments.put(JSON.stringify(own), [log, last])
      rows.put({ log, last, row: ROW }, log)
    }
  })
}

export const openBareSegments: OpenSubject = async (watcher, { kind }) => {
  const db = await openBareDatabase()
  // The ledger's own rhythm: flushes grow under backlog, a frame's gap otherwise.
  const rhythm =
    kind === 'burst' ? { limit: 1_024, inFlight: 2, gap: 0 } : { limit: 1_024, inFlight: 1, gap: 16 }
  return groupCommit({ ...rhythm, write: (events) => writeSegments(db, events) }, watcher)
}
