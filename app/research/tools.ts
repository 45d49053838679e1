/**
 * Owns the three tools of the research agents, as calls of their run: what they are asked, what they return
 * and how that reads in a row. Each only reads, and returns plain JSON, so that an agent which is continued can
 * be told the same again; what cannot be written down (the index) is made of the documents anew.
 */
import type { AgentContext } from 'run-ledger/orchestrator'
import type { Corpus, Hit, IndexedPassage, ResearchInput } from './documents.ts'
import { loadCorpus } from './documents.ts'

/** Loads the documents. One whose text is gone is a failed call that names it; the others are used. */
export async function listDocuments(
  context: AgentContext,
  input: ResearchInput,
  knownMissing: readonly string[] = [],
): Promise<Corpus> {
  const listed = await context.tool({
    name: 'list_documents',
    label: `List ${count(input.documents.length, 'document')}`,
    args: {},
    effect: 'none',
    run: async (): Promise<Listing> => {
      const { documents, missing } = await loadCorpus(context.content, input)
      return { documents: documents.map((document) => ({ ...document })), missing: [...missing] }
    },
    show: ({ documents, missing }) =>
      [
        ...documents.map(({ name, lines, passages }) =>
          passages === 0
            ? `${name}: no text`
            : `${name}: ${count(lines, 'line')}, ${count(passages, 'passage')}`,
        ),
        ...missing.map((name) => `${name}: missing`),
      ].join('\n') || 'No documents',
  })
  for (const name of listed.missing) {
    if (!knownMissing.includes(name)) await reportMissing(context, input, name)
  }
  return { ...(await loadCorpus(context.content, input)), missing: listed.missing }
}

type Listing = Pick<Corpus, 'documents' | 'missing'>

async function reportMissing(context: AgentContext, input: ResearchInput, name: string): Promise<void> {
  const ref = input.documents.find((document) => document.name === name)?.ref ?? ''
  try {
    await context.tool({
      name: 'read_passage',
      label: `Read ${name}`,
      args: { file: name },
      effect: 'none',
      run: async () => {
        const text = await context.content.get(ref)
        if (text === null) throw new Error(`The text of "${name}" is no longer stored. Add the file again.`)
        return text
      },
      show: (text) => text,
    })
  } catch {
    // The failed call says it, and so does the report; the other documents can still answer.
    context.signal.throwIfAborted()
    context.say(`"${name}" is missing. I go on without it.\n`)
  }
}

export async function search(
  context: AgentContext,
  corpus: Corpus,
  query: readonly string[],
  options: { limit: number; loosely?: boolean },
): Promise<Hit[]> {
  const found = await context.tool({
    name: 'search',
    label: `Search “${shorten(query.join(' '), 60)}”`,
    args: { query: query.join(' '), limit: options.limit, ...(options.loosely && { related: true }) },
    effect: 'none',
    run: () => {
      const hits = corpus.search(query, options.limit, options.loosely)
      return hits.map(({ passage, score }) => ({ passage: passage.id, score }))
    },
    show: (hits) =>
      hitsOf(corpus, hits)
        .map(({ passage, score }) => {
          const heading = passage.trail.at(-1)
          return `${passage.file}:${passage.line}${heading ? ` ${heading}` : ''} (${score.toFixed(1)})`
        })
        .join('\n') || 'No passages',
  })
  return hitsOf(corpus, found)
}

/** The corpus's own passages: they are compared by identity. */
function hitsOf(corpus: Corpus, found: readonly { passage: number; score: number }[]): Hit[] {
  return found.flatMap(({ passage: id, score }) => {
    const passage = corpus.passages[id]
    return passage === undefined ? [] : [{ passage, score }]
  })
}

export function readPassage(context: AgentContext, corpus: Corpus, passage: IndexedPassage): Promise<string> {
  const { file, line, endLine } = passage
  return context.tool({
    name: 'read_passage',
    label: `Read ${file}, ${linesText(line, endLine)}`,
    args: { file, line, endLine },
    effect: 'none',
    run: () => corpus.text(file, line, endLine),
    show: (text) => text,
  })
}

export const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`

export const linesText = (line: number, endLine: number): string =>
  line === endLine ? `line ${line}` : `lines ${line}–${endLine}`

/** At most `limit` characters, cut between words. */
export function shorten(text: string, limit: number): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  if (flat.length <= limit) return flat
  const cut = flat.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')
  const space = cut.lastIndexOf(' ')
  return `${space > limit / 2 ? cut.slice(0, space) : cut}…`
}
