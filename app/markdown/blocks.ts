/**
 * Owns Markdown's blocks as reports use them: headings, paragraphs, one level of lists, fenced code, rules.
 * Total: every line ends up somewhere.
 */
import { parseInline } from './inline.ts'
import type { Inline } from './inline.ts'

/** `at` is the line it begins at. */
export type Block = { at: number } & BlockContent

type BlockContent =
  | { kind: 'heading'; level: number; children: readonly Inline[] }
  | { kind: 'paragraph'; children: readonly Inline[] }
  | { kind: 'list'; ordered: boolean; start: number; items: readonly ListItem[] }
  | { kind: 'code'; text: string }
  | { kind: 'rule' }

export interface ListItem {
  /** Its place in the list. */
  at: number
  /** The number a source is cited by, when the item begins with one. */
  source: number | null
  children: readonly Inline[]
}

const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/
const BULLET = /^\s{0,3}[-*+]\s+(.*)$/
const NUMBERED = /^\s{0,3}(\d{1,9})[.)]\s+(.*)$/
const FENCE = /^\s{0,3}(`{3,}|~{3,})/
const RULE = /^\s{0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/

export function parseBlocks(markdown: string): readonly Block[] {
  const lines = markdown.split(/\r\n|\n|\r/)
  const blocks: Block[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] ?? ''
    const heading = HEADING.exec(line)
    const fence = FENCE.exec(line)
    if (line.trim() === '') at += 1
    else if (heading !== null) {
      const [, marks = '', text = ''] = heading
      blocks.push({ at, kind: 'heading', level: marks.length, children: parseInline(text) })
      at += 1
    } else if (fence !== null) {
      const end = lines.findIndex((each, index) => index > at && each.trimStart().startsWith(fence[1] ?? ''))
      const last = end === -1 ? lines.length : end
      blocks.push({ at, kind: 'code', text: lines.slice(at + 1, last).join('\n') })
      at = last + 1
    } else if (RULE.test(line)) {
      blocks.push({ at, kind: 'rule' })
      at += 1
    } else if (isItem(line)) {
      const end = endOf(lines, at, (each) => each.trim() !== '' && !HEADING.test(each))
      blocks.push({ at, ...readList(lines.slice(at, end)) })
      at = end
    } else {
      const end = endOf(lines, at + 1, (each) => each.trim() !== '' && !startsBlock(each))
      const text = lines.slice(at, end).map((each) => each.trim())
      blocks.push({ at, kind: 'paragraph', children: parseInline(text.join(' ')) })
      at = end
    }
  }
  return blocks
}

const isItem = (line: string): boolean => BULLET.test(line) || NUMBERED.test(line)

const startsBlock = (line: string): boolean =>
  HEADING.test(line) || FENCE.test(line) || RULE.test(line) || isItem(line)

function endOf(lines: readonly string[], from: number, belongs: (line: string) => boolean): number {
  let end = from
  while (end < lines.length && belongs(lines[end] ?? '')) end += 1
  return end
}

function readList(lines: readonly string[]): BlockContent {
  const first = NUMBERED.exec(lines[0] ?? '')
  const items: string[] = []
  for (const line of lines) {
    const text = BULLET.exec(line)?.[1] ?? NUMBERED.exec(line)?.[2]
    if (text !== undefined) items.push(text)
    // A line of its own continues the item above.
    else items.push(`${items.pop() ?? ''} ${line.trim()}`)
  }
  return {
    kind: 'list',
    ordered: first !== null,
    start: Number(first?.[1] ?? 1),
    items: items.map((item, at) => {
      const children = parseInline(item)
      const [lead] = children
      return { at, source: lead?.kind === 'citation' ? lead.number : null, children }
    }),
  }
}
