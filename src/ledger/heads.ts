/**
 * Owns the heads this page's own writes left. As long as the ledger's last write was one of them, nobody else moved a
 * head since, and what is remembered is what a look at the disk would find. SPEC W5.
 */
import type { LogId } from '../core/ids.ts'

/** Heads remembered; beyond, all are looked up again. */
const REMEMBERED = 10_000

export class KnownHeads {
  #batch = 0
  readonly #heads = new Map<LogId, number>()

  /** A log's head, if write number `batch` was the last one and this page's; else undefined. */
  at(batch: number, log: LogId): number | undefined {
    return batch === this.#batch ? this.#heads.get(log) : undefined
  }

  /** This page's write `batch` was committed. */
  wrote(batch: number, heads: Iterable<readonly [LogId, number]>): void {
    // Somebody else wrote in between, and what is known of other logs may be old.
    if (batch !== this.#batch + 1 || this.#heads.size > REMEMBERED) this.#heads.clear()
    this.#batch = batch
    for (const [log, head] of heads) this.#heads.set(log, head)
  }

  forget(): void {
    this.#heads.clear()
  }
}
