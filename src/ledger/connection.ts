/**
 * Owns the one connection to a scope's database: opened with a deadline, closed when another tab needs it
 * gone, opened again by the next use after it was lost. One that newer code wrote, or that could not be brought up to
 * date, is opened as it is and never written to. SPEC T3, M1.
 */
import { deleteDB, openDB, unwrap, wrap } from 'idb'
import type { OpenDBCallbacks } from 'idb'
import type { Clock } from '../core/ports.ts'
import { OPEN_DEADLINE_MS, REPAIR_DEADLINE_MS, withDeadline } from '../core/deadline.ts'
import { toLedgerError } from './ledgerErrors.ts'
import { migrate } from './migrations.ts'
import type { AnyDatabase, AnyUpgrade } from './migrations.ts'
import { LedgerError } from './port.ts'
import type { Migrated, Opening } from './port.ts'
import type { LedgerDatabase, LedgerSchema } from './schema.ts'
import { READABLE_STORES, SCHEMA_VERSION } from './schema.ts'

export interface Connection {
  /** The open database. @throws LedgerError when it cannot be opened; the next call tries again. */
  database(): Promise<LedgerDatabase>
  /** The same, if it may be written to. @throws LedgerError */
  writable(): Promise<LedgerDatabase>
  /** How the open database was found. */
  opening(): Opening
  /** The database if it is open this very moment and may be written to. */
  current(): LedgerDatabase | null
  /** Gives the connection up, as one that may be dead. */
  drop(reason: string): void
  /** Closes it for good, without telling anyone. */
  close(): Promise<void>
  destroy(): Promise<void>
  onLost(listener: (reason: string) => void): void
}

/** Between the attempts to open a database that cannot be opened just now. Spent once, until it opens again. */
const OPEN_AGAIN_MS = [100, 500, 2_000] as const
/** Afterwards a store that does not open is asked once in this time, however many want to use it. */
const REST_MS = 1_000
const POKE_MS = 1_000

const UP_TO_DATE: Opening = { refusal: null, migrated: [] }

export function createConnection(name: string, clock: Clock): Connection {
  let opening: Promise<LedgerDatabase> | null = null
  /** In use; those that were given up or replaced speak for nobody. */
  let current: LedgerDatabase | null = null
  let found = UP_TO_DATE
  /** Attempts made again since it was last opened. */
  let again = 0
  let resting: { until: number; failure: LedgerError } | null = null
  const listeners: ((reason: string) => void)[] = []

  function drop(reason: string): void {
    opening = null
    current?.close()
    current = null
    for (const listener of listeners) listener(reason)
  }

  const callbacks: OpenDBCallbacks<LedgerSchema> = {
    // Another tab wants to upgrade or delete: holding on would hang it, and every later open with it.
    blocking: (_current, _wanted, event) => {
      const db = event.target as IDBDatabase
      db.close()
      const isOurs = current !== null && unwrap(current) === db
      if (isOurs) drop('another tab is upgrading or deleting the ledger')
    },
    terminated: () => drop('the browser closed the database'),
  }

  /** Browsers that fail to open a store for a moment say the same as those that never will. */
  async function connectPatiently(): Promise<LedgerDatabase> {
    if (resting !== null && clock.monotonic() < resting.until) throw resting.failure
    for (;;) {
      try {
        const db = await connect()
        again = 0
        return db
      } catch (error) {
        const failure = toLedgerError(error)
        if (failure.kind !== 'transient') throw failure
        const wait = OPEN_AGAIN_MS[again]
        if (wait === undefined) {
          resting = { until: clock.monotonic() + REST_MS, failure }
          throw failure
        }
        again += 1
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, wait))
      }
    }
  }

  async function connect(): Promise<LedgerDatabase> {
    try {
      return await connectUpToDate()
    } catch (error) {
      const refusal = toLedgerError(error)
      if (refusal.kind !== 'newer-schema' && refusal.kind !== 'unmigrated') throw refusal
      return connectAsItIs(refusal)
    }
  }

  /** @throws LedgerError `unmigrated` when the database is older and stays so. */
  async function connectUpToDate(): Promise<LedgerDatabase> {
    let upgrade: { from: number; done: Promise<readonly Migrated[]> } | null = null
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const attempt = openDB<LedgerSchema>(name, SCHEMA_VERSION, {
      ...callbacks,
      upgrade: (db, from, _to, tx) => {
        upgrade = { from, done: migrate(db as unknown as AnyDatabase, from, tx as unknown as AnyUpgrade) }
        upgrade.done.catch(() => {})
        begin()
      },
    })
    // The deadline is for others who hold the database; a large one takes its time to be migrated.
    await settled(Promise.race([attempt, begun]), attempt)
    // Assigned in a callback, which the compiler cannot know.
    const upgraded = upgrade as { from: number; done: Promise<readonly Migrated[]> } | null
    try {
      const isLarge = upgraded !== null && upgraded.from > 0
      const db = await settled(attempt, attempt, isLarge ? REPAIR_DEADLINE_MS : OPEN_DEADLINE_MS)
      return adopt(db, { refusal: null, migrated: (await upgraded?.done) ?? [] })
    } catch (error) {
      if (upgraded === null || upgraded.from === 0) throw error
      // What a step says of its failure is better than that the transaction was aborted.
      const cause = await upgraded.done.then(
        () => error,
        (reason: unknown) => reason,
      )
      throw new LedgerError('unmigrated', toLedgerError(cause).message, { cause })
    }
  }

  /** Without a version, so that nothing changes. @throws LedgerError, the given one, when we cannot read it. */
  async function connectAsItIs(refusal: LedgerError): Promise<LedgerDatabase> {
    const attempt = openDB<LedgerSchema>(name, undefined, {
      ...callbacks,
      // Deleted meanwhile: it is not for us to make a new one.
      upgrade: (_db, _from, _to, tx) => {
        tx.done.catch(() => {})
        tx.abort()
      },
    })
    const db = await settled(attempt, attempt).catch(() => null)
    if (db !== null && (await isReadable(db).catch(() => false))) return adopt(db, { refusal, migrated: [] })
    db?.close()
    throw refusal
  }

  function adopt(db: LedgerDatabase, how: Opening): LedgerDatabase {
    observeTransactions(unwrap(db))
    current = db
    found = how
    return db
  }

  /** What comes later than the deadline is closed again. */
  function settled<Value>(
    promise: Promise<Value>,
    attempt: Promise<LedgerDatabase>,
    ms: number = OPEN_DEADLINE_MS,
  ): Promise<Value> {
    const stopPoking = poke(clock)
    return withDeadline(clock, promise, ms, () => {
      attempt.then(
        (db) => db.close(),
        () => {},
      )
      return new LedgerError(
        'unavailable',
        `The database did not open within ${ms / 1_000} seconds; another tab may hold it.`,
      )
    }).finally(stopPoking)
  }

  async function close(): Promise<void> {
    const open = opening
    opening = null
    current = null
    await open?.then(
      (db) => db.close(),
      () => {},
    )
  }

  function database(): Promise<LedgerDatabase> {
    // A failed open is not kept: the next call tries again.
    opening ??= connectPatiently().catch((error: unknown) => {
      opening = null
      throw toLedgerError(error)
    })
    return opening
  }

  return {
    database,
    async writable() {
      const db = await database()
      if (found.refusal !== null) throw found.refusal
      return db
    },
    opening: () => found,
    current: () => (found.refusal === null ? current : null),
    drop,
    close,
    async destroy() {
      await close()
      await deleteDB(name)
    },
    onLost: (listener) => {
      listeners.push(listener)
    },
  }
}

/** Safari's first open can hang until something else asks about databases. Gives back how to stop asking. */
function poke(clock: Clock): () => void {
  let cancel = (): void => {}
  const ask = (): void => {
    cancel = clock.setTimeout(() => {
      indexedDB.databases().catch(() => {})
      ask()
    }, POKE_MS)
  }
  ask()
  return () => cancel()
}

/**
 * Who reads hears of a failure by the requests that were made. `idb` rejects the transaction's own promise as well,
 * whether anybody waits for it or not, and a host would see an error that nobody made.
 */
function observeTransactions(db: IDBDatabase): void {
  const transaction = (...args: Parameters<IDBDatabase['transaction']>): IDBTransaction => {
    const tx = IDBDatabase.prototype.transaction.apply(db, args)
    wrap(tx).done.catch(() => {})
    return tx
  }
  Object.defineProperty(db, 'transaction', { value: transaction, configurable: true })
}

/** Whether this code knows what rows and segments of the database mean. */
async function isReadable(db: LedgerDatabase): Promise<boolean> {
  if (!READABLE_STORES.every((store) => db.objectStoreNames.contains(store))) return false
  if (db.version < SCHEMA_VERSION) return true
  const meta = await db.get('meta', 'ledger')
  return meta !== undefined && meta.minReader <= SCHEMA_VERSION
}
