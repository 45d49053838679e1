/**
 * Owns how a message of the socket is read: any JSON in, bounded plain fields out, each of which is used once or
 * kept as a rest. Never throws. SPEC A1, A3.
 */
import { INLINE_LIMIT, LIMITS, toPlainJson } from '../../core/bounds.ts'
import type { Json } from '../../core/entities.ts'
import { isUsableId } from '../../core/ids.ts'

export type Fields = { readonly [key: string]: Json }

/** Reads fields one by one and remembers which were understood. */
export interface Reader {
  /** Text of any length; JSON of any other shape as its text. */
  text(key: string): string | null
  /** Text for one line of an entity, cut where a payload could not hold it. */
  line(key: string, limit?: number): string | null
  id(key: string): string | null
  count(key: string): number | null
  amount(key: string): number | null
  flag(key: string): boolean | null
  lines(key: string): readonly string[] | null
  reader(key: string): Reader
  /** What is said elsewhere in the message, or is of no use to a run. */
  skip(...keys: readonly string[]): void
  /** What nobody read, or could: kept with the event, so that nothing is dropped. */
  rest(): Fields
}

const LINE = 4_000

export function createReader(fields: Fields): Reader {
  const read = new Set<string>()
  const inner = new Map<string, Reader>()

  function take<Value>(key: string, value: (found: Json) => Value | null): Value | null {
    const found = Object.hasOwn(fields, key) ? fields[key] : undefined
    const taken = found === undefined || found === null ? null : value(found)
    if (taken !== null) read.add(key)
    return taken
  }

  const number = (key: string, fits: (value: number) => boolean): number | null =>
    take(key, (value) => (typeof value === 'number' && value >= 0 && fits(value) ? value : null))

  return {
    text: (key) => take(key, (value) => (typeof value === 'string' ? value : JSON.stringify(value))),
    line: (key, limit = LINE) => take(key, (value) => (typeof value === 'string' ? cut(value, limit) : null)),
    id: (key) => take(key, (value) => (typeof value === 'string' && isUsableId(value) ? value : null)),
    count: (key) => number(key, Number.isSafeInteger),
    amount: (key) => number(key, Number.isFinite),
    flag: (key) => take(key, (value) => (typeof value === 'boolean' ? value : null)),
    lines: (key) => take(key, toLines),
    reader(key) {
      const known = inner.get(key)
      if (known !== undefined) return known
      const reader = createReader(take(key, toFields) ?? {})
      inner.set(key, reader)
      return reader
    },
    skip: (...keys) => {
      for (const key of keys) read.add(key)
    },
    rest() {
      const unread = Object.entries(fields).filter(([key, value]) => !read.has(key) && value !== null)
      const deeper = [...inner].flatMap(([key, reader]) => {
        const rest = reader.rest()
        return Object.keys(rest).length > 0 ? [[key, rest] as const] : []
      })
      return Object.fromEntries([...unread, ...deeper])
    },
  }
}

/** A message's members, each bounded by itself: one that cannot be kept as it is becomes text, or says why not. */
export function readFields(raw: unknown): Fields | null {
  try {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return null
    const entries = Object.entries(raw).filter(([key]) => key !== '__proto__')
    return Object.fromEntries(
      entries.slice(0, LIMITS.keys).flatMap(([key, value]) => {
        const plain = value === undefined ? null : keep(value)
        return plain === null ? [] : [[cut(key, 200), plain] as const]
      }),
    )
  } catch {
    return null
  }
}

function keep(value: unknown): Json {
  if (typeof value === 'string') return cut(value, LIMITS.string)
  const plain = toPlainJson(value)
  if (plain.ok) return plain.value
  return cut(textOf(value) ?? `(not kept: it holds ${plain.reason})`, LIMITS.string)
}

function textOf(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null
  } catch {
    return null
  }
}

export function cut(text: string, limit: number = LINE): string {
  return text.length <= limit ? text : `${text.slice(0, Math.min(limit, LIMITS.string) - 1)}…`
}

/** Whether JSON is small enough to lie beside an event's own fields. */
export const isSmall = (value: Json): boolean => JSON.stringify(value).length <= INLINE_LIMIT / 4

const toFields = (value: Json): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null

function toLines(value: Json): readonly string[] | null {
  if (!Array.isArray(value)) return null
  const lines = value as readonly Json[]
  return lines.length <= 200 && lines.every((line) => typeof line === 'string' && line.length <= 500)
    ? (lines as readonly string[])
    : null
}
