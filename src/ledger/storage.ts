/**
 * Owns where a scope is kept: IndexedDB and localForage, or memory when the browser refuses them. The switch
 * happens once, at open, and is always said: a silent memory fallback is how data gets lost.
 */
import type { Clock, ContentStore } from '../core/ports.ts'
import { localForageContentStore, memoryContentStore } from './contentStore.ts'
import { indexedDbLedger } from './indexedDb.ts'
import { toLedgerError } from './ledgerErrors.ts'
import { memoryLedger } from './memory.ts'
import type { Ledger, LedgerError } from './port.ts'

export interface Storage {
  ledger: Ledger
  content: ContentStore
}

export function memoryStorage(): Storage {
  return { ledger: memoryLedger(), content: memoryContentStore() }
}

/** Storage on disk that goes on in memory when it cannot be opened; `onFallback` hears why. */
export function browserStorage(options: {
  scope: string
  clock: Clock
  onFallback: (error: LedgerError) => void
}): Storage {
  const { scope, clock, onFallback } = options
  let current: Storage = {
    ledger: indexedDbLedger({ scope, clock }),
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

  const ledger: Ledger = {
    get kind() {
      return current.ledger.kind
    },
    open,
    write: (batch) => current.ledger.write(batch),
    decide: (logs, decision, durability) => current.ledger.decide(logs, decision, durability),
    writeLeaving: (batches) => current.ledger.writeLeaving(batches),
    readRecords: (logs) => current.ledger.readRecords(logs),
    listRecords: (query) => current.ledger.listRecords(query),
    readEvents: (log, query) => current.ledger.readEvents(log, query),
    readHead: (log) => current.ledger.readHead(log),
    readBlob: (ref) => current.ledger.readBlob(ref),
    readCursor: (stream) => current.ledger.readCursor(stream),
    listCommands: () => current.ledger.listCommands(),
    listQuarantine: (limit) => current.ledger.listQuarantine(limit),
    counts: () => current.ledger.counts(),
    check: () => current.ledger.check(),
    losses: () => current.ledger.losses(),
    onClosed: (listener) => current.ledger.onClosed(listener),
    close: () => current.ledger.close(),
    destroy: () => current.ledger.destroy(),
  }
  const content: ContentStore = {
    put: (ref, text) => current.content.put(ref, text),
    get: (ref) => current.content.get(ref),
    delete: (ref) => current.content.delete(ref),
  }
  return { ledger, content }
}
