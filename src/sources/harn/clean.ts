/**
 * Owns what of a foreign value is let in: plain JSON of bounded depth and size, without environments and without secrets.
 * Whatever is left out is reported with its path. SPEC A1, S1.
 */
import type { Json } from '../../core/entities.ts'
import { createRedaction } from '../../core/redaction.ts'
import type { JsonObject } from './records.ts'
import { isObject } from './records.ts'
import type { ReportBuilder } from './report.ts'

export const IMPORT_LIMITS = {
  /** Characters of a file, and of all strings of a value together. */
  text: 50 * 1024 * 1024,
  /** Levels below the record; the events it becomes add a few and may have 64. */
  depth: 48,
  nodes: 4_000_000,
} as const

/** A copy as plain JSON; null when nothing of it can be used. */
export function clean(input: unknown, path: string, report: ReportBuilder): Json {
  const walk: Walk = { report, nodes: 0, text: 0, full: false }
  try {
    const copied = copy(input, path, 0, '', walk) ?? null
    return withoutSecrets(copied, path, report)
  } catch {
    // A getter or a proxy that throws.
    report.skip(path, 'It cannot be read.')
    return null
  }
}

interface Walk {
  report: ReportBuilder
  nodes: number
  text: number
  full: boolean
}

/** Calls itself at most `IMPORT_LIMITS.depth` deep. `under` is the name of the field that holds `value`. */
function copy(value: unknown, path: string, depth: number, under: string, walk: Walk): Json | undefined {
  walk.nodes += 1
  if (typeof value === 'string') walk.text += value.length
  if (walk.nodes > IMPORT_LIMITS.nodes || walk.text > IMPORT_LIMITS.text) return tooMuch(path, walk)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value === undefined) return undefined
  if (typeof value !== 'object') {
    walk.report.skip(path, `A ${typeof value} is not JSON.`)
    return undefined
  }
  if (depth >= IMPORT_LIMITS.depth) {
    walk.report.skip(path, `It is nested deeper than ${IMPORT_LIMITS.depth} levels.`)
    return undefined
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => copy(item, `${path}[${index}]`, depth + 1, '', walk) ?? null)
  }
  return copyMembers(value, path, depth, under, walk)
}

function copyMembers(value: object, path: string, depth: number, under: string, walk: Walk): Json {
  const copied: Record<string, Json> = {}
  for (const [key, member] of Object.entries(value)) {
    walk.text += key.length
    const at = `${path}.${key.slice(0, 100)}`
    if (key === '__proto__') {
      walk.report.skip(at, 'A field of this name would change what objects are.')
    } else if (key === 'env' && under === 'execution') {
      // Environments hold keys and passwords under any name: none of it is taken in.
      if (isObject(member) && Object.keys(member).length > 0) walk.report.secrets(at, Object.keys(member))
    } else {
      const kept = copy(member, at, depth + 1, key, walk)
      if (kept !== undefined) copied[key] = kept
    }
  }
  return copied
}

/** Said once; what follows is left out without a line for each. */
function tooMuch(path: string, walk: Walk): undefined {
  if (!walk.full) walk.report.skip(path, 'From here on there is more than can be imported at once.')
  walk.full = true
  return undefined
}

function withoutSecrets(value: Json, path: string, report: ReportBuilder): Json {
  const kept = createRedaction().command(value)
  if (kept !== value) tellReplaced(value, kept, path, report)
  return kept
}

/** Says where something was replaced. As deep as `clean` copies. */
function tellReplaced(before: Json, after: Json, path: string, report: ReportBuilder): void {
  if (before === after) return
  if (Array.isArray(before) && Array.isArray(after)) {
    before.forEach((item: Json, at) =>
      tellReplaced(item, (after[at] as Json) ?? null, `${path}[${at}]`, report),
    )
  } else if (isObject(before) && isObject(after)) {
    for (const key of Object.keys(before)) tellMember(before, after, key, path, report)
  } else {
    report.secrets(path, [])
  }
}

function tellMember(
  before: JsonObject,
  after: JsonObject,
  key: string,
  path: string,
  report: ReportBuilder,
): void {
  tellReplaced(before[key] ?? null, after[key] ?? null, `${path}.${key}`, report)
}
