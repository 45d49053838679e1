/** How events of attempts, plans and results read in a log. */
import { expect, test } from 'vitest'
import { describeEvent } from '../../src/core/describe.ts'
import { takeAll } from './support/fold.ts'
import { T0, decoded } from './support/histories.ts'

function read(log: 'r:one' | 'w:one', type: string, payload: unknown) {
  const [event] = takeAll([decoded({ log, type, payload, position: 1, timestamp: T0 })]).events.get(log) ?? []
  if (event === undefined) throw new Error('no event')
  const { title, detail } = describeEvent(event)
  return [title, detail]
}

const plan = (...actions: string[]) => JSON.stringify(actions.map((action) => ({ action })))

test.each([
  [{ trigger: 'restart' }, ['New attempt', 'restart']],
  [{ trigger: 'reconciliation', attempt: 2 }, ['Alive after all', 'its owner drives it']],
  [
    { trigger: 'resumed_by_user', plan: plan('reuse', 'relaunch', 'reuse', 'blocked', 'await') },
    ['Resumed by a plan', '2 reused, 1 launched again, 1 awaited, 1 left'],
  ],
  [{ trigger: 'resumed_by_user', plan: '[{"action":"re' }, ['Resumed by a plan', null]],
  [{ trigger: 'resumed_by_user', plan: '[null, 3]' }, ['Resumed by a plan', null]],
] as const)('an attempt that begins with %j', (payload, says) => {
  expect(read('w:one', 'workflow.attempt_started', payload)).toEqual(says)
})

test('an end without words says what it hands on', () => {
  const end = { to: 'completed', trigger: 'result_received', result: '{"city":"Bonn"}' }
  expect(read('r:one', 'run.transitioned', end)).toEqual(['Became completed', '{"city":"Bonn"}'])
  expect(read('r:one', 'run.transitioned', { ...end, summary: 'Bonn.' })).toEqual([
    'Became completed',
    'Bonn.',
  ])
})

test('a call that may change something says so, a run that replaces another names it', () => {
  const call = { name: 'push', callId: 'c1', args: 'main' }
  expect(read('r:one', 'tool.started', { ...call, effect: 'write' })).toEqual([
    'Called push, which may change something',
    'main',
  ])
  expect(read('r:one', 'tool.started', { ...call, effect: 'none' })).toEqual(['Called push', 'main'])
  expect(read('r:one', 'run.registered', { agentId: 'ada', origin: { replayOf: 'old' } })).toEqual([
    'Run registered',
    'in place of old',
  ])
})

test.each([
  [{}, ['Asked to resume', null]],
  [{ state: 'queued', detail: 'Waits for its tab.' }, ['Queued to resume', 'Waits for its tab.']],
  [
    { state: 'sending', planned: true, detail: 'By the plan that was shown.' },
    ['Planned to resume', 'By the plan that was shown.'],
  ],
] as const)('a command that says %j of itself', (more, says) => {
  expect(read('w:one', 'control.requested', { commandId: 'c', verb: 'resume', ...more })).toEqual(says)
})
