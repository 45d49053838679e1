/** Whose attempt an event belongs to, and what a late word may still change. SPEC F4, F4d. */
import { expect, test } from 'vitest'
import type { Act } from './support/histories.ts'
import { RUN, T0, assemble, decoded } from './support/histories.ts'
import { runOf, takeAll } from './support/fold.ts'

type Line = [stream: string, type: string, payload?: Act['payload']]

const told = (...lines: Line[]) =>
  assemble(lines.map(([stream, type, payload = {}]) => ({ log: RUN, stream, type, payload })))
const runAfter = (...lines: Line[]) => runOf(told(...lines))
const to = (stream: string, status: string, more: Act['payload'] = {}): Line => [
  stream,
  'run.transitioned',
  { to: status, trigger: 'spawn', ...more },
]
const register = (stream: string, payload: Act['payload'] = { status: 'running' }): Line => [
  stream,
  'run.registered',
  payload,
]
const again = (stream: string): Line => [
  stream,
  'run.attempt_started',
  { trigger: 'restart', status: 'running' },
]

test('F4d a late word of an older stream corrects its own attempt and moves nothing else', () => {
  const { run, notes } = runAfter(
    register('A'),
    again('B'),
    to('A', 'failed', { error: 'No disk.' }),
    to('A', 'completed'),
  )
  expect(run).toMatchObject({ attempt: 2, status: 'running', error: null })
  expect(run.attempts).toMatchObject([{ attempt: 1, status: 'failed', error: 'No disk.' }])
  expect(notes.late).toBe(2)
})

test('F4d calls, iterations and checkpoints of an older stream leave the present attempt alone', () => {
  const { run, toolCalls, notes } = runAfter(
    register('A'),
    again('B'),
    ['A', 'tool.started', { name: 'read', callId: 'c1' }],
    ['A', 'iteration.started', { iteration: 9 }],
    ['A', 'checkpoint.saved', { state: 'old' }],
    ['A', 'question.asked', { questionId: 'q', prompt: 'Which?' }],
  )
  expect({ toolCalls, iteration: run.iteration, checkpoint: run.checkpoint, late: notes.late }).toEqual({
    toolCalls: [],
    iteration: 0,
    checkpoint: null,
    late: 4,
  })
})

test('F4 a re-announcement keeps the attempt, binds its stream and adds its parent', () => {
  const { run } = runAfter(
    register('A', { status: 'running', parentRunId: 'p1' }),
    again('B'),
    to('B', 'awaiting_user'),
    register('A', { parentRunId: 'p2' }),
    to('A', 'running'),
  )
  expect(run).toMatchObject({
    attempt: 2,
    status: 'running',
    parentRunId: 'p2',
    formerParentRunIds: ['p1'],
  })
})

test('F4 a re-announcement of a run its owner settled binds nothing', () => {
  const { run } = runAfter(register('A'), again('B'), to('B', 'completed'), register('A'), to('A', 'failed'))
  expect(run).toMatchObject({ attempt: 2, status: 'completed' })
  expect(run.attempts).toMatchObject([{ attempt: 1, status: 'failed' }])
})

test('F4 an attempt announced again opens nothing', () => {
  const second: Line = ['B', 'run.attempt_started', { trigger: 'restart', attempt: 2, status: 'running' }]
  const { run, notes } = runAfter(register('A'), second, to('B', 'completed'), second)
  expect(run).toMatchObject({ attempt: 2, status: 'completed' })
  expect(notes.late).toBe(1)
})

test('F4 a new attempt leaves a settled status and keeps nothing stale', () => {
  const { run, telemetry } = runAfter(
    register('A'),
    ['A', 'iteration.started', { iteration: 4 }],
    ['A', 'checkpoint.saved', { state: 'half' }],
    to('A', 'failed', { error: 'No disk.', summary: 'Half.', output: 'half', reason: 'disk' }),
    again('A'),
  )
  expect(run).toMatchObject({
    status: 'running',
    iteration: 0,
    checkpoint: null,
    error: null,
    summary: null,
    output: null,
    reason: null,
    completedAt: null,
  })
  expect(telemetry.elapsedMs).toBeNull()
  expect(run.attempts).toMatchObject([{ status: 'failed', summary: 'Half.' }])
})

test('F2 an event belongs to the attempt it opens', () => {
  const kept = takeAll(told(register('A'), again('B'), to('A', 'failed'), to('B', 'completed')))
  expect(kept.events.get(RUN)?.map((event) => event.attempt)).toEqual([1, 2, 1, 2])
})

test('F4 a run first linked and then registered keeps both parents', () => {
  const { run } = runAfter(
    ['A', 'run.linked', { parentRunId: 'p1' }],
    register('A', { status: 'running', parentRunId: 'p2' }),
  )
  expect(run).toMatchObject({ parentRunId: 'p2', formerParentRunIds: ['p1'] })
})

test('F4e an inferred end is dated by the last event before it', () => {
  const events = told(
    register('A'),
    ['A', 'iteration.started', { iteration: 1 }],
    to('A', 'interrupted', { inferred: true }),
  )
  const { run, telemetry } = runOf(events)
  expect(run.completedAt).toBe(events[1]?.timestamp)
  expect(telemetry.elapsedMs).toBe((events[1]?.timestamp ?? 0) - (events[0]?.timestamp ?? 0))
})

const ask = (stream: string): Line => [stream, 'question.asked', { questionId: 'q', prompt: 'Which?' }]
const answer = (stream: string, value: string): Line => [
  stream,
  'question.settled',
  { questionId: 'q', state: 'answered', answer: value },
]
const lost: Line = to('ledger:reconcile', 'interrupted', { trigger: 'reconciliation', inferred: true })
const alive = (attempt: number): Line => [
  'ledger:reconcile',
  'run.attempt_started',
  { trigger: 'reconciliation', attempt, status: 'running' },
]

test('F4 an answered question asked again in its attempt stays answered (field-notes 2.3, LangGraph replays)', () => {
  const { questions } = runAfter(register('A'), ask('A'), answer('A', 'EU'), ask('A'), ask('A'))
  expect(questions).toMatchObject([{ state: 'answered', answer: 'EU', attempt: 1 }])
})

test.each([
  ['open', [ask('A')]],
  ['answered', [ask('A'), answer('A', 'EU')]],
  ['unknown', [ask('A'), lost]],
] as [string, Line[]][])('F4 a new attempt that asks what was %s before asks anew', (_state, before) => {
  const { questions } = runAfter(register('A'), ...before, again('B'), ask('B'))
  expect(questions).toMatchObject([{ questionId: 'q', state: 'open', answer: null, attempt: 2 }])
})

test('F4d a late answer to the earlier asking leaves the new one open', () => {
  const { questions } = runAfter(register('A'), ask('A'), again('B'), ask('B'), answer('A', 'EU'))
  expect(questions).toMatchObject([{ state: 'open', attempt: 2 }])
})

test('F4 a run whose owner turns out to be alive goes on under the streams it had', () => {
  const { run, questions, notes } = runAfter(
    register('A'),
    ['A', 'checkpoint.saved', { state: 'half' }],
    ['A', 'iteration.started', { iteration: 4 }],
    ask('A'),
    lost,
    alive(2),
    ['A', 'iteration.started', { iteration: 5 }],
    answer('A', 'EU'),
    to('A', 'completed', { result: '42' }),
  )
  expect(run).toMatchObject({
    attempt: 2,
    status: 'completed',
    inferred: false,
    iteration: 5,
    checkpoint: { state: { preview: 'half' } },
    result: { preview: '42' },
    attempts: [{ attempt: 1, status: 'interrupted', inferred: true }],
  })
  expect(questions).toMatchObject([{ state: 'answered', answer: 'EU', attempt: 2 }])
  expect(notes).toEqual({ irregular: 0, late: 0, refused: 0 })
})

test('F4 a run found alive can be lost again, and by the same rules', () => {
  const { run } = runAfter(register('A'), lost, alive(2), lost)
  expect(run).toMatchObject({ attempt: 2, status: 'interrupted', inferred: true })
})

test('F4 a run found alive twice has one new attempt', () => {
  const { run, notes } = runAfter(register('A'), lost, alive(2), alive(2))
  expect(run).toMatchObject({ attempt: 2, status: 'running' })
  expect(notes.late).toBe(1)
})

test('F4 an attempt opened by its owner after we found it alive is bound to its stream alone', () => {
  const { run } = runAfter(register('A'), lost, alive(2), again('B'), to('A', 'failed'), to('B', 'completed'))
  expect(run).toMatchObject({ attempt: 3, status: 'completed' })
  expect(run.attempts.map(({ status }) => status)).toEqual(['interrupted', 'failed'])
})

test('F4 what is said with an end replaces what was said before, and what comes too late replaces nothing', () => {
  const ended = [
    register('A', { status: 'running', metadata: { mode: 'typed', chars: 1 } }),
    to('A', 'completed', { metadata: { chars: 2, dirty: true } }),
  ] as const
  const metadata = { mode: 'typed', chars: 2, dirty: true }
  expect(runAfter(...ended).run.metadata).toEqual(metadata)
  expect(runAfter(...ended, to('A', 'running', { metadata: { chars: 3 } })).run.metadata).toEqual(metadata)
  expect(runAfter(...ended, again('B'), to('A', 'failed', { metadata: { chars: 3 } })).run.metadata).toEqual(
    metadata,
  )
  const twice = runAfter(...ended, to('A', 'completed', { metadata: { chars: 4 } }))
  expect(twice.run.metadata).toEqual({ ...metadata, chars: 4 })
})

test('F4 S1 a run that has all the metadata it may have still learns what its end says', () => {
  const named = (count: number, prefix: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, at]))
  const full = register('A', { status: 'running', metadata: named(120, 'm') })
  expect(Object.keys(runAfter(full).run.metadata)).toHaveLength(100)
  const { metadata } = runAfter(full, to('A', 'completed', { metadata: { m50: 'new', dirty: true } })).run
  expect(Object.keys(metadata)).toHaveLength(100)
  expect(metadata).toMatchObject({ m50: 'new', dirty: true, m1: 1 })
  expect(metadata).not.toHaveProperty('m0')
  const many = runAfter(full, to('A', 'completed', { metadata: named(150, 'n') })).run.metadata
  expect(Object.keys(many)).toEqual(Object.keys(named(100, 'n')))
})

test('F4 a run that is told of once, when it is over, took a time that nobody knows; one seen at work took none', () => {
  const at = (type: string, payload: Act['payload'], position: number) =>
    decoded({ log: RUN, type, payload, position })
  const end = { to: 'completed', trigger: 'result_received' }
  const untold = [at('run.observed', { kind: 'subagent' }, 1), at('run.transitioned', end, 2)]
  expect(runOf(untold).telemetry.elapsedMs).toBeNull()
  expect(runOf([at('run.observed', { status: 'completed' }, 1)]).telemetry.elapsedMs).toBeNull()
  const seen = [at('run.registered', { status: 'running' }, 1), at('run.transitioned', end, 2)]
  expect(runOf(seen).telemetry.elapsedMs).toBe(0)
  const dated = { status: 'completed', startedAt: T0 - 40, completedAt: T0 }
  expect(runOf([at('run.observed', dated, 1)]).telemetry.elapsedMs).toBe(40)
})
