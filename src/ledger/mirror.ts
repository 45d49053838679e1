/**
 * Owns the second copy's pace: frames follow the writes that landed, in their order, and nothing of the ledger
 * waits for them but who asked for both copies. A journal that fails costs its copy, never the first.
 *
 * A disk without room is waited for: a database that ran out of it may be thrown away by the browser at its next start
 * (docs/reliability.md, disk-full), so what is in the first copy alone is not acknowledged then.
 */
import type { Clock } from '../core/ports.ts'
import { backoffMs } from './backoff.ts'
import type { Journal, JournalFrame } from './journal/port.ts'
import { toLedgerError } from './ledgerErrors.ts'
import type { LedgerBatch, LedgerError, WriteReceipt } from './port.ts'

/** Events of frames that wait for room; beyond, a repair brings them from the first copy. */
const HELD_EVENTS = 20_000

export interface MirrorEvents {
  /** Frames are missing in the journal, or it is complete again (null). */
  mirror(error: LedgerError | null): void
}

/** A frame there was no room for, and who waits for it. */
interface Held {
  frame: JournalFrame
  resolve(landed: boolean): void
}

export class Mirror {
  readonly #journal: () => Journal | null
  readonly #clock: Clock
  readonly #events: MirrorEvents
  /** Frames handed to the journal, which has not answered yet. */
  #flying: Promise<unknown> = Promise.resolve()
  #last: Promise<unknown> = Promise.resolve()
  #held: Held[] = []
  #tries = 0
  #cancelTry = (): void => {}
  /** Frames are missing: said until a repair has made the copies equal. */
  #behind = false

  constructor(journal: () => Journal | null, clock: Clock, events: MirrorEvents) {
    this.#journal = journal
    this.#clock = clock
    this.#events = events
  }

  /** Whether the journal holds everything it was given. */
  get isComplete(): boolean {
    return this.#journal() !== null && !this.#behind && this.#held.length === 0
  }

  /** Sends the frame; resolves to whether the journal has it, at the latest when there is room. Never rejects. */
  append(frame: JournalFrame): Promise<boolean> {
    const journal = this.#journal()
    if (journal === null) return Promise.resolve(false)
    const landed = this.#held.length > 0 ? this.#hold(frame) : this.#send(journal, frame)
    this.#last = Promise.all([this.#last, landed])
    return landed
  }

  /** A repair has made both copies equal. */
  repaired(): void {
    const isNews = !this.isComplete
    this.#behind = false
    this.#letGo(true)
    if (isNews) this.#events.mirror(null)
  }

  /** Resolves when no frame is under way; some may wait for room. */
  async atRest(): Promise<void> {
    await this.#flying
  }

  /** Resolves when no frame is on its way, for want of room neither. */
  async whenIdle(): Promise<void> {
    await this.#last
  }

  #send(journal: Journal, frame: JournalFrame): Promise<boolean> {
    const landed = journal.append(frame).then(
      () => true,
      (error: unknown) => {
        const failure = toLedgerError(error)
        if (failure.kind !== 'capacity') this.#behind = true
        this.#events.mirror(failure)
        return failure.kind === 'capacity' ? null : false
      },
    )
    this.#flying = Promise.all([this.#flying, landed])
    return landed.then((known) => known ?? this.#hold(frame))
  }

  #hold(frame: JournalFrame): Promise<boolean> {
    return new Promise((resolve) => {
      this.#held.push({ frame, resolve })
      // A frame that takes events away is held like any other, and makes no room.
      const events = this.#held.reduce((sum, { frame: { net } }) => sum + Math.max(0, net), 0)
      if (events > HELD_EVENTS) {
        this.#behind = true
        this.#letGo(false)
      } else if (this.#held.length === 1) this.#tryLater()
    })
  }

  #tryLater(): void {
    this.#tries += 1
    this.#cancelTry = this.#clock.setTimeout(() => void this.#tryAgain(), backoffMs(this.#tries) ?? 0)
  }

  /** In their order; what still finds no room is tried again later. */
  async #tryAgain(): Promise<void> {
    const journal = this.#journal()
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      const landed = this.#retry(journal, next.frame)
      this.#flying = Promise.all([this.#flying, landed])
      const hasLanded = await landed
      // A repair was quicker.
      if (this.#held[0] !== next) return
      if (!hasLanded) return this.#tryLater()
      this.#held.shift()
      next.resolve(true)
    }
    this.#tries = 0
    if (!this.#behind) this.#events.mirror(null)
  }

  #retry(journal: Journal | null, frame: JournalFrame): Promise<boolean> {
    if (journal === null) return Promise.resolve(false)
    return journal.append(frame).then(
      () => true,
      () => false,
    )
  }

  #letGo(landed: boolean): void {
    this.#cancelTry()
    this.#tries = 0
    for (const { resolve } of this.#held.splice(0)) resolve(landed)
  }
}

/** A batch as the journal keeps it: the segments as they were encoded, and no records. */
export function frameOf(batch: LedgerBatch, { stamp, segments }: WriteReceipt): JournalFrame {
  const { blobs, cursors, commands, quarantine } = batch
  const net = segments.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return { stamp, net, segments, blobs, cursors, commands, quarantine, tombstones: [] }
}
