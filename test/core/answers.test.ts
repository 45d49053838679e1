/** Whether an answer fits its question, whatever both are; and the name of the command that gives it. SPEC O1. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answerCommandId, answerFromText, checkAnswer } from '../../src/core/answers.ts'
import type { Answerable } from '../../src/core/answers.ts'
import type { Json } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import { isUsableId } from '../../src/core/ids.ts'
import { property } from '../support/property.ts'

const question = (more: Partial<Answerable> = {}): Answerable => ({
  kind: 'question',
  options: [],
  schema: null,
  ...more,
})
const options = [{ value: 'eu' }, { value: 'us' }]
const place = {
  type: 'object',
  properties: { city: { type: 'string', minLength: 2 }, zip: { $ref: '#/$defs/zip' } },
  required: ['city'],
  additionalProperties: false,
  $defs: { zip: { type: 'integer', minimum: 1_000 } },
}

const NOT_EMPTY = 'The answer is empty.'

describe('answers that fit, and what is said of those that do not', () => {
  test.each([
    [{}, 'Yes, do.', null],
    [{}, '', NOT_EMPTY],
    [{}, ' \n', NOT_EMPTY],
    [{}, null, NOT_EMPTY],
    [{ options }, 'eu', null],
    [{ options }, 'EU', 'The answer is not one of the options: eu, us.'],
    [{ options }, ['eu'], 'The answer is not one of the options: eu, us.'],
    [{ options }, '', NOT_EMPTY],
    [{ options, schema: { type: 'number' } }, 'us', null],
    [{ kind: 'approval' }, 'approve', null],
    [{ kind: 'approval' }, 'deny', null],
    [{ kind: 'dual_control' }, false, null],
    [{ kind: 'approval' }, 'perhaps', 'The answer must be to approve or to deny.'],
    [{ kind: 'approval', options }, 'eu', null],
    [{ kind: 'escalation' }, 'Ask Ann.', null],
    [{ schema: { type: 'number' } }, 5, null],
    [{ schema: { type: 'number' } }, 'five', 'The answer does not fit: expected number, received string.'],
    [{ schema: place }, { city: 'Bonn', zip: 53_111 }, null],
    [
      { schema: place },
      { city: 'Bonn', zip: 3 },
      'The answer does not fit at zip: Too small: expected number to be >=1000.',
    ],
    [
      { schema: place },
      { zip: 53_111 },
      'The answer does not fit at city: expected string, received undefined.',
    ],
    [{ schema: place }, 'Bonn', 'The answer does not fit: expected object, received string.'],
    [{ schema: { type: 'string', pattern: '^[A-Z]+$' } }, 'ABC', null],
    [
      { schema: { type: 'string', pattern: '^[A-Z]+$' } },
      'abc',
      'The answer does not fit: Invalid string: must match pattern /^[A-Z]+$/.',
    ],
    [{ schema: { enum: ['a', 1, true] } }, true, null],
    [{ schema: {} }, 'anything', null],
  ] as [Partial<Answerable>, Json, string | null][])('%j, answered %j: %s', (more, answer, says) => {
    expect(checkAnswer(question(more), answer)).toBe(says)
  })
})

test('many options are not all named', () => {
  const many = Array.from({ length: 30 }, (_, index) => ({ value: `o${index}` }))
  expect(checkAnswer(question({ options: many }), 'x')).toMatch(/o9 and 20 more\.$/)
})

const loop = { $ref: '#/$defs/a', $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/a' }] } } }
const doubling = {
  $ref: '#/$defs/d0',
  $defs: Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => {
      const next = { $ref: `#/$defs/d${index + 1}` }
      return [`d${index}`, index === 39 ? { type: 'number' } : { anyOf: [next, next] }]
    }),
  ),
}
const deep = (depth: number): Json =>
  Array.from({ length: depth }).reduce<Json>((inner) => ({ not: inner }), { type: 'string' })

describe('a schema that cannot be used never stands in the way', () => {
  test.each([
    ['is none', 'text'],
    ['is a list', [1]],
    ['names an unknown type', { type: 'colour' }],
    ['refers elsewhere', { $ref: 'https://example.com/schema.json' }],
    ['refers to nothing', { $ref: '#/$defs/none' }],
    ['refers to itself', loop],
    ['doubles with each step', doubling],
    ['is nested without end', deep(5_000)],
    ['uses what nobody implements', { unevaluatedProperties: false, type: 'string', minLength: 400 }],
    ['has a pattern that never ends', { type: 'string', pattern: '^(a+)+$' }],
    ['has a pattern that is none', { type: 'string', pattern: '[' }],
  ] as [string, Json][])('one that %s', (_what, schema) => {
    expect(checkAnswer(question({ schema }), `${'a'.repeat(60)}!`)).toBeNull()
    expect(checkAnswer(question({ schema }), ' ')).toBe(NOT_EMPTY)
  })
})

test('an answer nested without end is refused, not thrown', () => {
  const nested = Array.from({ length: 200_000 }).reduce<Json>((inner) => [inner], 1)
  expect(checkAnswer(question({ schema: place }), nested)).toBe('The answer cannot be read.')
})

property(
  'no question and no answer make it throw',
  fc.tuple(
    fc.jsonValue(),
    fc.jsonValue(),
    fc.constantFrom('type', 'enum', 'anyOf', 'items', 'properties', 'pattern'),
  ),
  ([inner, answer, key]) => {
    const schema = { type: 'object', [key]: inner } as Json
    const said = checkAnswer(question({ schema }), answer as Json)
    expect(said === null || /^[A-Z].*\.$/s.test(said)).toBe(true)
  },
)

test('what is typed is given as the question wants it', () => {
  const of = (schema: Json, typed: string) => answerFromText(question({ schema }), typed)
  expect(of(null, '5')).toBe('5')
  expect(of({ type: 'string' }, '5')).toBe('5')
  expect(of({ type: 'integer' }, '5')).toBe(5)
  expect(of({ type: 'boolean' }, 'true')).toBe(true)
  expect(of(place, '{"city":"Bonn"}')).toEqual({ city: 'Bonn' })
  expect(of(place, '{"city":')).toBe('{"city":')
  expect(of({ type: 'integer' }, '5.5')).toBe('5.5')
})

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 })

property(
  'O1 the same question in the same attempt has one command, another has another',
  fc.tuple(text, fc.integer({ min: 1, max: 99 }), text, text),
  ([run, attempt, questionId, other]) => {
    const log: LogId = `r:${run}`
    const id = answerCommandId(log, attempt, questionId)
    expect(id).toBe(answerCommandId(log, attempt, questionId))
    expect(isUsableId(id)).toBe(true)
    expect(answerCommandId(log, attempt + 1, questionId)).not.toBe(id)
    if (other !== questionId) expect(answerCommandId(log, attempt, other)).not.toBe(id)
  },
)

test('O1 no two questions are spelled into one command', () => {
  expect(answerCommandId('r:x', 1, '2:y')).not.toBe(answerCommandId('r:x:1', 2, 'y'))
})
