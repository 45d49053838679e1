/** A real writer on a real ledger that can be made to fail, under a clock that stands still. */
import type { LogRecord, RunEvent } from '../../../src/core/entities.ts'
import type { SourceEvent } from '../../../src/core/events.ts'
import { accept, toSourceEvent } from '../../../src/core/accept.ts'
import type { LogId } from '../../../src/core/ids.ts'
import type { ContentStore } from '../../../src/core/ports.ts'
import { memoryContentStore } from '../../../src/ledger/contentStore.ts'
import type { Journal } from '../../../src/ledger/journal/port.ts'
import { memoryLedger } from '../../../src/ledger/memory.ts'
import type { Ledger, LedgerErrorKind } from '../../../src/ledger/port.ts'
import { LedgerError } from '../../../src/ledger/port.ts'
import { NO_WORK } from '../../../src/ledger/work.ts'
import type { WriterWork } from '../../../src/ledger/work.ts'
import { LedgerWriter } from '../../../src/ledger/writer.ts'
import type { Commit } from '../../../src/ledger/delivery.ts'
import type { WriterEvents } from '../../../src/ledger/writer.ts'
import { ALL } from '../../../src/testing/conformance/context.ts'
import { faultyLedger } from '../../../src/testing/faults.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'

export const failing = (kind: LedgerErrorKind = 'transient') => new LedgerError(kind, `injected ${kind}`)

export const identityOf = (event: Pick<RunEvent, 'stream' | 'position'>): string =>
  `${event.stream} ${event.position}`

export interface Handed {
  log: LogId
  events: readonly RunEvent[]
}

export function writing(
  options: {
    beneath?: Ledger
    journal?: Journal
    content?: ContentStore
    on?: Partial<WriterEvents>
  } = {},
) {
  const beneath = options.beneath ?? memoryLedger()
  const ledger = faultyLedger(beneath)
  const clock = manualClock()
  const content = options.content ?? memoryContentStore()
  const commits: Commit[] = []
  const health: (string | null)[] = []
  const handedBack: Handed[] = []
  const mirror: (string | null)[] = []
  const on = options.on ?? {}
  const events: WriterEvents = {
    committed: (commit) => {
      commits.push(commit)
      on.committed?.(commit)
    },
    health: (error) => {
      health.push(error === null ? null : error.kind)
      on.health?.(error)
    },
    mirror: (error) => {
      mirror.push(error === null ? null : error.kind)
      on.mirror?.(error)
    },
    conflict: (log, given) => {
      handedBack.push({ log, events: given })
      return on.conflict?.(log, given)
    },
  }
  const journal = (): Journal | null => options.journal ?? null
  const writer = new LedgerWriter({ ledger, journal, content, clock, events })

  /** What the reducer would know: the records after everything that was accepted. */
  const records = new Map<LogId, LogRecord>()
  const accepted = new Map<LogId, RunEvent[]>()

  /** Accepts events as the reducer does, and gives the work the listener enqueues. */
  function work(told: readonly SourceEvent[], rest: Partial<WriterWork> = {}): WriterWork {
    const { changes } = accept((log) => records.get(log), told)
    for (const { log, record, events } of changes) {
      records.set(log, record)
      accepted.set(log, [...(accepted.get(log) ?? []), ...events])
    }
    return { ...NO_WORK, logs: changes, transitions: changes.flatMap((each) => each.transitions), ...rest }
  }

  /** What the state layer does with events that were handed back: disk wins, the missing ones come after it. */
  async function rebase(log: LogId, handed: readonly RunEvent[]): Promise<void> {
    const record = (await beneath.readRecords([log])).get(log)
    const known = await beneath.readEvents(log, { after: 0, limit: ALL })
    if (record !== undefined) records.set(log, record)
    accepted.set(log, [...known])
    const ids = new Set(known.map(identityOf))
    const missing = handed.filter((event) => !ids.has(identityOf(event)))
    writer.append(work(missing.map(toSourceEvent), { durability: 'strict' }))
  }

  return {
    rebase,
    beneath,
    ledger,
    clock,
    content,
    commits,
    health,
    handedBack,
    mirror,
    writer,
    records,
    accepted,
    work,
    append: (told: readonly SourceEvent[], rest?: Partial<WriterWork>) => writer.append(work(told, rest)),
    /** Sequences the ledger beneath holds of a log. */
    stored: async (log: LogId) =>
      (await beneath.readEvents(log, { after: 0, limit: ALL })).map((event) => event.sequence),
    events: (log: LogId) => beneath.readEvents(log, { after: 0, limit: ALL }),
  }
}

/** Whether a promise has settled by now. */
export function watch(promise: Promise<unknown>): { settled: boolean } {
  const seen = { settled: false }
  const note = () => {
    seen.settled = true
  }
  promise.then(note, note)
  return seen
}

/** Lets promise reactions run; the clock stands still. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
}
