/**
 * Owns the report: plain Markdown of headings, paragraphs and one level of lists. Equal findings and equal
 * answers give an equal report, to the byte.
 */
import type { Disagreement, MergedFinding, Place, Review, SubQuestion } from './findings.ts'
import { count, linesText, shorten } from './tools.ts'

export interface ReportParts {
  question: string
  subQuestions: readonly SubQuestion[]
  review: Review
  missing: readonly string[]
  documents: number
}

interface Citations {
  /** `[1]`, with a number of its own per place. */
  cite(place: Place): string
  list(): string[]
}

const LONGEST_TITLE = 200

export function writeReport(parts: ReportParts): string {
  const { question, subQuestions, review, missing } = parts
  const citations = createCitations()
  const flat = question.replace(/\s+/g, ' ').trim()
  const blocks = [`# ${escape(shorten(flat, LONGEST_TITLE))}`]
  if (flat.length > LONGEST_TITLE) blocks.push(escape(flat))

  blocks.push('## Short answer', shortAnswer(parts, citations))
  for (const subQuestion of subQuestions) blocks.push(...section(subQuestion, review, citations))
  blocks.push('## Disagreements')
  if (review.disputed.length === 0) {
    const none = 'The findings do not contradict each other.'
    blocks.push(review.accepted.length > 0 ? none : 'There are no findings to compare.')
  }
  for (const disagreement of review.disputed) blocks.push(...disagreementBlocks(disagreement, citations))
  const sources = citations.list()
  blocks.push('## Sources', sources.length > 0 ? sources.join('\n') : 'No document is cited.')
  if (missing.length > 0) {
    blocks.push(
      '## Not read',
      missing.map((name) => `- ${escape(name)}: its text is no longer stored`).join('\n'),
    )
  }
  return `${blocks.join('\n\n')}\n`
}

function shortAnswer({ subQuestions, review, documents }: ReportParts, citations: Citations): string {
  const { accepted, disputed, widened } = review
  if (accepted.length === 0 && disputed.length === 0) {
    const search = widened ? ', not even with related terms' : ''
    return `Nothing was found in ${count(documents, 'document')}${search}. The question stays open.`
  }
  const asked = subQuestions.filter(({ kind }) => kind === 'part' || kind === 'overview')
  const lines: string[] = []
  const told = new Set<string>()
  for (const { id, text } of asked.length > 0 ? asked : subQuestions) {
    const open = openFor(disputed, id)
    const own = accepted.filter((finding) => finding.subQuestion === id && !told.has(finding.id))
    const top = own[0]?.score ?? 0
    const enough = own.filter(({ score }, at) => at === 0 || (at === 1 && score >= top * 0.85))
    for (const one of open) lines.push(disputedSentence(one, citations))
    for (const finding of open.length > 0 ? enough.slice(0, 1) : enough) {
      told.add(finding.id)
      lines.push(stated(finding, citations))
    }
    if (open.length === 0 && own.length === 0 && !isTold(review, id, told)) {
      lines.push(`Nothing was found on “${escape(text)}”.`)
    }
  }
  if (told.size === 0 && lines.length === 0)
    lines.push(...accepted.slice(0, 2).map((one) => stated(one, citations)))
  const prefix = widened ? 'Only related terms were found. ' : ''
  return `${prefix}${lines.join(' ')}`
}

const isTold = ({ accepted }: Review, id: string, told: ReadonlySet<string>): boolean =>
  accepted.some((finding) => finding.subQuestion === id && told.has(finding.id))

/** Disagreements the person left open. */
const openFor = (disputed: readonly Disagreement[], id: string): Disagreement[] =>
  disputed.filter(({ subQuestion, chosen }) => subQuestion === id && chosen === null)

function disputedSentence({ claims }: Disagreement, citations: Citations): string {
  const said = claims.map((claim) => `“${escape(claim.sentence)}” ${cited(claim, citations)}`)
  return `The documents disagree here: ${said.join(', but ')}.`
}

function section({ id, kind, text }: SubQuestion, review: Review, citations: Citations): string[] {
  const findings = review.accepted.filter(({ subQuestion }) => subQuestion === id)
  const open = openFor(review.disputed, id)
  const items = [
    ...open.map((one) => `- Disputed: ${escape(one.about)}. See “Disagreements”.`),
    ...listItems(findings, citations).map((item) => `- ${item}`),
  ]
  // A further side with nothing of its own has been told above.
  if (items.length === 0 && kind !== 'part') return []
  return [`## ${escape(text)}`, items.length > 0 ? items.join('\n') : 'Nothing was found.']
}

/** Members of one list are told in one item, in the order of the document. */
function listItems(findings: readonly MergedFinding[], citations: Citations): string[] {
  const items: string[] = []
  const done = new Set<MergedFinding>()
  const leads = new Set(findings.map(({ lead }) => lead))
  for (const finding of findings) {
    if (done.has(finding)) continue
    // Told as the beginning of another one.
    if (leads.has(finding.sentence)) continue
    const { lead, file, heading } = finding
    const siblings = findings.filter(
      (one) =>
        lead?.endsWith(':') && !one.row && one.lead === lead && one.file === file && one.heading === heading,
    )
    for (const one of siblings) done.add(one)
    if (siblings.length < 2) items.push(stated(finding, citations))
    else {
      const told = siblings
        .toSorted((a, b) => a.line - b.line)
        .map((one) => `${escape(one.sentence.replace(/[.;,]$/, ''))} ${cited(one, citations)}`)
      items.push(`${escape(lead ?? '')} ${told.join('; ')}.`)
    }
  }
  return items
}

function disagreementBlocks(disagreement: Disagreement, citations: Citations): string[] {
  const { about, claims, chosen, decision, note } = disagreement
  const list = claims.map((claim) => `- ${stated(claim, citations)}`).join('\n')
  return [`### ${escape(`${about[0]?.toUpperCase() ?? ''}${about.slice(1)}`)}`, list, decided()]

  function decided(): string {
    const claim = claims.find(({ id }) => id === chosen)
    if (claim) return `Decided by you: the report relies on ${cited(claim, citations)}.`
    if (note !== null) return `You answered “${escape(note)}”; both are reported as disputed.`
    if (decision === 'both') return 'Decided by you: both are reported as disputed.'
    return 'You were not asked about this one; both are reported as disputed.'
  }
}

/** A finding as a sentence with its citations. */
function stated(finding: MergedFinding, citations: Citations): string {
  const text = worded(finding)
  const end = /[.!?。！？…]["'”’»)]*$/.test(text) ? '' : text.length >= 300 ? ' …' : '.'
  return `${escape(text)}${end} ${cited(finding, citations)}`
}

/** With its introduction; a table's row with the name of each column. */
function worded({ lead, sentence, row }: MergedFinding): string {
  const names = lead?.replace(/:$/, '').split(' | ') ?? []
  const cells = sentence.split(' | ')
  if (row && cells.length > 1 && names.length === cells.length) {
    return cells.map((cell, at) => `${names[at] ?? ''}: ${cell}`).join('; ')
  }
  return `${lead ?? ''} ${sentence}`.trim()
}

function cited(finding: MergedFinding, citations: Citations): string {
  return [finding, ...finding.also].map((place) => citations.cite(place)).join(' ')
}

function createCitations(): Citations {
  const numbers = new Map<string, { number: number; text: string }>()
  return {
    cite({ file, line, endLine }) {
      const key = `${line}-${endLine} ${file}`
      const known = numbers.get(key)
      if (known) return `[${known.number}]`
      const number = numbers.size + 1
      numbers.set(key, { number, text: `- [${number}] ${escape(file)}, ${linesText(line, endLine)}` })
      return `[${number}]`
    },
    list: () => [...numbers.values()].map(({ text }) => text),
  }
}

/** Foreign text in Markdown, without effect: no HTML, links, emphasis or headings of its own. */
function escape(text: string): string {
  return text
    .replace(/[\\`*<[\]]/g, '\\$&')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/^(?:[#>+-]|\d+(?=[.)]\s))/, (mark) => (/\d/.test(mark) ? mark : `\\${mark}`))
}
