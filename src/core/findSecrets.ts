/**
 * Owns the search for secrets in a text. One pass over the text tells which kinds could be in it at all; most
 * texts end there. The rest is linear: bounded patterns, and readers that never go back over what they took.
 */
import type { Finds } from './finds.ts'
import { findNamed, isNamePart } from './namedSecrets.ts'
import { isPlaceholder, NAME_ANCHORS } from './secretNames.ts'
import { ADDRESS_PATTERNS, SECRET_PATTERNS } from './secrets.ts'
import type { SecretPattern } from './secrets.ts'

/** Kinds share the bits of a number; those above are single. */
const SHARED_BITS = 26
const PEM = 1 << 26
const JWT = 1 << 27
const SCHEME = 1 << 28
const NAMES = 1 << 29
const ADDRESS = 1 << 30
/** Secrets without a space in them, known by their own letters. */
export const MARKED = ((1 << SHARED_BITS) - 1) | JWT
/** Secrets without a space in them. */
export const WORDLIKE = MARKED | ADDRESS

/**
 * For each four characters, five bits of each, the group of kinds they announce; 0 for nearly all of them. A
 * megabyte of address space, of which a text touches a few lines.
 */
const groups = new Uint8Array(1 << 20)
const LAST_FOUR = (1 << 20) - 1
const masks: number[] = [0]

function announce(anchor: string, mask: number): void {
  const codes = [...anchor].reduce<readonly number[]>(
    (found, sign) =>
      found.flatMap((hash) =>
        (sign === '?' ? ANY : [sign.charCodeAt(0)]).map((code) => ((hash << 5) | (code & 31)) & LAST_FOUR),
      ),
    [0],
  )
  for (const hash of codes) {
    const both = (masks[groups[hash] ?? 0] ?? 0) | mask
    if (!masks.includes(both)) masks.push(both)
    groups[hash] = masks.indexOf(both)
  }
}

const ANY = Array.from({ length: 32 }, (_, code) => code)

const byBit: SecretPattern[][] = Array.from({ length: SHARED_BITS }, () => [])
for (const [index, pattern] of SECRET_PATTERNS.entries()) {
  byBit[index % SHARED_BITS]?.push(pattern)
  for (const anchor of pattern.anchors) announce(anchor, 1 << (index % SHARED_BITS))
}
for (const anchor of ADDRESS_PATTERNS.flatMap(({ anchors }) => anchors)) announce(anchor, ADDRESS)
announce('-beg', PEM)
announce('eyj?', JWT)
for (const anchor of ['arer', 'asic']) announce(anchor, SCHEME)
for (const anchor of NAME_ANCHORS) announce(anchor, NAMES)

/** Which kinds could be in the text; 0 is the answer for ordinary ones. */
export function kindsIn(text: string, from = 0): number {
  let hash = 0
  let found = 0
  for (let at = from; at < text.length; at += 1) {
    hash = ((hash << 5) | (text.charCodeAt(at) & 31)) & LAST_FOUR
    const group = groups[hash] as number
    if (group !== 0) found |= masks[group] as number
  }
  return found
}

export function findSecrets(text: string, kinds: number, finds: Finds): void {
  for (const [bit, patterns] of byBit.entries()) {
    if ((kinds & (1 << bit)) !== 0) for (const pattern of patterns) findPattern(text, pattern, finds)
  }
  if ((kinds & ADDRESS) !== 0) for (const pattern of ADDRESS_PATTERNS) findPattern(text, pattern, finds)
  if ((kinds & PEM) !== 0) findPem(text, finds)
  if ((kinds & JWT) !== 0) findJwt(text, finds)
  if ((kinds & SCHEME) !== 0) findScheme(text, finds)
  if ((kinds & NAMES) !== 0) findNamed(text, finds)
}

function findPattern(text: string, { kind, pattern }: SecretPattern, finds: Finds): void {
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    // Longer than the longest known is no less secret.
    const end = runEnd(text, pattern.lastIndex)
    finds.add(match.index + (match[1]?.length ?? 0), end, kind)
    pattern.lastIndex = end
  }
}

const PEM_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g
const PEM_END = /-----END [A-Z0-9 ]{0,60}-----/g
/** What is there of a key that was cut: lines of base64, after lines of headers. */
const PEM_BODY =
  /(?:(?:\s|\\[rn]){1,4}(?:Proc-Type|DEK-Info|Comment|Version): ?[^\r\n\\]{0,120}){0,4}(?:(?:\s|\\[rn]|["', ]){0,8}[A-Za-z0-9+/=]{16,4000}){0,4000}(?:(?:\r?\n|\\n)[A-Za-z0-9+/=]{1,64})?/y

function findPem(text: string, finds: Finds): void {
  const mark = text.lastIndexOf('-----BEG')
  if (text.length - mark < 80) finds.mayGoOn(mark, text.length)
  PEM_BEGIN.lastIndex = 0
  PEM_END.lastIndex = 0
  let end: RegExpExecArray | null | undefined
  for (let match = PEM_BEGIN.exec(text); match !== null; match = PEM_BEGIN.exec(text)) {
    // Ends are in order, too: each is looked for once.
    while (end === undefined || (end !== null && end.index < PEM_BEGIN.lastIndex)) end = PEM_END.exec(text)
    const next = text.indexOf('-----BEGIN', PEM_BEGIN.lastIndex)
    if (end !== null && (next === -1 || end.index < next)) {
      finds.add(match.index, PEM_END.lastIndex, 'private-key')
      PEM_BEGIN.lastIndex = PEM_END.lastIndex
      continue
    }
    if (next === -1) finds.mayGoOn(match.index, match.index)
    PEM_BODY.lastIndex = PEM_BEGIN.lastIndex
    PEM_BODY.exec(text)
    finds.add(match.index, PEM_BODY.lastIndex, 'private-key')
    PEM_BEGIN.lastIndex = PEM_BODY.lastIndex
  }
}

function findJwt(text: string, finds: Finds): void {
  for (let from = text.indexOf('eyJ'); from !== -1;) {
    let end = runEnd(text, from)
    let parts = 1
    while (text[end] === '.' && parts < 5 && end - from > 10) {
      end = runEnd(text, end + 1)
      parts += 1
    }
    if (parts > 1 && end - from >= 30) finds.add(from, end, 'jwt')
    from = text.indexOf('eyJ', end)
  }
}

const SCHEME_NAME = /(?<![A-Za-z0-9])(bearer|basic)(?:[ \t]{1,4}|%20)/gi
const CREDENTIAL = /[A-Za-z0-9._~+/=:-]{1,64}/y

function findScheme(text: string, finds: Finds): void {
  const last = /(?<![A-Za-z0-9])(?:bearer|basic)$/i.exec(text.slice(-8))
  if (last !== null) finds.mayGoOn(text.length - last[0].length, text.length)
  SCHEME_NAME.lastIndex = 0
  for (let match = SCHEME_NAME.exec(text); match !== null; match = SCHEME_NAME.exec(text)) {
    const start = SCHEME_NAME.lastIndex
    let end = start
    CREDENTIAL.lastIndex = start
    while (CREDENTIAL.exec(text) !== null) end = CREDENTIAL.lastIndex
    if (end === text.length) finds.mayGoOn(match.index, start)
    const value = text.slice(start, end)
    const isBearer = match[1]?.toLowerCase() === 'bearer'
    if (isBearer ? isBearerToken(value) : isBasicCredential(value)) {
      finds.add(start, end, isBearer ? 'bearer' : 'basic-auth')
    }
    SCHEME_NAME.lastIndex = Math.max(end, start)
  }
}

/** Not "bearer certificates". */
const isBearerToken = (value: string): boolean =>
  value.length >= 8 && (/\d/.test(value) || value.length >= 24) && !isPlaceholder(value)

/** Not "basic understanding": a credential is base64 of `user:password`. */
function isBasicCredential(value: string): boolean {
  if (value.length < 8) return false
  try {
    return /^[\x20-\x7e]{0,400}:/.test(atob(value.slice(0, value.length - (value.length % 4))))
  } catch {
    return false
  }
}

function runEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && isNamePart(text.charCodeAt(at))) at += 1
  return at
}
