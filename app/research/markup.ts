/**
 * Owns the marks around text: what kind of line one is, and how it reads without them. Patterns are bounded,
 * so that a hostile line costs no more than its length.
 */

export type LineKind =
  | { kind: 'blank' }
  | { kind: 'fence' }
  | { kind: 'rule' }
  | { kind: 'heading'; level: number; text: string }
  /** What follows the marker. */
  | { kind: 'item'; text: string }
  | { kind: 'row'; cells: readonly string[] }
  | { kind: 'text'; text: string }

export type Format = 'markdown' | 'plain' | 'csv' | 'rows'

/** By file name; what is neither Markdown nor a table of lines is read as plain text. */
export function formatOf(name: string): Format {
  const ending = /\.([a-z0-9]{1,10})$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  if (ending === 'csv' || ending === 'tsv') return 'csv'
  if (['log', 'json', 'jsonl', 'ndjson'].includes(ending)) return 'rows'
  return ['md', 'markdown', 'mdx', ''].includes(ending) ? 'markdown' : 'plain'
}

export function classify(line: string, format: Format): LineKind {
  const text = line.trim()
  if (text === '') return { kind: 'blank' }
  if (format === 'csv') return { kind: 'row', cells: fieldsOf(text) }
  if (format === 'rows') return { kind: 'row', cells: [text] }
  if (/^(?:```|~~~)/.test(text)) return { kind: 'fence' }
  if (underlineLevel(text) !== null || /^(?:\* ?){3,}$/.test(text)) return { kind: 'rule' }
  const quoted = text.replace(/^(?:>\s?){1,9}/, '').trim()
  if (quoted === '') return { kind: 'blank' }
  if (format === 'markdown') {
    const heading = /^(#{1,6})\s+(.+)$/.exec(quoted)
    if (heading) {
      const title = inlineText(heading[2] ?? '', format).replace(/\s#{1,6}$/, '')
      return { kind: 'heading', level: heading[1]?.length ?? 1, text: title }
    }
    if (quoted.startsWith('|')) return { kind: 'row', cells: cellsOf(quoted) }
    const bold = /^\*\*([^*]{1,120})\*\*:?$/.exec(quoted)
    if (bold) return { kind: 'heading', level: 7, text: inlineText(bold[1] ?? '', format) }
  }
  const item = /^(?:[-*+•–]|\d{1,3}[.)]|\([a-z0-9]\))\s+(.+)$/.exec(quoted)
  if (item) return { kind: 'item', text: spoken((item[1] ?? '').replace(/^\[[ xX]\]\s+/, ''), format) }
  return { kind: 'text', text: spoken(quoted, format) }
}

/** Without the `Q:` and `A:` of a list of questions. */
const spoken = (text: string, format: Format): string =>
  inlineText(text, format).replace(/^[QAF]:\s+(?=\S)/, '')

/** Level of the heading above a line like `====`; null when the line underlines nothing. */
export function underlineLevel(line: string): number | null {
  if (!/^(?:={3,}|-{3,}|~{4,}|\^{4,}|_{3,})$/.test(line.trim())) return null
  const sign = line.trim()[0]
  return sign === '=' ? 1 : sign === '-' ? 2 : 3
}

/** True for the line between a table's head and its body. */
export const isTableRule = (cells: readonly string[]): boolean =>
  cells.length > 0 && cells.every((cell) => /^:?-+:?$/.test(cell))

function cellsOf(row: string): string[] {
  return row
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => inlineText(cell.trim(), 'markdown'))
}

/** Fields of a CSV line; a quoted field may hold the separator, but no line end. */
function fieldsOf(line: string): string[] {
  const separator = ['\t', ';'].find((sign) => line.includes(sign)) ?? ','
  const fields: string[] = []
  let field = ''
  let quoted = false
  for (const sign of line) {
    if (sign === '"') quoted = !quoted
    else if (sign === separator && !quoted) {
      fields.push(field.trim())
      field = ''
    } else field += sign
  }
  return [...fields, field.trim()]
}

/** A line as it reads: links by their text, without emphasis and code marks. */
export function inlineText(text: string, format: Format): string {
  if (format !== 'markdown') return text
  return text
    .replace(/<!--.{0,2000}?-->/g, '')
    .replace(/!?\[([^[\]]{0,300})\](?:\([^()]{0,500}\)|\[[^[\]]{0,100}\])/g, '$1')
    .replace(/<((?:https?:|mailto:)[^<>\s]{1,500})>/g, '$1')
    .replace(/\*\*|``?(?=[^`])|(?<=[^`])`/g, '')
    .replace(/(?<![\p{L}\p{N}_])__(?=\S)([^_]{1,300})__(?![\p{L}\p{N}_])/gu, '$1')
    .replace(/(?<![\p{L}\p{N}*])\*(?=\S)([^*]{1,300})\*(?![\p{L}\p{N}*])/gu, '$1')
    .replace(/(?<![\p{L}\p{N}_])_(?=\S)([^_]{1,300})_(?![\p{L}\p{N}_])/gu, '$1')
    .replace(/\\([\\`*_{}[\]()#+\-.!<>|])/g, '$1')
    .replace(/\s+/g, ' ')
    .trim()
}

/** HTML as text, every line where it was. */
export function withoutTags(html: string): string {
  const blank = (part: string) => part.replace(/[^\n]/g, '')
  let text = ''
  let at = 0
  for (const { index, name } of openings(html)) {
    if (index < at) continue
    text += html.slice(at, index)
    const end = endOfTag(html, index, name)
    text += ` ${blank(html.slice(index, end))}`
    at = end
  }
  return (text + html.slice(at))
    .replace(/&(nbsp|#160);/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&(?:apos|#39);/g, "'")
    .replace(/&amp;/g, '&')
}

function* openings(html: string): Generator<{ index: number; name: string }> {
  for (const match of html.matchAll(/<(?:!--|!|\/?([a-z][a-z0-9]{0,20}))/gi)) {
    yield { index: match.index, name: match[0] === '<!--' ? '!--' : (match[1] ?? '').toLowerCase() }
  }
}

/** Where the tag ends; of scripts, styles and comments, where their content does. */
function endOfTag(html: string, index: number, name: string): number {
  const opens = html[index + 1] !== '/'
  const close = name === '!--' ? '-->' : opens && /^(?:script|style)$/.test(name) ? `</${name}` : '>'
  const found = html.indexOf(close, index + 1)
  if (found < 0) return html.length
  if (close === '-->' || close === '>') return found + close.length
  const end = html.indexOf('>', found)
  return end < 0 ? html.length : end + 1
}
