/**
 * Owns time and failures of writing: one ordered queue, one transaction in flight, batches closed by a short gap
 * or at once when something must be durable now. A failed write keeps its place and never breaks the live view;
 * the second copy follows what landed. SPEC W1, W3, W4.
 */
import type { RunEvent } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { Clock, ContentStore } from '../core/ports.ts'
import { backoffMs } from './backoff.ts'
import { Delivery, toBatch } from './delivery.ts'
import type { Commit } from './delivery.ts'
import type { Journal } from './journal/port.ts'
import { toLedgerError } from './ledgerErrors.ts'
import { frameOf, Mirror } from './mirror.ts'
import { EMPTY_BATCH } from './port.ts'
import type { Decision, Deletion, Ledger, LedgerBatch, LedgerError } from './port.ts'
import { receiptOf, WriterQueue } from './queue.ts'
import type { AppendReceipt, Flight } from './queue.ts'
import { replacePoison, stripBulk } from './replace.ts'
import { isEmpty, partsOf, withoutLogs } from './work.ts'
import type { WriterWork } from './work.ts'

/** From one write to the next, at least: what comes in small pieces shares a transaction. A frame is longer. */
export const WRITE_GAP_MS = 10
/** Events held in memory for a full disk; beyond, bulk events lose their payload and keep their place. */
const HELD_FULL = 20_000

export interface WriterEvents {
  committed(commit: Commit): void
  /** A write failed or works again; `error` is null when it does. */
  health(error: LedgerError | null): void
  /** The journal lacks frames, or has all of them again (null). */
  mirror(error: LedgerError | null): void
  /** The log must be read again and these events accepted once more: another writer was first, or they changed. */
  conflict(log: LogId, events: readonly RunEvent[]): void | Promise<void>
}

export class LedgerWriter {
  readonly #ledger: Ledger
  readonly #content: ContentStore
  readonly #clock: Clock
  readonly #events: WriterEvents
  readonly #mirror: Mirror
  readonly #delivery: Delivery
  readonly #queue = new WriterQueue()
  #busy: Promise<void> | null = null
  #cancelTimer: (() => void) | null = null
  #lastWriteAt = -Infinity
  #open = false
  #refusal: LedgerError | null = null
  failures = 0
  /** Logs the store can never take; said, kept in memory, and in nobody's way. */
  readonly #aside = new Set<LogId>()

  constructor(options: {
    ledger: Ledger
    /** The second copy, as it is after the ledger was opened. */
    journal: () => Journal | null
    content: ContentStore
    clock: Clock
    events: WriterEvents
  }) {
    this.#ledger = options.ledger
    this.#content = options.content
    this.#clock = options.clock
    this.#events = options.events
    const { ledger, content, clock } = options
    this.#mirror = new Mirror(options.journal, clock, options.events)
    const committed = (commit: Commit): void => this.#tell(() => this.#events.committed(commit))
    this.#delivery = new Delivery({ ledger, content, clock, mirror: this.#mirror, committed })
  }

  get copies(): number {
    return this.#delivery.copies()
  }

  /** Nothing is written before hydration ends (SPEC W3); what was enqueued meanwhile goes out now. */
  start(): void {
    this.#open = true
    this.#schedule()
  }

  /** Nothing is written any more, as when a newer version has taken the store over. What waits stays in memory. */
  refuse(error: LedgerError): void {
    this.#refusal = error
    this.#open = false
    this.#stopTimer()
    this.#queue.close(error)
  }

  /**
   * Enqueues; never waits. Resolves when every copy has it: one IndexedDB alone is no place to be acknowledged from.
   * Failures are retried for as long as it takes; what the store can never take is missing from the receipt.
   */
  append(work: WriterWork): Promise<AppendReceipt> {
    const accepted = this.#aside.size === 0 ? work : withoutLogs(work, this.#aside)
    if (isEmpty(accepted)) {
      return Promise.resolve({ logs: [], durability: work.durability, copies: this.copies })
    }
    return new Promise<AppendReceipt>((resolve) => {
      this.#queue.push({ kind: 'work', work: accepted, resolve })
      this.#schedule()
    })
  }

  /** Reads, decides and writes in one transaction, in its turn; the second copy has it unless it failed. @throws LedgerError */
  decide(logs: readonly LogId[], decision: Decision): Promise<LedgerBatch | null> {
    return this.job(async () => {
      const decided = await this.#ledger.decide(logs, decision, 'strict')
      if (decided === null) return null
      void this.#mirror.append(frameOf(decided.batch, decided))
      await this.#mirror.atRest()
      return decided.batch
    })
  }

  /** Deletes whole logs; resolves when no copy would bring them back. @throws LedgerError */
  deleteLogs(logs: readonly LogId[], heads?: ReadonlyMap<LogId, number>): Promise<Deletion> {
    return this.job(async () => {
      const deletion = await this.#ledger.deleteLogs(logs, this.#clock.now(), heads)
      const { stamp, tombstones, events } = deletion
      void this.#mirror.append({ ...EMPTY_BATCH, stamp, net: -events, segments: [], tombstones })
      await this.#mirror.atRest()
      return deletion
    })
  }

  /** Runs with the queue to itself and both copies at rest. */
  job<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#refusal !== null) return Promise.reject(this.#refusal)
    return new Promise((resolve, reject) => {
      const run = (): Promise<void> => this.#mirror.atRest().then(work).then(resolve, reject)
      this.#queue.push({ kind: 'job', run, reject })
      this.#schedule()
    })
  }

  /** Takes what waits of a log out of the queue, in order, to have it accepted again. */
  takeOut(log: LogId): readonly RunEvent[] {
    const events = this.#queue.eventsOf(log)
    this.#queue.removeLog(log)
    return events
  }

  repaired(): void {
    this.#mirror.repaired()
  }

  /** Starts writing all that is enqueued at once, without waiting for the gap. */
  flush(): void {
    this.#stopTimer()
    if (this.#open && this.#busy === null && !this.#queue.isEmpty) void this.#writeNext()
  }

  /** What was accepted and is not yet known to be durable, oldest first. */
  unwritten(): readonly WriterWork[] {
    return this.#queue.unwritten()
  }

  /** The page is going: all that is not yet known to be durable is left as a letter, now. */
  leave(id: string): void {
    const works = this.unwritten()
    if (!this.#open || this.#queue.isTorn || works.length === 0) return
    this.#ledger.writeLetter({ id, batches: works.map(toBatch) })
    for (const { ref, text } of works.flatMap((work) => work.contents)) {
      this.#content.put(ref, text).catch(() => {})
    }
  }

  /** Resolves when everything accepted so far can be read from the first copy. @throws LedgerError when refused. */
  async whenWritten(): Promise<void> {
    const written = this.#queue.whenWritten()
    this.flush()
    await written
  }

  /** Resolves when everything accepted so far is durable in all copies. SPEC W4. @throws LedgerError when refused. */
  async whenIdle(): Promise<void> {
    await this.whenWritten()
    await this.#mirror.whenIdle()
  }

  #schedule(): void {
    if (!this.#open || this.#busy !== null || this.#queue.isEmpty) return
    const backoff = backoffMs(this.failures)
    const wait = backoff ?? this.#lastWriteAt + WRITE_GAP_MS - this.#clock.monotonic()
    if (wait <= 0 || (backoff === null && this.#queue.isUrgent)) return this.flush()
    this.#cancelTimer ??= this.#clock.setTimeout(() => {
      this.#cancelTimer = null
      this.flush()
    }, wait)
  }

  #stopTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  async #writeNext(): Promise<void> {
    const next = this.#queue.take()
    if (next === null) return
    this.#lastWriteAt = this.#clock.monotonic()
    this.#busy = next.kind === 'flight' ? this.#fly(next) : next.run()
    await this.#busy
    this.#busy = null
    this.#queue.landed()
    this.#schedule()
  }

  async #fly(flight: Flight): Promise<void> {
    try {
      const { mirrored } = await this.#write(flight.work)
      void mirrored.then((landed) => {
        const copies = this.#delivery.copies(landed)
        for (const entry of flight.entries) entry.resolve(receiptOf(entry, copies))
      })
    } catch (error) {
      await this.#failed(toLedgerError(error), flight)
    }
  }

  /** Writes, and says that the store works when it did not before. */
  async #write(work: WriterWork): Promise<{ mirrored: Promise<boolean> }> {
    const delivered = await this.#delivery.write(work)
    if (this.failures > 0) {
      this.failures = 0
      this.#tell(() => this.#events.health(null))
    }
    return delivered
  }

  /** A listener that throws is the host's problem, not the queue's. */
  #tell(news: () => void): void {
    try {
      news()
    } catch {
      // Nobody to tell.
    }
  }

  async #failed(error: LedgerError, flight: Flight): Promise<void> {
    if (error.kind === 'invalid') {
      await this.#isolate(flight)
      return
    }
    this.#queue.putBack(flight)
    if (error.kind === 'conflict' && error.log !== null) {
      // The others of the batch are not to blame: they go on, this log is read again.
      await this.#acceptAgain(error.log, this.#queue.eventsOf(error.log))
      return
    }
    this.failures += 1
    this.#tell(() => this.#events.health(error))
    if (error.kind !== 'capacity' || this.#queue.events <= HELD_FULL) return
    for (const log of this.#queue.logs()) {
      const events = this.#queue.eventsOf(log)
      const stripped = stripBulk(events)
      if (stripped !== events) await this.#acceptAgain(log, stripped)
    }
  }

  /** Has a log's events accepted once more. Nothing goes out until then: the cursors that wait are theirs too. */
  async #acceptAgain(log: LogId, events: readonly RunEvent[]): Promise<void> {
    this.#queue.tear(log)
    try {
      await this.#events.conflict(log, events)
    } catch {
      // The owner of the handler says what went wrong.
    }
    this.#queue.join()
  }

  /** One poison record never takes its neighbours along: each log goes alone, and what cannot go is set aside. */
  async #isolate(flight: Flight): Promise<void> {
    const done = new Set<LogId>()
    for (const { log, part } of partsOf(flight.work)) {
      try {
        await this.#write(part)
      } catch (cause) {
        const error = toLedgerError(cause)
        const events = part.logs[0]?.events ?? []
        const changed = replacePoison(events)
        if (error.kind !== 'invalid' || changed !== events) {
          for (const entry of flight.entries) entry.work = withoutLogs(entry.work, done)
          if (error.kind !== 'invalid' || log === null) return this.#failed(error, flight)
          this.#queue.putBack(flight)
          return this.#acceptAgain(log, changed)
        }
        if (log !== null) this.#aside.add(log)
        this.#tell(() => this.#events.health(error))
      }
      if (log !== null) done.add(log)
    }
    for (const entry of flight.entries) {
      entry.work = withoutLogs(entry.work, this.#aside)
      entry.resolve(receiptOf(entry, this.#delivery.copies(false)))
    }
    for (const log of this.#aside) this.#queue.removeLog(log)
  }
}
