/**
 * Owns how well a statement answers a sub-question: the weight of the terms it shares, of what stands above
 * it, and of the kind of value that was asked for. Makes findings of the ones that do.
 */
import type { Corpus, IndexedPassage } from './documents.ts'
import type { Finding, SubQuestion } from './findings.ts'
import { hash } from './findings.ts'
import { canonical, isFrame, relatedTerms } from './related.ts'
import type { Statement } from './split.ts'
import { denies, isException, readValues } from './values.ts'
import { distinctTerms, terms } from './words.ts'

export interface Matcher {
  subQuestion: SubQuestion
  /** Own terms with their weight; rare ones say more. */
  weights: ReadonlyMap<string, number>
  total: number
  threshold: number
  /** Also takes words of much the same meaning. */
  loosely: boolean
}

const ABOVE = 0.5
const RELATED = 0.6

export function createMatcher(subQuestion: SubQuestion, corpus: Corpus, loosely = false): Matcher {
  const among = corpus.passages.length + 1
  const weights = new Map(
    subQuestion.terms.map((term): [string, number] => [
      term,
      (1 + Math.log(among / (corpus.frequency(term) + 1))) * (isFrame(term) ? 0.5 : 1),
    ]),
  )
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0)
  // Of two terms about half the weight, of ten a quarter: long questions are rarely matched whole.
  const share = 0.2 + 0.5 / Math.max(1, weights.size)
  return { subQuestion, weights, total, threshold: loosely ? share * 0.6 : share, loosely }
}

/** Findings in a passage, in its order. */
export function findIn(passage: IndexedPassage, matcher: Matcher): Finding[] {
  const found: Finding[] = []
  for (const [at, statement] of passage.statements.entries()) {
    if (!isClaim(statement)) continue
    const finding = judge(passage, at, statement, matcher)
    if (finding) found.push(finding)
  }
  return found
}

/** Questions, introductions and fragments assert nothing. */
function isClaim({ text, lead, row }: Statement): boolean {
  if (/[?？:：]["'”»)]*$/.test(text)) return false
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Thai}]/u.test(text)
  if (row || lead !== null || unspaced) return letters >= 2
  return letters >= 6 && /\S\s+\S+\s+\S/.test(text)
}

function judge(passage: IndexedPassage, at: number, statement: Statement, matcher: Matcher): Finding | null {
  const { subQuestion, weights, total, threshold } = matcher
  const heading = passage.trail.at(-1) ?? null
  const question = questionBefore(passage.statements, at)
  const above = new Set(terms([...passage.trail.slice(-3), question ?? ''].join('\n')))
  const said = new Set(terms(`${statement.lead ?? ''} ${statement.text}`))
  const values = readValues(statement.text)
  const previous = passage.statements[at - 1]
  const denial =
    /^(?:no|nein|non)[.!]$/i.test(previous?.text ?? '') || denies(`${statement.lead ?? ''} ${statement.text}`)

  let covered = 0
  let own = 0
  let near = 0
  let exact = 0
  for (const [term, weight] of weights) {
    if (said.has(term)) {
      own += weight
      exact += 1
    } else if (above.has(term)) covered += weight * ABOVE
    else if (matcher.loosely && isNear(term, said)) {
      own += weight * RELATED
      near += 1
    }
  }
  covered += own
  if (subQuestion.kind === 'overview' && statement.row) return null
  if (total > 0 && (own === 0 || covered / total < threshold)) return null
  // One exact word alone was not enough before, and a wider search does not make it so.
  if (matcher.loosely && near === 0 && exact < 2) return null
  if (subQuestion.kind === 'figures' && values.length === 0) return null
  if (subQuestion.kind === 'exceptions' && !isException(`${statement.lead ?? ''} ${statement.text}`))
    return null

  const context =
    subQuestion.context.filter((term) => said.has(term)).length / (subQuestion.context.length || 1)
  const answers = values.some(({ kind }) => subQuestion.expects.includes(kind)) ? 0.25 : 0
  const coverage = total > 0 ? covered / total : 0.5
  const dangling = /^(?:it|they|this|that|these|those|he|she|both|also)\b/i.test(statement.text)
  const score = (coverage + 0.2 * context + answers) * (dangling ? 0.9 : 1) * (statement.row ? 0.9 : 1)

  const before = dangling && previous && isClaim(previous) && !previous.row ? previous.text : null
  const title = subQuestion.kind === 'overview' ? (passage.trail[0] ?? null) : heading
  const bare = subQuestion.kind === 'overview' || said.size < 3 || own < covered / 2
  return {
    id: hash(`${passage.file}\n${statement.line}\n${statement.text}`),
    subQuestion: subQuestion.id,
    sentence: statement.text,
    lead: statement.lead ?? before ?? (bare ? (question ?? titled(title)) : null),
    file: passage.file,
    line: statement.line,
    endLine: statement.endLine,
    position: at,
    heading,
    score: Math.round(score * 1_000) / 1_000,
    subjectKey: subjectOf(
      statement,
      values.map(({ text }) => text),
      question ?? heading,
    ).join(' '),
    values,
    denies: denial,
    row: statement.row,
  }
}

/** Much the same meaning, or the same word with another ending. */
function isNear(term: string, said: ReadonlySet<string>): boolean {
  if (relatedTerms(term).some((other) => said.has(other))) return true
  const length = Math.max(5, term.length - 2)
  return term.length >= 5 && [...said].some((other) => other.startsWith(term.slice(0, length)))
}

/** The question a statement answers, when one stands before it in the same passage. */
function questionBefore(statements: readonly Statement[], at: number): string | null {
  for (let before = at - 1; before >= Math.max(0, at - 3); before -= 1) {
    const text = statements[before]?.text ?? ''
    if (/[?？]$/.test(text)) return text
  }
  return null
}

const titled = (heading: string | null): string | null =>
  heading === null || /[?!.:]$/.test(heading) ? heading : `${heading}:`

/** What the statement is about; a statement that names little borrows from what stands above it. */
function subjectOf(statement: Statement, values: readonly string[], above: string | null): string[] {
  let text = `${statement.lead ?? ''} ${statement.text}`
  for (const value of values) text = text.replace(value, ' ')
  const own = subjectTerms(text)
  const subject = own.length < 2 && above !== null ? [...own, ...subjectTerms(above)] : own
  return [...new Set(subject.map(comparable))].toSorted()
}

/** In lower case and without its signs a key or a password no longer looks like one, so it is not repeated. */
const comparable = (term: string): string =>
  /^\p{L}{1,24}$/u.test(term) || term.length < 10 ? term : hash(term)

const subjectTerms = (text: string): string[] =>
  distinctTerms(text)
    .filter((term) => !isFrame(term) && !/^\p{N}+$/u.test(term))
    .map(canonical)
