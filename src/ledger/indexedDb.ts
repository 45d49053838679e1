/**
 * Owns the ledger on IndexedDB: one database per scope, one transaction per write with an explicit commit.
 * The connection is `connection.ts`. Layout in `schema.ts`, segments in `segments.ts`, the integrity check in `integrity.ts`.
 */
import type { LogRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { Clock, SyncStore } from '../core/ports.ts'
import type { Unsorted } from './bundles.ts'
import { applyBatch, newMemory } from './apply.ts'
import { createConnection } from './connection.ts'
import { REPAIR_DEADLINE_MS, TRANSACTION_DEADLINE_MS, withDeadline } from '../core/deadline.ts'
import { checkIntegrity, isConsistent, recordLoss } from './integrity.ts'
import { deleteLogs, readDeleted, sizeOf } from './deletion.ts'
import { createLetterBox } from './letterBox.ts'
import { toLedgerError } from './ledgerErrors.ts'
import { mergeSegments } from './merge.ts'
import { readQuarantine } from './quarantine.ts'
import { readStored, restamp, restorePieces, takeInventory } from './repair.ts'
import type { Decision, Durability, Ledger, LedgerBatch } from './port.ts'
import { INTACT, LedgerError } from './port.ts'
import {
  readCount,
  readLists,
  readListsFromRows,
  readPage,
  readPageFromRows,
  readRows,
  readLogs,
} from './lists.ts'
import { catchUp, refoldStale } from './projection.ts'
import type { LedgerDatabase, LedgerTransaction } from './schema.ts'
import { EMPTY_META, present, STORES } from './schema.ts'
import { readHead, readWindow, segmentSource } from './segments.ts'
import type { SegmentStore } from './segments.ts'

export const databaseName = (scope: string): string => `run-ledger:${scope}`

export function indexedDbLedger(options: {
  scope: string
  clock: Clock
  /** Where a page leaves its last words as well. */
  syncStore?: SyncStore
}): Ledger {
  const { scope, clock, syncStore = null } = options
  const connection = createConnection(databaseName(scope), clock)
  const letters = createLetterBox(scope, connection, syncStore)
  let memory = newMemory()
  /** The next database may be another one. What is under way with the old one keeps its own memory. */
  const forget = (): void => {
    memory = newMemory()
  }
  connection.onLost(forget)

  async function transact<Result>(
    durability: Durability,
    work: (tx: LedgerTransaction<'readwrite'>) => Promise<Result>,
    deadline = TRANSACTION_DEADLINE_MS,
  ): Promise<Result> {
    const db = await connection.writable()
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
          deadline,
          () =>
            new LedgerError('transient', `A transaction did not settle within ${deadline / 1_000} seconds.`),
        )
      } catch (error) {
        abort(tx)
        // Requests of an aborted transaction only say that it was; the transaction knows why.
        throw isAbort(error) ? ((await done) ?? error) : error
      }
    } catch (error) {
      forget()
      if (error instanceof DecisionError) throw error.cause
      const failure = toLedgerError(error)
      // A handle that failed this way may be dead; the next operation opens a new one.
      if (failure.kind === 'transient') connection.drop(failure.message)
      throw failure
    }
  }

  async function read<Result>(
    work: (db: LedgerDatabase) => Promise<Result>,
    deadline = TRANSACTION_DEADLINE_MS,
  ): Promise<Result> {
    const db = await connection.database()
    try {
      return await withDeadline(
        clock,
        work(db),
        deadline,
        () => new LedgerError('transient', `A read did not settle within ${deadline / 1_000} seconds.`),
      )
    } catch (error) {
      const failure = toLedgerError(error)
      if (failure.kind === 'transient') connection.drop(failure.message)
      throw failure
    }
  }

  const readSegments = <Result>(
    work: (sorted: SegmentStore, unsorted: Unsorted) => Promise<Result>,
  ): Promise<Result> =>
    read(async (db) => {
      const tx = db.transaction(present(db, ['segments', 'bundles', 'meta'] as const))
      return work(tx.objectStore('segments'), await memory.bundles.read(tx))
    })

  /** A store laid out by other code: only rows and segments are sure to be as we know them. */
  const isForeign = (): boolean => connection.opening().refusal !== null

  /** What other code keeps is not ours to judge. */
  const looksConsistent = async (db: LedgerDatabase): Promise<boolean> => isForeign() || isConsistent(db)

  return {
    kind: 'indexedDb',
    open: async () => {
      await connection.database()
    },
    opening: connection.opening,
    async write(batch) {
      const { receipt, landed } = await transact(batch.durability, (tx) => applyBatch(tx, batch, memory))
      landed()
      return receipt
    },
    async decide(logs, decision, durability) {
      const decided = await transact(durability, async (tx) => {
        const batch = attempt(decision, byLog(await readRows(tx, memory.bundles, logs)))
        return batch === null ? null : { batch, ...(await applyBatch(tx, batch, memory)) }
      })
      if (decided === null) return null
      decided.landed()
      return { batch: decided.batch, ...decided.receipt }
    },
    writeLetter(letter) {
      if (!isForeign()) letters.put(letter)
    },
    listLetters: () => read(async (db) => (isForeign() ? [] : letters.list(db))),
    deleteLetters: (ids) => read(async () => letters.delete(await connection.writable(), ids)),
    readRecords: (logs) => read(async (db) => byLog(await readLogs(db, memory.bundles, logs))),
    listRecords: (...queries) =>
      read((db) => (isForeign() ? readListsFromRows : readLists)(db, memory.bundles, queries)),
    listPage: (query) => read((db) => (isForeign() ? readPageFromRows : readPage)(db, memory.bundles, query)),
    countRecords: (filter) =>
      read(async (db) =>
        isForeign()
          ? (await readPageFromRows(db, memory.bundles, { ...filter, limit: 0 })).total
          : readCount(db, filter),
      ),
    readEvents: (log, query) => readSegments((sorted, unsorted) => readWindow(sorted, unsorted, log, query)),
    readHead: (log) => readSegments((sorted, unsorted) => readHead(sorted, unsorted, log)),
    readBlob: (ref) => read(async (db) => (await db.get('blobs', ref)) ?? null),
    readCursor: (stream) => read(async (db) => (await db.get('streams', stream)) ?? null),
    listCommands: () => read((db) => db.getAll('commands')),
    listQuarantine: (limit) => read((db) => readQuarantine(db, limit)),
    counts: () =>
      read(async (db) => {
        const { runs, workflows, events, quarantined } = (await db.get('meta', 'ledger')) ?? EMPTY_META
        return { runs, workflows, events, quarantined }
      }),
    stamp: () =>
      read(async (db) => {
        const { batch, events } = (await db.get('meta', 'ledger')) ?? EMPTY_META
        return { batch, events }
      }),
    isConsistent: () => read(looksConsistent),
    async check({ full } = { full: false }) {
      if (!full && (await read(looksConsistent))) return INTACT
      return transact('strict', checkIntegrity, REPAIR_DEADLINE_MS)
    },
    inventory: () => read(takeInventory, REPAIR_DEADLINE_MS),
    readSegments: (log) =>
      readSegments((sorted, unsorted) => readStored(segmentSource(sorted, unsorted), log)),
    restore: (pieces) => transact('strict', (tx) => restorePieces(tx, pieces)),
    restamp: (batch) => transact('strict', (tx) => restamp(tx, batch)),
    recordLoss: (events) => transact('strict', (tx) => recordLoss(tx, events)),
    deleteLogs: (logs, at, heads) =>
      transact('strict', (tx) => deleteLogs(tx, logs, at, heads), REPAIR_DEADLINE_MS),
    readDeleted: (logs) => read((db) => readDeleted(db, logs)),
    catchUp: (limit) => transact('relaxed', (tx) => catchUp(tx, limit)),
    mergeSegments: (log, step) => transact('relaxed', (tx) => mergeSegments(tx, log, step)),
    refoldStale: (limit) => transact('relaxed', (tx) => refoldStale(tx, limit)),
    sizeOf: (log) => read((db) => sizeOf(db, memory.bundles, log)),
    listCursors: () => read((db) => db.getAll('streams')),
    deleteCursors: (streams) =>
      transact('relaxed', async (tx) => {
        await Promise.all(streams.map((stream) => tx.objectStore('streams').delete(stream)))
      }),
    losses: () => read(async (db) => (await db.get('meta', 'ledger'))?.losses ?? { events: 0, logs: [] }),
    onClosed: connection.onLost,
    close: connection.close,
    async destroy() {
      letters.clear()
      await connection.destroy()
    },
  }
}

const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError'

const byLog = (records: readonly LogRecord[]): ReadonlyMap<LogId, LogRecord> =>
  new Map(records.map((record) => [record.log, record]))

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
