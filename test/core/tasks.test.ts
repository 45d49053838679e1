/** Which tasks a phase has, and what their keys depend on. SPEC R1. */
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/entities.ts'
import { fingerprintOf } from '../../src/core/contentKey.ts'
import type { PhaseDefinition } from '../../src/core/workflow/definition.ts'
import { keyMaker, tasksOf, upstreamResults } from '../../src/core/workflow/tasks.ts'
import type { PhaseResults } from '../../src/core/workflow/tasks.ts'
import { phase } from './support/resumeWorld.ts'

const results = (output: Json, runId = 'wf.plan.1'): PhaseResults =>
  new Map([['plan', [{ runId, agentId: 'planner', output }]]])
const EACH = phase('research', ['researcher'], ['plan'], 'plan')

describe('the tasks of a phase', () => {
  test('one an agent', () => {
    expect(tasksOf(phase('report', ['writer', 'writer']), new Map())).toEqual({
      ok: true,
      tasks: [
        { phase: 'report', agentId: 'writer', index: 0, item: null },
        { phase: 'report', agentId: 'writer', index: 1, item: null },
      ],
    })
  })
  test.each<[Json]>([[['a', null]], [{ items: ['a', null], more: 1 }]])('one an item of %j', (output) => {
    const found = tasksOf(EACH, results(output))
    expect(found.ok && found.tasks.map(({ item }) => item)).toEqual(['a', null])
  })
  test.each<[string, PhaseResults, string]>([
    ['nothing', new Map(), '“plan” has 0 results, and one is needed to go through'],
    ['no list', results('a'), 'the result of “plan” is no list and has no items'],
  ])('none of %s, with the reason', (_name, given, reason) => {
    expect(tasksOf(EACH, given)).toEqual({ ok: false, reason })
  })
  test('results by phase have no prototype to be mistaken for one', () => {
    const given = upstreamResults([phase('plan', ['planner'])], results(1))
    expect(given['plan']).toEqual([{ runId: 'wf.plan.1', agentId: 'planner', output: 1 }])
    expect(given['constructor']).toBeUndefined()
  })
})

describe('the key of a task', () => {
  interface Given {
    phase?: PhaseDefinition
    results?: PhaseResults
    input?: Json
    config?: Json
    item?: Json
    index?: number
  }
  const keyOf = (given: Given = {}): string =>
    keyMaker({
      phase: given.phase ?? EACH,
      upstream: [phase('plan', ['planner'])],
      results: given.results ?? results(['a']),
      input: given.input ?? { question: 'Why?', depth: 1 },
      fingerprint: (agentId) => fingerprintOf(agentId, given.config ?? null),
    })({ phase: 'research', agentId: 'researcher', index: given.index ?? 0, item: given.item ?? 'a' })

  test.each<[string, Given]>([
    ['which run a result came from', { results: results(['a'], 'wf.plan.2-1') }],
    ['the order of the keys of the input', { input: { depth: 1, question: 'Why?' } }],
    ['sibling agents', { phase: { ...EACH, agentIds: ['researcher', 'other'] } }],
    ['what the phase waits for besides', { phase: { ...EACH, dependsOn: ['plan', 'other'] } }],
    ['its place in the phase', { index: 3 }],
  ])('does not depend on %s', (_name, given) => {
    expect(keyOf(given)).toBe(keyOf())
  })
  test.each<[string, Given]>([
    ['what a result says', { results: results(['a', 'b']) }],
    ['the input', { input: { question: 'Who?', depth: 1 } }],
    ['the item', { item: 'b' }],
    ['the config of the agent', { config: { model: 'other' } }],
    ['what the phase is for', { phase: { ...EACH, description: 'Other.' } }],
  ])('depends on %s', (_name, given) => {
    expect(keyOf(given)).not.toBe(keyOf())
  })
})
