/** localForage: setItem per event, one after the other, as an app that mirrors events would call it. */
import localforage from 'localforage'
import { groupCommit } from '../groupCommit.ts'
import type { OpenSubject } from '../subject.ts'

export const openLocalForage: OpenSubject = async (watcher) => {
  const store = localforage.createInstance({ name: 'localforage', driver: localforage.INDEXEDDB })
  await store.ready()
  return groupCommit(
    {
      limit: 1,
      inFlight: 32,
      gap: 0,
      write: async (events) => {
        await Promise.all(events.map((event) => store.setItem(`${event.log}:${event.position}`, event)))
      },
    },
    watcher,
  )
}
