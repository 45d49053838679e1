/** A whole database as it is, put back later: what a browser does that loses the newest part of a history. */
import { openDB } from 'idb'
import { databaseName } from '../../../src/ledger/indexedDb.ts'

export type Snapshot = readonly {
  name: string
  records: readonly (readonly [IDBValidKey, unknown])[]
}[]

export async function takeSnapshot(scope: string): Promise<Snapshot> {
  const db = await openDB(databaseName(scope))
  try {
    return await Promise.all(
      [...db.objectStoreNames].map(async (name) => {
        const [keys, values] = await Promise.all([db.getAllKeys(name), db.getAll(name) as Promise<unknown[]>])
        return { name, records: keys.map((key, index) => [key, values[index]] as const) }
      }),
    )
  } finally {
    db.close()
  }
}

export async function restoreSnapshot(scope: string, snapshot: Snapshot): Promise<void> {
  const db = await openDB(databaseName(scope))
  try {
    const tx = db.transaction([...db.objectStoreNames], 'readwrite')
    for (const { name, records } of snapshot) {
      await tx.objectStore(name).clear()
      for (const [key, value] of records) await tx.objectStore(name).put(value, key)
    }
    await tx.done
  } finally {
    db.close()
  }
}

/** Every record of every store is gone, as if the database had just been made. */
export async function eraseDatabase(scope: string): Promise<void> {
  const db = await openDB(databaseName(scope))
  try {
    const tx = db.transaction([...db.objectStoreNames], 'readwrite')
    for (const name of db.objectStoreNames) await tx.objectStore(name).clear()
    await tx.done
  } finally {
    db.close()
  }
}
