/**
 * Owns secrets that stand behind their name in a text: `"password": "…"`, `FOO_SECRET=…`, `?access_token=…`,
 * `Cookie: …`, `--token …`, `<secret>…</secret>`. What was read as a value is not read again: linear.
 */
import type { Finds } from './finds.ts'
import { isPlaceholder, NAME_IN_TEXT, secretNameKind } from './secretNames.ts'

/** `quoted`: in quotes; `env`: `NAME=…`; `query`: in an address or a form; `tight`: `name=…`; else `loose`. */
type Style = 'quoted' | 'env' | 'query' | 'tight' | 'loose'

const NAME_REACH = 64

export function findNamed(text: string, finds: Finds): void {
  NAME_IN_TEXT.lastIndex = 0
  let floor = 0
  for (let match = NAME_IN_TEXT.exec(text); match !== null; match = NAME_IN_TEXT.exec(text)) {
    const [from, to] = wordAround(text, match.index, NAME_IN_TEXT.lastIndex, floor)
    const next = readAfter(text, from, to, finds)
    floor = Math.max(next, to)
    NAME_IN_TEXT.lastIndex = floor
  }
}

/** Gives back up to where the text was read. */
function readAfter(text: string, name: number, to: number, finds: Finds): number {
  // The sign in front tells an element or a parameter by that name.
  const from = Math.max(0, name - 1)
  if (to === text.length) finds.mayGoOn(from, to)
  const kind = secretNameKind(text.slice(name, to))
  if (kind === null) return to
  if (text[name - 1] === '<' && text[to] === '>') {
    const end = endOf(text, to + 1, isMarkupEnd)
    return take(text, kind, 'quoted', { from, start: to + 1, end }, finds)
  }
  const separator =
    match(SEPARATOR, text, to) ?? (text.startsWith('--', name) ? match(SPACES, text, to) : null)
  if (separator === null) {
    if (match(UNFINISHED, text, to) !== null) finds.mayGoOn(from, text.length)
    return to
  }
  const start = to + separator.length
  if (start === text.length || match(HALF_QUOTE, text, start) !== null) finds.mayGoOn(from, start)
  const quote = match(QUOTE, text, start)
  if (quote !== null) {
    const inside = start + quote.length
    const closed = closing(text, inside, quote)
    if (closed === text.length) finds.mayGoOn(from, inside)
    // A quote that was cut off: what stands in it is one word, what follows are others.
    const isCut = closed === text.length || isLineEnd(text.charCodeAt(closed))
    const end = isCut && isTokenKind(kind) ? endOf(text, inside, isRunEnd) : closed
    return take(text, kind, 'quoted', { from, start: inside, end }, finds)
  }
  const header = headerEnd(text, kind, start)
  if (header !== null) return take(text, kind, 'quoted', { from, start, end: header }, finds)
  const style = styleOf(text, name, to, separator)
  const end = endOf(text, start, style === 'env' ? isEnvEnd : isRunEnd)
  if (/[([]/.test(text[end] ?? '')) return end
  return take(text, kind, style, { from, start, end }, finds)
}

/** The end of a header's value, which has spaces in it; null when this is none. */
function headerEnd(text: string, kind: string, start: number): number | null {
  if (kind === 'authorization') {
    const scheme = match(SCHEME, text, start)
    if (scheme === null) return null
    return endOf(text, start + scheme.length, /^(?:digest|aws4)/i.test(scheme) ? isHeaderEnd : isRunEnd)
  }
  if (kind !== 'cookie' || match(COOKIE, text, start) === null) return null
  let end = start
  for (let part = match(COOKIE, text, end); part !== null; part = match(ATTRIBUTE, text, end))
    end += part.length
  return end
}

interface Place {
  /** Where the name begins, with the sign in front of it. */
  from: number
  start: number
  end: number
}

function take(text: string, kind: string, style: Style, { from, start, end }: Place, finds: Finds): number {
  if (end === text.length) finds.mayGoOn(from, start)
  if (isSecret(kind, style, text.slice(start, end))) finds.add(start, end, kind)
  return end
}

/** Whether what stands in a secret's place is one. A structured value is as good as a quoted one. */
export function isSecretValue(kind: string, value: string): boolean {
  return isSecret(kind, 'quoted', value)
}

function isSecret(kind: string, style: Style, value: string): boolean {
  if (value.length < 3 || isPlaceholder(value) || isPath(value)) return false
  const isToken = isTokenKind(kind)
  if (isToken && (value.length < 8 || /\s/.test(value))) return false
  if (kind === 'cookie') return value.length >= 16 || value.includes('=')
  if (kind === 'authorization') return value.length >= 8 && /[\d=:]|\s\S{8}/.test(value)
  if (style === 'quoted' || style === 'env' || style === 'query') return true
  if (CODE.test(value)) return style === 'tight' && !isToken && value.length >= 6 && isWord(value)
  return value.length >= 6 && /\d/.test(value) && (style === 'tight' || /[A-Za-z]/.test(value))
}

const isTokenKind = (kind: string): boolean => kind === 'token' || kind.endsWith('-key')

/** A name or a path of names: the variable that holds the secret, not the secret. */
const CODE = /^(?:[A-Za-z_$][A-Za-z_$-]*|[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*)+)[.:!?]?$/
const isWord = (value: string): boolean =>
  /^[a-z]+$/i.test(value) && !/pass|secret|token|key|pwd|cred|auth|cookie|value|input/i.test(value)

const isPath = (value: string): boolean => /^(?:~|\.{1,2})?(?:\/[a-z0-9._-]{1,100}){2,}\/?$/.test(value)

function styleOf(text: string, from: number, to: number, separator: string): Style {
  const isTight = separator === '=' || /^%3d$/i.test(separator)
  if (!isTight) return 'loose'
  if (/[?&;]/.test(text[from - 1] ?? '')) return 'query'
  return /^[A-Z][A-Z0-9_]+$/.test(text.slice(from, to)) ? 'env' : 'tight'
}

/** The whole name around a word of it; an escaped line break in front is not part of it. */
function wordAround(text: string, from: number, to: number, floor: number): [from: number, to: number] {
  let start = from
  let end = to
  while (start > floor && from - start < NAME_REACH && isNamePart(text.charCodeAt(start - 1))) start -= 1
  while (end < text.length && end - to < NAME_REACH && isNamePart(text.charCodeAt(end))) end += 1
  if (text[start - 1] === '\\' && start < from) start += 1
  return [start, end]
}

function closing(text: string, from: number, quote: string): number {
  const sign = quote.at(-1)
  const escapes = quote.length - 1
  for (let at = from; at < text.length; at += 1) {
    const char = text[at]
    if (char === '\n' || char === '\r') return at
    if (char !== sign) continue
    let backslashes = 0
    while (at - backslashes > from && text[at - backslashes - 1] === '\\') backslashes += 1
    // Fewer than in front: the end of the text around. One more: part of the value.
    if (backslashes <= escapes && (escapes > 0 || backslashes % 2 === 0)) return at - backslashes
  }
  return text.length
}

function endOf(text: string, from: number, isEnd: (code: number) => boolean): number {
  let at = from
  while (at < text.length && !isEnd(text.charCodeAt(at))) at += 1
  return at
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? null
}

const SEPARATOR = /\\{0,3}["'`]?[ \t]{0,4}(?::=|=>|={1,3}|:|%3[dD])[ \t]{0,4}/y
const UNFINISHED = /\\{0,3}["'`]?[ \t]{0,4}(?:%3?)?$/y
const HALF_QUOTE = /\\{1,3}$/y
const SPACES = / {1,4}/y
const QUOTE = /\\{0,3}["'`]/y
const COOKIE = /[\w.%-]{1,64}=[^\s;"'`\\]{1,4096}/y
const ATTRIBUTE = /;[ \t]{0,2}(?:[\w.%-]{1,64}(?:=[^\s;"'`\\]{0,4096})?)?/y
const SCHEME = /(?:Bearer|Basic|Digest|Token|ApiKey|Negotiate|AWS4-HMAC-SHA256)[ \t]{1,4}(?=[^\s<$]{8})/iy

const codesOf = (signs: string): ReadonlySet<number> => new Set([...signs].map((sign) => sign.charCodeAt(0)))
const endingAt = (signs: string): ((code: number) => boolean) => {
  const codes = codesOf(signs)
  return (code) => codes.has(code)
}
const isRunEnd = endingAt(' \t\r\n"\'`,;&<>(){}[]|\\')
const isEnvEnd = endingAt(' \t\r\n"\'`\\')
const isLineEnd = endingAt('\r\n')
const isHeaderEnd = endingAt('\r\n"\'`\\')
const isMarkupEnd = endingAt('<\n')

/** Letters, digits, `_` and `-`. */
export function isNamePart(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 45
  )
}
