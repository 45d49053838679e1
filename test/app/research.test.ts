// The whole workflow in the real orchestrator: what it asks, what it reports, and that the documents decide.
import { describe, expect, test } from 'vitest'
import { sampleDocuments, sampleQuestions } from '../../app/samples/index.ts'
import { expectCitationsHold, sourcesOf } from './support/citations.ts'
import type { Answers } from './support/research.ts'
import { firstOption, lastOption, research } from './support/research.ts'

const [disputedQuestion = '', cleanQuestion = '', , unknownQuestion = ''] = sampleQuestions
const without = (name: string) => sampleDocuments.filter((document) => document.name !== name)
const choose =
  (label: RegExp): Answers =>
  ({ options }) =>
    options.find((option) => label.test(option.label))?.value ?? ''

describe('the samples', () => {
  test('with a contradiction ask once, naming both claims and their places', async () => {
    const { asked, status } = await research({ question: disputedQuestion, documents: sampleDocuments })
    expect(status).toBe('completed')
    expect(asked).toEqual([
      {
        prompt:
          'On “How long do customers have to return a product?” the documents disagree: 14 days or 30 days. ' +
          'Which should the report rely on?',
        options: [
          expect.objectContaining({
            label: 'Customers can return a product within 14 days of delivery, as long as it is unused.',
            description: 'customer-faq-2022.md, line 7',
          }),
          expect.objectContaining({
            label: 'Customers may return a product within 30 days of delivery for a full refund.',
            description: 'returns-policy.md, line 8',
          }),
          { value: 'both', label: 'Report both', description: 'Marked as disputed' },
        ],
      },
    ])
  })

  test('with a contradiction give the report that was chosen', async () => {
    const ask = (answers: Answers) =>
      research({ question: disputedQuestion, documents: sampleDocuments, answers })
    const [old, current, both] = await Promise.all([
      ask(choose(/14 days/)),
      ask(choose(/30 days/)),
      ask(lastOption),
    ])
    const answerOf = ({ report }: { report: string }) =>
      report.split('## Short answer\n')[1]?.split('\n## ')[0]
    expect(answerOf(old)).toContain('within 14 days')
    expect(answerOf(old)).not.toContain('30 days')
    expect(answerOf(current)).toContain('within 30 days')
    expect(answerOf(current)).not.toContain('14 days')
    expect(answerOf(both)).toContain('The documents disagree here')
    expect(both.report).toContain('Decided by you: both are reported as disputed.')
    for (const { report } of [old, current, both]) {
      expect(report).toContain('### 14 days or 30 days')
      expect(report).toContain('The customer pays for return shipping')
    }
  })

  test('without one ask nothing and answer both parts', async () => {
    const { asked, report } = await research({ question: cleanQuestion, documents: sampleDocuments })
    expect(asked).toEqual([])
    expect(report).toContain('Customer support is open from Monday to Friday, 09:00 to 17:30')
    expect(report).toContain('Support replies to e-mail within 1 working day. [2]')
    expect(report).toContain('The findings do not contradict each other.')
    expect(report).toContain('- [2] support-handbook.md, line 10')
  })

  test('that say nothing ask whether to search wider or to finish', async () => {
    const ask = (answers: Answers) =>
      research({ question: unknownQuestion, documents: sampleDocuments, answers })
    const [widened, finished] = await Promise.all([ask(firstOption), ask(lastOption)])
    expect(finished.asked.map(({ options }) => options.map(({ label }) => label))).toEqual([
      ['Widen the search to related terms', 'Finish with an empty report'],
    ])
    expect(widened.asked).toHaveLength(1)
    expect(finished.report).toContain('Nothing was found in 7 documents. The question stays open.')
    expect(widened.report).toContain('not even with related terms')
    expect(widened.tools.length).toBeGreaterThan(finished.tools.length)
  })

  test.each(sampleQuestions)('are cited truly and equally on every run: %s', async (question) => {
    const first = await research({ question, documents: sampleDocuments })
    const second = await research({ question, documents: sampleDocuments })
    expectCitationsHold(first, sampleDocuments)
    expect(second.report).toBe(first.report)
    expect(first.artifacts).toHaveLength(1)
  })

  test('are searched by two or more researchers, whose every tool call starts and ends', async () => {
    for (const question of sampleQuestions) {
      const {
        research: found,
        plan,
        tools,
        toolsStarted,
      } = await research({ question, documents: sampleDocuments })
      expect(found.length).toBeGreaterThanOrEqual(2)
      expect(found.length).toBeLessThanOrEqual(4)
      expect(plan?.items).toHaveLength(found.length)
      expect(toolsStarted).toBe(tools.length)
      expect(tools.every(({ status }) => status === 'completed')).toBe(true)
      expect(new Set(tools.map(({ name }) => name))).toContain('search')
      expect(tools.filter(({ name }) => name === 'list_documents')).toHaveLength(found.length + 1)
    }
  })
})

describe('the documents decide', () => {
  test('removing the outdated one removes question, disagreement and citation', async () => {
    const documents = without('customer-faq-2022.md')
    const { asked, report } = await research({ question: disputedQuestion, documents })
    expect(asked).toEqual([])
    expect(report).toContain('Customers may return a product within 30 days')
    expect(report).not.toContain('14 days')
    expect([...sourcesOf(report).values()].map(({ file }) => file)).not.toContain('customer-faq-2022.md')
  })

  test('adding a third opinion makes a third option', async () => {
    const name = 'newsletter.md'
    const documents = [
      ...sampleDocuments,
      { name, text: 'New: customers have 60 days to return a product.\n' },
    ]
    const finished = await research({ question: disputedQuestion, documents, answers: choose(/60 days/) })
    expect(finished.asked).toHaveLength(1)
    expect(finished.asked[0]?.options).toHaveLength(4)
    expect(finished.report).toContain('New: customers have 60 days to return a product. [1]')
    expect(sourcesOf(finished.report).get('[1]')).toEqual({ file: name, line: 1, endLine: 1 })
    expectCitationsHold(finished, documents)
  })

  test('moving a statement moves its citation', async () => {
    const moved = sampleDocuments.map(({ name, text }) => ({ name, text: `\n\n\n${text}` }))
    const { report } = await research({ question: cleanQuestion, documents: moved })
    expect(report).toContain('- [2] support-handbook.md, line 13')
  })

  test('saying the same in other words or units is no contradiction', async () => {
    const documents = [
      { name: 'a.md', text: 'Customers can return products within two weeks.' },
      { name: 'b.md', text: 'Customers can return a product within 14 days of delivery.' },
      { name: 'c.md', text: 'Customers can return products within two weeks.' },
    ]
    const finished = await research({ question: 'How long can customers return a product?', documents })
    expect(finished.asked).toEqual([])
    expect(finished.report).toContain('Customers can return products within two weeks. [1] [2]')
    expectCitationsHold(finished, documents)
  })

  test('giving another figure for what was asked is a contradiction, however it is worded', async () => {
    const documents = [
      { name: 'a.txt', text: 'The company pays a one-time allowance of $500 for office equipment.' },
      { name: 'b.txt', text: 'The equipment allowance is $300.' },
    ]
    const { asked } = await research({ question: 'How much is the equipment allowance?', documents })
    expect(asked.map(({ prompt }) => prompt)).toEqual([expect.stringContaining('$500 or $300')])
  })

  test('asking for several things does not set them against each other', async () => {
    const documents = [
      { name: 'a.md', text: 'The tent can be rented for 5 days.' },
      { name: 'b.md', text: 'The stove can be rented for 9 days.' },
    ]
    const { asked } = await research({
      question: 'How long can the tent and the stove be rented?',
      documents,
    })
    expect(asked).toEqual([])
  })

  test('denying what another states is a contradiction', async () => {
    const documents = [
      { name: 'a.md', text: 'The Ridge tent is waterproof.' },
      { name: 'b.md', text: 'The Ridge tent is not waterproof.' },
    ]
    const { asked } = await research({ question: 'Is the Ridge tent waterproof?', documents })
    expect(asked).toHaveLength(1)
    expect(asked[0]?.options.map(({ description }) => description)).toEqual([
      'a.md, line 1',
      'b.md, line 1',
      'Marked as disputed',
    ])
  })

  test.each([
    ['Standard delivery takes 5 days.', 'Express delivery takes 1 day.', 'How long does delivery take?'],
    [
      'The shop is open on Monday until 18:00.',
      'The shop is open on Sunday until 14:00.',
      'When is the shop open?',
    ],
    ['The tent costs €200.', 'The tent weighs 2 kilos and has 3 poles.', 'What about the tent?'],
  ])('speaking of different things is none: %s %s', async (a, b, question) => {
    const documents = [
      { name: 'a.md', text: a },
      { name: 'b.md', text: b },
    ]
    const { asked, report } = await research({ question, documents })
    expect(asked).toEqual([])
    expect(sourcesOf(report).size).toBe(2)
  })

  test('more than three contradictions lead to three questions, and the rest is reported', async () => {
    const things = ['tent', 'stove', 'jacket', 'helmet', 'rope']
    const text = (days: number) =>
      things.map((one) => `The ${one} can be rented for ${days} days.`).join('\n')
    const documents = [
      { name: 'a.md', text: text(5) },
      { name: 'b.md', text: text(9) },
    ]
    const question = 'How long can the tent, stove, jacket, helmet and rope be rented?'
    const { asked, report } = await research({ question, documents, answers: firstOption })
    expect(asked).toHaveLength(3)
    expect(report.match(/Decided by you: the report relies on/g)).toHaveLength(3)
    expect(report.match(/You were not asked about this one/g)).toHaveLength(2)
  })

  test('one whose text is gone is a failed call that names it, and the others answer', async () => {
    const at = sampleDocuments.findIndex(({ name }) => name === 'customer-faq-2022.md')
    const finished = await research({ question: disputedQuestion, documents: sampleDocuments, gone: [at] })
    expect(finished.status).toBe('completed')
    expect(finished.tools.filter(({ status }) => status === 'failed')).toEqual([
      {
        name: 'read_passage',
        status: 'failed',
        failure: 'The text of "customer-faq-2022.md" is no longer stored. Add the file again.',
      },
    ])
    expect(finished.report).toContain('## Not read\n\n- customer-faq-2022.md: its text is no longer stored')
    expect(finished.report).toContain('within 30 days')
  })
})
