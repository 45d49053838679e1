/**
 * Owns the comparison of findings: which say the same, and which cannot both be true because they give
 * different values for one subject or because one denies what the other states. Strict on purpose: a false
 * alarm costs the person a question.
 */
import type { Finding, MergedFinding, SubQuestion } from './findings.ts'
import { canonical, contrasts, isAnchor, isFrame } from './related.ts'
import type { Value, ValueKind } from './values.ts'
import { isConditional } from './values.ts'
import { terms, words } from './words.ts'

/** Claims that compete; the first member of each is the best worded. */
export interface Conflict {
  about: string
  claims: readonly MergedFinding[]
}

/** One entry per statement, in the given order; the same words elsewhere become a further place. */
export function mergeFindings(findings: readonly Finding[]): MergedFinding[] {
  const merged: MergedFinding[] = []
  const known = new Map<string, MergedFinding>()
  for (const finding of findings) {
    const said = words(`${finding.lead?.endsWith(':') ? finding.lead : ''} ${finding.sentence}`).join(' ')
    const values = valueKeys(finding)
    const meant = `${finding.subjectKey}|${values}|${finding.denies}`
    const same =
      known.get(`s:${said}`) ??
      (values !== '' && finding.subjectKey.includes(' ') && !finding.row
        ? known.get(`m:${meant}`)
        : undefined)
    if (!same) {
      const entry: MergedFinding = { ...finding, also: [] }
      merged.push(entry)
      known.set(`s:${said}`, entry)
      known.set(`m:${meant}`, entry)
    } else addPlace(same, finding)
  }
  return merged
}

function addPlace(to: MergedFinding, { file, line, endLine, sentence }: Finding): void {
  const isThere = [to, ...to.also].some((place) => place.file === file && place.line === line)
  if (!isThere) to.also.push({ file, line, endLine, sentence })
}

const valueKeys = ({ values }: Finding): string =>
  values
    .map(({ key }) => key)
    .toSorted()
    .join(',')

export function findConflicts(
  findings: readonly MergedFinding[],
  subQuestions: readonly SubQuestion[],
): Conflict[] {
  const asked: Asked = new Map(
    subQuestions.map(({ id, terms, expects }) => [
      id,
      { terms: new Set(terms.filter((term) => !isFrame(term)).map(canonical)), expects },
    ]),
  )
  const taken = new Set<MergedFinding>()
  const conflicts: Conflict[] = []
  for (const [at, first] of findings.entries()) {
    if (taken.has(first)) continue
    const rivals = findings.slice(at + 1).filter((other) => !taken.has(other))
    const against = rivals.filter((other) => difference(first, other, asked) !== null)
    const [rival] = against
    if (!rival) continue
    const kind = difference(first, rival, asked) ?? 'denial'
    const claims = groupClaims([first, ...against], kind)
    for (const one of [first, ...against]) taken.add(one)
    conflicts.push({ about: aboutOf(claims, kind), claims })
  }
  return conflicts
}

/** What each sub-question is about, and the values that would answer it. */
type Asked = ReadonlyMap<string, { terms: ReadonlySet<string>; expects: readonly ValueKind[] }>

type Difference = ValueKind | 'denial'

/** What two findings contradict each other in; null when they do not. */
function difference(a: MergedFinding, b: MergedFinding, asked: Asked): Difference | null {
  if (a.file === b.file && ((a.row && b.row) || (a.line <= b.endLine && b.line <= a.endLine))) return null
  const closeness = subjectOverlap(a, b, asked)
  if (closeness === 0) return null
  const kind = conflictingKind(a.values, b.values)
  if (kind !== null) return kind
  const plain = !isConditional(`${a.lead ?? ''} ${a.sentence} ${b.lead ?? ''} ${b.sentence}`)
  return a.denies !== b.denies && plain && closeness >= 0.6 ? 'denial' : null
}

/** Share of common subject terms when the two are about one subject, else 0. */
function subjectOverlap(a: MergedFinding, b: MergedFinding, asked: Asked): number {
  const ofA = subjectSet(a)
  const ofB = subjectSet(b)
  const shared = [...ofA].filter((term) => ofB.has(term))
  if (shared.length === 0 || contrasts(surroundings(a), surroundings(b))) return 0
  if (shared.length < 3 && a.file === b.file && a.heading !== b.heading) return 0
  const [small, large] = ofA.size <= ofB.size ? [ofA, ofB] : [ofB, ofA]
  const given = (term: string) =>
    isAnchor(term) || [a, b].some((one) => asked.get(one.subQuestion)?.terms.has(term))
  const extra = [...small].filter((term) => !large.has(term))
  const further = [...large].filter((term) => !small.has(term))
  const share = shared.length / (small.size + further.length)
  if (extra.length === 0 && shared.length >= 2 && share >= 0.5) return share
  if (extra.length === 0 && answersSame(a, b, shared, asked)) return share
  // The start of a period tells no subjects apart, nor do words of the question, when one side leaves them
  // out. When each side has its own (the tent, the stove), the question asked about both.
  const same =
    (extra.every(isAnchor) && further.every(given)) || (further.every(isAnchor) && extra.every(given))
  return same ? Math.max(share, 0.6) : 0
}

/** Both give the kind of value that was asked for, about all that was asked, and one says nothing else. */
function answersSame(a: MergedFinding, b: MergedFinding, shared: readonly string[], asked: Asked): boolean {
  const question = asked.get(a.subQuestion)
  if (!question || a.subQuestion !== b.subQuestion || a.file === b.file || question.terms.size < 2)
    return false
  const gives = ({ values }: MergedFinding) => values.some(({ kind }) => question.expects.includes(kind))
  const plain = !isConditional(`${a.sentence} ${b.sentence}`)
  return plain && gives(a) && gives(b) && [...question.terms].every((term) => shared.includes(term))
}

const subjectSet = ({ subjectKey }: Finding): Set<string> => new Set(subjectKey.split(' ').filter(Boolean))

const surroundings = ({ lead, sentence, heading, file }: Finding): Set<string> =>
  new Set(terms(`${lead ?? ''} ${sentence} ${heading ?? ''} ${file.replace(/\.\w+$/, '')}`))

const MEASURES: readonly ValueKind[] = ['duration', 'money', 'percent', 'time', 'count']

function conflictingKind(a: readonly Value[], b: readonly Value[]): ValueKind | null {
  for (const kind of MEASURES) if (clash(ofKind(a, kind), ofKind(b, kind), kind)) return kind
  const measured = [...a, ...b].some(({ kind }) => MEASURES.includes(kind))
  if (measured) return null
  // A date or a bare number is a claim only when nothing else is measured.
  for (const kind of ['date', 'number'] as const) {
    if (clash(ofKind(a, kind), ofKind(b, kind), kind)) return kind
  }
  return null
}

const ofKind = (values: readonly Value[], kind: ValueKind): string[] =>
  values.filter((value) => value.kind === kind).map(({ key }) => key)

function clash(a: readonly string[], b: readonly string[], kind: ValueKind): boolean {
  if (a.length === 0 || b.length === 0) return false
  // Opening hours share an end and still differ.
  if (kind === 'time') return a.length === b.length && a.some((key) => !b.includes(key))
  if (kind === 'count') {
    const noun = (key: string) => key.split(':')[1]
    return a.some((x) => b.some((y) => noun(x) === noun(y) && x !== y)) && !a.some((x) => b.includes(x))
  }
  return !a.some((x) => b.some((y) => (kind === 'date' ? datesAgree(x, y) : x === y)))
}

/** `2022` and `March 2022` do not exclude each other. */
function datesAgree(a: string, b: string): boolean {
  const parts = b.slice('date:'.length).split('-')
  return a
    .slice('date:'.length)
    .split('-')
    .every((part, at) => part === '' || parts[at] === '' || part === parts[at])
}

/** One claim per value; others with the same value stand behind it. */
function groupClaims(findings: readonly MergedFinding[], kind: Difference): MergedFinding[] {
  const claims = new Map<string, MergedFinding>()
  for (const finding of findings) {
    const key = kind === 'denial' ? String(finding.denies) : ofKind(finding.values, kind).toSorted().join(',')
    const claim = claims.get(key)
    if (!claim) claims.set(key, { ...finding, also: [...finding.also] })
    else for (const place of [finding, ...finding.also]) addPlace(claim, { ...finding, ...place })
  }
  return [...claims.values()]
}

function aboutOf(claims: readonly MergedFinding[], kind: Difference): string {
  if (kind === 'denial') return 'one states it, another denies it'
  const texts = claims.map(({ values }) =>
    values
      .filter((value) => value.kind === kind)
      .map(({ text }) => text.trim())
      .join(kind === 'time' ? '–' : ' / '),
  )
  return texts.length === 2 ? texts.join(' or ') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1) ?? ''}`
}
