/**
 * Owns reading a harn session log: one event a line, in the forms harn writes. A line costs at most itself, and
 * what is wrong with it is said. SPEC A1, A3.
 */
import { toPlainJson } from '../../core/bounds.ts'
import type { Json } from '../../core/entities.ts'
import { hashOf } from '../../core/contentKey.ts'
import { isUsableId } from '../../core/ids.ts'
import { isObject } from './records.ts'
import type { JsonObject } from './records.ts'

export interface SessionLine {
  /** Where it stood in the file, from 1. */
  line: number
  /** Its number in the session, as the log says, else its place among the lines of that session. */
  index: number
  /** Epoch milliseconds; null when the line does not say. */
  at: number | null
  sessionId: string
  /** harn's name of the event. */
  kind: string
  event: JsonObject
  /** Of all the line says: what tells it from another with the same number. */
  hash: string
}

export interface Skipped {
  path: string
  reason: string
}

export interface ReadSession {
  lines: readonly SessionLine[]
  skipped: readonly Skipped[]
  /** The file ends within a line: its writer was cut off. */
  torn: boolean
}

/** Reads JSON Lines, or one JSON document that holds the events as a list. `path` names the file in reasons. */
export function readSessionLines(text: string, path = 'session'): ReadSession {
  const skipped: Skipped[] = []
  const lines: SessionLine[] = []
  const counts = new Map<string, number>()
  const take = (value: unknown, line: number): void => {
    const read = toLine(value, line, counts)
    if (typeof read === 'string') skipped.push({ path: `${path}:${line}`, reason: read })
    else lines.push(read)
  }

  const whole = documentEvents(text)
  if (whole !== null) {
    whole.forEach((value, at) => take(value, at + 1))
    return { lines, skipped, torn: false }
  }
  const { values, bad, torn } = readJsonLines(text)
  for (const { line, value } of values) take(value, line)
  for (const line of bad) skipped.push({ path: `${path}:${line}`, reason: 'The line is not JSON.' })
  return { lines, skipped, torn }
}

export interface JsonLines {
  values: readonly { line: number; value: unknown }[]
  /** Numbers of complete lines that are no JSON. */
  bad: readonly number[]
  /** The last line has no end and is no JSON: whoever wrote it was cut off. */
  torn: boolean
}

/** JSON Lines with or without a byte order mark, ended by LF or CRLF; empty lines say nothing. */
export function readJsonLines(text: string): JsonLines {
  const values: { line: number; value: unknown }[] = []
  const bad: number[] = []
  let torn = false
  const rows = text.replace(/^\uFEFF/, '').split('\n')
  rows.forEach((row, at) => {
    if (row.trim() === '') return
    try {
      values.push({ line: at + 1, value: JSON.parse(row) })
    } catch {
      // Every complete line ends; only the last can have been cut off.
      if (at === rows.length - 1) torn = true
      else bad.push(at + 1)
    }
  })
  return { values, bad, torn }
}

/** A pretty-printed list, or an object with the list in it; null for what is read line by line. */
function documentEvents(text: string): readonly unknown[] | null {
  const begin = text.replace(/^\uFEFF/, '').trimStart()
  if (!begin.startsWith('[') && !/^\{\s*\n/.test(begin)) return null
  try {
    const value: unknown = JSON.parse(begin)
    if (Array.isArray(value)) return value as unknown[]
    const events = (value as { events?: unknown } | null)?.events
    return Array.isArray(events) ? (events as unknown[]) : null
  } catch {
    return null
  }
}

/** A line as an event of a session, or why it is none. */
function toLine(value: unknown, line: number, counts: Map<string, number>): SessionLine | string {
  const plain = toPlainJson(value)
  if (!plain.ok) return `The line holds ${plain.reason}.`
  if (!isObject(plain.value)) return 'The line is not an object.'
  const { event, index, at, header } = unwrapped(plain.value)
  if (event === null) return 'The line holds no event.'
  const { type, session_id: sessionId } = event
  if (typeof type !== 'string' || type === '' || type.length > 100) return 'The event has no type.'
  if (typeof sessionId !== 'string' || !isUsableId(sessionId)) return 'The event names no session.'
  // Names of topics are simplified: two sessions may share one, and only the exact id tells them apart.
  if (typeof header === 'string' && header !== sessionId)
    return `The event is of session ${sessionId}, its envelope of ${header}.`
  const place = counts.get(sessionId) ?? 0
  counts.set(sessionId, place + 1)
  return {
    line,
    index: isCount(index) ? index : place,
    at: isTime(at) ? at : null,
    sessionId,
    kind: type,
    event,
    hash: hashOf(event).slice(0, 12),
  }
}

interface Unwrapped {
  event: JsonObject | null
  index: Json | undefined
  at: Json | undefined
  header: Json | undefined
}

/** The event of a line: flat with its envelope, as a replay item, or as a record of harn's event log. */
function unwrapped(line: JsonObject): Unwrapped {
  if (typeof line['type'] === 'string') {
    const { index, emitted_at_ms: at, ...event } = line
    return { event, index, at, header: undefined }
  }
  const inner = isObject(line['event']) ? line['event'] : line
  const headers = [inner['headers'], line['headers']].find(isObject)
  return {
    event: eventIn(inner),
    index: line['event_id'] ?? line['id'],
    at: line['occurred_at_ms'] ?? inner['occurred_at_ms'],
    header: headers?.['session_id'],
  }
}

function eventIn(record: JsonObject): JsonObject | null {
  // Some events have a payload of their own: only what is no event itself holds one.
  if (typeof record['type'] === 'string') return record
  const payload = record['payload']
  const event = isObject(payload) ? payload['event'] : undefined
  return isObject(event) ? event : null
}

const isCount = (value: Json | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** Between 2000 and 2100, as the border of the ledger has it. */
const isTime = (value: Json | undefined): value is number =>
  isCount(value) && value > Date.UTC(2000, 0, 1) && value < Date.UTC(2100, 0, 1)
