/**
 * Owns the planner: from one question to two to four sub-questions. It splits where the person asked two
 * things, and looks at a single thing from further sides that the documents have something to say on.
 */
import type { Agent } from 'run-ledger/orchestrator'
import type { Corpus, Hit } from './documents.ts'
import { readResearchInput } from './documents.ts'
import type { Plan, SubQuestion } from './findings.ts'
import { isFrame } from './related.ts'
import { count, listDocuments, search, shorten } from './tools.ts'
import { expectedKinds, isException, readValues } from './values.ts'
import { distinctTerms, terms, words } from './words.ts'

const MOST_PARTS = 4
const MOST_TERMS = 40
const PROBE = 8

const ASKS =
  'who|whom|whose|what|when|where|why|how|which|is|are|was|were|do|does|did|can|could|may|must|should|will|would|wer|was|wann|wo|warum|wie|welche|qui|que|quand|où|pourquoi|comment|combien'
const JOINT = new RegExp(
  `[?？;；]+|[.!。]+\\s|\\n+|(?:,\\s*|\\s+)(?:and|or|but|also|und|oder|et|ou|y|o)\\s+(?=(?:${ASKS})\\b)|,\\s*(?=(?:${ASKS})\\b)`,
  'giu',
)
const OPENS_QUESTION = new RegExp(`^(?:${ASKS})(?![\\p{L}])`, 'iu')

export const decompose: Agent = {
  id: 'decompose',
  name: 'Planner',
  description: 'Splits the question into sub-questions the documents can answer',
  async run(context, task) {
    const input = readResearchInput(task.input)
    const corpus = await listDocuments(context, input)
    const items = await plan(
      input.question,
      (query) => search(context, corpus, query, { limit: PROBE }),
      corpus,
    )
    context.say(`I split the question into ${count(items.length, 'sub-question')}.\n`)
    const output: Plan = { items, missing: [...corpus.missing] }
    return {
      output,
      summary: `${count(items.length, 'sub-question')} over ${count(corpus.documents.length, 'document')}`,
      text: items.map(({ text }, at) => `${at + 1}. ${text}`).join('\n'),
    }
  },
}

async function plan(
  question: string,
  probe: (query: readonly string[]) => Promise<Hit[]>,
  corpus: Corpus,
): Promise<SubQuestion[]> {
  const context = distinctTerms(question).slice(0, MOST_TERMS)
  if (context.length === 0) return overview()

  const parts = splitQuestion(question)
  const items = parts.map((part, at) =>
    subQuestion(`q${at + 1}`, asQuestion(part, question), 'part', part, context),
  )
  if (items.length >= 3) return items

  const subject = subjectOf(question, corpus)
  // The rarest terms first, so that a long question is probed for what it is about.
  const hits = await probe(byRarity(context, corpus).slice(0, 6))
  const passages = hits.map(({ passage }) => passage.statements)
  const says = (test: (sentence: string) => boolean) => passages.flat().some(({ text }) => test(text))
  const figures = `Which figures, dates and limits do the documents give for ${subject}?`
  const exceptions = `Which exceptions and conditions apply to ${subject}?`
  const next = () => `q${items.length + 1}`
  if (items.length === 1 && (says((text) => readValues(text).length > 0) || !says(isException))) {
    items.push(subQuestion(next(), figures, 'figures', question, context))
  }
  if (says(isException)) items.push(subQuestion(next(), exceptions, 'exceptions', question, context))
  return items
}

/** A question without a subject (`What is this?`) is about the documents as a whole. */
function overview(): SubQuestion[] {
  return [
    subQuestion('q1', 'What is each document about?', 'overview', '', []),
    subQuestion('q2', 'Which figures and dates do the documents give?', 'figures', '', []),
  ]
}

function subQuestion(
  id: string,
  text: string,
  kind: SubQuestion['kind'],
  about: string,
  context: readonly string[],
): SubQuestion {
  const own = distinctTerms(about).slice(0, MOST_TERMS)
  return {
    id,
    text,
    kind,
    terms: own,
    context: context.filter((term) => !own.includes(term)),
    expects: kind === 'part' ? expectedKinds(about) : [],
  }
}

/** Parts that each ask something of their own; what has no subject stays with its neighbour. */
export function splitQuestion(question: string): string[] {
  const parts: string[] = []
  let open = ''
  for (const piece of question.split(JOINT)) {
    const part = piece.replace(/\s+/g, ' ').trim()
    if (part === '') continue
    open = open === '' ? part : `${open} ${part}`
    // Past the fourth the rest is one part: nothing that was asked is dropped.
    if (terms(part).length > 0 && parts.length < MOST_PARTS - 1) {
      parts.push(open)
      open = ''
    }
  }
  if (open !== '') {
    if (terms(open).length > 0 || parts.length === 0) parts.push(open)
    else parts.push(`${parts.pop() ?? ''} ${open}`.trim())
  }
  return parts
}

/** As a heading: a question where it was asked as one. */
function asQuestion(part: string, question: string): string {
  const text = shorten(part.replace(/[\s.,:;!?？]+$/u, ''), 200) || shorten(part, 200)
  const asks = /[?？]\s*$/u.test(question) || OPENS_QUESTION.test(text)
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}${asks ? '?' : ''}`
}

function byRarity(among: readonly string[], corpus: Corpus): string[] {
  const known = among.filter((term) => corpus.frequency(term) > 0)
  const rank = new Map(among.map((term, at) => [term, at]))
  return (known.length > 0 ? known : among).toSorted(
    (a, b) => corpus.frequency(a) - corpus.frequency(b) || (rank.get(a) ?? 0) - (rank.get(b) ?? 0),
  )
}

/** What the question is about, in its own words: the ones the documents know, at most four. */
function subjectOf(question: string, corpus: Corpus): string {
  const shown = new Map<string, string>()
  for (const word of words(question)) {
    const [term] = terms(word)
    if (term !== undefined && !shown.has(term)) shown.set(term, shorten(word, 40))
  }
  const naming = [...shown].filter(([term]) => !isFrame(term) && !/^\p{N}+$/u.test(term))
  const known = naming.filter(([term]) => corpus.frequency(term) > 0)
  // A single known word of several would be another question.
  const among = known.length > 1 || known.length === naming.length ? known : naming
  const chosen = (among.length > 0 ? among : [...shown]).slice(0, 4).map(([, word]) => `“${word}”`)
  const last = chosen.pop() ?? 'this'
  return chosen.length === 0 ? last : `${chosen.join(', ')} and ${last}`
}
