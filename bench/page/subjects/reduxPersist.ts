/**
 * The usual Redux way: an entity adapter that holds every event, mirrored by redux-persist to localForage. One
 * dispatch per turn takes what arrived since the last.
 */
import { combineReducers, configureStore, createEntityAdapter, createSlice } from '@reduxjs/toolkit'
import localforage from 'localforage'
import { persistReducer, persistStore } from 'redux-persist'
import type { RawEvent } from '../ledger.ts'
import type { OpenSubject } from '../subject.ts'

/** Events per dispatch. */
const LIMIT = 1_024

export const openReduxPersist =
  (throttle: number): OpenSubject =>
  async (watcher) => {
    const adapter = createEntityAdapter<RawEvent, string>({
      selectId: (event) => `${event.log} ${event.position}`,
    })
    const events = createSlice({
      name: 'events',
      initialState: adapter.getInitialState(),
      reducers: { received: adapter.addMany },
    })
    const disk = localforage.createInstance({ name: 'redux-persist', driver: localforage.INDEXEDDB })
    await disk.ready()
    let held = 0
    const storage = {
      getItem: (key: string) => disk.getItem<string>(key),
      removeItem: (key: string) => disk.removeItem(key),
      async setItem(key: string, value: string) {
        // The one key below was serialized in this very task.
        const count = held
        const began = performance.now()
        await disk.setItem(key, value)
        watcher.commit(performance.now() - began)
        watcher.durable(count, 1)
      },
    }
    const config = { key: 'root', storage, throttle, timeout: 0 }
    const reducer = persistReducer(config, combineReducers({ events: events.reducer }))
    const store = configureStore({ reducer, middleware: (defaults) => defaults({ thunk: false }) })
    const persistor = persistStore(store)
    await new Promise<void>((resolve) =>
      persistor.subscribe(() => persistor.getState().bootstrapped && resolve()),
    )

    let queue: RawEvent[] = []
    let pumping: Promise<void> | null = null
    async function pump(): Promise<void> {
      while (queue.length > 0) {
        const batch = queue.slice(0, LIMIT)
        queue = queue.slice(LIMIT)
        store.dispatch(events.actions.received(batch))
        held += batch.length
        await turn()
      }
      pumping = null
    }
    return {
      take(arrived) {
        queue = queue.concat(arrived)
        pumping ??= pump()
      },
      async idle() {
        await pumping
        await persistor.flush()
      },
      facts: () => ({}),
    }
  }

/** A task of its own, so that timers and rendering have their chance. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
