/**
 * Owns the researcher: for one sub-question it searches in several ways, reads the best passages and keeps
 * the statements that answer, each with its file and line.
 */
import type { Agent, AgentContext } from 'run-ledger/orchestrator'
import type { Corpus, IndexedPassage } from './documents.ts'
import { readResearchInput } from './documents.ts'
import type { Finding, Research, SubQuestion } from './findings.ts'
import { planSchema, readOutput, subQuestionSchema, upstreamOf } from './findings.ts'
import { best } from './ranking.ts'
import { createMatcher, findIn } from './score.ts'
import { count, listDocuments, readPassage, search } from './tools.ts'
import { distinctTerms } from './words.ts'

const HITS = 10
const READS = 8
/** Without a subject, every document has its say. */
const OVERVIEW_READS = 12
/** For what the person adds. */
const FOLLOW_UP_READS = 4
const MOST_TERMS = 40

export const researcher: Agent = {
  id: 'researcher',
  name: 'Researcher',
  description: 'Finds what the documents say about one sub-question, with the place of every statement',
  takesFollowUps: true,
  async run(context, task) {
    const input = readResearchInput(task.input)
    const subQuestion = readOutput(task.item, subQuestionSchema, 'sub-question')
    const known = upstreamOf(task.upstream, 'decompose', planSchema).flatMap((plan) => plan.missing)

    context.iteration(2)
    const corpus = await listDocuments(context, input, known)
    const passages = await searchAll(context, corpus, subQuestion)
    context.say(
      passages.length === 0
        ? 'No passage mentions this.\n'
        : `I found ${count(passages.length, 'passage')} and read the best.\n`,
    )

    context.iteration(2)
    const found = await read(context, corpus, passages, subQuestion)
    const findings = await lookFurther(context, corpus, subQuestion, { found, words: task.followUps })
    const files = new Set(findings.map(({ file }) => file)).size
    const summary =
      findings.length === 0
        ? 'Nothing found'
        : `${count(findings.length, 'finding')} in ${count(files, 'document')}`
    context.say(`${summary}.\n`)
    const output: Research = { subQuestion, findings }
    const text = findings.map(({ sentence, file, line }) => `- ${sentence} (${file}:${line})`).join('\n')
    return { output, summary, text: `${subQuestion.text}\n\n${text || 'Nothing found.'}` }
  },
}

/** Several questions to the index; a passage that many of them find comes first. */
async function searchAll(
  context: AgentContext,
  corpus: Corpus,
  subQuestion: SubQuestion,
): Promise<IndexedPassage[]> {
  if (subQuestion.terms.length === 0) return firstPassages(corpus, subQuestion)
  const ranks = new Map<IndexedPassage, number>()
  for (const query of queries(subQuestion, corpus)) {
    const hits = await search(context, corpus, query, { limit: HITS })
    for (const [at, { passage }] of hits.entries()) {
      ranks.set(passage, (ranks.get(passage) ?? 0) + 1 / (at + 2))
    }
  }
  return [...ranks].toSorted(([a, x], [b, y]) => y - x || a.id - b.id).map(([passage]) => passage)
}

function queries({ terms, context }: SubQuestion, corpus: Corpus): string[][] {
  const rare = terms
    .filter((term) => corpus.frequency(term) > 0)
    .toSorted((a, b) => corpus.frequency(a) - corpus.frequency(b) || terms.indexOf(a) - terms.indexOf(b))
  const wanted = [[...terms]]
  if (context.length > 0) wanted.push([...terms, ...context])
  if (rare.length > 2) wanted.push(rare.slice(0, 2), rare.slice(0, Math.ceil(rare.length / 2)))
  const seen = new Set<string>()
  return wanted.filter((query) => {
    const key = query.toSorted().join(' ')
    return !seen.has(key) && Boolean(seen.add(key))
  })
}

/** Without terms to search for: of each document the first passage that has something to tell. */
function firstPassages(corpus: Corpus, subQuestion: SubQuestion): IndexedPassage[] {
  const matcher = createMatcher(subQuestion, corpus)
  const seen = new Set<string>()
  return corpus.passages.filter((passage) => {
    if (seen.has(passage.file) || findIn(passage, matcher).length === 0) return false
    return Boolean(seen.add(passage.file))
  })
}

async function read(
  context: AgentContext,
  corpus: Corpus,
  passages: readonly IndexedPassage[],
  subQuestion: SubQuestion,
): Promise<Finding[]> {
  const matcher = createMatcher(subQuestion, corpus)
  const findings: Finding[] = []
  const most = subQuestion.terms.length === 0 ? OVERVIEW_READS : READS
  for (const passage of passages.slice(0, most)) {
    await readPassage(context, corpus, passage)
    const found = findIn(passage, matcher)
    findings.push(...(subQuestion.terms.length === 0 ? found.slice(0, 1) : found))
  }
  return best(findings)
}

/** What the person adds is looked for, too, and judged by its own terms. */
async function lookFurther(
  context: AgentContext,
  corpus: Corpus,
  subQuestion: SubQuestion,
  { found, words }: { found: readonly Finding[]; words: readonly string[] },
): Promise<Finding[]> {
  const findings = [...found]
  let wanted = [...words, ...context.followUps()]
  while (wanted.length > 0) {
    for (const text of wanted) {
      const terms = distinctTerms(text).slice(0, MOST_TERMS)
      if (terms.length === 0) continue
      const matcher = createMatcher({ ...subQuestion, kind: 'part', terms, context: [] }, corpus)
      for (const { passage } of await search(context, corpus, terms, { limit: FOLLOW_UP_READS })) {
        await readPassage(context, corpus, passage)
        findings.push(...findIn(passage, matcher))
      }
    }
    wanted = [...context.followUps()]
  }
  return best(distinct(findings))
}

/** The same statement may answer twice; its best score counts. */
function distinct(findings: readonly Finding[]): Finding[] {
  const kept = new Map<string, Finding>()
  for (const finding of findings) {
    const known = kept.get(finding.id)
    if (known === undefined || known.score < finding.score) kept.set(finding.id, finding)
  }
  return [...kept.values()]
}
