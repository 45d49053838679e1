/**
 * Owns what waits to be written, in the order it was asked for: frames of work, each with the cursors that
 * cover it, and jobs that need the queue to themselves. SPEC W1, W4.
 */
import type { LogId } from '../core/ids.ts'
import type { RunEvent } from '../core/entities.ts'
import type { Durability, LedgerError } from './port.ts'
import { merge, withoutLogs } from './work.ts'
import type { WriterWork } from './work.ts'

/** Events of one transaction under backlog: the more share a segment and a row, the cheaper each is. */
export const FLUSH_EVENTS = 4_096

/** What became of an append. */
export interface AppendReceipt {
  /** Sequences that are durable now. A log that another writer moved first is not among them. */
  logs: readonly { log: LogId; first: number; last: number }[]
  durability: Durability
  /** Copies on disk: 0 in memory, 1 in IndexedDB, 2 with the journal. */
  copies: number
}

/** Work as it was appended, less what was taken out of it since. */
export interface Entry {
  kind: 'work'
  ticket: number
  work: WriterWork
  resolve(receipt: AppendReceipt): void
}

/** Something that runs between two writes: a decision, a deletion, a repair. Settles whatever happens. */
export interface Job {
  kind: 'job'
  ticket: number
  run(): Promise<void>
  reject(error: LedgerError): void
}

/** Entries that go out in one transaction. */
export interface Flight {
  kind: 'flight'
  entries: readonly Entry[]
  work: WriterWork
}

export class WriterQueue {
  #items: (Entry | Job)[] = []
  /** Taken, and not yet known to have landed. */
  #flight: Flight | null = null
  /** Events were taken out that come back, and what covers them waits here. */
  isTorn = false
  /** Entries at the front that must not be torn apart. */
  #together = 0
  /** Numbers what was asked for, in order; the oldest that is not yet known to have landed. */
  #ticket = 0
  #oldest = Infinity
  #waiting: { ticket: number; resolve: () => void; reject: (error: LedgerError) => void }[] = []
  #closed: LedgerError | null = null

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** Whether something waits, or somebody waits for it, that should not wait for the gap. */
  get isUrgent(): boolean {
    if (this.#waiting.length > 0) return true
    return this.#items.some((item) => item.kind === 'job' || item.work.durability === 'strict')
  }

  push(item: Omit<Entry, 'ticket'> | Omit<Job, 'ticket'>): void {
    this.#ticket += 1
    this.#items.push({ ...item, ticket: this.#ticket })
    this.#oldest = Math.min(this.#oldest, this.#ticket)
  }

  /** Resolves when everything pushed so far has left the queue for good. @throws LedgerError when it never will. */
  whenWritten(): Promise<void> {
    if (this.#oldest === Infinity) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ticket: this.#ticket, resolve, reject })
      this.#rejectStuck()
    })
  }

  /** What was taken last has landed, or was put back. */
  landed(): void {
    this.#flight = null
    this.#oldest = this.#items.reduce((oldest, { ticket }) => Math.min(oldest, ticket), Infinity)
    const waiting = this.#waiting
    this.#waiting = waiting.filter(({ ticket }) => ticket >= this.#oldest)
    for (const { ticket, resolve } of waiting) if (ticket < this.#oldest) resolve()
    this.#rejectStuck()
  }

  /** Who waits for what stays in a closed queue would wait for ever. */
  #rejectStuck(): void {
    const [first] = this.#items
    if (this.#closed === null || first === undefined) return
    const stuck = this.#waiting.filter(({ ticket }) => ticket >= first.ticket)
    this.#waiting = this.#waiting.filter(({ ticket }) => ticket < first.ticket)
    for (const { reject } of stuck) reject(this.#closed)
  }

  /** Events that wait. */
  get events(): number {
    return this.works().reduce((sum, work) => sum + countEvents(work), 0)
  }

  /** The next job, or as much work in a row as fits into one transaction. */
  take(): Flight | Job | null {
    const [first] = this.#items
    if (first === undefined) return null
    if (first.kind === 'job') {
      this.#items.shift()
      return first
    }
    const entries: Entry[] = []
    let events = 0
    for (const item of this.#items) {
      if (item.kind === 'job') break
      events += countEvents(item.work)
      if (entries.length >= Math.max(1, this.#together) && events > FLUSH_EVENTS) break
      entries.push(item)
    }
    this.#items.splice(0, entries.length)
    this.#together = Math.max(0, this.#together - entries.length)
    this.#flight = { kind: 'flight', entries, work: entries.map(({ work }) => work).reduce(merge) }
    return this.#flight
  }

  /** Nothing is taken any more: gives up the jobs that wait; work stays. */
  close(error: LedgerError): void {
    this.#closed = error
    for (const item of this.#items) if (item.kind === 'job') item.reject(error)
    this.#items = this.#items.filter(({ kind }) => kind === 'work')
    this.#rejectStuck()
  }

  /** Puts a flight back that did not land. */
  putBack({ entries }: Flight): void {
    this.#flight = null
    this.#items.unshift(...entries)
  }

  /** All work that waits goes out in one transaction, before any job: its cursors and events were torn apart. */
  join(): void {
    this.isTorn = false
    const work = this.#items.filter((item) => item.kind === 'work')
    this.#items = [...work, ...this.#items.filter((item) => item.kind === 'job')]
    this.#together = work.length
  }

  /** A log's events among the work that waits, in order. */
  eventsOf(log: LogId): readonly RunEvent[] {
    return this.works().flatMap(({ logs }) => logs.find((write) => write.log === log)?.events ?? [])
  }

  /** Takes out what is accepted again and comes back; until `join`, cursors here speak for events that are not. */
  tear(log: LogId): void {
    this.removeLog(log)
    this.isTorn = true
  }

  /** Takes a log out of everything that waits. What is left empty keeps its place and its caller. */
  removeLog(log: LogId): void {
    const logs = new Set([log])
    for (const item of this.#items) if (item.kind === 'work') item.work = withoutLogs(item.work, logs)
  }

  logs(): ReadonlySet<LogId> {
    return new Set(this.works().flatMap(({ logs }) => logs.map(({ log }) => log)))
  }

  /** What waits, and before it what was taken and has not landed. */
  unwritten(): readonly WriterWork[] {
    return this.#flight === null ? this.works() : [this.#flight.work, ...this.works()]
  }

  /** All work that waits, oldest first. */
  works(): readonly WriterWork[] {
    return this.#items.flatMap((item) => (item.kind === 'work' ? [item.work] : []))
  }
}

const countEvents = ({ logs }: WriterWork): number => logs.reduce((sum, { events }) => sum + events.length, 0)

/** What an entry of a landed flight is told. */
export function receiptOf({ work }: Entry, copies: number): AppendReceipt {
  const logs = work.logs.flatMap(({ log, events }) => {
    const [first] = events
    const last = events.at(-1)
    return first === undefined || last === undefined
      ? []
      : [{ log, first: first.sequence, last: last.sequence }]
  })
  return { logs, durability: work.durability, copies }
}
