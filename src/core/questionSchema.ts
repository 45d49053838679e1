/**
 * Owns making a JSON schema that came with a question into one that can be checked without harm: references are
 * written out, what is too large, circular or not understood is not used, patterns only where they end soon.
 */
import { z } from 'zod'
import type { Json } from './entities.ts'

/** Written out, a schema of a question is small; judging costs at most its size times the answer's. */
const VALUES = 2_000
const DEPTH = 40
const PATTERN_CHARS = 200
/** A pattern of two repetitions takes the cube of this many steps at worst. */
const CHARS_FOR_PATTERNS = 300

/** Null when there is none, or none that can be used. `answerChars`: how long the answer is, as JSON. */
export function usableSchema(schema: Json, answerChars: number): z.ZodType | null {
  if (!isTable(schema) || Object.keys(schema).length === 0) return null
  try {
    const room = { left: VALUES }
    const whole = writeOut(schema, {
      root: schema,
      room,
      depth: 0,
      patterns: answerChars <= CHARS_FOR_PATTERNS,
    })
    return z.fromJSONSchema(whole as z.core.JSONSchema.JSONSchema)
  } catch {
    return null
  }
}

type Table = { readonly [key: string]: Json }

interface Walk {
  root: Table
  room: { left: number }
  depth: number
  patterns: boolean
}

function writeOut(value: Json, walk: Walk): Json {
  walk.room.left -= 1
  // A reference to itself ends here as well.
  if (walk.room.left < 0 || walk.depth > DEPTH) throw new Error('too large')
  const deeper = { ...walk, depth: walk.depth + 1 }
  if (Array.isArray(value)) return value.map((item: Json) => writeOut(item, deeper))
  if (!isTable(value)) return value
  if (typeof value['$ref'] === 'string') return writeOut(resolved(value['$ref'], walk.root), deeper)
  const kept = Object.entries(value).filter(([key, part]) => isKept(key, part, walk))
  return Object.fromEntries(kept.map(([key, part]) => [key, writeOut(part, deeper)]))
}

/** Definitions are written out where they are used. */
const NAMES = ['$defs', 'definitions'] as const

function resolved(ref: string, root: Table): Json {
  const [start, place = '', name = '', ...rest] = ref.split('/')
  const isOurs = start === '#' && rest.length === 0 && NAMES.some((each) => each === place)
  const definitions = isOurs ? root[place] : undefined
  if (!isTable(definitions) || !Object.hasOwn(definitions, name)) throw new Error('not there')
  return definitions[name] ?? null
}

function isKept(key: string, part: Json, { depth, patterns }: Walk): boolean {
  if (key === '$schema' || (depth === 0 && NAMES.some((each) => each === key))) return false
  if (key === 'patternProperties') return false
  return key !== 'pattern' || typeof part !== 'string' || (patterns && endsSoon(part))
}

/** No groups and few repetitions: it cannot run for ever. A pattern that might is left to whoever asked. */
const endsSoon = (pattern: string): boolean =>
  pattern.length <= PATTERN_CHARS && !pattern.includes('(') && (pattern.match(/[*+{]/g) ?? []).length <= 2

const isTable = (value: Json | undefined): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
