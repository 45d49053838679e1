/**
 * Owns the database layout. How an older one becomes this one is in `migrations.ts`; a database from the future
 * is never touched.
 */
import type { DBSchema, IDBPDatabase, IDBPTransaction } from 'idb'
import type { RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { Behind } from './behind.ts'
import type { QuarantineEntry } from './copies.ts'
import type { Letter, Losses } from './port.ts'
import type { Listing, Row } from './rows.ts'

/** The number of the last migration. */
export const SCHEMA_VERSION = 3

/**
 * The oldest code that can read what this code writes, as the schema version it knows. A page of that age or
 * younger shows a newer ledger without writing to it. Raise it when rows, segments or blobs change their form.
 */
export const MIN_READER = 3

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

/** The segments of one write, in columns: fifty small objects took twice as long to put as four arrays. */
export interface StoredBundle {
  logs: readonly LogId[]
  firsts: readonly number[]
  lasts: readonly number[]
  /** Events as JSON. */
  bodies: readonly string[]
}

/** The key path of each list; every one of them ends in the order of the list. */
export const LIST_INDEXES = {
  entity: ['entity', 'order', 'log'],
  status: ['entity', 'status', 'order', 'log'],
  kind: ['entity', 'kind', 'order', 'log'],
  statusAndKind: ['entity', 'status', 'kind', 'order', 'log'],
  thread: ['entity', 'thread', 'order', 'log'],
  workflow: ['entity', 'workflow', 'order', 'log'],
  parent: ['entity', 'parent', 'order', 'log'],
  unsettled: ['entity', 'unsettled', 'order', 'log'],
} as const satisfies Record<string, readonly (keyof Listing)[]>

export type ListIndex = keyof typeof LIST_INDEXES

/** What one tally counts. */
export type TallyKey = [entity: Listing['entity'], status: Listing['status'], kind: string]

/** Counters kept in step with the data in every transaction; a difference means something was lost. */
export interface Meta {
  schema: number
  /** The schema version a page must know to read this ledger. */
  minReader: number
  batch: number
  runs: number
  workflows: number
  segments: number
  bundles: number
  events: number
  /** Refused in all; of these the oldest were dropped. */
  quarantined: number
  quarantineDropped?: number
  /** Characters of segment bodies and blobs. */
  bytes: number
  /** Logs whose row or segments are behind their events; absent when none is. */
  behind?: Behind
  /** How far rows are known to be as the present fold has them; absent before anyone looked. */
  projected?: { version: number; upTo: LogId | null }
  /** Found lost by integrity checks, over all sessions; absent while nothing ever was. */
  losses?: Losses
}

export interface LedgerSchema extends DBSchema {
  runs: { key: LogId; value: Row }
  workflows: { key: LogId; value: Row }
  /** Written when the fields of a list change, and not with every row. */
  listings: { key: LogId; value: Listing; indexes: Record<ListIndex, IDBValidKey[]> }
  /** How many listings there are of each entity, status and kind. */
  tallies: { key: TallyKey; value: number }
  segments: { key: SegmentKey; value: Segment }
  /** The newest events of all logs, by the number of the write that stored them (`bundles.ts`). */
  bundles: { key: number; value: StoredBundle }
  /** Results, reports and checkpoints, by reference. */
  blobs: { key: string; value: string }
  streams: { key: string; value: StreamCursor }
  commands: { key: string; value: RunCommand }
  quarantine: { key: string; value: QuarantineEntry }
  /** Logs deleted on purpose, so that no second copy brings them back. */
  tombstones: { key: LogId; value: { at: number; batch: number } }
  /** What pages on their way out left behind; in no transaction with the others, so that it waits for none. */
  letters: { key: string; value: Letter }
  meta: { key: 'ledger'; value: Meta }
}

/** The stores of ordinary transactions. */
export const STORES = [
  'runs',
  'workflows',
  'listings',
  'tallies',
  'segments',
  'bundles',
  'blobs',
  'streams',
  'commands',
  'quarantine',
  'tombstones',
  'meta',
] as const

/** The stores that show what a ledger holds: who can read them can show it. */
export const READABLE_STORES = [
  'runs',
  'workflows',
  'segments',
  'blobs',
  'streams',
  'commands',
  'quarantine',
  'meta',
] as const

type StoreName = (typeof STORES)[number]

export type LedgerDatabase = IDBPDatabase<LedgerSchema>
export type LedgerTransaction<Mode extends IDBTransactionMode> = IDBPTransaction<
  LedgerSchema,
  typeof STORES,
  Mode
>

export const EMPTY_META: Meta = {
  schema: SCHEMA_VERSION,
  minReader: MIN_READER,
  batch: 0,
  runs: 0,
  workflows: 0,
  segments: 0,
  bundles: 0,
  events: 0,
  quarantined: 0,
  bytes: 0,
}

/** Of these stores those there are: a layout older than this code lacks the newest. */
export function present<Names extends readonly StoreName[]>(db: LedgerDatabase, names: Names): Names {
  return names.filter((name) => db.objectStoreNames.contains(name)) as unknown as Names
}

/** Rows live in the store of their entity. */
export const storeOf = (log: LogId): 'runs' | 'workflows' => (log.startsWith('r:') ? 'runs' : 'workflows')
