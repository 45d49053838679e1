/** Owns tables that keep what was put in or asked for last: what a source remembers is bounded. */

/** Puts it in as the latest; beyond the limit the oldest goes. */
export function put<Key, Value>(table: Map<Key, Value>, key: Key, value: Value, limit: number): void {
  table.delete(key)
  table.set(key, value)
  if (table.size <= limit) return
  const [oldest] = table.keys()
  if (oldest !== undefined) table.delete(oldest)
}

/** Makes it the latest; null when it is not there. */
export function latest<Key, Value>(table: Map<Key, Value>, key: Key): Value | null {
  const value = table.get(key)
  if (value === undefined) return null
  table.delete(key)
  table.set(key, value)
  return value
}
