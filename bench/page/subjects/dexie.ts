/** Dexie's bulkPut, 256 events per call. */
import Dexie from 'dexie'
import { groupCommit } from '../groupCommit.ts'
import type { OpenSubject } from '../subject.ts'

export const openDexie: OpenSubject = async (watcher, { kind }) => {
  const db = new Dexie('dexie', { chromeTransactionDurability: 'relaxed' })
  db.version(1).stores({ events: '[log+position]' })
  await db.open()
  const table = db.table('events')
  return groupCommit(
    {
      limit: 256,
      inFlight: kind === 'burst' ? 2 : 1,
      gap: 0,
      write: async (events) => {
        await table.bulkPut([...events])
      },
    },
    watcher,
  )
}
