/**
 * Owns the limits on foreign data: depth, nodes, keys, string length. One iterative walk copies a value
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
} as const

export type Bounded = { ok: true; value: Json } | { ok: false; reason: string }

type Container = Json[] | Record<string, Json>
interface Task {
  value: object
  into: Container
  depth: number
}

/** Copies `input` as plain JSON. `undefined` members are left out, as JSON would. */
export function toPlainJson(input: unknown): Bounded {
  const tasks: Task[] = []
  let nodes = 0

  const convert = (value: unknown, depth: number): Json | undefined => {
    nodes += 1
    if (nodes > LIMITS.nodes) throw new Rejected(`more than ${LIMITS.nodes} values`)
    switch (typeof value) {
      case 'string':
        if (value.length > LIMITS.string) throw new Rejected(`a string of ${value.length} characters`)
        return value
      case 'boolean':
        return value
      case 'number':
        if (!Number.isFinite(value)) throw new Rejected(`the number ${value}`)
        return value
      case 'undefined':
        return undefined
      case 'object':
        break
      default:
        throw new Rejected(`a ${typeof value}`)
    }
    if (value === null) return null
    if (depth >= LIMITS.depth) throw new Rejected(`values nested deeper than ${LIMITS.depth}`)
    const into: Container = Array.isArray(value) ? [] : {}
    tasks.push({ value, into, depth: depth + 1 })
    return into
  }

  try {
    const root = convert(input, 0)
    if (root === undefined) return { ok: false, reason: 'nothing' }
    for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
      const { value, into, depth } = task
      if (Array.isArray(into)) {
        for (const item of value as unknown[]) into.push(convert(item, depth) ?? null)
        continue
      }
      if (!isPlainObject(value)) throw new Rejected(`an instance of ${value.constructor?.name ?? 'a class'}`)
      const keys = Object.keys(value)
      if (keys.length > LIMITS.keys) throw new Rejected(`an object with ${keys.length} keys`)
      for (const key of keys) {
        // The one name whose assignment would not make a property.
        if (key === '__proto__') throw new Rejected('the key __proto__')
        const member = convert((value as Record<string, unknown>)[key], depth)
        if (member !== undefined) into[key] = member
      }
    }
    return { ok: true, value: root }
  } catch (error) {
    // A throwing getter or proxy is the input's fault as well.
    return { ok: false, reason: error instanceof Rejected ? error.message : 'what cannot be read' }
  }
}

class Rejected extends Error {}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
