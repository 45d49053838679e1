// Whatever documents and questions come, there is a report, and what it cites exists.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sampleDocuments } from '../../app/samples/index.ts'
import { expectCitationsHold, sourcesOf } from './support/citations.ts'
import { firstOption, lastOption, research } from './support/research.ts'

const fact = 'Customers may return a product within 30 days.'

describe('odd input', () => {
  test.each([
    '__proto__',
    'constructor',
    '<script>alert(1)</script>.md',
    '[x](javascript:alert(1)).md',
    '# a.md',
  ])('in a file name is shown, not obeyed: %s', async (name) => {
    const documents = [{ name, text: fact }]
    const finished = await research({ question: 'How long can customers return a product?', documents })
    expectCitationsHold(finished, documents)
    expect(sourcesOf(finished.report).get('[1]')?.file).toBe(name)
    expect(finished.report).not.toMatch(/(?<!\\)<script|(?<!\\)\]\(/)
  })

  test('in a text is quoted, not obeyed', async () => {
    const text =
      'A product <img src=x onerror=alert(1)> can be [returned](javascript:alert(2)) within `30` days.'
    const { report } = await research({
      question: 'Can a product be returned?',
      documents: [{ name: 'a.txt', text }],
    })
    expect(report).toContain('\\<img src=x')
    expect(report).not.toMatch(/(?<!\\)<img|(?<!\\)\]\(/)
  })

  test('of one name twice is told apart', async () => {
    const documents = [
      { name: 'a.md', text: fact },
      { name: 'a.md', text: 'Customers may return a product within 14 days.' },
    ]
    const { asked } = await research({ question: 'How long can customers return a product?', documents })
    expect(asked[0]?.options.map(({ description }) => description)).toEqual([
      'a (2).md, line 1',
      'a.md, line 1',
      'Marked as disputed',
    ])
  })

  test('without documents or text asks and gives an empty report', async () => {
    for (const documents of [
      [],
      [{ name: 'empty.md', text: '' }],
      [{ name: 'a.md', text: '# Only\n\n---\n\n## Headings' }],
    ]) {
      const { status, asked, report } = await research({
        question: 'What is covered?',
        documents,
        answers: firstOption,
      })
      expect([status, asked.length]).toEqual(['completed', 1])
      expect(report).toContain('No document is cited.')
    }
  })

  test('of stop words only is answered with what each document is about', async () => {
    const { report, plan } = await research({ question: 'What is this about?', documents: sampleDocuments })
    expect(plan?.items.map(({ kind }) => kind)).toEqual(['overview', 'figures'])
    expect(report).toContain('Returns policy: Larkspur Supply sells outdoor gear')
  })

  test('of ten thousand characters is answered like a short one', async () => {
    const question = `How long may customers return a product? ${'And what else should one know about that? '.repeat(250)}`
    const { status, report } = await research({ question, documents: sampleDocuments, answers: lastOption })
    expect(status).toBe('completed')
    expect(report).toContain('30 days')
  })

  test('in other languages is read like English', async () => {
    const german = [
      { name: 'agb.md', text: 'Kunden können ein Produkt innerhalb von 30 Tagen zurückgeben.' },
      { name: 'alt.md', text: 'Kunden können ein Produkt innerhalb von 14 Tagen zurückgeben.' },
    ]
    const question = 'Wie lange können Kunden ein Produkt zurückgeben?'
    expect((await research({ question, documents: german })).asked).toHaveLength(1)

    const japanese = [{ name: '返品.md', text: '商品は三十日以内に返品できます。送料はお客様の負担です。' }]
    const { report } = await research({ question: '返品の送料は誰の負担ですか？', documents: japanese })
    expect(report).toContain('送料はお客様の負担です。 [1]')
  })

  test('that is no input fails the run with the reason', async () => {
    const { status, reason } = await research({ question: '   ', documents: [] })
    expect(status).toBe('failed')
    expect(reason).toContain('question is empty')
  })
})

const word = fc.constantFrom(
  ...'customers return product refund not never 30 14 days €5 5% 9:00 tent constructor toString Ärger 返品 the and or'.split(
    ' ',
  ),
)
const mark = fc.constantFrom(
  '. ',
  '? ',
  '\n',
  '\n\n',
  ' ',
  ', ',
  '\n- ',
  '\n# ',
  '\n| ',
  ' | ',
  '\n```\n',
  ': ',
  '\n---\n',
  '**',
)
const prose = fc
  .array(fc.tuple(word, mark), { maxLength: 120 })
  .map((pairs) => pairs.map(([text, after]) => `${text}${after}`).join(' '))
const text = fc.oneof({ weight: 4, arbitrary: prose }, fc.string({ unit: 'binary', maxLength: 300 }))
const name = fc.oneof(
  fc.constantFrom('a.md', 'b.txt', 'c.csv', 'd.html', '__proto__'),
  fc.string({ maxLength: 20 }),
)
const question = fc
  .oneof(prose, fc.string({ unit: 'grapheme', maxLength: 100 }))
  .filter((text) => text.trim() !== '')

test('whatever the documents and the question, the report exists, is the same again and cites what exists', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.record({ name, text }), { maxLength: 5, selector: ({ name }) => name }),
      question,
      fc.boolean(),
      async (documents, question, first) => {
        const answers = first ? firstOption : lastOption
        const finished = await research({ question, documents, answers })
        expect(finished.reason).toBeNull()
        expect(finished.status).toBe('completed')
        expect(finished.report).toMatch(/^# [^]*\n## Sources\n/)
        expect(finished.asked.length).toBeLessThanOrEqual(3)
        expect(finished.toolsStarted).toBe(finished.tools.length)
        for (const { file, line, endLine } of sourcesOf(finished.report).values()) {
          expect(file).not.toBe('')
          expect(line).toBeGreaterThanOrEqual(1)
          expect(endLine).toBeGreaterThanOrEqual(line)
        }
        const named = finished.review?.accepted.length === 0 ? [] : documents
        const plain = named.every(({ name }) => /^[a-z]\.(?:md|txt|csv)$/.test(name))
        if (plain && named.length > 0) expectCitationsHold(finished, documents)
        expect((await research({ question, documents, answers })).report).toBe(finished.report)
      },
    ),
    { numRuns: 150 },
  )
}, 60_000)
