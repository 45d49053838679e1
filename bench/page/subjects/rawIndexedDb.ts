/** One put per event, 256 per transaction, nothing else: no rows, no index. */
import { groupCommit } from '../groupCommit.ts'
import { openDatabase, transact } from '../indexedDb.ts'
import type { OpenSubject } from '../subject.ts'

export const openRawIndexedDb: OpenSubject = async (watcher, { kind }) => {
  const db = await openDatabase('raw', (fresh) => fresh.createObjectStore('events'))
  return groupCommit(
    {
      limit: 256,
      inFlight: kind === 'burst' ? 2 : 1,
      gap: 0,
      write: (events) =>
        transact(db, ['events'], (tx) => {
          const store = tx.objectStore('events')
          for (const event of events) store.put(event, [event.log, event.position])
        }),
    },
    watcher,
  )
}
