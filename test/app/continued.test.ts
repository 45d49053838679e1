/** What lets the agents be continued and added to: results that can be written down, and words heard while at work. */
import { expect, test } from 'vitest'
import { researchAgents } from '../../app/research/agents.ts'
import { sampleDocuments, sampleQuestions } from '../../app/samples/index.ts'
import { research } from './support/research.ts'

test.each(sampleQuestions)('what tools return can be written down and told again: %s', async (question) => {
  const { returned, callsMade } = await research({ question, documents: sampleDocuments })
  expect(returned).toHaveLength(callsMade)
  for (const result of returned) expect(JSON.parse(JSON.stringify(result))).toEqual(result)
})

test('no tool changes anything, and each says so', async () => {
  const { events } = await research({ question: sampleQuestions[0] ?? '', documents: sampleDocuments })
  const started = events.filter(({ type }) => type === 'tool.started')
  expect(started.length).toBeGreaterThan(10)
  for (const { payload } of started) expect(payload).toMatchObject({ effect: 'none' })
})

test('a researcher looks for what the person adds, and keeps what it had', async () => {
  const asking = { question: 'How long is the warranty?', documents: sampleDocuments }
  const before = await research(asking)
  const after = await research({ ...asking, followUps: ['When is customer support open?', '?!'] })
  expect(after.status).toBe('completed')
  const found = ({ research: all }: typeof before): string[] =>
    all.flatMap(({ findings }) => findings.map(({ sentence }) => sentence))
  expect(found(before).some((sentence) => /support is open/i.test(sentence))).toBe(false)
  expect(found(after).some((sentence) => /support is open/i.test(sentence))).toBe(true)
  expect(found(after)).toEqual(expect.arrayContaining(found(before).slice(0, 1)))
  for (const { findings } of after.research) {
    expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length)
  }
})

test('only the researcher says that it takes what a person adds', () => {
  expect(researchAgents.filter(({ takesFollowUps }) => takesFollowUps === true).map(({ id }) => id)).toEqual([
    'researcher',
  ])
})
