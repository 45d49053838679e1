/** IndexedDB ledgers of their own for each test, and their raw databases. Works in Node and in a browser. */
import type { Ledger } from '../../../src/ledger/port.ts'
import type { LedgerDatabase, LedgerSchema } from '../../../src/ledger/schema.ts'
import { STORES } from '../../../src/ledger/schema.ts'
import { openDB } from 'idb'
import { databaseName, indexedDbLedger } from '../../../src/ledger/indexedDb.ts'
import type { ConformanceSetup } from '../../../src/testing/conformance.ts'
import type { ManualClock } from '../../../src/testing/manualClock.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'
import { memorySyncStore } from './syncStore.ts'
import type { MemorySyncStore } from './syncStore.ts'

let made = 0

export interface Disk extends ConformanceSetup {
  scope: string
  clock: ManualClock
  syncStore: MemorySyncStore
  /** The database as it is, past the ledger; closed again by the caller. */
  raw(): Promise<LedgerDatabase>
}

/** A scope nobody used before, and ledgers on it. Their deadlines wait for the manual clock. */
export async function freshDisk(): Promise<Disk> {
  made += 1
  const scope = `test ${Date.now()} ${made}`
  const clock = manualClock()
  const syncStore = memorySyncStore()
  const opened: Ledger[] = []
  const open = (): Ledger => {
    const ledger = indexedDbLedger({ scope, clock, syncStore })
    opened.push(ledger)
    return ledger
  }
  return {
    scope,
    clock,
    syncStore,
    ledger: open(),
    reopen: async () => {
      const ledger = open()
      await ledger.open()
      return ledger
    },
    raw: () => openDB<LedgerSchema>(databaseName(scope)),
    cleanup: async () => {
      for (const ledger of opened) await ledger.close().catch(() => {})
      indexedDB.deleteDatabase(databaseName(scope))
    },
  }
}

/** Every record of every store with its key, as JSON. */
export async function dump(db: LedgerDatabase): Promise<string> {
  const stores = [...db.objectStoreNames]
  const all = await Promise.all(
    stores.map(async (name) => ({
      name,
      keys: await db.getAllKeys(name),
      values: await db.getAll(name),
    })),
  )
  return JSON.stringify({ version: db.version, all })
}

/** Does something to the raw database and closes it again. */
export async function onDisk<Result>(
  disk: Disk,
  work: (db: LedgerDatabase) => Promise<Result>,
): Promise<Result> {
  const db = await disk.raw()
  try {
    return await work(db)
  } finally {
    db.close()
  }
}

export { STORES }
