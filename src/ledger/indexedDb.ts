/**
 * Owns the ledger on IndexedDB: one database per scope, one transaction per write with an explicit commit.
 * The connection is `connection.ts`. Layout in `schema.ts`, segments in `segments.ts`, the integrity check in `integrity.ts`.
 */
import type { LogRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { Clock } from '../core/ports.ts'
import { createConnection } from './connection.ts'
import { TRANSACTION_DEADLINE_MS, withDeadline } from './deadline.ts'
import { checkIntegrity, refoldLog, refoldStored } from './integrity.ts'
import { toLedgerError } from './ledgerErrors.ts'
import type { Decision, Durability, Ledger, LedgerBatch, RecordQuery } from './port.ts'
import { conflict, LedgerError } from './port.ts'
import type { Row } from './rows.ts'
import { matches, newestFirst, PROJECTION_VERSION, toRow } from './rows.ts'
import type { LedgerDatabase, LedgerTransaction } from './schema.ts'
import { EMPTY_META, storeOf, STORES } from './schema.ts'
import { readHead, readWindow, toSegment } from './segments.ts'

export const databaseName = (scope: string): string => `run-ledger:${scope}`

export function indexedDbLedger(options: { scope: string; clock: Clock }): Ledger {
  const { clock } = options
  const connection = createConnection(databaseName(options.scope), clock)

  /** The transaction under way, if any. */
  let writing: LedgerTransaction<'readwrite'> | null = null

  async function transact<Result>(
    durability: Durability,
    work: (tx: LedgerTransaction<'readwrite'>) => Promise<Result>,
  ): Promise<Result> {
    const db = await connection.database()
    try {
      const tx = db.transaction(STORES, 'readwrite', { durability })
      writing = tx
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
      } finally {
        if (writing === tx) writing = null
      }
    } catch (error) {
      if (error instanceof DecisionError) throw error.cause
      const failure = toLedgerError(error)
      // A handle that failed this way may be dead; the next operation opens a new one.
      if (failure.kind === 'transient') connection.drop(failure.message)
      throw failure
    }
  }

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
    for (const { log, base, events } of batch.logs) {
      if (events.length > 0) next.segments += 1
      next.events += events.length
      if (base === 0) next[storeOf(log)] += 1
    }
    putAll(tx, batch)
    unwaited(metaStore.put(next, 'ledger'))
  }

  async function read<Result>(work: (db: LedgerDatabase) => Promise<Result>): Promise<Result> {
    const db = await connection.database()
    try {
      return await withDeadline(
        clock,
        work(db),
        TRANSACTION_DEADLINE_MS,
        () => new LedgerError('transient', 'A read did not settle within 5 seconds.'),
      )
    } catch (error) {
      const failure = toLedgerError(error)
      if (failure.kind === 'transient') connection.drop(failure.message)
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
      await connection.database()
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
    writeLeaving(batches) {
      try {
        // What is under way waits for answers that a page on its way out may never get, and ours would wait
        // behind it: it is given up, and what it held is written here.
        if (writing !== null) abort(writing)
        // No reads, for the same reason. The counters stay behind, so that the next start compares everything.
        const tx = connection.current()?.transaction(STORES, 'readwrite', { durability: 'relaxed' })
        if (tx === undefined) return
        tx.done.catch(() => {})
        for (const batch of batches) putAll(tx, batch)
        tx.commit()
      } catch {
        // The page is going; what could be done was tried.
      }
    },
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
    losses: () => read(async (db) => (await db.get('meta', 'ledger'))?.losses ?? { events: 0, logs: [] }),
    onClosed: connection.onLost,
    close: connection.close,
    destroy: connection.destroy,
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

// Not awaited before the commit: a failure aborts the transaction, and that is awaited.
const unwaited = (put: Promise<unknown>): void => void put.catch(() => {})

function putAll(tx: LedgerTransaction<'readwrite'>, batch: LedgerBatch): void {
  for (const { log, events, record } of batch.logs) {
    const segment = toSegment(events)
    if (segment !== null) unwaited(tx.objectStore('segments').put(segment, [log, segment.last]))
    unwaited(tx.objectStore(storeOf(log)).put(toRow(record), log))
  }
  for (const { ref, text } of batch.blobs) unwaited(tx.objectStore('blobs').put(text, ref))
  for (const cursor of batch.cursors) unwaited(tx.objectStore('streams').put(cursor, cursor.stream))
  for (const command of batch.commands) unwaited(tx.objectStore('commands').put(command, command.id))
  for (const entry of batch.quarantine) unwaited(tx.objectStore('quarantine').put(entry, entry.id))
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
