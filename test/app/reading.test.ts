// How documents are taken apart: passages, statements, values, names.
import { describe, expect, test } from 'vitest'
import { splitQuestion } from '../../app/research/decompose.ts'
import { buildCorpus, readResearchInput } from '../../app/research/documents.ts'
import { distinctNames } from '../../app/research/names.ts'
import { splitDocument } from '../../app/research/split.ts'
import { denies, readValues } from '../../app/research/values.ts'
import { terms } from '../../app/research/words.ts'

const lines = (...all: string[]) => all.join('\n')

describe('a document', () => {
  test('falls into passages with their headings and lines', () => {
    const text = lines(
      '# Shop',
      '',
      'Intro one. Intro',
      'two.',
      '',
      '## Returns',
      'Within 30 days.',
      '# Next',
      'End.',
    )
    expect(splitDocument('a.md', text)).toMatchObject([
      {
        line: 3,
        endLine: 4,
        trail: ['Shop'],
        statements: [
          { text: 'Intro one.', line: 3, endLine: 3 },
          { text: 'Intro two.', line: 3, endLine: 4 },
        ],
      },
      { line: 7, endLine: 7, trail: ['Shop', 'Returns'], statements: [{ text: 'Within 30 days.' }] },
      { line: 9, endLine: 9, trail: ['Next'] },
    ])
  })

  test('keeps the introduction of a list with each of its items', () => {
    const text = lines(
      'We do not ship:',
      '',
      '- **knives**',
      '',
      '- [gas](http://x)',
      '  cans',
      '',
      'Other text.',
    )
    const statements = splitDocument('a.md', text).flatMap((passage) => passage.statements)
    expect(statements.map(({ text, line, endLine, lead }) => [text, line, endLine, lead])).toEqual([
      ['We do not ship:', 1, 1, null],
      ['knives', 3, 3, 'We do not ship:'],
      ['gas cans', 5, 6, 'We do not ship:'],
      ['Other text.', 8, 8, null],
    ])
  })

  test('reads tables as rows under their head', () => {
    const text = lines('| Service | Fee |', '|---|---|', '| Express | €12 |')
    expect(splitDocument('a.md', text)[0]?.statements).toEqual([
      { text: 'Express | €12', line: 3, endLine: 3, lead: 'Service | Fee:', row: true },
    ])
  })

  test('of comma-separated values has its columns with every line', () => {
    const text = lines('region,price', 'North,"1,200"', 'South,900')
    expect(splitDocument('a.csv', text)[0]?.statements).toMatchObject([
      { text: 'North | 1,200', line: 2, lead: 'region | price:', row: true },
      { text: 'South | 900', line: 3, lead: 'region | price:', row: true },
    ])
  })

  test('has underlined headings, front matter and code that are not statements in prose', () => {
    const text = lines('---', 'title: x', '---', 'Title', '=====', 'Text here.', '```', '# no heading', '```')
    expect(splitDocument('a.md', text)).toMatchObject([
      { trail: ['Title'], statements: [{ text: 'Text here.', row: false }] },
      { trail: ['Title'], statements: [{ text: '# no heading', row: true }] },
    ])
  })

  test('of HTML is read without tags and scripts, on its own lines', () => {
    const text = lines(
      '<h1>Hi</h1>',
      '<script>',
      'let x = "a < b"',
      '</script>',
      '<p>Fees &amp; more are due.</p>',
    )
    const statements = splitDocument('a.html', text).flatMap((passage) => passage.statements)
    expect(statements.map(({ text, line }) => [text, line])).toContainEqual(['Fees & more are due.', 5])
    expect(statements.some(({ text }) => text.includes('let x'))).toBe(false)
  })

  test('of nothing has no passages', () => {
    for (const text of ['', '\n\n\n', '# Only a heading', '---', '```']) {
      expect(splitDocument('a.md', text), text).toEqual([])
    }
  })

  test.each([
    ['prose', 'a.md', 'Customers may return a product within 30 days of delivery. '.repeat(36_000)],
    ['one word', 'a.txt', 'x'.repeat(2_000_000)],
    ['brackets', 'a.md', '['.repeat(2_000_000)],
    ['stars', 'a.md', '*a '.repeat(700_000)],
    ['paragraphs', 'a.md', 'A short line of text.\n\n'.repeat(90_000)],
    ['full stops', 'a.md', '. '.repeat(1_000_000)],
    ['open tags', 'a.html', '<a '.repeat(700_000)],
    ['quotes', 'a.md', '`'.repeat(2_000_000)],
    ['lines', 'a.log', 'x=1 y=2\n'.repeat(250_000)],
    ['dashes', 'a.md', '- '.repeat(1_000_000)],
  ])('of two megabytes is read in seconds: %s', { timeout: 20_000 }, (_, name, text) => {
    const corpus = buildCorpus([{ name, text }])
    expect(corpus.search(terms('return product'), 5).length).toBeLessThanOrEqual(5)
  })
})

describe('terms', () => {
  test('do not depend on endings, accents and case', () => {
    expect(terms('Returned RETURNS returning')).toEqual(['return', 'return', 'return'])
    expect(terms('Rückgabe rückgabe')).toEqual(['ruckgab', 'ruckgab'])
    expect(terms('policies policy')).toEqual(['policy', 'policy'])
  })

  test('exist in scripts without spaces', () => {
    expect(terms('返品は三十日')).toContain('返品')
    expect(terms('Возврат товара')).toEqual(['возврат', 'товара'])
  })

  test('that are names of built-in members are found like others', () => {
    const corpus = buildCorpus([
      { name: '__proto__', text: 'The constructor has a hasOwnProperty and a toString.' },
    ])
    for (const query of ['constructor', 'hasOwnProperty', 'toString', '__proto__ constructor']) {
      expect(corpus.search(terms(query), 5).map(({ passage }) => passage.file)).toEqual(['__proto__'])
    }
    expect(corpus.search(terms('valueOf'), 5)).toEqual([])
  })
})

describe('values', () => {
  test.each([
    ['within 30 days', ['duration:43200']],
    ['a 30-day window, one month', ['duration:43200', 'duration:43200']],
    ['two weeks', ['duration:20160']],
    ['3 to 5 working days', ['duration:4320-7200']],
    ['12 months or 1 year', ['duration:525600', 'duration:525600']],
    ['€4.90 and 1,250 EUR and $5', ['money:eur:4.9', 'money:eur:1250', 'money:usd:5']],
    ['15 % or 15 percent', ['percent:15', 'percent:15']],
    ['from 9:00 to 5:30 pm', ['time:9:00', 'time:17:30']],
    ['on 18 March 2025, March 18, 2025, 2025-03-18', ['date:2025-3-18', 'date:2025-3-18', 'date:2025-3-18']],
    ['innerhalb von 14 Tagen', ['duration:20160']],
    ['180 returns per week', ['count:return:180']],
    ['release 4.2, step 3', []],
    ['nothing here', []],
  ])('in “%s” are read in one form', (sentence, keys) => {
    expect(readValues(sentence).map(({ key }) => key)).toEqual(keys)
  })

  test('of a denial are not confused with limits', () => {
    expect(denies('Sale items cannot be returned.')).toBe(true)
    expect(denies("We don't ship abroad.")).toBe(true)
    expect(denies('Returns arrive no later than Friday.')).toBe(false)
  })
})

describe('a question', () => {
  test('falls apart where it asks two things', () => {
    expect(splitQuestion('How long is the warranty, and who pays for shipping?')).toEqual([
      'How long is the warranty',
      'who pays for shipping',
    ])
    expect(splitQuestion('Do you ship to France, Spain and Italy?')).toEqual([
      'Do you ship to France, Spain and Italy',
    ])
    expect(splitQuestion('What is it? Is the tent waterproof?')).toEqual([
      'What is it Is the tent waterproof',
    ])
  })

  test('with many parts loses none of them', () => {
    const parts = splitQuestion('Who cooks? Who cleans? Who drives? Who sings? Who dances? Who sleeps?')
    expect(parts).toHaveLength(4)
    expect(parts[3]).toBe('Who sings Who dances Who sleeps')
  })
})

describe('the input', () => {
  test('is refused with what is wrong', () => {
    expect(() => readResearchInput(null)).toThrow('The input cannot be used')
    expect(() => readResearchInput({ question: ' ', documents: [] })).toThrow('question is empty')
    const broken = { question: 'x', documents: [{ name: 'a', ref: '', chars: 1 }] }
    expect(() => readResearchInput(broken)).toThrow('documents.0.ref')
  })

  test('gets names that can be shown and told apart', () => {
    expect(distinctNames(['a.md', 'a.md', '', 'x\u202egnp.md', '__proto__', '__proto__'])).toEqual([
      'a.md',
      'a (2).md',
      'untitled',
      'x gnp.md',
      '__proto__',
      '__proto__ (2)',
    ])
  })
})
