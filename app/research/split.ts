/**
 * Owns how a document falls into passages: paragraphs, lists and tables under their headings, each with its
 * lines and the statements that can be quoted from it. One pass over the lines.
 */
import type { Format, LineKind } from './markup.ts'
import { classify, formatOf, isTableRule, underlineLevel, withoutTags } from './markup.ts'
import type { Line } from './sentences.ts'
import { splitSentences } from './sentences.ts'

export interface Statement {
  text: string
  line: number
  endLine: number
  /** What introduces it: `The following cannot be returned:`, the head of its table. */
  lead: string | null
  /** A line of a table, a log or code: read as data, not as a claim in prose. */
  row: boolean
}

export interface Passage {
  line: number
  endLine: number
  /** Headings above it, outermost first. */
  trail: readonly string[]
  statements: readonly Statement[]
}

/** A passage is what one reads at once; longer lists and tables are cut. */
const LONGEST_PASSAGE = 24

export function splitDocument(name: string, text: string): Passage[] {
  const format = formatOf(name)
  const lines = (/\.html?$/i.test(name) ? withoutTags(text) : text).split(/\r\n|\n|\r/)
  const passages: Passage[] = []
  const headings: { level: number; text: string }[] = []
  let open: Statement[] = []
  let block: Line[] = []
  let lead: string | null = null
  let head: string | null = null
  /** Of a CSV file, whose head names the columns of all lines. */
  let columns: string | null = null
  let inList = false
  let fenced = false

  const trail = () => headings.map((heading) => heading.text)
  const closePassage = () => {
    const [first] = open
    if (first) {
      const endLine = open.at(-1)?.endLine ?? first.endLine
      passages.push({ line: first.line, endLine, trail: trail(), statements: open })
    }
    open = []
  }
  const add = (statements: readonly Statement[]) => {
    for (const statement of statements) {
      if (open.length >= LONGEST_PASSAGE) closePassage()
      open.push(statement)
    }
  }
  const closeBlock = () => {
    if (block.length > 0) add(splitSentences(block).map((sentence) => ({ ...sentence, lead, row: false })))
    block = []
  }
  const closeAll = () => {
    closeBlock()
    closePassage()
    head = null
  }
  const openHeading = (level: number, title: string) => {
    closeAll()
    inList = false
    lead = null
    while ((headings.at(-1)?.level ?? 0) >= level) headings.pop()
    if (title !== '') headings.push({ level, text: title.slice(0, 200) })
  }

  for (let at = skipFrontMatter(lines, format); at < lines.length; at += 1) {
    const raw = lines[at] ?? ''
    const number = at + 1
    const line: LineKind = fenced && !isFence(raw) ? asCode(raw) : classify(raw, format)
    switch (line.kind) {
      case 'fence':
        closeAll()
        fenced = !fenced
        break
      case 'blank': {
        const intro: string | null = inList
          ? lead
          : block.length > 0
            ? leadOf(block)
            : open.length > 0
              ? null
              : lead
        closeAll()
        lead = intro
        break
      }
      case 'rule': {
        const level = underlineLevel(raw)
        const [title] = block
        if (level !== null && title && block.length === 1 && title.text.length <= 120) {
          block = []
          openHeading(level, title.text)
        } else closeAll()
        break
      }
      case 'heading':
        openHeading(line.level, line.text)
        break
      case 'item': {
        const intro: string | null = inList || block.length === 0 ? lead : leadOf(block)
        closeBlock()
        lead = intro
        inList = true
        block.push({ number, text: line.text })
        break
      }
      case 'row': {
        closeBlock()
        if (isTableRule(line.cells)) {
          const title = open.pop()
          head = title ? `${title.text}:` : null
        } else if (
          format === 'csv' &&
          passages.length + open.length === 0 &&
          columns === null &&
          isHead(line.cells)
        ) {
          columns = `${line.cells.join(' | ')}:`
        } else {
          const text = line.cells.filter((cell) => cell !== '').join(' | ')
          const parts = text === '' ? [] : splitSentences([{ number, text }])
          add(parts.map((part) => ({ ...part, lead: head ?? columns, row: true })))
        }
        break
      }
      case 'text':
        if (block.length === 0 && isTitle(lines, at, format)) openHeading(7, line.text)
        else {
          if (block.length === 0) {
            inList = false
            lead = null
          }
          block.push({ number, text: line.text })
        }
        break
      default:
        unreachable(line)
    }
  }
  closeAll()
  return passages
}

/** The introduction to a list is the paragraph before it that ends with a colon. */
function leadOf(block: readonly Line[]): string | null {
  const text = splitSentences(block).at(-1)?.text
  return text !== undefined && /[:：]$/.test(text) && text.length <= 200 ? text : null
}

/** In plain text a short line on its own, without figures or an end mark, is a title. */
function isTitle(lines: readonly string[], at: number, format: Format): boolean {
  if (format !== 'plain') return false
  const line = (lines[at] ?? '').trim()
  const alone = (lines[at - 1] ?? '').trim() === '' && (lines[at + 1] ?? '').trim() === ''
  return alone && at + 2 < lines.length && line.length <= 60 && !/[\p{N}.!?:;,。！？]/u.test(line)
}

function skipFrontMatter(lines: readonly string[], format: Format): number {
  if (format !== 'markdown' || lines[0]?.trim() !== '---') return 0
  const end = lines.findIndex((line, at) => at > 0 && /^(?:---|\.\.\.)\s*$/.test(line))
  // A rule at the top of a document without front matter is followed by prose, not by `key:`.
  return end > 0 && end < 60 && /^[\w-]+:/.test(lines[1] ?? '') ? end + 1 : 0
}

const isHead = (cells: readonly string[]): boolean =>
  cells.length > 1 && cells.every((cell) => cell !== '' && !/^[\p{N}.,%-]+$/u.test(cell))

const isFence = (line: string): boolean => /^\s*(?:```|~~~)/.test(line)

function asCode(line: string): LineKind {
  const text = line.trim()
  return text === '' ? { kind: 'blank' } : { kind: 'row', cells: [text] }
}

function unreachable(line: never): never {
  throw new Error(`unknown line kind ${JSON.stringify(line)}`)
}
