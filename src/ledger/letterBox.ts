/**
 * Owns where letters lie (`letters.ts` says what they are): in the database, and when short in the
 * synchronous store as well. Chromium may drop the last transaction of a page although it was told to commit
 * (docs/reliability.md, exits); what was put there it keeps.
 */
import { scopeName } from '../core/ids.ts'
import type { SyncStore } from '../core/ports.ts'
import type { Connection } from './connection.ts'
import type { Letter } from './port.ts'
import { unwaited } from './requests.ts'
import type { LedgerDatabase } from './schema.ts'

/** A browser keeps some five million characters of an origin, and other letters and the host have some as well. */
const BESIDE_CHARS = 1_000_000

export interface LetterBox {
  /** Never waits and never throws. */
  put(letter: Letter): void
  list(db: LedgerDatabase): Promise<readonly Letter[]>
  delete(db: LedgerDatabase, ids: readonly string[]): Promise<void>
  /** Removes what lies beside the database. */
  clear(): void
}

export function createLetterBox(scope: string, connection: Connection, beside: SyncStore | null): LetterBox {
  const prefix = `run-ledger:${scopeName(scope)}:letter:`

  function putInDatabase(letter: Letter): void {
    try {
      // A store of its own: it waits for no transaction under way, whose answers a page on its way out may never get.
      const tx = connection.current()?.transaction('letters', 'readwrite', { durability: 'relaxed' })
      if (tx === undefined) return
      tx.done.catch(() => {})
      unwaited(tx.store.put(letter, letter.id))
      tx.commit()
    } catch {
      // The page is going; what could be done was tried.
    }
  }

  return {
    put(letter) {
      putInDatabase(letter)
      const text = JSON.stringify(letter)
      if (text.length <= BESIDE_CHARS) beside?.put(prefix + letter.id, text)
    },
    async list(db) {
      const letters = new Map((await db.getAll('letters')).map((letter) => [letter.id, letter]))
      for (const [key, text] of beside?.list(prefix) ?? []) {
        const letter = read(text)
        if (letter === null) beside?.delete(key)
        else letters.set(letter.id, letter)
      }
      return [...letters.values()]
    },
    async delete(db, ids) {
      const tx = db.transaction('letters', 'readwrite')
      await Promise.all(ids.map((id) => tx.store.delete(id)))
      await tx.done
      for (const id of ids) beside?.delete(prefix + id)
    },
    clear() {
      for (const key of beside?.list(prefix).keys() ?? []) beside?.delete(key)
    },
  }
}

/** Null for one that is torn. */
function read(text: string): Letter | null {
  try {
    return JSON.parse(text) as Letter
  } catch {
    return null
  }
}
