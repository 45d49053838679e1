/**
 * Owns what the state layer asks of a store: one atomic write that checks heads, bounded reads, an
 * integrity check. Any storage that passes `testing/conformance.ts` will do.
 */
import type { StoredText } from '../core/content.ts'
import type { LogRecord, RunEvent } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { Inventory, Pieces, QuarantineEntry, Stamp, StoredSegment, Tombstone } from './copies.ts'
import type { RunStatusName } from '../core/status.ts'

/** `strict` waits for the disk; used for settled statuses, questions, checkpoints, results and commands. */
export type Durability = 'relaxed' | 'strict'

export interface LogWrite {
  log: LogId
  /** The stored head this write builds on. */
  base: number
  events: readonly RunEvent[]
  /** The record after the last of the events. */
  record: LogRecord
  /** Whether anything lists are served from is other than in the record at `base`; true for a new log. */
  relisted: boolean
}

/** Everything here lands in one transaction or not at all. */
export interface LedgerBatch {
  logs: readonly LogWrite[]
  cursors: readonly StreamCursor[]
  blobs: readonly StoredText[]
  quarantine: readonly QuarantineEntry[]
  commands: readonly RunCommand[]
  durability: Durability
}

export const EMPTY_BATCH: LedgerBatch = {
  logs: [],
  cursors: [],
  blobs: [],
  quarantine: [],
  commands: [],
  durability: 'relaxed',
}

/** What a write left behind. */
export interface WriteReceipt {
  stamp: Stamp
  segments: readonly StoredSegment[]
}

/** What a decision wrote. */
export interface Decided extends WriteReceipt {
  batch: LedgerBatch
}

export interface RecordFilter {
  entity: 'run' | 'workflow'
  /** Only runs that have not settled. */
  unsettled?: boolean
  status?: RunStatusName
  /** A run's kind; of a workflow run its definition. */
  kind?: string
  thread?: string
  workflow?: string
  /** The run that started it. */
  parent?: string
}

export interface RecordQuery extends RecordFilter {
  /** Newest `sortAt` first; equal ones by log. */
  limit: number
  /** Continue after this position. */
  before?: ListPosition
}

/** Where a record stands in every list. */
export interface ListPosition {
  sortAt: number
  log: LogId
}

export interface RecordCount {
  count: number
  /** False: there are at least so many. */
  exact: boolean
}

export interface RecordPage {
  records: readonly LogRecord[]
  /** Where the next page continues; null at the end. */
  next: ListPosition | null
  /** Of all pages. */
  total: RecordCount
}

export interface EventQuery {
  /** Events with a higher sequence, ascending. */
  after?: number
  /** Events with a lower sequence, the latest of them, still ascending. */
  before?: number
  limit: number
}

export interface LedgerCounts {
  runs: number
  workflows: number
  events: number
  quarantined: number
}

/** What a page on its way out had no time to write in order. */
export interface Letter {
  id: string
  batches: readonly LedgerBatch[]
}

/** What a deletion took. */
export interface Deletion {
  stamp: Stamp
  tombstones: readonly Tombstone[]
  events: number
}

/** How far joining the small segments of a log got. */
export interface MergeStep {
  /** Segments fewer than before. */
  removed: number
  /** Where the next step begins; null when the log is through. */
  next: number | null
}

/** What a look at the whole store found, in numbers a person can see. */
export interface IntegrityReport {
  /** Records that were missing or behind and were folded again from the events. */
  rebuilt: number
  /** Events that records say were accepted and that the store no longer has. */
  lostEvents: number
  lostLogs: readonly LogId[]
}

/** All that was ever found lost: a loss does not end with the session that noticed it. */
export interface Losses {
  events: number
  /** Logs with holes, as far as their names survived; at most 1,000. */
  logs: readonly LogId[]
}

export const INTACT: IntegrityReport = { rebuilt: 0, lostEvents: 0, lostLogs: [] }

/** Sync, given the records read in the same transaction; null writes nothing. */
export type Decision = (records: ReadonlyMap<LogId, LogRecord>) => LedgerBatch | null

export interface Ledger {
  kind: 'indexedDb' | 'memory'
  /** Opens or creates the store. @throws LedgerError */
  open(): Promise<void>
  /** How the open store was found: it may be one to read only. */
  opening(): Opening
  /** Writes atomically after checking every touched log's head. @throws LedgerError */
  write(batch: LedgerBatch): Promise<WriteReceipt>
  /** Reads, decides and writes in one transaction; gives back what was written. @throws LedgerError */
  decide(logs: readonly LogId[], decision: Decision, durability: Durability): Promise<Decided | null>
  /**
   * Best effort at the page's last moment: one record, issued at once, without a read and without looking back.
   * It is adopted by identity later (`letters.ts`), so writing the same in order as well changes nothing.
   */
  writeLetter(letter: Letter): void
  listLetters(): Promise<readonly Letter[]>
  deleteLetters(ids: readonly string[]): Promise<void>
  readRecords(logs: readonly LogId[]): Promise<ReadonlyMap<LogId, LogRecord>>
  /** What is in any of these lists, each once, those of the first list first; all as of one moment. */
  listRecords(...queries: readonly RecordQuery[]): Promise<readonly LogRecord[]>
  /** One list with where it continues and how many there are, all as of one moment. */
  listPage(query: RecordQuery): Promise<RecordPage>
  /** Exact for up to one condition, and for status with kind; beyond that exact when there is little to look at. */
  countRecords(filter: RecordFilter): Promise<RecordCount>
  readEvents(log: LogId, query: EventQuery): Promise<readonly RunEvent[]>
  /** The log's last stored sequence; 0 when nothing of it is stored. */
  readHead(log: LogId): Promise<number>
  readBlob(ref: string): Promise<string | null>
  readCursor(stream: string): Promise<StreamCursor | null>
  listCommands(): Promise<readonly RunCommand[]>
  /** Newest first. */
  listQuarantine(limit: number): Promise<readonly QuarantineEntry[]>
  counts(): Promise<LedgerCounts>
  /** Where the ledger stands; reads one record. */
  stamp(): Promise<Stamp>
  /** Whether the counters fit the contents; reads no row and no event. */
  isConsistent(): Promise<boolean>
  /**
   * Compares records with events; folds again what can be, marks and reports what is gone. Compares only when the
   * counters disagree with the contents, unless told to do so in any case.
   */
  check(options?: { full: boolean }): Promise<IntegrityReport>
  /** Everything that is here, by name. */
  inventory(): Promise<Inventory>
  /** The stored segments of a log, as they were encoded, ascending. */
  readSegments(log: LogId): Promise<readonly StoredSegment[]>
  /**
   * Puts back what another copy still has. The records of the touched logs are gone until `check` has folded
   * them again; a page that dies in between leaves that to the next one.
   */
  restore(pieces: Pieces): Promise<void>
  /** Sets the number of the last write, after both copies were made equal. */
  restamp(batch: number): Promise<Stamp>
  /** Adds to what was ever found lost. */
  recordLoss(events: number): Promise<void>
  /**
   * Deletes whole logs with all they hold, and remembers that they were deleted. With `heads`, a log that has moved
   * on since is a conflict, and nothing is deleted. @throws LedgerError
   */
  deleteLogs(logs: readonly LogId[], at: number, heads?: ReadonlyMap<LogId, number>): Promise<Deletion>
  /** Those of the logs that were deleted on purpose at some time. */
  readDeleted(logs: readonly LogId[]): Promise<ReadonlySet<LogId>>
  /**
   * Brings segments and up to `limit` rows to the heads of their logs; resolves with how many rows are behind after
   * it. Changes nothing that can be read.
   */
  catchUp(limit: number): Promise<number>
  /** One bounded step of joining small segments; the `keep` newest stay as they are. Changes no event. */
  mergeSegments(log: LogId, step: { from: number; keep: number }): Promise<MergeStep>
  /** Folds up to `limit` rows of an older fold again; resolves with how many are left to look at. */
  refoldStale(limit: number): Promise<number>
  /** Characters of the events and texts of a log, or of everything. */
  sizeOf(log?: LogId): Promise<number>
  listCursors(): Promise<readonly StreamCursor[]>
  /** Forgets streams that will never speak again. */
  deleteCursors(streams: readonly string[]): Promise<void>
  /** What earlier checks, and this session's, have found lost. */
  losses(): Promise<Losses>
  /** Told when the connection is lost from outside (deleted, upgraded, closed by the browser). */
  onClosed(listener: (reason: string) => void): void
  close(): Promise<void>
  /** Deletes everything of this scope. */
  destroy(): Promise<void>
}

/** One step that brought an older database up to date. */
export interface Migrated {
  /** The schema version it led to. */
  to: number
  sentence: string
  /** Records it wrote. */
  records: number
}

/** How a database was found. */
export interface Opening {
  /** Why it is shown and not written to; null when all is well. */
  refusal: LedgerError | null
  migrated: readonly Migrated[]
}

export type LedgerErrorKind =
  /** Another writer was here first; the log's records must be read again. */
  | 'conflict'
  /** Worth trying again. */
  | 'transient'
  /** No room. */
  | 'capacity'
  /** The store was written by newer code. */
  | 'newer-schema'
  /** The store could not be brought up to date; it is what older code left, and can be read. */
  | 'unmigrated'
  /** Not to be had at all: blocked, private mode, broken. */
  | 'unavailable'
  /** The data cannot be stored, now or later. */
  | 'invalid'

export class LedgerError extends Error {
  override readonly name = 'LedgerError'
  readonly kind: LedgerErrorKind
  /** The log in conflict. */
  readonly log: LogId | null

  constructor(kind: LedgerErrorKind, message: string, options: { cause?: unknown; log?: LogId } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.kind = kind
    this.log = options.log ?? null
  }
}

export function conflict(log: LogId, expected: number, found: number): LedgerError {
  return new LedgerError('conflict', `${log} is at ${found}, the write builds on ${expected}`, { log })
}
