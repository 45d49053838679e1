/**
 * Owns time and order of writing: one queue, one transaction in flight, batches closed by a short gap or at
 * once when something must be durable now. A failed write keeps its batch and never breaks the live view.
 * SPEC W1, W3, W4.
 */
import type { Transition } from '../core/accept.ts'
import type { LogId } from '../core/ids.ts'
import type { Clock, ContentStore } from '../core/ports.ts'
import type { RunEvent } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import { withDeadline } from './deadline.ts'
import { toLedgerError } from './ledgerErrors.ts'
import { isEmpty, merge, NO_WORK, withoutLogs } from './work.ts'
import type { WriterWork } from './work.ts'
import type { Decision, Ledger, LedgerBatch, LedgerError } from './port.ts'

/** Lets a frame's worth of events share a transaction. */
export const WRITE_GAP_MS = 16
const CONTENT_DEADLINE_MS = 5_000
const BACKOFF_MS = [100, 500, 2_000, 10_000, 30_000] as const

export interface Commit {
  /** Per log the last sequence that is durable now. */
  persisted: readonly { log: LogId; sequence: number }[]
  transitions: readonly Transition[]
  commands: readonly RunCommand[]
}

export interface WriterEvents {
  committed(commit: Commit): void
  /** A write failed or works again; `error` is null when it does. */
  health(error: LedgerError | null): void
  /** Another writer moved the log: its record must be read again and these events accepted once more. */
  conflict(log: LogId, events: readonly RunEvent[]): void | Promise<void>
}

interface Job {
  ticket: number
  run(): Promise<void>
}

export class LedgerWriter {
  readonly #ledger: Ledger
  readonly #content: ContentStore
  readonly #clock: Clock
  readonly #events: WriterEvents
  /** Work not yet in a transaction, merged per log. */
  #pending: WriterWork = NO_WORK
  readonly #decisions: Job[] = []
  #inFlight: Promise<void> | null = null
  /** What is in the transaction under way. */
  #flying: WriterWork = NO_WORK
  #cancelTimer: (() => void) | null = null
  #open = false
  #failures = 0
  /** Logs the store can never take; said, kept in memory, and in nobody's way. */
  readonly #aside = new Set<LogId>()
  #idle: { ticket: number; resolve: () => void }[] = []
  /** Numbers what was asked for, in order. */
  #ticket = 0
  /** The first ticket in `#pending` and in the transaction in flight. */
  #pendingTicket = Infinity
  #flyingTicket = Infinity

  constructor(options: { ledger: Ledger; content: ContentStore; clock: Clock; events: WriterEvents }) {
    this.#ledger = options.ledger
    this.#content = options.content
    this.#clock = options.clock
    this.#events = options.events
  }

  /** Nothing is written before hydration ends (SPEC W3); what was enqueued meanwhile goes out now. */
  start(): void {
    this.#open = true
    this.#schedule()
  }

  /** Enqueues; never waits, never throws. */
  append(work: WriterWork): void {
    const accepted = this.#aside.size === 0 ? work : withoutLogs(work, this.#aside)
    if (isEmpty(accepted)) return
    this.#ticket += 1
    this.#pendingTicket = Math.min(this.#pendingTicket, this.#ticket)
    this.#pending = merge(this.#pending, accepted)
    this.#schedule()
  }

  /**
   * Runs a decision in the queue: everything enqueued before it is written first, and it reads and writes in
   * one transaction. @throws LedgerError when it could not be written; nothing was.
   */
  decide(logs: readonly LogId[], decision: Decision): Promise<LedgerBatch | null> {
    return new Promise((resolve, reject) => {
      this.#ticket += 1
      this.#decisions.push({
        ticket: this.#ticket,
        run: () => this.#ledger.decide(logs, decision, 'strict').then(resolve, reject),
      })
      this.#schedule()
    })
  }

  /** Starts writing all that is enqueued at once, without waiting for the gap. */
  flush(): void {
    this.#stopTimer()
    if (this.#open && this.#inFlight === null) void this.#writeNext()
  }

  /**
   * The page is going: all that is not yet known to be durable goes out as one transaction, now. Should the
   * page live on, the queue finds it written and goes on.
   */
  leave(): void {
    const works = [this.#flying, this.#pending].filter((work) => !isEmpty(work))
    if (!this.#open || works.length === 0) return
    this.#ledger.writeLeaving(works)
    for (const { ref, text } of works.flatMap((work) => work.contents)) {
      this.#content.put(ref, text).catch(() => {})
    }
  }

  /** Resolves when everything accepted so far is durable, or at once when nothing waits. SPEC W4. */
  whenIdle(): Promise<void> {
    if (!this.#busy()) return Promise.resolve()
    const idle = new Promise<void>((resolve) => {
      this.#idle.push({ ticket: this.#ticket, resolve })
    })
    this.flush()
    return idle
  }

  #busy(): boolean {
    return this.#inFlight !== null || this.#decisions.length > 0 || !isEmpty(this.#pending)
  }

  #schedule(): void {
    if (!this.#open || this.#inFlight !== null || !this.#busy()) return
    const urgent = this.#decisions.length > 0 || this.#pending.durability === 'strict'
    if (urgent && this.#failures === 0) {
      this.flush()
      return
    }
    const backoff = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length) - 1]
    this.#cancelTimer ??= this.#clock.setTimeout(() => {
      this.#cancelTimer = null
      this.flush()
    }, backoff ?? WRITE_GAP_MS)
  }

  #stopTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  async #writeNext(): Promise<void> {
    const work = this.#pending
    const job = isEmpty(work) ? this.#decisions.shift() : undefined
    if (job === undefined && isEmpty(work)) return
    this.#pending = isEmpty(work) ? work : NO_WORK
    this.#flyingTicket = job === undefined ? this.#pendingTicket : job.ticket
    if (job === undefined) this.#pendingTicket = Infinity
    this.#flying = job === undefined ? work : NO_WORK
    this.#inFlight = job === undefined ? this.#write(work) : job.run().catch(() => {})
    await this.#inFlight
    this.#inFlight = null
    this.#flying = NO_WORK
    this.#flyingTicket = Infinity
    const oldest = Math.min(this.#pendingTicket, this.#decisions[0]?.ticket ?? Infinity)
    const idle = this.#idle
    this.#idle = idle.filter(({ ticket }) => ticket >= oldest)
    for (const { ticket, resolve } of idle) if (ticket < oldest) resolve()
    this.#schedule()
  }

  async #write(work: WriterWork): Promise<void> {
    const { contents, transitions, ...batch } = work
    try {
      // Whole texts first: a committed reference resolves. One that cannot be kept reads as missing; the
      // events do not wait for it.
      await Promise.allSettled(
        contents.map(async ({ ref, text }) =>
          withDeadline(
            this.#clock,
            this.#content.put(ref, text),
            CONTENT_DEADLINE_MS,
            () => new Error('late'),
          ),
        ),
      )
      await this.#ledger.write(batch)
    } catch (error) {
      await this.#failed(toLedgerError(error), work)
      return
    }
    if (this.#failures > 0) {
      this.#failures = 0
      this.#tell(() => this.#events.health(null))
    }
    const persisted = work.logs.map(({ log, base, events }) => ({
      log,
      sequence: events.at(-1)?.sequence ?? base,
    }))
    this.#tell(() => this.#events.committed({ persisted, transitions, commands: work.commands }))
  }

  /** A listener that throws is the host's problem, not the queue's. */
  #tell(news: () => void): void {
    try {
      news()
    } catch {
      // Nobody to tell.
    }
  }

  async #failed(error: LedgerError, work: WriterWork): Promise<void> {
    this.#pendingTicket = Math.min(this.#pendingTicket, this.#flyingTicket)
    if (error.kind === 'conflict' && error.log !== null) {
      const { log } = error
      const all = merge(work, this.#pending)
      const events = all.logs.find((write) => write.log === log)?.events ?? []
      // The others of the batch are not to blame: they go on, this log is read again.
      this.#pending = withoutLogs(all, new Set([log]))
      // Nothing goes out until these are accepted again: the cursors that wait are theirs too.
      try {
        await this.#events.conflict(log, events)
      } catch {
        // The owner of the handler says what went wrong.
      }
      if (isEmpty(this.#pending)) this.#pendingTicket = Infinity
      return
    }
    if (error.kind === 'invalid') {
      await this.#isolate(error, work)
      return
    }
    this.#failures += 1
    this.#pending = merge(work, this.#pending)
    this.#tell(() => this.#events.health(error))
  }

  /** One poison record never takes its neighbours along: halves until it stands alone, then sets it aside. */
  async #isolate(error: LedgerError, work: WriterWork): Promise<void> {
    if (work.logs.length > 1) {
      const half = Math.ceil(work.logs.length / 2)
      const logs = work.logs.slice(0, half)
      const first = new Set(logs.map(({ log }) => log))
      const transitions = work.transitions.filter((each) => first.has(each.log))
      const { durability } = work
      await this.#write({ ...NO_WORK, logs, transitions, durability })
      // The cursors go last: never ahead of their events.
      await this.#write(withoutLogs(work, first))
      return
    }
    for (const { log } of work.logs) this.#aside.add(log)
    this.#pending = withoutLogs(this.#pending, this.#aside)
    if (isEmpty(this.#pending)) this.#pendingTicket = Infinity
    this.#tell(() => this.#events.health(error))
  }
}
