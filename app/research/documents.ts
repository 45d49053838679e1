/**
 * Owns the workflow's input and the corpus made of it: which documents there are, their passages, and the
 * index that finds passages by terms. Results are in one order: score, then file, then line.
 */
import MiniSearch from 'minisearch'
import { z } from 'zod'
import type { ContentReader, Json } from 'run-ledger'
import { distinctNames } from './names.ts'
import type { Passage } from './split.ts'
import { splitDocument } from './split.ts'
import { terms } from './words.ts'

/** A type, not an interface: it must be JSON to be a workflow's input. */
export type ResearchInput = {
  question: string
  documents: { name: string; ref: string; chars: number }[]
}

const inputSchema = z.object({
  question: z.string().refine((text) => text.trim() !== '', 'is empty'),
  documents: z
    .array(z.object({ name: z.string(), ref: z.string().min(1), chars: z.int().nonnegative() }))
    .max(1_000),
})

/** Throws with what is wrong: a run whose input is unusable fails with that reason. */
export function readResearchInput(json: Json): ResearchInput {
  const parsed = inputSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Error(`The input cannot be used: ${issue?.path.join('.') || 'input'} ${issue?.message ?? ''}`)
  }
  const { question, documents } = parsed.data
  const names = distinctNames(documents.map((document) => document.name))
  return {
    question,
    documents: documents.map((document, at) => ({ ...document, name: names[at] ?? document.name })),
  }
}

export interface CorpusDocument {
  name: string
  lines: number
  passages: number
}

/** A passage with its place and what it can be found by. */
export interface IndexedPassage extends Passage {
  id: number
  file: string
}

export interface Hit {
  passage: IndexedPassage
  score: number
}

export interface Corpus {
  documents: readonly CorpusDocument[]
  passages: readonly IndexedPassage[]
  /** Names of documents whose text is not stored. */
  missing: readonly string[]
  search(query: readonly string[], limit: number, loosely?: boolean): Hit[]
  /** Passages that hold the term. */
  frequency(term: string): number
  text(file: string, line: number, endLine: number): string
}

interface LoadedDocument {
  name: string
  text: string
}

/** The last corpus built: the agents of a run read the same documents, one after the other. */
let last: { documents: readonly LoadedDocument[]; corpus: Corpus } | null = null

export async function loadCorpus(content: ContentReader, input: ResearchInput): Promise<Corpus> {
  const documents: LoadedDocument[] = []
  const missing: string[] = []
  for (const { name, ref } of input.documents) {
    const text = await content.get(ref)
    if (text === null) missing.push(name)
    else documents.push({ name, text })
  }
  if (!last || !sameDocuments(last.documents, documents)) last = { documents, corpus: buildCorpus(documents) }
  return { ...last.corpus, missing }
}

function sameDocuments(a: readonly LoadedDocument[], b: readonly LoadedDocument[]): boolean {
  return a.length === b.length && a.every(({ name, text }, at) => b[at]?.name === name && b[at].text === text)
}

export function buildCorpus(loaded: readonly LoadedDocument[]): Corpus {
  const documents: CorpusDocument[] = []
  const passages: IndexedPassage[] = []
  const linesOf = new Map<string, readonly string[]>()
  for (const { name, text } of loaded) {
    const lines = text === '' ? [] : text.split(/\r\n|\n|\r/)
    const found = splitDocument(name, text)
    linesOf.set(name, lines)
    documents.push({ name, lines: lines.length, passages: found.length })
    for (const passage of found) passages.push({ ...passage, id: passages.length, file: name })
  }

  // Terms are made once, here; the index takes them as they are.
  const index = new MiniSearch<{ id: number; text: string; trail: string }>({
    fields: ['text', 'trail'],
    tokenize: (text) => (text === '' ? [] : text.split(' ')),
    processTerm: (term) => term,
    searchOptions: { combineWith: 'OR', boost: { trail: 0.6 } },
  })
  const counts = new Map<string, number>()
  for (const passage of passages) {
    const text = terms(passage.statements.map((one) => `${one.lead ?? ''} ${one.text}`).join('\n'))
    const trail = terms(passage.trail.join('\n'))
    for (const term of new Set([...text, ...trail])) counts.set(term, (counts.get(term) ?? 0) + 1)
    index.add({ id: passage.id, text: text.join(' '), trail: trail.join(' ') })
  }

  return {
    documents,
    passages,
    missing: [],
    search(query, limit, loosely = false) {
      if (query.length === 0) return []
      const options = loosely ? { prefix: (term: string) => term.length > 3, fuzzy: 0.2 } : {}
      return index
        .search(query.join(' '), options)
        .flatMap(({ id, score }) => {
          const passage = passages[id]
          return passage ? [{ passage, score }] : []
        })
        .toSorted((a, b) => b.score - a.score || a.passage.id - b.passage.id)
        .slice(0, limit)
    },
    frequency: (term) => counts.get(term) ?? 0,
    text: (file, line, endLine) => (linesOf.get(file) ?? []).slice(line - 1, endLine).join('\n'),
  }
}
