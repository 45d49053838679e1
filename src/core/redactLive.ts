/**
 * Owns redaction of a text that arrives in pieces. Nothing is let through that could turn out to be part of a
 * secret; ordinary prose is let through at once, since a secret begins with a mark or a name of its own.
 */
import { FoundSpans, OpenSpans } from './finds.ts'
import type { Found } from './finds.ts'
import { findSecrets, kindsIn, MARKED, WORDLIKE } from './findSecrets.ts'
import { defaultRedact, lastWord, mark, replaced } from './redact.ts'
import type { Redact } from './redact.ts'

/** Characters held back at most. What is longer is no prose: it is left out, up to where it ends. */
export const HELD_LIMIT = 8_192
/** Characters let through and remembered, as the beginning of a mark or a name. */
const CONTEXT_LIMIT = 512

export interface LiveText {
  /** Takes a piece; gives what may be shown now. */
  push(piece: string): string
  /** The text has ended: gives what was held back, redacted. */
  end(): string
}

const KEY_BEGIN = '-----BEGIN'
const KEY_END = /(?<=-----END [A-Z0-9 ]{0,60}-----)/
const KEY_END_CHARS = 80
const WORD_END = /[\s"'<>`]/

export function createLiveText(redact: Redact): LiveText {
  /** The end of what came: `shown` characters of it were let through, the others are held back. */
  let tail = ''
  let shown = 0
  /** Where something too long to be held ends. */
  let skipTo: RegExp | null = null

  function push(piece: string): string {
    if (skipTo !== null) return skip(piece, skipTo)
    tail += piece
    const out = redact === defaultRedact ? letThrough() : letThroughBy(redact)
    if (tail.length - shown <= HELD_LIMIT) return out
    const isKey = tail.startsWith(KEY_BEGIN, shown)
    skipTo = isKey ? KEY_END : WORD_END
    forget()
    return out + mark(isKey ? 'private-key' : 'too-long')
  }

  function letThrough(): string {
    const { spans, hold, name, word } = analyse(tail)
    // The sign before a word may tell what it is: `<password>`.
    const context = Math.min(name, Math.max(0, word - 1))
    const out = between(tail, shown, hold, spans)
    const keep = Math.max(Math.min(context, hold), hold - CONTEXT_LIMIT)
    shown = Math.max(hold, shown) - keep
    tail = tail.slice(keep)
    return out
  }

  /** A host's function knows marks that we do not: whole words, and names together with their values. */
  function letThroughBy(redact: Redact): string {
    const { hold, name, word } = analyse(tail)
    const end = Math.min(hold, name, word)
    if (end === 0) return ''
    const out = redact(tail.slice(0, end), null)
    tail = tail.slice(end)
    return out
  }

  function skip(piece: string, to: RegExp): string {
    // The sign of the end may be in two pieces as well.
    const joined = tail + piece
    const end = joined.search(to)
    tail = end === -1 && to === KEY_END ? joined.slice(-KEY_END_CHARS) : ''
    if (end === -1) return ''
    skipTo = null
    return push(joined.slice(end))
  }

  function forget(): void {
    tail = ''
    shown = 0
  }

  return {
    push,
    end() {
      const [text, from, isSkipping] = [tail, shown, skipTo !== null]
      skipTo = null
      forget()
      if (isSkipping) return ''
      if (redact !== defaultRedact) return redact(text, null)
      const kinds = kindsIn(text)
      const finds = new FoundSpans()
      findSecrets(text, kinds, finds)
      const spans = finds.merged()
      // The beginning of a token whose rest never came is not shown either.
      const isCut = from < text.length && (kinds & MARKED) !== 0 && spans.length === 0
      return isCut ? mark('unfinished') : between(text, from, text.length, spans)
    },
  }
}

interface Analysis {
  spans: readonly Found[]
  /** From here on more text may make a difference. */
  hold: number
  /** Where the name or the scheme before that begins. */
  name: number
  /** Where the last word begins. */
  word: number
}

function analyse(text: string): Analysis {
  const finds = new OpenSpans()
  findSecrets(text, kindsIn(text), finds)
  const spans = finds.merged()
  const word = lastWord(text)
  const isMarked = (kindsIn(text, word) & WORDLIKE) !== 0
  let hold = Math.min(finds.hold, isMarked ? word : text.length)
  hold = spans.find((span) => span.end > hold && span.start < hold)?.start ?? hold
  return { spans, hold, name: finds.context, word }
}

/** What lies between two places; a secret that began before the first is only named. */
function between(text: string, from: number, to: number, spans: readonly Found[]): string {
  const inside = spans
    .filter((span) => span.end > from && span.end <= to)
    .map(({ start, end, kind }) => ({ kind, start: Math.max(start, from) - from, end: end - from }))
  return replaced(text.slice(from, Math.max(from, to)), inside)
}
