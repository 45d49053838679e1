/**
 * Owns Markdown inside a line: code, strong, emphasis, links, citations. Total: what matches nothing is text.
 */

/** `at` is where it begins among its siblings' source. */
export type Inline = { at: number } & Span

type Span =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'emphasis'; children: readonly Inline[] }
  | { kind: 'link'; href: string; children: readonly Inline[] }
  /** `[3]`: a mark that points into the list of sources. */
  | { kind: 'citation'; number: number }

/** Deeper than any report; deeper still is shown as it was typed. */
const MAX_DEPTH = 8

const ESCAPABLE = /[!-/:-@[-`{-~]/

export function parseInline(source: string, depth = 0): readonly Inline[] {
  const nodes: Inline[] = []
  let text = ''
  let at = 0
  let from = 0
  const flush = (): void => {
    if (text !== '') nodes.push({ at: from, kind: 'text', text })
    text = ''
  }
  while (at < source.length) {
    const char = source[at] ?? ''
    const next = source[at + 1] ?? ''
    if (char === '\\' && ESCAPABLE.test(next)) {
      text += next
      at += 2
      continue
    }
    const found = depth < MAX_DEPTH ? spanAt(source, at, depth) : null
    if (found === null) {
      text += char
      at += 1
      continue
    }
    flush()
    nodes.push({ at, ...found.span })
    at = found.end
    from = at
  }
  flush()
  return nodes
}

interface Found {
  span: Span
  end: number
}

function spanAt(source: string, at: number, depth: number): Found | null {
  switch (source[at]) {
    case '`':
      return codeAt(source, at)
    case '[':
      return citationAt(source, at) ?? linkAt(source, at, depth)
    case '*':
    case '_':
      return emphasisAt(source, at, depth)
    default:
      return null
  }
}

function codeAt(source: string, at: number): Found | null {
  const end = source.indexOf('`', at + 1)
  if (end <= at + 1) return null
  return { span: { kind: 'code', text: source.slice(at + 1, end) }, end: end + 1 }
}

function citationAt(source: string, at: number): Found | null {
  const match = /^\[(\d{1,4})\](?!\()/.exec(source.slice(at, at + 8))
  if (match === null) return null
  return { span: { kind: 'citation', number: Number(match[1]) }, end: at + match[0].length }
}

function linkAt(source: string, at: number, depth: number): Found | null {
  const match = /^\[((?:\\.|[^\]\\]){1,500})\]\(([^()\s]{1,2000})\)/.exec(source.slice(at, at + 2_600))
  if (match === null) return null
  const [whole, label = '', target = ''] = match
  const children = parseInline(label, depth + 1)
  const href = safeHref(target)
  const span: Span = href === null ? { kind: 'text', text: whole } : { kind: 'link', href, children }
  return { span, end: at + whole.length }
}

function emphasisAt(source: string, at: number, depth: number): Found | null {
  const sign = source[at] ?? ''
  const mark = source[at + 1] === sign ? sign + sign : sign
  // Underscores inside words are names, not emphasis.
  if (sign === '_' && /[\p{L}\p{N}]/u.test(source[at - 1] ?? '')) return null
  const from = at + mark.length
  if (/\s|^$/.test(source[from] ?? '')) return null
  let end = source.indexOf(mark, from)
  while (end !== -1 && (source[end - 1] === '\\' || /\s/.test(source[end - 1] ?? ' '))) {
    end = source.indexOf(mark, end + 1)
  }
  if (end <= from) return null
  const children = parseInline(source.slice(from, end), depth + 1)
  return { span: { kind: mark.length === 2 ? 'strong' : 'emphasis', children }, end: end + mark.length }
}

/** Only addresses that cannot run anything. */
export function safeHref(target: string): string | null {
  try {
    const { protocol, href } = new URL(target)
    return ['http:', 'https:', 'mailto:'].includes(protocol) ? href : null
  } catch {
    return null
  }
}
