/**
 * Owns sentences: cutting the lines of one block into statements that can be quoted, each with its lines.
 */

export interface Line {
  /** 1-based, in the document. */
  number: number
  /** Without list marker, quote marker and inline markup. */
  text: string
}

export interface Sentence {
  text: string
  line: number
  endLine: number
}

/** Longer statements are cut: a minified file is one line, and nobody can read it as one sentence. */
const LONGEST = 400
/** What ends with a full stop and is no sentence's end. */
const ABBREVIATION =
  /(?:^|[\s(])(?:\p{Lu}|e\.g|i\.e|etc|vs|mr|mrs|ms|dr|prof|st|approx|ca|z\.b|d\.h|bzw|fig|p|pp|cf|inc|ltd|co)\.$/iu
const BOUNDARY = /[.!?…]+["'”’»)\]]*(?=\s)|[。！？]+["'”’」』）]*/gu

export function splitSentences(lines: readonly Line[]): Sentence[] {
  const joined = lines.map((line) => line.text).join(' ')
  const starts: number[] = []
  let length = 0
  for (const line of lines) {
    starts.push(length)
    length += line.text.length + 1
  }

  const sentences: Sentence[] = []
  let lineAt = 0
  const lineOf = (offset: number): number => {
    while (lineAt + 1 < starts.length && (starts[lineAt + 1] ?? length) <= offset) lineAt += 1
    return lines[lineAt]?.number ?? 0
  }
  for (const [from, to] of spans(joined)) {
    const line = lineOf(from)
    const text = joined.slice(from, to)
    if (/[\p{L}\p{N}]/u.test(text)) sentences.push({ text, line, endLine: lineOf(to - 1) })
  }
  return sentences
}

/** Trimmed, non-empty ranges in order. */
function spans(text: string): [from: number, to: number][] {
  const found: [number, number][] = []
  let from = 0
  const close = (to: number) => {
    const [start, end] = trimmed(text, from, to)
    if (start < end) found.push([start, end])
    from = to
  }
  const closeLong = (to: number) => {
    for (let left = to - from; left > LONGEST; left = to - from)
      close(breakBefore(text, from + LONGEST, from))
  }
  for (const match of text.matchAll(BOUNDARY)) {
    // Dots without words between them.
    if (match.index <= from + 1) continue
    const to = match.index + match[0].length
    closeLong(to)
    const next = text.slice(to, to + 4).trimStart()[0] ?? ''
    const goesOn =
      match[0] === '.' && (/\p{Ll}/u.test(next) || ABBREVIATION.test(text.slice(Math.max(0, to - 8), to)))
    if (!goesOn) close(to)
  }
  closeLong(text.length)
  close(text.length)
  return found
}

/** The last space before `limit`, or `limit` itself, never between the halves of one sign. */
function breakBefore(text: string, limit: number, from: number): number {
  // Sliced first: `lastIndexOf` on a text without spaces would walk back to its start each time.
  const space = text.slice(from, limit).lastIndexOf(' ')
  if (space > LONGEST / 2) return from + space
  const unit = text.charCodeAt(limit)
  return unit >= 0xdc00 && unit <= 0xdfff ? limit - 1 : limit
}

function trimmed(text: string, from: number, to: number): [number, number] {
  let start = from
  let end = to
  while (start < end && /\s/.test(text[start] ?? '')) start += 1
  while (end > start && /\s/.test(text[end - 1] ?? '')) end -= 1
  return [start, end]
}
