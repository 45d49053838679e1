/** What a person is told about the form of an answer, and about one that does not fit. */
import { expect, test } from 'vitest'
import type { Json, Question } from 'run-ledger'
import { answerHint, readAnswer } from '../../app/lib/answerHint.ts'

const asked = (schema: Json): Question => ({
  questionId: 'q1',
  attempt: 1,
  kind: 'question',
  prompt: 'How many weeks?',
  options: [],
  schema,
  agentId: null,
  askedAt: 0,
  expiresAt: null,
  state: 'open',
  answer: null,
  settledAt: null,
})

const leave = {
  type: 'object',
  properties: { weeks: { type: 'integer', minimum: 1, maximum: 26 }, paid: { type: 'boolean' } },
  required: ['weeks'],
}

test('any text needs no hint', () => {
  expect(answerHint(asked(null))).toBeNull()
  expect(answerHint(asked({}))).toBeNull()
  expect(answerHint(asked({ type: 'string' }))).toBeNull()
})

test('another form is said in words', () => {
  expect(answerHint(asked({ type: 'integer', minimum: 1 }))).toBe('A whole number, at least 1.')
  expect(answerHint(asked(leave))).toBe(
    'JSON, with weeks (a whole number from 1 to 26) and paid (true or false, may be left out).',
  )
})

test('a misfit is told of what was meant', () => {
  expect(readAnswer(asked(leave), '{"weeks": 4}')).toEqual({ answer: { weeks: 4 }, misfit: null })
  expect(readAnswer(asked(leave), '{"weeks": 40}').misfit).toContain('at weeks')
  expect(readAnswer(asked(leave), 'four').misfit).toBe('The answer has another form than the one asked for.')
  expect(readAnswer(asked(null), 'four')).toEqual({ answer: 'four', misfit: null })
})
