/**
 * Owns what this page's own writes left: heads of logs and cursors of streams. As long as the ledger's last write was
 * one of them, nobody else moved either since, and what is remembered is what a look at the disk would find. SPEC W5.
 */
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'

/** Heads and cursors remembered; beyond, all are looked up again. */
const REMEMBERED = 10_000

export class OwnWrites {
  #batch = 0
  readonly #heads = new Map<LogId, number>()
  readonly #cursors = new Map<string, StreamCursor>()

  /** A log's head, if write number `batch` was the last one and this page's; else undefined. */
  head(batch: number, log: LogId): number | undefined {
    return batch === this.#batch ? this.#heads.get(log) : undefined
  }

  /** The same of a stream's cursor. */
  cursor(batch: number, stream: string): StreamCursor | undefined {
    return batch === this.#batch ? this.#cursors.get(stream) : undefined
  }

  /** This page's write `batch` was committed. */
  wrote(batch: number, heads: Iterable<readonly [LogId, number]>, cursors: readonly StreamCursor[]): void {
    // Somebody else wrote in between, and what is known of others may be old.
    if (batch !== this.#batch + 1 || this.#heads.size + this.#cursors.size > REMEMBERED) {
      this.#heads.clear()
      this.#cursors.clear()
    }
    this.#batch = batch
    for (const [log, head] of heads) this.#heads.set(log, head)
    for (const cursor of cursors) this.#cursors.set(cursor.stream, cursor)
  }
}
