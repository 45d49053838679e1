/**
 * Owns showing Markdown as elements: never as HTML. Citations link to their source in the same text.
 */
import { useId, useMemo } from 'react'
import type { ReactNode } from 'react'
import { parseBlocks } from './blocks.ts'
import type { Block, ListItem } from './blocks.ts'
import type { Inline } from './inline.ts'
import { visible } from '../lib/visible.ts'

interface Sources {
  /** Makes ids unique on a page with several reports. */
  prefix: string
  known: ReadonlySet<number>
}

/** `untitled` leaves out a title at the beginning: the page has it already. */
export function Markdown({ text, untitled = false }: { text: string; untitled?: boolean }) {
  const prefix = useId()
  const blocks = useMemo(() => parseBlocks(text), [text])
  const sources = useMemo(() => ({ prefix, known: sourcesIn(blocks) }), [prefix, blocks])
  const [first] = blocks
  const hasTitle = first?.kind === 'heading' && first.level === 1
  const shown = untitled && hasTitle ? blocks.slice(1) : blocks
  return (
    <div className="markdown">
      {shown.map((block) => (
        <BlockView key={block.at} block={block} sources={sources} />
      ))}
    </div>
  )
}

/** A mark in the list of sources is what the marks in the text point to. */
function sourcesIn(blocks: readonly Block[]): ReadonlySet<number> {
  const items = blocks.flatMap((block) => (block.kind === 'list' ? block.items : []))
  return new Set(items.flatMap(({ source }) => source ?? []))
}

function BlockView({ block, sources }: { block: Block; sources: Sources }) {
  switch (block.kind) {
    case 'heading':
      return <Heading level={block.level}>{spans(block.children, sources)}</Heading>
    case 'paragraph':
      return <p>{spans(block.children, sources)}</p>
    case 'code':
      return <pre>{visible(block.text)}</pre>
    case 'rule':
      return <hr />
    case 'list': {
      const items = block.items.map((item) => <Item key={item.at} item={item} sources={sources} />)
      if (block.ordered) return <ol start={block.start}>{items}</ol>
      const isSources = block.items.every(({ source }) => source !== null)
      return <ul className={isSources ? 'markdown-sources' : undefined}>{items}</ul>
    }
  }
}

/** The page's own headings are above the report's. */
function Heading({ level, children }: { level: number; children: ReactNode }) {
  if (level <= 2) return <h3>{children}</h3>
  return level === 3 ? <h4>{children}</h4> : <h5>{children}</h5>
}

function Item({ item, sources }: { item: ListItem; sources: Sources }) {
  if (item.source === null) return <li>{spans(item.children, sources)}</li>
  return (
    <li id={anchor(sources, item.source)} tabIndex={-1}>
      <span className="source-number">{item.source}</span>
      <span>{spans(item.children.slice(1), sources)}</span>
    </li>
  )
}

const anchor = ({ prefix }: Sources, number: number): string => `source-${prefix}-${number}`

function spans(nodes: readonly Inline[], sources: Sources): ReactNode {
  return nodes.map((node) => <InlineView key={node.at} node={node} sources={sources} />)
}

function InlineView({ node, sources }: { node: Inline; sources: Sources }) {
  switch (node.kind) {
    case 'text':
      return visible(node.text)
    case 'code':
      return <code>{visible(node.text)}</code>
    case 'strong':
      return <strong>{spans(node.children, sources)}</strong>
    case 'emphasis':
      return <em>{spans(node.children, sources)}</em>
    case 'link':
      return (
        <a href={node.href} target="_blank" rel="noreferrer noopener">
          {spans(node.children, sources)}
        </a>
      )
    case 'citation':
      if (!sources.known.has(node.number)) return `[${node.number}]`
      return (
        <a
          className="citation"
          href={`#${anchor(sources, node.number)}`}
          aria-label={`Source ${node.number}`}
        >
          {node.number}
        </a>
      )
  }
}
