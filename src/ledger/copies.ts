/**
 * Owns what two copies of a ledger are compared and repaired by: where each stands, what it holds by name, and the
 * pieces that go from one to the other.
 */
import type { RunCommand } from '../core/commands.ts'
import type { StoredText } from '../core/content.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'

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

/** Where a ledger stands. Equal in both copies means that nothing needs to be compared. */
export interface Stamp {
  /** The number of the last write; 0 for a ledger nothing was ever written to. */
  batch: number
  /** Events stored, less those deleted. */
  events: number
}

/** The events of one log in one write, encoded once for both copies. */
export interface StoredSegment {
  log: LogId
  first: number
  last: number
  /** The events as JSON. */
  body: string
}

/** A log deleted on purpose; no copy brings back what it held before. */
export interface Tombstone {
  log: LogId
  /** Epoch milliseconds. */
  at: number
  /** The number of the write that deleted it: only what earlier writes hold is dead. */
  batch: number
}

/** Everything a ledger holds, by name: what a second copy is compared with. No text is read for it. */
export interface Inventory {
  stamp: Stamp
  /** Ascending ranges per log, without those whose events are lost. */
  logs: ReadonlyMap<LogId, readonly (readonly [first: number, last: number])[]>
  blobs: ReadonlySet<string>
  cursors: readonly StreamCursor[]
  commands: readonly RunCommand[]
  quarantine: ReadonlySet<string>
  tombstones: readonly Tombstone[]
}

/** Pieces that one copy has and the other has not. */
export interface Pieces {
  segments: readonly StoredSegment[]
  blobs: readonly StoredText[]
  cursors: readonly StreamCursor[]
  commands: readonly RunCommand[]
  quarantine: readonly QuarantineEntry[]
  tombstones: readonly Tombstone[]
}

export const NO_PIECES: Pieces = {
  segments: [],
  blobs: [],
  cursors: [],
  commands: [],
  quarantine: [],
  tombstones: [],
}
