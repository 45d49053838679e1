/**
 * Owns the summarizer: it writes the report of the accepted and disputed findings and keeps it as an artifact.
 */
import type { Agent } from 'run-ledger/orchestrator'
import { readResearchInput } from './documents.ts'
import { planSchema, reviewSchema, upstreamOf } from './findings.ts'
import { writeReport } from './report.ts'
import { count } from './tools.ts'

export const REPORT_NAME = 'report.md'

export const synthesize: Agent = {
  id: 'synthesize',
  name: 'Summarizer',
  description: 'Writes the report with numbered citations',
  run(context, task) {
    const { question, documents } = readResearchInput(task.input)
    const [plan] = upstreamOf(task.upstream, 'decompose', planSchema)
    const [review] = upstreamOf(task.upstream, 'cross_check', reviewSchema)
    if (!plan || !review) throw new Error('There is nothing to write a report from.')

    const { accepted, disputed } = review
    context.say(`Writing the report from ${count(accepted.length, 'finding')}.\n`)
    const report = writeReport({
      question,
      subQuestions: plan.items,
      review,
      missing: plan.missing,
      documents: documents.length - plan.missing.length,
    })
    context.artifact(REPORT_NAME, 'text/markdown', report)

    const all = [...accepted, ...disputed.flatMap(({ claims }) => claims)]
    const files = new Set(all.flatMap((finding) => [finding, ...finding.also].map(({ file }) => file)))
    const open = disputed.filter(({ chosen }) => chosen === null).length
    const summary =
      all.length === 0
        ? 'Nothing found in the documents'
        : `${count(new Set(all.map(({ id }) => id)).size, 'finding')} from ${count(files.size, 'document')}` +
          (open > 0 ? `, ${count(open, 'point')} disputed` : '')
    return Promise.resolve({ output: { report }, summary, text: report })
  },
}
