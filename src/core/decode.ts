/**
 * Owns the border: a foreign value in, a decoded event or a reason out. Never throws, whatever comes.
 * SPEC A1 (no adapter throws), A3 (nothing foreign is dropped), S1 (hostile input is harmless).
 */
import type { z } from 'zod'
import { toPlainJson } from './bounds.ts'
import type { SourceEvent, TransientEvent } from './events.ts'
import { eventSchemas, isEventType, isTransientType, transientSchemas } from './events.ts'
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
  const base = { log, timestamp, position: at, stream }

  if (isTransientType(type)) {
    const parsed = transientSchemas[type].safeParse(payload)
    if (!parsed.success) return bad(explain(type, parsed.error), at)
    return { kind: 'transient', event: { ...base, type, payload: parsed.data } as TransientEvent }
  }
  if (!isEventType(type)) {
    const foreign = { source: stream, name: type, value: payload ?? null }
    return { kind: 'event', event: { ...base, type: 'foreign', payload: foreign } as SourceEvent }
  }
  if (WORKFLOW_ONLY.has(type) && !log.startsWith('w:')) return bad(`${type} belongs to a workflow log`, at)
  if (RUN_ONLY.has(type) && !log.startsWith('r:')) return bad(`${type} belongs to an agent run log`, at)
  const parsed = eventSchemas[type].safeParse(payload)
  if (!parsed.success) return bad(explain(type, parsed.error), at)
  // The pairing of type and payload is what the schema table guarantees; the compiler cannot see it.
  return { kind: 'event', event: { ...base, type, payload: parsed.data } as SourceEvent }
}

const EITHER = new Set(['run.linked', 'control.requested', 'control.settled', 'log.gap', 'foreign'])
const WORKFLOW_ONLY = new Set(
  Object.keys(eventSchemas).filter((type) => type.startsWith('workflow.') || type.startsWith('phase.')),
)
const RUN_ONLY = new Set(
  Object.keys(eventSchemas).filter((type) => !EITHER.has(type) && !WORKFLOW_ONLY.has(type)),
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
  return typeof value === 'string' && /^[rw]:/.test(value) && isUsableId(value.slice(2))
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
