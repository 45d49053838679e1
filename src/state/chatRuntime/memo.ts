/**
 * Owns remembering what was derived. The last answer for an owner is given again while it is asked with the same
 * things; lists are the same when their items are. Only a cache: without it the answers are equal, not identical.
 */
export function memoize<Owner extends object, Parts extends readonly unknown[], Result>(
  derive: (owner: Owner, ...parts: Parts) => Result,
  keep: (last: Result, next: Result) => Result = keepSame,
): (owner: Owner, ...parts: Parts) => Result {
  const known = new WeakMap<Owner, { parts: Parts; result: Result }>()
  return (owner, ...parts) => {
    const last = known.get(owner)
    if (last !== undefined && parts.every((part, index) => isSame(part, last.parts[index]))) {
      return last.result
    }
    const next = derive(owner, ...parts)
    const result = last === undefined ? next : keep(last.result, next)
    known.set(owner, { parts, result })
    return result
  }
}

const keepSame = <Result>(last: Result, next: Result): Result => (isSame(last, next) ? last : next)

/** The last answer where nothing is new in it, else the next one with every field of the last that is the same. */
export function keepFields<Fields extends object>(last: Fields, next: Fields): Fields {
  const names = Object.keys(next) as (keyof Fields)[]
  const kept = { ...next }
  for (const name of names) if (isAlike(last[name], next[name], FIELD_DEPTH)) kept[name] = last[name]
  return names.every((name) => kept[name] === last[name]) ? last : kept
}

/** A field may be a list or table of small objects. */
const FIELD_DEPTH = 3

/** The same thing, or lists of the same things. */
export function isSame(a: unknown, b: unknown): boolean {
  return Array.isArray(a) && Array.isArray(b) ? isAlike(a, b, 1) : Object.is(a, b)
}

function isAlike(a: unknown, b: unknown, depth: number): boolean {
  if (Object.is(a, b)) return true
  if (depth === 0 || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [one, other] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>]
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every((key) => Object.hasOwn(other, key) && isAlike(one[key], other[key], depth - 1))
}
