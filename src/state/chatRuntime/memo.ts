/**
 * Owns remembering what was derived. The last answer for an owner is given again while it is asked with the same
 * things; lists are the same when their items are. Only a cache: without it the answers are equal, not identical.
 */
export function memoize<Owner extends object, Parts extends readonly unknown[], Result>(
  derive: (owner: Owner, ...parts: Parts) => Result,
): (owner: Owner, ...parts: Parts) => Result {
  const known = new WeakMap<Owner, { parts: Parts; result: Result }>()
  return (owner, ...parts) => {
    const last = known.get(owner)
    if (last !== undefined && parts.every((part, index) => isSame(part, last.parts[index]))) {
      return last.result
    }
    const result = derive(owner, ...parts)
    const kept = last !== undefined && isSame(last.result, result) ? last.result : result
    known.set(owner, { parts, result: kept })
    return kept
  }
}

/** The same thing, or lists of the same things. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  return a.every((item, index) => Object.is(item, b[index]))
}
