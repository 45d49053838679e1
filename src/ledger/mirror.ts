/**
 * Owns the second copy's pace: frames follow the writes that landed, in their order, and nothing of the ledger
 * waits for them but who asked for both copies. A journal that fails costs its copy, never the first.
 */
import type { Journal, JournalFrame } from './journal/port.ts'
import { toLedgerError } from './ledgerErrors.ts'
import type { LedgerBatch, LedgerError, WriteReceipt } from './port.ts'

export interface MirrorEvents {
  /** Frames are missing in the journal, or it is complete again (null). */
  mirror(error: LedgerError | null): void
}

export class Mirror {
  readonly #journal: () => Journal | null
  readonly #events: MirrorEvents
  #last: Promise<unknown> = Promise.resolve()
  /** Frames are missing: said until a repair has made the copies equal. */
  #behind = false

  constructor(journal: () => Journal | null, events: MirrorEvents) {
    this.#journal = journal
    this.#events = events
  }

  /** Whether the journal holds everything it was given. */
  get isComplete(): boolean {
    return this.#journal() !== null && !this.#behind
  }

  /** Sends the frame; resolves to whether the journal has it. Never rejects. */
  append(frame: JournalFrame): Promise<boolean> {
    const journal = this.#journal()
    if (journal === null) return Promise.resolve(false)
    const landed = journal.append(frame).then(
      () => true,
      (error: unknown) => {
        this.#behind = true
        this.#events.mirror(toLedgerError(error))
        return false
      },
    )
    this.#last = Promise.all([this.#last, landed])
    return landed
  }

  /** A repair has made both copies equal. */
  repaired(): void {
    if (!this.#behind) return
    this.#behind = false
    this.#events.mirror(null)
  }

  /** Resolves when no frame is on its way. */
  async whenIdle(): Promise<void> {
    await this.#last
  }
}

/** A batch as the journal keeps it: the segments as they were encoded, and no records. */
export function frameOf(batch: LedgerBatch, { stamp, segments }: WriteReceipt): JournalFrame {
  const { blobs, cursors, commands, quarantine } = batch
  const net = segments.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return { stamp, net, segments, blobs, cursors, commands, quarantine, tombstones: [] }
}
