/**
 * Owns the one connection to a scope's database: opened with a deadline, closed when another tab needs it
 * gone, opened again by the next use after it was lost.
 */
import { deleteDB, openDB, unwrap } from 'idb'
import type { Clock } from '../core/ports.ts'
import { OPEN_DEADLINE_MS, withDeadline } from './deadline.ts'
import { toLedgerError } from './ledgerErrors.ts'
import { LedgerError } from './port.ts'
import type { LedgerDatabase, LedgerSchema } from './schema.ts'
import { SCHEMA_VERSION, upgrade } from './schema.ts'

export interface Connection {
  /** The open database. @throws LedgerError when it cannot be opened; the next call tries again. */
  database(): Promise<LedgerDatabase>
  /** The database if it is open this very moment. */
  current(): LedgerDatabase | null
  /** Gives the connection up, as one that may be dead. */
  drop(reason: string): void
  /** Closes it for good, without telling anyone. */
  close(): Promise<void>
  destroy(): Promise<void>
  onLost(listener: (reason: string) => void): void
}

export function createConnection(name: string, clock: Clock): Connection {
  let opening: Promise<LedgerDatabase> | null = null
  /** In use; those that were given up or replaced speak for nobody. */
  let current: LedgerDatabase | null = null
  const listeners: ((reason: string) => void)[] = []

  function drop(reason: string): void {
    opening = null
    current?.close()
    current = null
    for (const listener of listeners) listener(reason)
  }

  function connect(): Promise<LedgerDatabase> {
    const attempt = openDB<LedgerSchema>(name, SCHEMA_VERSION, {
      upgrade: (db, oldVersion) => upgrade(db, oldVersion),
      // Another tab wants to upgrade or delete: holding on would hang it, and every later open with it.
      blocking: (_current, _wanted, event) => {
        const db = event.target as IDBDatabase
        db.close()
        const isOurs = current !== null && unwrap(current) === db
        if (isOurs) drop('another tab is upgrading or deleting the ledger')
      },
      terminated: () => drop('the browser closed the database'),
    })
    let late = false
    void attempt.then(
      (db) => {
        if (late) db.close()
        else current = db
      },
      () => {},
    )
    return withDeadline(clock, attempt, OPEN_DEADLINE_MS, () => {
      late = true
      return new LedgerError(
        'unavailable',
        'The database did not open within 5 seconds; another tab may hold it.',
      )
    })
  }

  async function close(): Promise<void> {
    const open = opening
    opening = null
    current = null
    if (open !== null) (await open).close()
  }

  return {
    database() {
      // A failed open is not kept: the next call tries again.
      opening ??= connect().catch((error: unknown) => {
        opening = null
        throw toLedgerError(error)
      })
      return opening
    },
    current: () => current,
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
