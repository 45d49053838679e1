/**
 * Owns the order of findings and which of them are worth keeping.
 */
import type { Finding } from './findings.ts'

/** Per sub-question: handed on, and reported. */
const MOST = 12
const MOST_REPORTED = 8
/** Of the best score: below the first only the words are shared, below the second it is not worth reporting. */
const KEEP = 0.55
const REPORT = 0.7

/** By code unit: `localeCompare` differs between machines. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Best first; of equal ones by file and line. */
export const byScore = (a: Finding, b: Finding): number =>
  b.score - a.score ||
  compare(a.file, b.file) ||
  a.line - b.line ||
  a.endLine - b.endLine ||
  a.position - b.position ||
  compare(a.id, b.id)

/** What a researcher hands on: more than is reported, since weaker statements may contradict the best. */
export function best(findings: readonly Finding[]): Finding[] {
  const ordered = findings.toSorted(byScore)
  const least = (ordered[0]?.score ?? 0) * KEEP
  return ordered.filter(({ score }) => score >= least).slice(0, MOST)
}

/** The best of each sub-question: at most so many that a person reads them. */
export function limited<One extends Finding>(findings: readonly One[]): One[] {
  const taken = new Map<string, number>()
  return findings.filter(({ subQuestion }) => {
    const before = taken.get(subQuestion) ?? 0
    taken.set(subQuestion, before + 1)
    return before < MOST_REPORTED
  })
}

/** Ids of findings strong enough to be reported, judged within their sub-question. */
export function reportable(findings: readonly Finding[]): ReadonlySet<string> {
  const tops = new Map<string, number>()
  for (const { subQuestion, score } of findings) {
    tops.set(subQuestion, Math.max(tops.get(subQuestion) ?? 0, score))
  }
  const strong = findings.filter(({ subQuestion, score }) => score >= (tops.get(subQuestion) ?? 0) * REPORT)
  return new Set(strong.map(({ id }) => id))
}
