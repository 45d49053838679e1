/**
 * Owns what the ledger asks of its second copy: frames appended in order, each durable when told so, and read
 * back after whatever happened. DESIGN 5, "two copies": one IndexedDB alone loses everything now and then.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { LogId } from '../../core/ids.ts'
import type { StreamCursor } from '../../core/intake.ts'
import type { Pieces, Stamp, Tombstone } from '../copies.ts'

/** What one write of the ledger holds, less the records: those are folded again from the events. */
export interface JournalFrame extends Pieces {
  /** Null for the last words of a page that left and could not ask what number they have. */
  stamp: Stamp | null
  /** Events this frame adds, less those its tombstones take: the sum over all frames is `Stamp.events`. */
  net: number
}

/** A frame without its texts: enough to tell what is missing, small enough to hold for millions of events. */
export interface FrameHead {
  /** Where `read` finds it. Opaque. */
  at: { file: string; offset: number; index: number }
  stamp: Stamp | null
  net: number
  segments: readonly { log: LogId; first: number; last: number }[]
  blobs: readonly string[]
  cursors: readonly StreamCursor[]
  commands: readonly RunCommand[]
  quarantine: readonly string[]
  tombstones: readonly Tombstone[]
}

/** What the journal knows about itself without reading all of it. */
export interface Witness extends Stamp {
  files: number
  bytes: number
  /** False when a file's end is torn or a file is damaged: only a full scan tells what is there. */
  intact: boolean
}

export interface Damage {
  file: string
  /** Bytes that hold no valid frame. */
  bytes: number
  /** A cut-off last frame is what a killed browser leaves; anything else is damage. */
  kind: 'torn-tail' | 'damaged'
}

export interface JournalScan {
  heads: readonly FrameHead[]
  damage: readonly Damage[]
}

export interface Journal {
  /** Reads the ends of all files. Null when there is no journal yet. @throws LedgerError */
  open(): Promise<Witness | null>
  /** Appends one frame; resolves when it is flushed. Frames land in the order of the calls. @throws LedgerError */
  append(frame: JournalFrame): Promise<void>
  /** Looks at every frame of every file, in order of their stamps, and checks each. */
  scan(): Promise<JournalScan>
  /** The whole frames, in the order asked for. @throws LedgerError when one cannot be read. */
  read(at: readonly FrameHead['at'][]): Promise<readonly JournalFrame[]>
  /**
   * Idle work: packs what dead writers left and what is full into compressed files, without deleted logs. A
   * crash at any point loses nothing. Resolves with what became of the size.
   */
  compact(): Promise<{ before: number; after: number }>
  /** Flushes, lets go of the files. */
  close(): Promise<void>
  /** Deletes every file of this scope. */
  destroy(): Promise<void>
}
