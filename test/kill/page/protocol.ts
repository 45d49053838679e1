/** Owns what the page and the process that judges it say to each other. Plain JSON only. */
import type { LogId } from '../../../src/core/ids.ts'
import type { RunCommand } from '../../../src/core/commands.ts'
import type { QuarantineEntry } from '../../../src/ledger/copies.ts'
import type { Durability } from '../../../src/ledger/port.ts'

/** What a receipt says is durable. */
export interface Acknowledged {
  /** Up to this sequence each. */
  logs: readonly { log: LogId; sequence: number }[]
  commands: readonly Pick<RunCommand, 'id' | 'state'>[]
  /** Ids of what was refused. */
  quarantine: readonly string[]
}

/** Events of one log, from `first` to `sequence`. */
export interface Head {
  log: LogId
  first: number
  sequence: number
}

/** What leaves the page while it writes; a word not yet said when the browser dies was never said. */
export type Word =
  /** `ms`: from handing it over to the receipt. */
  | { kind: 'acknowledged'; acknowledged: Acknowledged; ms: number }
  /** Handed to the writer. Only of paced writing. */
  | { kind: 'queued'; heads: readonly Head[] }
  /** What the writer says of the store; null when it works. */
  | { kind: 'health'; error: string | null }
  | { kind: 'failed'; error: string }

/** An IndexedDB database that was made anew under our eyes. */
export interface Upgrade {
  name: string
  oldVersion: number
  /** Chromium's word on a store it threw away: `total`, with its reason. */
  dataLoss: string | null
  message: string | null
}

/** What a comparison of the copies found and did. */
export interface Healed {
  /** Events that came back from the journal into the database, and the other way. */
  restored: number
  copied: number
  /** Bytes of the journal that hold nothing readable, torn ends aside. */
  damagedBytes: number
  /** Rows folded again. */
  rebuilt: number
  /** Events the ledger itself says are gone. */
  reportedLost: number
}

/** What a start of the ledger found and did. */
export interface Opened extends Healed {
  /** Copies the ledger writes to: 2 with a working journal. */
  copies: number
  health: string
  /** The database was gone, and the ledger says so. */
  vanished: boolean
  /** Letters that pages before left behind on their way out. */
  letters: number
  /** From `open` to rows that can be shown, and to a ledger that is whole again. */
  firstRowMs: number
  recoveredMs: number
  upgrades: readonly Upgrade[]
}

export interface StoredLog {
  log: LogId
  /** Each event as JSON, ascending. */
  events: readonly string[]
  /** The stored row as JSON; null when there is none. */
  row: string | null
  /** Position of the stream's cursor; null when there is none. */
  cursor: number | null
  /** Every blob the events refer to; null where it does not resolve. */
  blobs: readonly (readonly [ref: string, text: string | null])[]
}

/** Everything the ledger holds of the workload. */
export interface Stored {
  logs: readonly StoredLog[]
  commands: readonly RunCommand[]
  quarantine: readonly QuarantineEntry[]
}

export interface WriteOptions {
  seed: number
  generation: number
  durability: Durability
  /** Milliseconds between appends; null: as fast as receipts come back. */
  paceMs: number | null
}

/** What the page offers to the process. */
export interface KillPage {
  open(options: { journal: boolean }): Promise<Opened>
  /** Compares everything, whatever the stamps say. Before `write` only. */
  verify(): Promise<Healed>
  /** `Stored` as JSON: one string crosses the border faster than a million values. */
  readBack(): Promise<string>
  /** Appends until the page dies. */
  write(options: WriteOptions): void
}

declare global {
  interface Window {
    kill: KillPage
    /** The CDP binding. */
    tell(word: string): void
  }
}
