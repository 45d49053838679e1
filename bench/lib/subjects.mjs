// Owns what the tables call the subjects, and how each of them writes.

/** @type {Record<string, { title: string, how: string }>} */
export const SUBJECTS = {
  ours: { title: '**run-ledger**', how: 'the whole pipeline, all copies' },
  unstored: { title: 'run-ledger, nothing stored', how: 'the whole pipeline, writes dropped' },
  raw: { title: 'raw IndexedDB', how: 'one put per event, 256 per transaction, no rows, no index' },
  dexie: { title: 'Dexie', how: '`bulkPut` of 256' },
  persist0: { title: 'redux-persist + localForage, 0 ms', how: 'entity adapter, whole slice' },
  persist100: { title: 'redux-persist + localForage, 100 ms', how: 'entity adapter, whole slice' },
  localforage: { title: 'localForage', how: '`setItem` per event, 32 in flight' },
  bare: {
    title: 'bare segment layout',
    how: 'a JSON segment and a 1 kB row per touched run and flush; one copy',
  },
  opfs: { title: 'bare OPFS log', how: 'worker, JSON lines, flush per batch of at most 256' },
  none: { title: 'harness alone', how: 'takes events and forgets them' },
}
