/**
 * Owns what all readers of the core share: the streams its lists and run events are told on, keys that derive from
 * content, and how its times and texts are read.
 */
import { hashOf } from '../../core/contentKey.ts'
import type { Json } from '../../core/entities.ts'
import type { RawEvent, StreamInfo } from '../../core/events.ts'
import { isUsableId } from '../../core/ids.ts'

/** Events of one stream, as they are handed to the ledger. */
export interface Told {
  stream: StreamInfo
  events: readonly RawEvent[]
}

const list = (id: string): StreamInfo => ({ id, contiguous: false, first: 1, kind: 'repair' })

export const LIST_STREAM = list('openhuman:list')
export const WORKFLOWS_STREAM = list('openhuman:workflows')
export const TEAMS_STREAM = list('openhuman:teams')
/** What a person wrote, by the turn it began. */
export const WRITTEN_STREAM = list('openhuman:written')

/** Run events have running numbers of their own. */
export const eventsStream = (runId: string): StreamInfo => ({
  id: `openhuman:events:${runId}`,
  contiguous: true,
  first: 1,
  kind: 'repair',
})

/**
 * An attempt seen in a list opens on a stream of its own: whoever opens an attempt is bound to it, and the list speaks
 * of whatever attempt is the present one.
 */
export const attemptStream = (runId: string, attempt: number): StreamInfo =>
  list(`openhuman:attempt:${runId}:${attempt}`)

/** What the core answered to a command of ours. */
export const COMMANDS_STREAM: StreamInfo = { ...list('openhuman:commands'), kind: 'live' }

export const isOpenHumanStream = (stream: string): boolean => stream.startsWith('openhuman:')

/** A position: what is told and of whom, and a hash of all that may differ between two tellings. */
export const keyOf = (what: string, id: string, content: unknown): string =>
  `${what}:${id}:${hashOf(plain(content))}`

/** Members that are undefined are none. */
const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? null)) as Json

/** RFC 3339 as epoch milliseconds; null for anything else. */
export function timeOf(value: string | null | undefined): number | null {
  const time = value == null ? Number.NaN : Date.parse(value)
  return Number.isSafeInteger(time) && time >= 0 ? time : null
}

const LINE_CHARS = 8_000

/** Short text, cut where it is none. */
export const lineOf = (text: string | null | undefined): string | undefined =>
  text == null || text === '' ? undefined : text.slice(0, LINE_CHARS)

/** What the core says in a few words, as a sentence of its own. */
export const sentenceOf = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`)

/** An id of another system in a field that only takes usable ones. */
export const idOf = (id: string | null | undefined): string | undefined =>
  id != null && isUsableId(id) ? id : undefined

/** Without what is not known. */
export function known<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]?: Exclude<Fields[Name], null | undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as { [Name in keyof Fields]?: Exclude<Fields[Name], null | undefined> }
}
