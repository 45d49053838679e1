/**
 * Owns how long a run may get on disk. Beyond the limit only what its course needs is kept (status, questions,
 * checkpoints, results, usage); the rest is counted, and the log says so in a `log.gap`. Fault F27, DESIGN 5.
 */
import type { Prepared } from '../../core/content.ts'
import type { LogRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { SourceEvent } from '../../core/events.ts'
import { INLINE_LIMIT } from '../../core/bounds.ts'
import type { LogId } from '../../core/ids.ts'
import type { Ledger } from '../../ledger/port.ts'

export const RUN_LIMITS = {
  events: 50_000,
  /** Characters of events and of the texts stored with them. */
  chars: 50 * 1024 * 1024,
} as const

export interface RunLimit {
  /** Looks up how large these logs are, once, and only those that can be near the limit. */
  measure(logs: readonly LogId[]): Promise<void>
  /** What is kept of these events, in order, with notes of what was not. */
  keep(events: readonly Prepared[]): readonly Prepared[]
}

/** What a run can do without: its course, its questions and its results are told without them. */
const BULK: ReadonlySet<string> = new Set([
  'tool.started',
  'tool.finished',
  'iteration.started',
  'transcript.compacted',
  'handoff.recorded',
  'foreign',
])

/** No log of fewer events than this can be too large: one is not larger than an inline payload and its text. */
const SMALL = Math.floor(RUN_LIMITS.chars / (INLINE_LIMIT + 2 * 1024 * 1024))

interface Left {
  from: number
  to: number
  /** Events left out, those without a number included. */
  events: number
  last: SourceEvent
}

export function createRunLimit(options: {
  ledger: Pick<Ledger, 'sizeOf'>
  recordOf: (log: LogId) => LogRecord | undefined
  limits?: { events: number; chars: number }
}): RunLimit {
  const { ledger, recordOf, limits = RUN_LIMITS } = options
  /** Characters of the logs that were measured, kept up to date. */
  const sizes = new Map<LogId, number>()
  /** By log and stream, not yet said. */
  const left = new Map<LogId, Map<string, Left>>()

  const eventsOf = (log: LogId): number => {
    const record = recordOf(log)
    return record === undefined ? 0 : lifecycleOf(record).lastSequence
  }

  function leaveOut(event: SourceEvent): void {
    const streams = left.get(event.log) ?? new Map<string, Left>()
    left.set(event.log, streams)
    const before = streams.get(event.stream)
    const at = typeof event.position === 'number' ? event.position : null
    streams.set(event.stream, {
      from: before?.from ?? at ?? 0,
      to: at ?? before?.to ?? 0,
      events: (before?.events ?? 0) + 1,
      last: event,
    })
  }

  /** Told before the next event that is kept. */
  function notesOf(log: LogId): readonly Prepared[] {
    const streams = left.get(log)
    if (streams === undefined) return []
    left.delete(log)
    return [...streams].map(([stream, { from, to, events, last }]) => ({
      event: {
        log,
        timestamp: last.timestamp,
        stream,
        // Of the events it stands for, so that telling them again tells the same.
        position: `limit:${stream}:${from}`,
        type: 'log.gap',
        payload: { stream, from, to, events, reason: 'the run is too long to be kept whole' },
      },
      blobs: [],
      contents: [],
    }))
  }

  return {
    async measure(logs) {
      for (const log of new Set(logs)) {
        if (sizes.has(log) || eventsOf(log) < SMALL) continue
        // One that cannot be asked now is asked again with the next event.
        const size = await ledger.sizeOf(log).catch(() => null)
        if (size !== null) sizes.set(log, size)
      }
    },
    keep(events) {
      const added = new Map<LogId, number>()
      return events.flatMap((prepared): readonly Prepared[] => {
        const { log, type } = prepared.event
        const count = eventsOf(log) + (added.get(log) ?? 0)
        const size = sizes.get(log)
        if (BULK.has(type) && (count >= limits.events || (size ?? 0) >= limits.chars)) {
          leaveOut(prepared.event)
          return []
        }
        const kept = [...notesOf(log), prepared]
        added.set(log, (added.get(log) ?? 0) + kept.length)
        if (size !== undefined) sizes.set(log, size + kept.reduce((sum, each) => sum + sizeOfOne(each), 0))
        return kept
      })
    },
  }
}

const sizeOfOne = ({ event, blobs }: Prepared): number =>
  blobs.reduce((sum, { text }) => sum + text.length, charsOf(event))

/** About how long it is as JSON; writing it down to know would cost as much as storing it. */
function charsOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 5
  let chars = 2
  for (const key in value) chars += key.length + 4 + charsOf((value as Record<string, unknown>)[key])
  return chars
}
