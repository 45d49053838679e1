/**
 * Owns the limits on foreign data: depth, nodes, keys, string length. One walk copies a value
 * into plain JSON or says why not, so that no later code meets a cycle, a getter, a 10,000-deep object or
 * the key `__proto__`. SPEC S1.
 */
import type { Json } from './entities.ts'

/** Characters a payload may hold inline; longer text is cut to a preview and a reference. */
export const INLINE_LIMIT = 32 * 1024

export const LIMITS = {
  depth: 64,
  nodes: 10_000,
  keys: 1_000,
  /** Characters of one string. Longer text belongs into a reference, not into an event. */
  string: 2 * 1024 * 1024,
  /** Characters of all strings and keys together: the same text may be meant a thousand times. */
  text: 8 * 1024 * 1024,
} as const

export type Bounded = { ok: true; value: Json } | { ok: false; reason: string }

/** Copies `input` as plain JSON. `undefined` members are left out, as JSON would. */
export function toPlainJson(input: unknown): Bounded {
  try {
    const value = copy(input, 0, { nodes: 0, text: 0 })
    return value === undefined ? { ok: false, reason: 'nothing' } : { ok: true, value }
  } catch (error) {
    // A throwing getter or proxy is the input's fault as well.
    return { ok: false, reason: error instanceof Rejected ? error.message : 'what cannot be read' }
  }
}

interface Counted {
  nodes: number
  text: number
}

function count(text: string, counted: Counted): void {
  counted.text += text.length
  if (counted.text > LIMITS.text) throw new Rejected(`more than ${LIMITS.text} characters in all`)
}

/** Calls itself at most `LIMITS.depth` deep. */
function copy(value: unknown, depth: number, counted: Counted): Json | undefined {
  counted.nodes += 1
  if (counted.nodes > LIMITS.nodes) throw new Rejected(`more than ${LIMITS.nodes} values`)
  switch (typeof value) {
    case 'string':
      if (value.length > LIMITS.string) throw new Rejected(`a string of ${value.length} characters`)
      count(value, counted)
      return value
    case 'boolean':
    case 'undefined':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new Rejected(`the number ${value}`)
      return value
    case 'object':
      if (value === null) return null
      if (depth >= LIMITS.depth) throw new Rejected(`values nested deeper than ${LIMITS.depth}`)
      return Array.isArray(value)
        ? copyItems(value, depth + 1, counted)
        : copyMembers(value, depth + 1, counted)
    default:
      throw new Rejected(`a ${typeof value}`)
  }
}

function copyItems(items: readonly unknown[], depth: number, counted: Counted): Json {
  const copied: Json[] = []
  for (const item of items) copied.push(copy(item, depth, counted) ?? null)
  return copied
}

function copyMembers(value: object, depth: number, counted: Counted): Json {
  if (!isPlainObject(value)) throw new Rejected(`an instance of ${value.constructor?.name ?? 'a class'}`)
  const keys = Object.keys(value)
  if (keys.length > LIMITS.keys) throw new Rejected(`an object with ${keys.length} keys`)
  const copied: Record<string, Json> = {}
  for (const key of keys) {
    count(key, counted)
    // The one name whose assignment would not make a property.
    if (key === '__proto__') throw new Rejected('the key __proto__')
    const member = copy((value as Record<string, unknown>)[key], depth, counted)
    if (member !== undefined) copied[key] = member
  }
  return copied
}

class Rejected extends Error {}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
