/**
 * Owns the ledger on IndexedDB: one database per scope, one connection, one transaction per write with an
 * explicit commit. Layout in `schema.ts`, segments in `segments.ts`, the integrity check in `integrity.ts`.
 */
import { deleteDB, openDB, unwrap } from 'idb'
import type { LogRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { Clock } from '../core/ports.ts'
import { OPEN_DEADLINE_MS, TRANSACTION_DEADLINE_MS, withDeadline } from './deadline.ts'
import { checkIntegrity, refoldLog, refoldStored } from './integrity.ts'
import { toLedgerError } from './ledgerErrors.ts'
import type { Decision, Durability, Ledger, LedgerBatch, RecordQuery } from './port.ts'
import { conflict, LedgerError } from './port.ts'
import type { Row } from './rows.ts'
import { matches, newestFirst, PROJECTION_VERSION, toRow } from './rows.ts'
import type { LedgerDatabase, LedgerSchema, LedgerTransaction } from './schema.ts'
import { EMPTY_META, SCHEMA_VERSION, storeOf, STORES, upgrade } from './schema.ts'
import { readHead, readWindow, toSegment } from './segments.ts'

export const databaseName = (scope: string): string => `run-ledger:${scope}`

export function indexedDbLedger(options: { scope: string; clock: Clock }): Ledger {
  const { clock } = options
  const name = databaseName(options.scope)
  let connection: Promise<LedgerDatabase> | null = null
  let closing = false
  const listeners: ((reason: string) => void)[] = []

  /** The connection in use; those that were given up or replaced speak for nobody. */
  let handle: IDBDatabase | null = null

  function lost(db: unknown, reason: string): void {
    if (handle === db) drop(reason)
  }

  function drop(reason: string): void {
    connection = null
    handle?.close()
    handle = null
    if (!closing) for (const listener of listeners) listener(reason)
  }

  async function connect(): Promise<LedgerDatabase> {
    const opening = openDB<LedgerSchema>(name, SCHEMA_VERSION, {
      upgrade: (db, oldVersion) => upgrade(db, oldVersion),
      // Another tab wants to upgrade or delete: holding on would hang it, and every later open with it.
      blocking: (_current, _wanted, event) => {
        ;(event.target as IDBDatabase).close()
        lost(event.target, 'another tab is upgrading or deleting the ledger')
      },
      terminated: () => drop('the browser closed the database'),
    })
    let late = false
    void opening.then(
      (db) => {
        if (late) db.close()
        else handle = unwrap(db) as IDBDatabase
      },
      () => {},
    )
    return withDeadline(clock, opening, OPEN_DEADLINE_MS, () => {
      late = true
      return new LedgerError(
        'unavailable',
        'The database did not open within 5 seconds; another tab may hold it.',
      )
    })
  }

  function database(): Promise<LedgerDatabase> {
    // A failed open is not kept: the next call tries again.
    connection ??= connect().catch((error: unknown) => {
      connection = null
      throw toLedgerError(error)
    })
    return connection
  }

  async function transact<Result>(
    durability: Durability,
    work: (tx: LedgerTransaction<'readwrite'>) => Promise<Result>,
  ): Promise<Result> {
    const db = await database()
    try {
      const tx = db.transaction(STORES, 'readwrite', { durability })
      // Observed here, so that an abort while `work` still runs is not an unhandled rejection.
      const done = tx.done.then(() => null, toLedgerError)
      const whole = async (): Promise<Result> => {
        const result = await work(tx)
        tx.commit()
        const failure = await done
        if (failure !== null) throw failure
        return result
      }
      try {
        return await withDeadline(
          clock,
          whole(),
          TRANSACTION_DEADLINE_MS,
          () => new LedgerError('transient', 'A transaction did not settle within 5 seconds.'),
        )
      } catch (error) {
        abort(tx)
        throw error
      }
    } catch (error) {
      if (error instanceof DecisionError) throw error.cause
      const failure = toLedgerError(error)
      // A handle that failed this way may be dead; the next operation opens a new one.
      if (failure.kind === 'transient') drop(failure.message)
      throw failure
    }
  }

  // Not awaited before the commit: a failure aborts the transaction, and that is awaited.
  const unwaited = (put: Promise<unknown>): void => void put.catch(() => {})

  async function apply(tx: LedgerTransaction<'readwrite'>, batch: LedgerBatch): Promise<void> {
    const metaStore = tx.objectStore('meta')
    const [meta = EMPTY_META] = await Promise.all([
      metaStore.get('ledger'),
      ...batch.logs.map(async ({ log, base }) => {
        const head = await readHead(tx.objectStore('segments'), log)
        if (head !== base) throw conflict(log, base, head)
      }),
    ])
    const next = { ...meta, batch: meta.batch + 1 }
    const quarantined = await Promise.all(
      batch.quarantine.map(({ id }) => tx.objectStore('quarantine').getKey(id)),
    )
    next.quarantined += quarantined.filter((key) => key === undefined).length
    for (const { log, base, events, record } of batch.logs) {
      const segment = toSegment(events)
      if (segment !== null) {
        unwaited(tx.objectStore('segments').put(segment, [log, segment.last]))
        next.segments += 1
        next.events += events.length
      }
      unwaited(tx.objectStore(storeOf(log)).put(toRow(record), log))
      if (base === 0) next[storeOf(log)] += 1
    }
    for (const { ref, text } of batch.blobs) unwaited(tx.objectStore('blobs').put(text, ref))
    for (const cursor of batch.cursors) unwaited(tx.objectStore('streams').put(cursor, cursor.stream))
    for (const command of batch.commands) unwaited(tx.objectStore('commands').put(command, command.id))
    for (const entry of batch.quarantine) unwaited(tx.objectStore('quarantine').put(entry, entry.id))
    unwaited(metaStore.put(next, 'ledger'))
  }

  async function read<Result>(work: (db: LedgerDatabase) => Promise<Result>): Promise<Result> {
    const db = await database()
    try {
      return await withDeadline(
        clock,
        work(db),
        TRANSACTION_DEADLINE_MS,
        () => new LedgerError('transient', 'A read did not settle within 5 seconds.'),
      )
    } catch (error) {
      const failure = toLedgerError(error)
      if (failure.kind === 'transient') drop(failure.message)
      throw failure
    }
  }

  /** A row folded by an older fold is folded again from its events before anyone sees it. */
  async function current(db: LedgerDatabase, row: Row): Promise<LogRecord> {
    if (row.projection === PROJECTION_VERSION) return row.record
    return (await refoldLog(db, row.log)) ?? row.record
  }

  async function list(db: LedgerDatabase, query: RecordQuery): Promise<readonly LogRecord[]> {
    const store = db.transaction(query.entity === 'run' ? 'runs' : 'workflows').store
    const narrow = narrowest(query)
    let rows: Row[]
    if (narrow !== null) {
      rows = await store.index(narrow.index).getAll(narrow.value as never)
      rows = rows.filter((row) => matches(row, query)).toSorted(newestFirst)
    } else {
      rows = []
      const upTo = query.before === undefined ? null : IDBKeyRange.upperBound(query.before.sortAt)
      let cursor = await store.index('sortAt').openCursor(upTo, 'prev')
      while (cursor !== null && rows.length < query.limit) {
        if (matches(cursor.value, query)) rows.push(cursor.value)
        cursor = await cursor.continue()
      }
    }
    return Promise.all(rows.slice(0, query.limit).map((row) => current(db, row)))
  }

  return {
    kind: 'indexedDb',
    open: async () => {
      closing = false
      await database()
    },
    write: (batch) => transact(batch.durability, (tx) => apply(tx, batch)),
    decide: (logs, decision, durability) =>
      transact(durability, async (tx) => {
        const records = new Map<LogId, LogRecord>()
        const rows = await Promise.all(logs.map((log) => tx.objectStore(storeOf(log)).get(log)))
        for (const row of rows) {
          if (row === undefined) continue
          const stale = row.projection !== PROJECTION_VERSION
          const record = stale ? await refoldStored(tx, row.log) : row.record
          records.set(row.log, record ?? row.record)
        }
        const batch = attempt(decision, records)
        if (batch !== null) await apply(tx, batch)
        return batch
      }),
    readRecords: (logs) =>
      read(async (db) => {
        const tx = db.transaction(['runs', 'workflows'])
        const rows = await Promise.all(logs.map((log) => tx.objectStore(storeOf(log)).get(log)))
        const found = rows.filter((row) => row !== undefined)
        const records = await Promise.all(found.map((row) => current(db, row)))
        return new Map(records.map((record) => [record.log, record]))
      }),
    listRecords: (query) => read((db) => list(db, query)),
    readEvents: (log, query) => read((db) => readWindow(db.transaction('segments').store, log, query)),
    readHead: (log) => read((db) => readHead(db.transaction('segments').store, log)),
    readBlob: (ref) => read(async (db) => (await db.get('blobs', ref)) ?? null),
    readCursor: (stream) => read(async (db) => (await db.get('streams', stream)) ?? null),
    listCommands: () => read((db) => db.getAll('commands')),
    listQuarantine: (limit) =>
      read(async (db) => {
        const entries = []
        let cursor = await db.transaction('quarantine').store.openCursor(null, 'prev')
        while (cursor !== null && entries.length < limit) {
          entries.push(cursor.value)
          cursor = await cursor.continue()
        }
        return entries
      }),
    counts: () =>
      read(async (db) => {
        const { runs, workflows, events, quarantined } = (await db.get('meta', 'ledger')) ?? EMPTY_META
        return { runs, workflows, events, quarantined }
      }),
    check: async () => transact('strict', (tx) => checkIntegrity(tx)),
    onClosed: (listener) => {
      listeners.push(listener)
    },
    close: async () => {
      closing = true
      const open = connection
      connection = null
      if (open !== null) (await open).close()
    },
    destroy: async () => {
      closing = true
      const open = connection
      connection = null
      if (open !== null) (await open).close()
      await deleteDB(name)
    },
  }
}

/** What a decision threw: the caller's own error, not the store's. */
class DecisionError extends Error {}

function attempt(decision: Decision, records: ReadonlyMap<LogId, LogRecord>): LedgerBatch | null {
  try {
    return decision(records)
  } catch (error) {
    throw new DecisionError('A decision threw.', { cause: error })
  }
}

function abort(tx: LedgerTransaction<'readwrite'>): void {
  try {
    tx.abort()
  } catch {
    // Already finished or aborted: what is left to do is done.
  }
}

/** The index that leaves the fewest rows; null when only the order helps. */
function narrowest(
  query: RecordQuery,
): { index: 'workflow' | 'thread' | 'unsettled'; value: string | number } | null {
  if (query.workflow !== undefined) return { index: 'workflow', value: query.workflow }
  if (query.thread !== undefined) return { index: 'thread', value: query.thread }
  if (query.unsettled === true) return { index: 'unsettled', value: 1 }
  return null
}
