/**
 * Owns the critic: it brings all findings together, asks the person where the evidence disagrees or is
 * missing, and says what may be relied on.
 */
import type { Agent, AgentContext } from 'run-ledger/orchestrator'
import type { Conflict } from './contradictions.ts'
import { findConflicts, mergeFindings } from './contradictions.ts'
import type { ResearchInput } from './documents.ts'
import { readResearchInput } from './documents.ts'
import type { Disagreement, Finding, Place, Research, Review, SubQuestion } from './findings.ts'
import { planSchema, researchSchema, upstreamOf } from './findings.ts'
import { best, byScore, limited, reportable } from './ranking.ts'
import { relatedTerms } from './related.ts'
import { createMatcher, findIn } from './score.ts'
import { count, linesText, listDocuments, readPassage, search, shorten } from './tools.ts'

const MOST_QUESTIONS = 3
const WIDE_READS = 6
const BOTH = 'both'
const WIDEN = 'widen'
const FINISH = 'finish'

export const crossCheck: Agent = {
  id: 'cross_check',
  name: 'Critic',
  description: 'Compares the findings and asks when they disagree or when there are none',
  async run(context, task) {
    const input = readResearchInput(task.input)
    const research = upstreamOf(task.upstream, 'research', researchSchema)
    const subQuestions = research.map(({ subQuestion }) => subQuestion)
    const decisions: string[] = []
    let findings = inOneOrder(research)
    let widened = false

    if (findings.length === 0) {
      const answer = await context.ask({
        prompt: `No document says anything about “${shorten(input.question, 200)}”. How should I go on?`,
        options: [
          { value: WIDEN, label: 'Widen the search to related terms' },
          { value: FINISH, label: 'Finish with an empty report' },
        ],
      })
      widened = answer === WIDEN
      decisions.push(widened ? 'Widen the search to related terms.' : 'Finish with an empty report.')
      if (widened) {
        const missing = upstreamOf(task.upstream, 'decompose', planSchema).flatMap((plan) => plan.missing)
        findings = inOneOrder(await searchWidely(context, input, subQuestions, missing))
      }
    }

    const merged = mergeFindings(findings)
    const strong = reportable(merged)
    // Statements that are both beside the point are not worth a question.
    const conflicts = findConflicts(merged, subQuestions).filter(({ claims }) =>
      claims.some(({ id }) => strong.has(id)),
    )
    context.say(`${count(merged.length, 'finding')} compared, ${count(conflicts.length, 'disagreement')}.\n`)
    const disputed: Disagreement[] = []
    for (const [at, conflict] of conflicts.entries()) {
      const one = at < MOST_QUESTIONS ? await askAbout(context, conflict, subQuestions) : undecided(conflict)
      disputed.push(one)
      decisions.push(decisionText(one))
    }

    const inConflict = new Set(conflicts.flatMap(({ claims }) => claims.flatMap(placesOf)))
    const settled = disputed.flatMap(({ claims, chosen }) => claims.filter(({ id }) => id === chosen))
    const undisputed = merged
      .filter((finding) => strong.has(finding.id))
      .filter((finding) => !placesOf(finding).some((place) => inConflict.has(place)))
    const accepted = [...limited(undisputed), ...settled].toSorted(byScore)
    const output: Review = { accepted, disputed, decisions, widened }
    const summary = `${count(accepted.length, 'accepted finding')}, ${count(disputed.length, 'disagreement')}`
    return { output, summary, text: [`${summary}.`, ...decisions].join('\n') }
  },
}

/** A finding made for several sub-questions is kept for the one it serves best, the earlier one if close. */
function inOneOrder(research: readonly Research[]): Finding[] {
  const kept = new Map<string, Finding>()
  for (const finding of research.flatMap(({ findings }) => findings)) {
    const other = kept.get(finding.id)
    if (!other || finding.score > other.score * 1.25) kept.set(finding.id, finding)
  }
  return [...kept.values()].toSorted(byScore)
}

async function searchWidely(
  context: AgentContext,
  input: ResearchInput,
  subQuestions: readonly SubQuestion[],
  missing: readonly string[],
): Promise<Research[]> {
  const corpus = await listDocuments(context, input, missing)
  const research: Research[] = []
  for (const subQuestion of subQuestions.filter(({ terms }) => terms.length > 0)) {
    const related = subQuestion.terms.flatMap(relatedTerms)
    const query = [...new Set([...subQuestion.terms, ...related])]
    const hits = await search(context, corpus, query, { limit: WIDE_READS, loosely: true })
    const matcher = createMatcher(subQuestion, corpus, true)
    const findings: Finding[] = []
    for (const { passage } of hits) {
      await readPassage(context, corpus, passage)
      findings.push(...findIn(passage, matcher))
    }
    research.push({ subQuestion, findings: best(findings) })
  }
  return research
}

async function askAbout(
  context: AgentContext,
  conflict: Conflict,
  subQuestions: readonly SubQuestion[],
): Promise<Disagreement> {
  const { about, claims } = conflict
  const subject = subQuestions.find(({ id }) => id === claims[0]?.subQuestion)?.text ?? 'one point'
  const answer = await context.ask({
    prompt: `On “${shorten(subject, 160)}” the documents disagree: ${about}. Which should the report rely on?`,
    options: [
      ...claims.map((claim) => ({
        value: claim.id,
        label: shorten(claim.sentence, 110),
        description: [claim, ...claim.also].map(placeText).join('; '),
      })),
      { value: BOTH, label: 'Report both', description: 'Marked as disputed' },
    ],
  })
  const chosen = claims.find(({ id }) => id === answer)?.id ?? null
  const note = chosen === null && typeof answer === 'string' && answer !== BOTH ? answer : null
  return { ...undecided(conflict), decision: chosen === null ? 'both' : 'claim', chosen, note }
}

function undecided({ about, claims }: Conflict): Disagreement {
  return {
    id: claims.map(({ id }) => id).join('-'),
    subQuestion: claims[0]?.subQuestion ?? '',
    about,
    claims: [...claims],
    decision: 'unasked',
    chosen: null,
    note: null,
  }
}

function decisionText({ about, claims, decision, chosen, note }: Disagreement): string {
  const claim = claims.find(({ id }) => id === chosen)
  if (claim) return `On ${about}: rely on ${placeText(claim)}.`
  if (note !== null) return `On ${about}: “${shorten(note, 200)}”. Both are reported.`
  return decision === 'both' ? `On ${about}: report both.` : `On ${about}: not asked, both are reported.`
}

const placesOf = (finding: Place & { also: readonly Place[] }): string[] =>
  [finding, ...finding.also].map(({ file, line, sentence }) => `${file}\n${line}\n${sentence}`)

export const placeText = ({ file, line, endLine }: Place): string => `${file}, ${linesText(line, endLine)}`
