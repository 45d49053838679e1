/**
 * Generates event histories, realistic and odd: runs and workflows on several streams, attempts, calls with
 * and without ids, replays under new positions, lossy starts, late words. Everything passes the decoder.
 */
import fc from 'fast-check'
import { decodeEvent } from '../../../src/core/decode.ts'
import type { SourceEvent } from '../../../src/core/events.ts'
import type { LogId, Position } from '../../../src/core/ids.ts'
import { NAMES } from './matrix.ts'

export const T0 = Date.UTC(2026, 10, 21)

/** One thing that happens to one log. */
export interface Act {
  type: string
  payload: Record<string, unknown>
  stream: string
}

export interface Said extends Act {
  log: LogId
}

/** Decodes what a test wrote by hand; a history that does not decode is a mistake in the test. */
export function decoded(raw: {
  log: LogId
  type: string
  payload: unknown
  position: Position
  timestamp?: number
  stream?: string
}): SourceEvent {
  const { stream = 'live', ...rest } = raw
  const result = decodeEvent({ timestamp: T0, ...rest }, stream)
  if (result.kind !== 'event') throw new Error(JSON.stringify(result))
  return result.event
}

/** Gives each stream its contiguous positions from 1; the clock mostly goes forward. */
export function assemble(said: readonly Said[]): SourceEvent[] {
  const heads = new Map<string, number>()
  return said.map(({ log, type, payload, stream }, index) => {
    const position = (heads.get(stream) ?? 0) + 1
    heads.set(stream, position)
    const timestamp = T0 + index * 10 - (index % 7 === 6 ? 25 : 0)
    return decoded({ log, type, payload, position, timestamp, stream })
  })
}

const STREAMS = ['A', 'B', 'C'] as const
const of = <const Value>(...values: Value[]) => fc.constantFrom(...values)
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 })
const stream = fc.oneof({ weight: 4, arbitrary: fc.constant('A') }, { weight: 1, arbitrary: of(...STREAMS) })
const act = (type: string, payload: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Act> =>
  fc.record({ type: fc.constant(type), payload: fc.record(payload), stream })

const figure = maybe(fc.nat(1_000))
// Quarters, so that sums do not depend on the order of addition.
const cost = maybe(fc.nat(400).map((quarters) => quarters / 4))
const trigger = of('spawn', 'connected', 'errored', 'process_exited', 'restart')
const runStatus = of(...NAMES)
const flowStatus = of(...NAMES.filter((name) => name !== 'starting' && name !== 'idle'))
const callId = maybe(of('c1', 'c2', 'c3'))
const tool = of('read', 'write')
const question = of('q1', 'q2', 'q3')
const parent = of('p1', 'p2', 'self')

const callStarted = act('tool.started', {
  callId,
  name: tool,
  effect: maybe(of('none', 'write', null)),
  args: maybe(of('{}', '{"a":1}')),
  iteration: maybe(fc.nat(2)),
})
const callFinished = act('tool.finished', {
  callId,
  name: tool,
  iteration: maybe(fc.nat(2)),
  status: of('completed', 'failed', 'cancelled'),
  output: maybe(of('ok', 'long')),
  failure: maybe(of('no such file')),
})
const asked = act('question.asked', { questionId: question, prompt: of('Which?', 'Sure?') })
const answered = act('question.settled', {
  questionId: question,
  state: of('answered', 'denied', 'timed_out', 'superseded', 'unknown'),
  answer: maybe(of('yes', 'no')),
})
const usage = act('usage.reported', {
  key: of('k1', 'k2', 'k3', 'k4'),
  scope: of('own', 'own', 'subtree'),
  inputTokens: figure,
  outputTokens: figure,
  cachedInputTokens: figure,
  reasoningTokens: figure,
  costUsd: cost,
  costSource: maybe(of('charged', 'estimated')),
  includes: maybe(
    fc.array(fc.record({ runId: of('kid', 'kin'), inputTokens: figure, costUsd: cost }), { maxLength: 3 }),
  ),
  model: maybe(of('m1', 'm2')),
})
const iteration = act('iteration.started', { iteration: fc.nat(3), max: maybe(fc.nat(9)) })
const opening = maybe(runStatus)
const attempt = maybe(fc.integer({ min: 1, max: 4 }))

export const quietActs = {
  foreign: act('agent.mood_changed', { mood: of('calm', 'tense') }),
  gap: act('log.gap', { stream: of('A'), from: fc.nat(9), to: fc.nat(9) }),
  compacted: act('transcript.compacted', { before: figure }),
  handoff: act('handoff.recorded', { target: of('reviewer') }),
  control: act('control.requested', { commandId: of('x1'), verb: of('stop') }),
}

const transitioned = (type: string, to: fc.Arbitrary<string>) =>
  act(type, {
    to,
    trigger,
    inferred: maybe(fc.boolean()),
    summary: maybe(of('s1', 's2')),
    error: maybe(of('e1')),
    result: maybe(of('1', '2')),
  })

/** What the ledger says itself: that a run is over, and that it is not after all. */
const concluded = (kind: 'run' | 'workflow'): fc.Arbitrary<Act> => {
  const over = act(`${kind}.transitioned`, {
    to: of('interrupted', 'cancelled'),
    trigger: of('reconciliation'),
    inferred: fc.constant(true),
  })
  const alive = act(`${kind}.attempt_started`, {
    trigger: of('reconciliation'),
    attempt,
    status: of('running', 'awaiting_user'),
  })
  return fc.oneof(over, alive).map((each) => ({ ...each, stream: 'ledger:reconcile' }))
}

/** Any event a run's log can hold, in no order that makes sense. */
const oddRunAct: fc.Arbitrary<Act> = fc.oneof(
  act('run.registered', {
    kind: maybe(of('subagent', 'team_member')),
    parentRunId: maybe(parent),
    status: opening,
  }),
  { weight: 4, arbitrary: transitioned('run.transitioned', runStatus) },
  {
    weight: 2,
    arbitrary: act('run.attempt_started', { trigger, attempt, status: maybe(of('pending', 'running')) }),
  },
  { weight: 3, arbitrary: concluded('run') },
  act('run.observed', {
    status: opening,
    agentName: maybe(of('Ada')),
    metadata: fc.constant({ a: 1 }),
    inferred: maybe(fc.boolean()),
  }),
  act('run.linked', { parentRunId: parent }),
  { weight: 2, arbitrary: iteration },
  { weight: 4, arbitrary: callStarted },
  { weight: 4, arbitrary: callFinished },
  { weight: 2, arbitrary: asked },
  { weight: 2, arbitrary: answered },
  { weight: 3, arbitrary: usage },
  act('checkpoint.saved', { state: of('state 1', 'state 2') }),
  act('checkpoint.cleared', {}),
  act('artifact.recorded', {
    name: of('a.md', 'b.md'),
    mediaType: of('text/markdown'),
    content: of('x', 'y'),
  }),
  ...Object.values(quietActs),
)

const moved = (to: string): Act => ({
  type: 'run.transitioned',
  payload: { to, trigger: 'spawn' },
  stream: 'A',
})

/** A stretch of ordinary work. */
const episode: fc.Arbitrary<Act[]> = fc.oneof(
  fc.tuple(callStarted, callFinished).map(([start, finish]) => {
    const { callId: _id, ...rest } = finish.payload
    const { name, callId: id, iteration: turn } = start.payload
    return [start, { ...finish, payload: { ...rest, name, ...(id ? { callId: id } : {}), iteration: turn } }]
  }),
  fc.tuple(callStarted, callStarted, callFinished, callFinished),
  fc.tuple(asked, answered).map(([ask, answer]) => {
    const { questionId } = ask.payload
    return [
      ask,
      moved('awaiting_user'),
      { ...answer, payload: { ...answer.payload, questionId } },
      moved('running'),
    ]
  }),
  fc.tuple(iteration),
  fc.tuple(usage),
)

/** A run as sources tell it; the beginning may be lost. */
const ordinaryRun: fc.Arbitrary<Act[]> = fc
  .record({
    lost: fc.nat(3),
    episodes: fc.array(episode, { maxLength: 5 }),
    end: of('completed', 'failed', 'cancelled', 'interrupted', 'running'),
    inferred: fc.boolean(),
    after: fc.array(oddRunAct, { maxLength: 6 }),
  })
  .map(({ lost, episodes, end, inferred, after }) => [
    ...[
      {
        type: 'run.registered',
        payload: { kind: 'worker_thread', agentId: 'ada', status: 'starting' },
        stream: 'A',
      },
      moved('running'),
      ...episodes.flat(),
    ].slice(lost),
    { ...moved(end), payload: { to: end, trigger: 'process_exited', inferred } },
    ...after,
  ])

const phase = (status: fc.Arbitrary<string>) =>
  act('phase.transitioned', { phase: of('plan', 'write', 'odd'), to: status, reason: maybe(of('why')) })

const workflowAct: fc.Arbitrary<Act> = fc.oneof(
  act('workflow.registered', {
    definitionId: of('d1'),
    title: maybe(of('Report')),
    phases: fc.constant([
      { name: 'plan', agentIds: ['a'], dependsOn: [] },
      { name: 'write', agentIds: ['b'], dependsOn: ['plan'] },
    ]),
    status: maybe(flowStatus),
  }),
  { weight: 3, arbitrary: transitioned('workflow.transitioned', flowStatus) },
  { weight: 2, arbitrary: concluded('workflow') },
  act('workflow.attempt_started', {
    trigger,
    attempt,
    status: maybe(of('pending', 'running')),
    plan: maybe(of('[]', '[1]')),
    phases: maybe(
      fc.constant([
        { name: 'write', agentIds: ['b'], dependsOn: [] },
        { name: 'check', agentIds: ['c'], dependsOn: ['write'] },
      ]),
    ),
    input: maybe(of({ question: 'another' })),
  }),
  { weight: 3, arbitrary: phase(of('pending', 'running', 'completed', 'failed')) },
  act('run.linked', { childRunId: of('r1', 'r2', 'r3') }),
  quietActs.foreign,
)

export const RUN: LogId = 'r:one'
const oneLog = (log: LogId, acts: fc.Arbitrary<Act[]>): fc.Arbitrary<Said[]> =>
  acts.map((list) => list.map((each) => ({ log, ...each })))

const runActs = fc.oneof(ordinaryRun, fc.array(oddRunAct, { minLength: 1, maxLength: 30 }))

/** One run's history. */
export const runHistory: fc.Arbitrary<SourceEvent[]> = oneLog(RUN, runActs).map(assemble)

/** One workflow's history. */
export const FLOW: LogId = 'w:flow'
export const workflowHistory: fc.Arbitrary<SourceEvent[]> = oneLog(
  FLOW,
  fc.array(workflowAct, { minLength: 1, maxLength: 20 }),
).map(assemble)

/** Interleaves lists by a list of picks, keeping each list's own order. */
export function weave<Item>(lists: readonly (readonly Item[])[], picks: readonly number[]): Item[] {
  const rest = lists.map((list) => [...list])
  const woven: Item[] = []
  for (let turn = 0; rest.some((list) => list.length > 0); turn += 1) {
    const left = rest.filter((list) => list.length > 0)
    const next = left[(picks[turn % Math.max(1, picks.length)] ?? 0) % left.length]?.shift()
    if (next !== undefined) woven.push(next)
  }
  return woven
}

export const picks = fc.array(fc.nat(5), { minLength: 1, maxLength: 40 })

/** Two runs and a workflow, told by the same streams, woven together. */
export const history: fc.Arbitrary<SourceEvent[]> = fc
  .tuple(
    oneLog('r:one', runActs),
    oneLog('r:two', runActs),
    oneLog(FLOW, fc.array(workflowAct, { maxLength: 12 })),
    picks,
  )
  .map(([one, two, flow, order]) => assemble(weave([one, two, flow], order)))
