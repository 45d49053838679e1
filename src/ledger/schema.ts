/**
 * Owns the database layout and its versions. Each number has a sentence; a database from the future is
 * refused untouched.
 */
import type { DBSchema, IDBPDatabase, IDBPTransaction } from 'idb'
import type { RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { Losses, QuarantineEntry } from './port.ts'
import type { Row } from './rows.ts'

/**
 * 1: runs and workflows (one row each), segments, blobs, streams, commands, quarantine, tombstones, meta.
 */
export const SCHEMA_VERSION = 1

/** [log, last sequence]. */
export type SegmentKey = [log: LogId, last: number]

export interface Segment {
  first: number
  last: number
  /** Events as JSON; empty where the events of the range are lost. */
  body: string
  /** Marks a range the store no longer has, so that the head stays where it was. */
  lost?: true
}

interface RowStore {
  key: LogId
  value: Row
  indexes: { sortAt: number; unsettled: number; thread: string; workflow: string }
}

/** Counters kept in step with the data in every transaction; a difference means something was lost. */
export interface Meta {
  schema: number
  batch: number
  runs: number
  workflows: number
  segments: number
  events: number
  quarantined: number
  /** Found lost by integrity checks, over all sessions; absent while nothing ever was. */
  losses?: Losses
}

export interface LedgerSchema extends DBSchema {
  runs: RowStore
  workflows: RowStore
  segments: { key: SegmentKey; value: Segment }
  /** Results, reports and checkpoints, by reference. */
  blobs: { key: string; value: string }
  streams: { key: string; value: StreamCursor }
  commands: { key: string; value: RunCommand }
  quarantine: { key: string; value: QuarantineEntry }
  /** Logs deleted on purpose, so that no second copy brings them back. */
  tombstones: { key: LogId; value: { at: number } }
  meta: { key: 'ledger'; value: Meta }
}

export const STORES = [
  'runs',
  'workflows',
  'segments',
  'blobs',
  'streams',
  'commands',
  'quarantine',
  'tombstones',
  'meta',
] as const

export type LedgerDatabase = IDBPDatabase<LedgerSchema>
export type LedgerTransaction<Mode extends IDBTransactionMode> = IDBPTransaction<
  LedgerSchema,
  typeof STORES,
  Mode
>

export const EMPTY_META: Meta = {
  schema: SCHEMA_VERSION,
  batch: 0,
  runs: 0,
  workflows: 0,
  segments: 0,
  events: 0,
  quarantined: 0,
}

/** Rows live in the store of their entity. */
export const storeOf = (log: LogId): 'runs' | 'workflows' => (log.startsWith('r:') ? 'runs' : 'workflows')

export function upgrade(db: LedgerDatabase, oldVersion: number): void {
  if (oldVersion < 1) {
    for (const name of ['runs', 'workflows'] as const) {
      const store = db.createObjectStore(name)
      // Only fields that change rarely are indexed: an index entry is rewritten with every put of its row.
      for (const field of ['sortAt', 'unsettled', 'thread', 'workflow'] as const)
        store.createIndex(field, field)
    }
    const plain = ['segments', 'blobs', 'streams', 'commands', 'quarantine', 'tombstones', 'meta'] as const
    for (const name of plain) db.createObjectStore(name)
  }
}
