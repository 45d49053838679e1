/** Owns telling harn's files apart, by what is in them, and finding the one that a path in a record means. */
import { recordIn } from './read.ts'
import { isObject } from './records.ts'
import type { JsonObject } from './records.ts'
import { readJsonLines } from './sessionLines.ts'
import { isSidecarPath } from './sidecar.ts'

export type HarnFileKind = 'run' | 'session' | 'sidecar' | 'archive' | 'unknown'

/** By content; the sidecar alone is known by its name, since its lines are anybody's. */
export function harnFileKind(text: string, path = ''): HarnFileKind {
  const first = firstObject(text)
  if (first !== null && first['format'] === 'run-ledger-archive') return 'archive'
  if (isSidecarPath(path)) return 'sidecar'
  if (first === null) return 'unknown'
  if (isRun(first)) return 'run'
  const inner = isObject(first['event']) ? first['event'] : first
  const isEvent = typeof inner['type'] === 'string' && typeof inner['session_id'] === 'string'
  const isLogged = isObject(inner['payload']) && isObject(inner['payload']['event'])
  return isEvent || isLogged ? 'session' : 'unknown'
}

function isRun(value: JsonObject): boolean {
  const type = value['_type']
  if (typeof type === 'string') return type === 'run_record' || type.includes('bundle')
  // A session's events have a `type`, and may carry any field a record has.
  return typeof value['type'] !== 'string' && recordIn(value) !== null
}

/** The document, the first of its list, or the first line that can be read. */
function firstObject(text: string): JsonObject | null {
  let values: readonly unknown[]
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    values = Array.isArray(value) ? value : [value]
  } catch {
    values = readJsonLines(text).values.map(({ value }) => value)
  }
  return values.find(isObject) ?? null
}

/**
 * The file of `paths` that `wanted` means, said in the record at `from`: the path itself, beside the record, or, for a
 * path of another machine, the one that agrees with most of its end. Null when there is none, or more than one.
 */
export function resolvePath(paths: ReadonlySet<string>, wanted: string, from: string): string | null {
  const asked = normal(wanted)
  const beside = normal(`${from.slice(0, from.lastIndexOf('/') + 1)}${wanted}`)
  for (const candidate of [asked, beside]) if (paths.has(candidate)) return candidate
  const parts = asked.split('/')
  for (let take = parts.length; take >= 1; take -= 1) {
    const end = parts.slice(-take).join('/')
    const found = [...paths].filter((path) => path === end || path.endsWith(`/${end}`))
    if (found.length > 0) return found.length === 1 ? (found[0] ?? null) : null
  }
  return null
}

/** Slashes one way, no `.` and no `..`; what climbs out of the folder stays at its top. */
export function normal(path: string): string {
  const parts: string[] = []
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}
