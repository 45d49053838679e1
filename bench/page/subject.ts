/** Owns what every way of keeping events looks like to the bench. */
import type { RawEvent } from './ledger.ts'

export interface Subject {
  /** Takes events over, in order; `Watcher.durable` says when they are safe. */
  take(events: readonly RawEvent[]): void
  /** Resolves when everything taken is durable in all copies, without waiting for gaps or frames. */
  idle(): Promise<void>
  /** What only this subject can count. */
  facts(): Record<string, number>
}

export interface Watcher {
  /** So many events of those taken, from the first on, are durable in so many copies. */
  durable(count: number, copies: number): void
  /** One transaction took so long, in milliseconds. */
  commit(ms: number): void
}

export interface Pace {
  /** Everything is there at once, or events keep coming. */
  kind: 'burst' | 'paced'
}

export type OpenSubject = (watcher: Watcher, pace: Pace) => Promise<Subject>
