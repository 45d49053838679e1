/**
 * Owns what of the outside world may be kept, on every path: events, refused inputs, commands, messages of
 * errors. Applied before anything is folded, cut or dispatched. Ids stay ids (`redactId`). Live pieces:
 * `redactDeltas.ts`.
 */
import { toPlainJson } from './bounds.ts'
import type { Json, Text } from './entities.ts'
import { eventSchemas } from './events.ts'
import type { EventType, SourceEvent, StreamInfo } from './events.ts'
import type { LogId, Position } from './ids.ts'
import { defaultRedact, mark, NOT_CAPTURED, redactBeginning, redactId } from './redact.ts'
import type { Redact } from './redact.ts'
import { secretNameKind } from './secretNames.ts'
import { sketch } from './sketch.ts'

/**
 * How much is kept. `full`: everything as it came. `redacted`: everything but secrets. `none`: what happened,
 * when and how it ended, but no prompts, arguments, outputs, results or prose; a run cannot be resumed then.
 */
export type Capture = 'full' | 'redacted' | 'none'

/** What a host's `redact` throws becomes the reason of a quarantine; all methods but `event` are total. */
export interface Redaction {
  readonly capture: Capture
  /** @throws what `redact` throws. */
  readonly redact: Redact
  event(event: SourceEvent): SourceEvent
  log(log: LogId): LogId
  /** A stream's or any other id. */
  id(id: string): string
  stream(info: StreamInfo): StreamInfo
  position(position: Position): Position
  /** A command's payload; the same value when nothing in it was a secret. */
  command(payload: Json): Json
  text(text: string): string
  /** A refused input as JSON, cut to `limit` characters. */
  raw(raw: unknown, limit: number): string
}

export function createRedaction(options: { redact?: Redact; capture?: Capture } = {}): Redaction {
  const { redact = defaultRedact, capture = 'redacted' } = options
  if (capture === 'full') return AS_IT_CAME
  /** For what is redacted where nothing may fail: a hook that throws is replaced by the default. */
  const safely: Redact = (text, name) => {
    try {
      return checked(redact)(text, name)
    } catch {
      return defaultRedact(text, name)
    }
  }
  const payloads = createWalk(checked(redact))
  const total = createWalk(safely)
  const idOf = remembered((id) => redactId(id, safely))
  const logOf = remembered((log: LogId) => withId(log, redactId(log.slice(2), safely)))
  const positionOf = (position: Position): Position =>
    typeof position === 'string' ? redactId(position, safely) : position

  return {
    capture,
    redact: checked(redact),
    event(event) {
      const payload = capture === 'none' ? withoutContent(event) : event.payload
      const kept = payloads(payload, null)
      const log = logOf(event.log)
      const stream = idOf(event.stream)
      const position = positionOf(event.position)
      const isSame =
        kept === event.payload && log === event.log && stream === event.stream && position === event.position
      // The shape is the same; only texts were replaced by texts.
      return isSame ? event : ({ ...event, log, stream, position, payload: kept } as SourceEvent)
    },
    log: logOf,
    id: idOf,
    stream(info) {
      const id = idOf(info.id)
      return id === info.id ? info : { ...info, id }
    },
    position: positionOf,
    command: (payload) => (capture === 'none' ? NOT_CAPTURED : (total(payload, null) as Json)),
    text: (text) => safely(text, null),
    raw(raw, limit) {
      if (capture === 'none') return NOT_CAPTURED
      const plain = toPlainJson(raw)
      // Cut first: a refused input may be huge. What the cut went through is left out.
      const most = limit * 4
      const text = toJsonText(total(plain.ok ? plain.value : sketch(raw, most), null))
      const ours = text.length > most ? redactBeginning(text.slice(0, most)) : defaultRedact(text, null)
      return safely(ours, null).slice(0, limit)
    },
  }
}

/** What comes again and again is judged once; what is remembered of the outside world is bounded. */
function remembered<Key extends string, Value>(judge: (key: Key) => Value): (key: Key) => Value {
  let known = new Map<Key, Value>()
  return (key) => {
    let value = known.get(key)
    if (value === undefined) {
      value = judge(key)
      if (known.size >= REMEMBERED) known = new Map()
      known.set(key, value)
    }
    return value
  }
}

const REMEMBERED = 2_000

/** JSON in a text, with something escaped in it. */
const ESCAPED_JSON = /^\s*[[{"][^]*\\/

const AS_IT_CAME: Redaction = {
  capture: 'full',
  redact: (text) => text,
  event: (event) => event,
  log: (log) => log,
  id: (id) => id,
  stream: (info) => info,
  position: (position) => position,
  command: (payload) => payload,
  text: (text) => text,
  raw: (raw, limit) => toJsonText(sketch(raw, limit)).slice(0, limit),
}

const withId = (log: LogId, id: string): LogId =>
  id === log.slice(2) ? log : `${log.startsWith('r:') ? 'r' : 'w'}:${id}`

/** A hook is code of others: what is not a text is an error, not a value to store. */
function checked(redact: Redact): Redact {
  if (redact === defaultRedact) return redact
  return (text, name) => {
    const kept: unknown = redact(text, name)
    if (typeof kept !== 'string') throw new TypeError(`redact gave ${typeof kept}`)
    return kept
  }
}

/** Names whose values pair one thing with another: altered, they still have to tell two things apart. */
const ID_NAMES = new Set(
  [
    'runId parentRunId rootRunId childRunId workflowRunId replayOf parentThreadId workerThreadId parentCallId',
    'callId questionId commandId agentId agentIds dependsOn definitionId taskBoardId taskCardId traceId contentKey',
    'phase name key id ref stream source target optionValue',
  ].flatMap((line) => line.split(' ')),
)

/** Copies only what changes. Depth and size were bounded when the value was decoded. */
function createWalk(redact: Redact): (value: unknown, name: string | null) => unknown {
  /** Keys as they are kept; nearly all are. */
  const keyOf = remembered((key: string) => redactId(key, redact))

  function walk(value: unknown, name: string | null): unknown {
    if (typeof value === 'string') return walkText(value, name)
    if (typeof value === 'number') return walkNumber(value, name)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return walkArray(value as unknown[], name)
    return walkObject(value as Record<string, unknown>, name)
  }

  function walkText(text: string, name: string | null): string {
    if (text.length < 3) return text
    const kept = redact(ESCAPED_JSON.test(text) ? walkJson(text) : text, name)
    return kept === text || name === null || !ID_NAMES.has(name) ? kept : redactId(text, redact)
  }

  /** What JSON escapes hides where a word begins: its strings are judged as they are meant. */
  function walkJson(text: string): string {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return text
    }
    try {
      const kept = walk(value, null)
      return kept === value ? text : JSON.stringify(kept)
    } catch (error) {
      // Nested beyond what can be walked; a hook's own error is the event's.
      if (error instanceof RangeError) return mark('unreadable')
      throw error
    }
  }

  /** Figures are figures, but a PIN is a password. */
  function walkNumber(value: number, name: string | null): unknown {
    if (name === null || secretNameKind(name) !== 'password') return value
    const text = String(value)
    const kept = redact(text, name)
    return kept === text ? value : kept
  }

  function walkArray(items: readonly unknown[], name: string | null): readonly unknown[] {
    // Headers as pairs: the first says what the second is.
    const [first] = items
    const pair = items.length === 2 && typeof first === 'string' && promised(first) !== null ? first : name
    let next: unknown[] | null = null
    for (const [index, item] of items.entries()) {
      const kept = walk(item, index === 1 ? pair : name)
      if (kept !== item) (next ??= [...items])[index] = kept
    }
    return next ?? items
  }

  function walkObject(object: Record<string, unknown>, name: string | null): Record<string, unknown> {
    const own = name === null || isSchema(object) ? null : promised(name)
    const told = toldBy(object)
    let next: Record<string, unknown> | null = null
    for (const key in object) {
      const item = object[key]
      const kept = walk(item, own ?? (key === 'value' ? (told ?? 'value') : key))
      const keptKey = keyOf(key)
      if (kept === item && keptKey === key) continue
      if (keptKey !== key) {
        // In its old place, so that an untouched order stays.
        next = renamed(next ?? object, key, keptKey)
      } else next ??= { ...object }
      next[keptKey] = kept
    }
    return next === null ? object : fitted(next)
  }

  return walk
}

/** The name, if it is one of a secret. */
const promised = (name: string): string | null => (secretNameKind(name) === null ? null : name)

/** `{name: 'DB_PASSWORD', value}`, as environments and headers are listed; an option's value is chosen by. */
function toldBy(object: Record<string, unknown>): string | null {
  if (!Object.hasOwn(object, 'value')) return null
  if (Object.hasOwn(object, 'label')) return 'optionValue'
  const name = object['name'] ?? object['key']
  return typeof name === 'string' && name.length <= 100 ? promised(name) : null
}

/** `password: {type: 'string'}` describes a secret and holds none. */
const isSchema = (object: Record<string, unknown>): boolean =>
  Object.hasOwn(object, 'type') || Object.hasOwn(object, '$ref')

function renamed(object: Record<string, unknown>, from: string, to: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key === from ? to : key, value]))
}

/** A text that is all there is says how long it is now, and that it is not as it was. */
function fitted(object: Record<string, unknown>): Record<string, unknown> {
  const { preview, chars, ref } = object
  if (typeof preview !== 'string' || typeof chars !== 'number' || ref !== null) return object
  return { ...object, chars: preview.length, redacted: true }
}

const CONTENT_NAMES = new Set(
  'prompt args output result plan content value input answer metadata label summary task description'.split(
    ' ',
  ),
)

/** Somebody has to answer questions, so what is asked stays. What no field is known for is content. */
function withoutContent({ type, payload }: SourceEvent): Record<string, unknown> {
  const known = eventSchemas[type].shape
  const isContent = (key: string): boolean =>
    !Object.hasOwn(known, key) || (type !== 'question.asked' && isContentOf(type, key))
  return Object.fromEntries(
    Object.entries(payload).map(([key, value]) => [key, isContent(key) ? dropped(key, value) : value]),
  )
}

/** Of a control, `detail` says what became of it; of a call, what it is about. */
function isContentOf(type: EventType, key: string): boolean {
  if (key === 'state') return type === 'checkpoint.saved'
  if (key === 'detail') return type === 'tool.started' || type === 'tool.finished'
  return CONTENT_NAMES.has(key)
}

function dropped(key: string, value: unknown): unknown {
  if (value === null || value === undefined) return value
  if (key === 'metadata') return {}
  if (typeof value !== 'object' || !Object.hasOwn(value, 'preview')) return NOT_CAPTURED
  return { preview: NOT_CAPTURED, chars: (value as Text).chars, ref: null }
}

function toJsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch (error) {
    return `(not JSON: ${error instanceof Error ? error.message : 'unreadable'})`
  }
}
