/**
 * Owns taking secrets out of texts: what is removed is named (`[redacted:github-token]`), all else stays as it
 * was, byte for byte. Pure; the same text always gives the same answer, so that a replay stays a replay.
 */
import { FoundSpans, OpenSpans } from './finds.ts'
import type { Found } from './finds.ts'
import { findSecrets, kindsIn } from './findSecrets.ts'
import { isSecretValue } from './namedSecrets.ts'
import { secretNameKind } from './secretNames.ts'

/**
 * What stands for a text: itself, or with what must not be kept replaced. `name` is the key the text stands
 * under, null when there is none. Pure and deterministic. What it throws quarantines the event.
 */
export type Redact = (text: string, name: string | null) => string

/** Secrets by their look, and by the name they stand under. Compose it with your own. */
export const defaultRedact: Redact = (text, name) => {
  if (text.length < SHORTEST) return text
  const kind = name === null ? null : secretNameKind(name)
  return kind !== null && isSecretValue(kind, text) ? mark(kind) : redactText(text)
}

const SHORTEST = 3

/** Secrets by their look, and by names within the text. */
export function redactText(text: string): string {
  const kinds = kindsIn(text)
  if (kinds === 0) return text
  const finds = new FoundSpans()
  findSecrets(text, kinds, finds)
  return replaced(text, finds.merged())
}

/** Of the beginning of a longer text, as much as is known to be free of secrets whatever comes next. */
export function redactBeginning(text: string): string {
  const finds = new OpenSpans()
  findSecrets(text, kindsIn(text), finds)
  const end = Math.min(lastWord(text), finds.hold)
  const cut = finds.merged().find((span) => span.end > end)
  return replaced(text.slice(0, Math.min(end, cut?.start ?? end)), finds.merged())
}

/** Where the last run of signs begins that a secret could be made of. */
export function lastWord(text: string): number {
  let at = text.length
  while (at > 0 && !BETWEEN_WORDS.test(text.charAt(at - 1))) at -= 1
  return at
}

const BETWEEN_WORDS = /[\s"'<>`]/

/** Replaces the spans that lie within the text; they are in order. */
export function replaced(text: string, spans: readonly Found[]): string {
  let result = ''
  let at = 0
  for (const { start, end, kind } of spans) {
    if (end > text.length) break
    result += text.slice(at, start) + mark(kind)
    at = end
  }
  return at === 0 ? text : result + text.slice(at)
}

export const mark = (kind: string): string => `[redacted:${kind}]`

/** What stands where nothing is kept at all. */
export const NOT_CAPTURED = '[not captured]'

/** Whether something that is kept has a mark in place of a part. */
export const isRedacted = (text: string): boolean =>
  text.includes('[redacted:') || text.includes(NOT_CAPTURED)

/** Longest id, as in `ids.ts`. */
const ID_LIMIT = 200
const SHORTEST_ID = 12

/**
 * An id stays an id: one that holds a secret becomes its redacted form and a hash of all of it, so that the
 * same id always meets itself and two secrets never become one.
 */
export function redactId(id: string, redact: Redact): string {
  if (id.length < SHORTEST_ID) return id
  const shown = redact(id, null)
  if (shown === id) return id
  const hash = hashOf(id)
  return shown.length + hash.length < ID_LIMIT ? `${shown}~${hash}` : `${mark('id')}~${hash}`
}

/** 64 bits in hex. Tells ids apart; nobody needs to be kept from finding an id of the same hash. */
function hashOf(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 0x9e3779b1)
    low = Math.imul(low ^ code, 0x5f356495)
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
  return [high, low].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('')
}
