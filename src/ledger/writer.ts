/**
 * Owns time and order of writing: one queue, one transaction in flight, batches closed by a short gap or at
 * once when something must be durable now. A failed write keeps its batch and never breaks the live view.
 * SPEC W1, W3, W4.
 */
import type { Transition } from '../core/accept.ts'
import type { StoredText } from '../core/content.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { Clock, ContentStore } from '../core/ports.ts'
import type { RunEvent } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import { toLedgerError } from './ledgerErrors.ts'
import type {
  Decision,
  Durability,
  Ledger,
  LedgerBatch,
  LedgerError,
  LogWrite,
  QuarantineEntry,
} from './port.ts'

/** Lets a frame's worth of events share a transaction. */
export const WRITE_GAP_MS = 16
const BACKOFF_MS = [100, 500, 2_000, 10_000, 30_000] as const

/** What one frame asks to have written. */
export interface WriterWork {
  logs: readonly LogWrite[]
  transitions: readonly Transition[]
  cursors: readonly StreamCursor[]
  blobs: readonly StoredText[]
  contents: readonly StoredText[]
  quarantine: readonly QuarantineEntry[]
  commands: readonly RunCommand[]
  durability: Durability
}

export const NO_WORK: WriterWork = {
  logs: [],
  transitions: [],
  cursors: [],
  blobs: [],
  contents: [],
  quarantine: [],
  commands: [],
  durability: 'relaxed',
}

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
  conflict(log: LogId, events: readonly RunEvent[]): void
}

interface Job {
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
  #cancelTimer: (() => void) | null = null
  #open = false
  #failures = 0
  #idle: (() => void)[] = []

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
    this.#pending = merge(this.#pending, work)
    this.#schedule()
  }

  /**
   * Runs a decision in the queue: everything enqueued before it is written first, and it reads and writes in
   * one transaction. @throws LedgerError when it could not be written; nothing was.
   */
  decide(logs: readonly LogId[], decision: Decision): Promise<LedgerBatch | null> {
    return new Promise((resolve, reject) => {
      this.#decisions.push({
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

  /** Resolves when everything accepted so far is durable, or at once when nothing waits. SPEC W4. */
  whenIdle(): Promise<void> {
    if (!this.#busy()) return Promise.resolve()
    const idle = new Promise<void>((resolve) => {
      this.#idle.push(resolve)
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
    this.#inFlight = job === undefined ? this.#write(work) : job.run().catch(() => {})
    await this.#inFlight
    this.#inFlight = null
    if (this.#busy()) this.#schedule()
    else for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #write(work: WriterWork): Promise<void> {
    const { contents, transitions, ...batch } = work
    try {
      // Whole texts first: a committed reference resolves. One that cannot be kept reads as missing; the
      // events do not wait for it.
      await Promise.allSettled(contents.map(({ ref, text }) => this.#content.put(ref, text)))
      await this.#ledger.write(batch)
    } catch (error) {
      this.#failed(toLedgerError(error), work)
      return
    }
    if (this.#failures > 0) {
      this.#failures = 0
      this.#events.health(null)
    }
    const persisted = work.logs.map(({ log, base, events }) => ({
      log,
      sequence: events.at(-1)?.sequence ?? base,
    }))
    this.#events.committed({ persisted, transitions, commands: work.commands })
  }

  #failed(error: LedgerError, work: WriterWork): void {
    if (error.kind === 'conflict' && error.log !== null) {
      const { log } = error
      const all = merge(work, this.#pending)
      const events = all.logs.find((write) => write.log === log)?.events ?? []
      // The others of the batch are not to blame: they go on, this log is read again.
      this.#pending = {
        ...all,
        logs: all.logs.filter((write) => write.log !== log),
        transitions: all.transitions.filter((each) => each.log !== log),
      }
      this.#events.conflict(log, events)
      return
    }
    this.#failures += 1
    this.#pending = merge(work, this.#pending)
    this.#events.health(error)
  }
}

function isEmpty(work: WriterWork): boolean {
  return (
    work.logs.length === 0 &&
    work.cursors.length === 0 &&
    work.blobs.length === 0 &&
    work.contents.length === 0 &&
    work.quarantine.length === 0 &&
    work.commands.length === 0
  )
}

/** Later work on top of earlier: one write per log, the newest record and cursor, everything else in order. */
function merge(earlier: WriterWork, later: WriterWork): WriterWork {
  if (isEmpty(earlier)) return later
  const logs = new Map(earlier.logs.map((write) => [write.log, write]))
  for (const write of later.logs) {
    const before = logs.get(write.log)
    logs.set(
      write.log,
      before === undefined
        ? write
        : { ...write, base: before.base, events: [...before.events, ...write.events] },
    )
  }
  const cursors = new Map([...earlier.cursors, ...later.cursors].map((cursor) => [cursor.stream, cursor]))
  const commands = new Map([...earlier.commands, ...later.commands].map((command) => [command.id, command]))
  return {
    logs: [...logs.values()],
    transitions: [...earlier.transitions, ...later.transitions],
    cursors: [...cursors.values()],
    blobs: [...earlier.blobs, ...later.blobs],
    contents: [...earlier.contents, ...later.contents],
    quarantine: [...earlier.quarantine, ...later.quarantine],
    commands: [...commands.values()],
    durability: earlier.durability === 'strict' || later.durability === 'strict' ? 'strict' : 'relaxed',
  }
}
