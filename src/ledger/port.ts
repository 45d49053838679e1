/**
 * Owns what the state layer asks of a store: one atomic write that checks heads, bounded reads, an
 * integrity check. Any storage that passes `testing/conformance.ts` will do.
 */
import type { StoredText } from '../core/content.ts'
import type { LogRecord, RunEvent } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'

/** `strict` waits for the disk; used for settled statuses, questions, checkpoints, results and commands. */
export type Durability = 'relaxed' | 'strict'

export interface LogWrite {
  log: LogId
  /** The stored head this write builds on. */
  base: number
  events: readonly RunEvent[]
  /** The record after the last of the events. */
  record: LogRecord
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

/** An input that was refused: kept as it came, as far as it can be kept. */
export interface QuarantineEntry {
  /** Sorts by time; storing the same entry twice stores it once. */
  id: string
  stream: string
  position: string | number | null
  reason: string
  /** The input as JSON, cut to 4,000 characters. */
  raw: string
  at: number
}

export interface RecordQuery {
  entity: 'run' | 'workflow'
  /** Only runs that have not settled. */
  unsettled?: boolean
  thread?: string
  workflow?: string
  /** Newest `sortAt` first. */
  limit: number
  /** Continue after this record. */
  before?: { sortAt: number; log: LogId }
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
  /** Writes atomically after checking every touched log's head. @throws LedgerError */
  write(batch: LedgerBatch): Promise<void>
  /** Reads, decides and writes in one transaction; gives back what was written. @throws LedgerError */
  decide(logs: readonly LogId[], decision: Decision, durability: Durability): Promise<LedgerBatch | null>
  /**
   * Best effort at the page's last moment: everything in one transaction, issued at once, without a read and
   * without looking back. Writing the same again later changes nothing.
   */
  writeLeaving(batches: readonly LedgerBatch[]): void
  readRecords(logs: readonly LogId[]): Promise<ReadonlyMap<LogId, LogRecord>>
  listRecords(query: RecordQuery): Promise<readonly LogRecord[]>
  readEvents(log: LogId, query: EventQuery): Promise<readonly RunEvent[]>
  /** The log's last stored sequence; 0 when nothing of it is stored. */
  readHead(log: LogId): Promise<number>
  readBlob(ref: string): Promise<string | null>
  readCursor(stream: string): Promise<StreamCursor | null>
  listCommands(): Promise<readonly RunCommand[]>
  /** Newest first. */
  listQuarantine(limit: number): Promise<readonly QuarantineEntry[]>
  counts(): Promise<LedgerCounts>
  /** Compares records with events; heals what can be folded again, reports what is gone. */
  check(): Promise<IntegrityReport>
  /** What earlier checks, and this session's, have found lost. */
  losses(): Promise<Losses>
  /** Told when the connection is lost from outside (deleted, upgraded, closed by the browser). */
  onClosed(listener: (reason: string) => void): void
  close(): Promise<void>
  /** Deletes everything of this scope. */
  destroy(): Promise<void>
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
