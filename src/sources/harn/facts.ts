/**
 * Owns how facts of harn become events: where they stand (a semantic key on the run's stream, so that a file read again,
 * or a newer one of the same run, repeats itself), when they happened, and what is one fact told twice.
 */
import { hashOf } from '../../core/contentKey.ts'
import type { Json } from '../../core/entities.ts'
import type { RawEvent } from '../../core/events.ts'
import { isUsableId } from '../../core/ids.ts'
import { NO_TIME } from './times.ts'

/** What an import consists of; `runs.importEvents` takes these. */
export interface HarnEvent {
  stream: string
  event: RawEvent
}

/** One fact, before it has a place and a time for certain. */
export interface Fact {
  log: string
  type: string
  payload: { readonly [key: string]: unknown }
  /** Semantic key within the stream: `stage:<id>:finished`. */
  key: string
  /** When it happened; the first that is known counts: its own time, then earlier ones of what it belongs to. */
  at: readonly (number | null)[]
  /** The run's first stream when absent. */
  stream?: string
}

export interface Facts {
  add(fact: Fact): void
  /** Facts that were told before, word for word or by another source. */
  repeated(): number
  events(): readonly HarnEvent[]
}

/** The stream of a run's file. A part of the run that began after it had ended has a stream of its own. */
export const harnStream = (runId: string, part = 1): string =>
  part === 1 ? `harn:${runId}` : `harn:${runId}:${part}`

/**
 * Where marks stand that a run record and a session log both tell of, each under the mark's own id: whichever comes
 * second, in one import or a year later, is known already.
 */
export const MARKS = 'harn:marks'
export const compactionMark = (id: string): string => toPosition(`compaction:${id}`)
export const handoffMark = (id: string): string => toPosition(`handoff:${id}`)

/** Collects facts in order; of two with one key the first stays. */
export function createFacts(runId: string): Facts {
  const events: HarnEvent[] = []
  const known = new Set<string>()
  let repeated = 0
  return {
    add({ log, type, payload, key, at, stream = harnStream(runId) }) {
      const position = toPosition(key)
      const identity = `${stream}\n${position}`
      if (known.has(identity)) {
        repeated += 1
        return
      }
      known.add(identity)
      const timestamp = at.find((time) => time !== null) ?? NO_TIME
      events.push({ stream, event: { log, type, payload, timestamp, position } })
    },
    repeated: () => repeated,
    events: () => events,
  }
}

const POSITION_LIMIT = 450

/** Positions are at most 500 characters; a longer key keeps its beginning and is told apart by its hash. */
const toPosition = (key: string): string =>
  key.length <= POSITION_LIMIT ? key : `${key.slice(0, POSITION_LIMIT - 30)}#${hashOf(key)}`

/** A fact that has no event type of ours. `value` must be small; anything of unknown size goes through `keep.ts`. */
export const foreignPayload = (name: string, value: Json) => ({
  source: 'harn',
  name: name.slice(0, 200),
  value,
})

/** An id as harn gave it, or one made of the content of what has none: the same content, the same id. */
export const idOr = (raw: string | null | undefined, prefix: string, content: Json): string =>
  typeof raw === 'string' && isUsableId(raw) ? raw : `${prefix}_${hashOf(content)}`

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i

/** The id of a stage's or a worker's run. One that another file could use as well gets the run's id before it. */
export function memberId(runId: string, id: string): string {
  const isUnique = id.startsWith(`${runId}:`) || UUID.test(id)
  const full = isUnique ? id : `${runId}:${id}`
  return isUsableId(full) ? full : `${runId.slice(0, 100)}:${hashOf(id)}`
}

/** Most a line of ours may hold, well below what the ledger refuses. */
const LINE = 4_000

/** Text for a one-line field: trimmed to what fits, null when there is none. */
export function line(text: string | null | undefined, limit = LINE): string | null {
  if (text === null || text === undefined || text === '') return null
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`
}

/** The same of a value that may be anything. */
export const textLine = (value: Json | undefined, limit = LINE): string | null =>
  typeof value === 'string' ? line(value, limit) : null
