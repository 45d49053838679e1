/**
 * Owns the border: a foreign value in, a decoded event or a reason out. Never throws, whatever comes.
 * SPEC A1 (no adapter throws), A3 (nothing foreign is dropped), S1 (hostile input is harmless).
 */
import type { z } from 'zod'
import { toPlainJson } from './bounds.ts'
import type { SourceEvent, TransientEvent } from './events.ts'
import { eventSchemas, transientSchemas } from './events.ts'
import type { LogId, Position } from './ids.ts'
import { isUsableId } from './ids.ts'

/** Timestamps outside 2000–2100 are seconds, microseconds or noise: unusable, and better refused. */
const EARLIEST = Date.UTC(2000, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)

export type Decoded =
  | { kind: 'event'; event: SourceEvent }
  | { kind: 'transient'; event: TransientEvent }
  /** `position` is known when at least that much could be read: the stream's cursor still advances. */
  | { kind: 'bad'; reason: string; position: Position | null }

export function decodeEvent(raw: unknown, stream: string): Decoded {
  const plain = toPlainJson(raw)
  if (!plain.ok) return bad(`event holds ${plain.reason}`, readPosition(raw))
  const { value } = plain
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return bad('event is not an object', null)
  }
  const envelope = value as { readonly [key: string]: unknown }
  const { log, type, timestamp, position, payload } = envelope
  const at = isPosition(position) ? position : null
  if (at === null) return bad('position is neither a number nor a key', null)
  if (!isLogId(log)) return bad('log is not `r:<run id>` or `w:<workflow run id>`', at)
  if (typeof type !== 'string' || type.length === 0 || type.length > 100) return bad('type is missing', at)
  if (!isTimestamp(timestamp)) return bad('timestamp is not epoch milliseconds', at)

  const rule = RULES.get(type)
  if (rule === undefined) {
    const foreign = { source: stream, name: type, value: payload ?? null }
    return toEvent({ log, timestamp, position: at, stream, type: 'foreign', payload: foreign })
  }
  if (rule.log !== null && !log.startsWith(rule.log)) {
    return bad(`${type} belongs to ${rule.log === 'w:' ? 'a workflow' : 'an agent run'} log`, at)
  }
  const parsed = rule.schema.safeParse(payload)
  if (!parsed.success) return bad(explain(type, parsed.error), at)
  const event = { log, timestamp, position: at, stream, type: rule.type, payload: parsed.data }
  return rule.isTransient ? { kind: 'transient', event: event as TransientEvent } : toEvent(event)
}

/** The pairing of type and payload is what the schema table guarantees; the compiler cannot see it. */
const toEvent = (event: object): Decoded => ({ kind: 'event', event: event as SourceEvent })

interface Rule {
  /** The name as this code spells it: the same string each time, which comparing it again and again is quick for. */
  type: string
  schema: z.ZodType
  isTransient: boolean
  /** How ids of the logs begin that hold it; null for either. */
  log: 'r:' | 'w:' | null
}

const EITHER = new Set(['run.linked', 'control.requested', 'control.settled', 'log.gap', 'foreign'])

const RULES: ReadonlyMap<string, Rule> = new Map(
  [eventSchemas, transientSchemas].flatMap((schemas) =>
    Object.entries(schemas).map(([type, schema]): [string, Rule] => {
      const isTransient = schemas === transientSchemas
      const isWorkflow = type.startsWith('workflow.') || type.startsWith('phase.')
      const log = isTransient || EITHER.has(type) ? null : isWorkflow ? 'w:' : 'r:'
      return [type, { type, schema, isTransient, log }]
    }),
  ),
)

const bad = (reason: string, position: Position | null): Decoded => ({
  kind: 'bad',
  reason: reason.slice(0, 300),
  position,
})

function explain(type: string, error: z.ZodError): string {
  const [issue] = error.issues
  if (issue === undefined) return `${type} does not fit its schema`
  const path = issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
  return `${type} ${path}${issue.message}`
}

function isLogId(value: unknown): value is LogId {
  if (typeof value !== 'string' || !(value.startsWith('r:') || value.startsWith('w:'))) return false
  return isUsableId(value.slice(2))
}

function isPosition(value: unknown): value is Position {
  return typeof value === 'number'
    ? Number.isSafeInteger(value) && value >= 0
    : typeof value === 'string' && value.length > 0 && value.length <= 500
}

function isTimestamp(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > EARLIEST && value < LATEST
}

/** The position of an event whose body could not even be copied. */
function readPosition(raw: unknown): Position | null {
  try {
    const position = (raw as { position?: unknown } | null)?.position
    return isPosition(position) ? position : null
  } catch {
    return null
  }
}
