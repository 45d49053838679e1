/**
 * Owns tables of many keys of which a frame changes a few. Plain JSON in a fixed number of buckets: only those
 * that hold a changed key are copied, where an object of thousands of keys would be copied whole. SPEC P1.
 */
export type Table<Key extends string, Value> = readonly Readonly<Record<Key, Value>>[]

/** A power of two. Some thousands of keys leave a dozen to a bucket. */
const BUCKETS = 256
/** Ids differ most in their last characters. */
const HASHED_CHARS = 12

const EMPTY = Array.from({ length: BUCKETS }, () => ({}))

export const emptyTable = <Key extends string, Value>(): Table<Key, Value> => EMPTY as Table<string, never>

export function at<Key extends string, Value>(table: Table<Key, Value>, key: Key): Value | undefined {
  return table[bucketOf(key)]?.[key]
}

/** The table with these entries set. */
export function put<Key extends string, Value>(
  table: Table<Key, Value>,
  entries: Iterable<readonly [Key, Value]>,
): Table<Key, Value> {
  const next = [...table]
  for (const [key, value] of entries) ownBucket(table, next, key)[key] = value
  return next
}

/** The table without these keys; the same table when it has none of them. */
export function without<Key extends string, Value>(
  table: Table<Key, Value>,
  keys: readonly Key[],
): Table<Key, Value> {
  const known = keys.filter((key) => at(table, key) !== undefined)
  if (known.length === 0) return table
  const next = [...table]
  for (const key of known) delete ownBucket(table, next, key)[key]
  return next
}

export function keysOf<Key extends string, Value>(table: Table<Key, Value>): Key[] {
  return table.flatMap((bucket) => Object.keys(bucket) as Key[])
}

export function valuesOf<Key extends string, Value>(table: Table<Key, Value>): Value[] {
  return table.flatMap((bucket) => Object.values<Value>(bucket))
}

/** The bucket of a key in `next`, copied from `table` on first touch. */
function ownBucket<Key extends string, Value>(
  table: Table<Key, Value>,
  next: Readonly<Record<Key, Value>>[],
  key: Key,
): Record<Key, Value> {
  const place = bucketOf(key)
  const bucket = next[place] ?? ({} as Record<Key, Value>)
  if (bucket !== table[place]) return bucket
  const own = { ...bucket }
  next[place] = own
  return own
}

function bucketOf(key: string): number {
  let hash = 0
  for (let index = Math.max(0, key.length - HASHED_CHARS); index < key.length; index += 1) {
    hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0
  }
  return (hash ^ (hash >>> 8)) & (BUCKETS - 1)
}
