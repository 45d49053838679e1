/** A run that is announced again by another stream, and rows of lists that say what it waits for. SPEC F3, F4. */
import { expect, test } from 'vitest'
import { runOf } from './support/fold.ts'
import { RUN, decoded } from './support/histories.ts'

const event = (stream: string, position: number, type: string, payload: object) =>
  decoded({ log: RUN, stream, position, type, payload })

const waiting = [
  event('A', 0, 'run.registered', { status: 'running', parentRunId: 'turn1' }),
  event('A', 1, 'question.asked', { questionId: 'q1', prompt: 'EU or US?' }),
  event('A', 2, 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
]

test('F4 a waiting run that is taken up elsewhere goes on in its attempt, its question answered, its lineage kept', () => {
  const { run, questions, notes } = runOf([
    ...waiting,
    event('B', 0, 'run.registered', { status: 'running', parentRunId: 'turn2' }),
  ])
  expect(run).toMatchObject({ status: 'running', attempt: 1, trigger: 'answered' })
  expect(run).toMatchObject({ parentRunId: 'turn2', formerParentRunIds: ['turn1'] })
  expect(questions).toMatchObject([{ questionId: 'q1', state: 'answered', answer: null }])
  expect(notes.irregular).toBe(0)
})

test('F4 the stream that announced it first says nothing new by announcing it again', () => {
  const { run, questions } = runOf([...waiting, event('A', 3, 'run.registered', { status: 'running' })])
  expect(run.status).toBe('awaiting_user')
  expect(questions[0]?.state).toBe('open')
})

test('F4 what has ended is not begun by being announced', () => {
  const { run } = runOf([
    ...waiting,
    event('A', 3, 'run.transitioned', { to: 'cancelled', trigger: 'user_terminated' }),
    event('B', 0, 'run.registered', { status: 'running' }),
  ])
  expect(run.status).toBe('cancelled')
})

test('F3 a row that says what a run waits for asks it once, and never beside a question that is open', () => {
  const row = (position: number, questionId: string) =>
    event('list', position, 'run.observed', {
      status: 'awaiting_user',
      question: { questionId, prompt: 'EU or US?' },
    })
  const fromRow = runOf([row(0, 'row:1'), row(1, 'row:2')])
  expect(fromRow.questions).toMatchObject([{ questionId: 'row:1', state: 'open' }])
  const heard = runOf([...waiting, row(0, 'row:1')])
  expect(heard.questions.map(({ questionId }) => questionId)).toEqual(['q1'])
  const over = runOf([
    row(0, 'row:1'),
    event('list', 1, 'run.observed', { status: 'running' }),
    row(2, 'row:1'),
  ])
  expect(over.run.status).toBe('awaiting_user')
})

test('F3 a run heard of late keeps the times it is said to have begun and ended at', () => {
  const { run, telemetry } = runOf([
    event('list', 0, 'run.observed', {
      status: 'completed',
      startedAt: 1_795_000_000_000,
      completedAt: 1_795_000_004_200,
    }),
  ])
  expect(run).toMatchObject({
    createdAt: 1_795_000_000_000,
    startedAt: 1_795_000_000_000,
    completedAt: 1_795_000_004_200,
  })
  expect(telemetry.elapsedMs).toBe(4_200)
})

test('F3 a kind is told more precisely, and never less', () => {
  const told = (...kinds: string[]) =>
    runOf(kinds.map((kind, at) => event('list', at, 'run.observed', { kind }))).run.kind
  expect(told('subagent', 'worker_thread', 'subagent')).toBe('worker_thread')
  expect(told('worker_thread', 'team_member', 'worker_thread')).toBe('team_member')
  expect(told('background_agent', 'team_member')).toBe('background_agent')
})
