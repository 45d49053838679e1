/**
 * Owns where a scope is kept: IndexedDB with a journal beside it, and localForage; or memory when the browser
 * refuses them. The switch happens once, at open, and is always said: a silent memory fallback is how data gets lost.
 */
import type { Clock, ContentStore, Locks, SyncStore } from '../core/ports.ts'
import { localForageContentStore, memoryContentStore } from './contentStore.ts'
import { indexedDbLedger } from './indexedDb.ts'
import { opfsJournal } from './journal/opfs.ts'
import type { Journal } from './journal/port.ts'
import { toLedgerError } from './ledgerErrors.ts'
import { memoryLedger } from './memory.ts'
import type { Ledger, LedgerError } from './port.ts'

export interface Storage {
  readonly ledger: Ledger
  /** The second copy; null where there is none. Ask again after `ledger.open()`. */
  readonly journal: Journal | null
  readonly content: ContentStore
}

export function memoryStorage(): Storage {
  return { ledger: memoryLedger(), journal: null, content: memoryContentStore() }
}

/** Storage on disk that goes on in memory when it cannot be opened; `onFallback` hears why. */
export function browserStorage(options: {
  scope: string
  /** Names this page's files of the journal. */
  writer: string
  clock: Clock
  locks: Locks
  syncStore: SyncStore
  onFallback: (error: LedgerError) => void
}): Storage {
  const { scope, writer, clock, locks, syncStore, onFallback } = options
  let current: Storage = {
    ledger: indexedDbLedger({ scope, clock, syncStore }),
    journal: opfsJournal({ scope, writer, clock, locks }),
    content: localForageContentStore(scope),
  }

  let opening: Promise<void> | null = null
  const open = (): Promise<void> =>
    (opening ??= openOnce().finally(() => {
      opening = null
    }))

  async function openOnce(): Promise<void> {
    try {
      await current.ledger.open()
    } catch (error) {
      current = memoryStorage()
      await current.ledger.open()
      onFallback(toLedgerError(error))
    }
  }

  return {
    ledger: forward(() => current.ledger, { open }),
    get journal() {
      return current.journal
    },
    content: forward(() => current.content, {}),
  }
}

/** What `target` gives at the time of the call, but for `own`. Neither a ledger nor a content store uses `this`. */
function forward<Target extends object>(target: () => Target, own: Partial<Target>): Target {
  return new Proxy({} as Target, {
    get: (_, name) => Reflect.get(Object.hasOwn(own, name) ? own : target(), name) as unknown,
  })
}
