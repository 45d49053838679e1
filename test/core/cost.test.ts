/**
 * The cost of an event does not depend on history: work is counted as the values a fold reads from the
 * record, and by the size of the record it leaves. SPEC P1.
 */
import { describe, expect, test } from 'vitest'
import { accept } from '../../src/core/accept.ts'
import type { LogRecord } from '../../src/core/entities.ts'
import type { SourceEvent } from '../../src/core/events.ts'
import type { LogId } from '../../src/core/ids.ts'
import { counted } from './support/counted.ts'
import { FLOW, RUN, decoded } from './support/histories.ts'

interface Story {
  log: LogId
  opening: readonly [type: string, payload: unknown]
  /** The stream that tells it; one and the same unless said otherwise. */
  stream?(at: number): string
  /** The event number `at` of a long run. */
  event(at: number): readonly [type: string, payload: unknown]
}

const running = ['run.registered', { status: 'running' }] as const
const flow = ['workflow.registered', { definitionId: 'd', status: 'running', phases: [] }] as const
const run = (event: Story['event'], stream?: Story['stream']): Story => ({
  log: RUN,
  opening: running,
  event,
  ...(stream && { stream }),
})

const STORIES: [string, Story][] = [
  [
    'calls that end',
    run((at) => (at % 2 === 0 ? started(at) : ['tool.finished', { callId: `c${at - 1}`, status: 'failed' }])),
  ],
  ['calls whose ends were lost', run(started)],
  ['calls whose starts were lost', run((at) => ['tool.finished', { callId: `c${at}`, status: 'completed' }])],
  [
    'calls without ids',
    run((at) =>
      at % 2 === 0 ? ['tool.started', { name: 'x' }] : ['tool.finished', { name: 'x', status: 'completed' }],
    ),
  ],
  [
    'questions that are answered',
    run((at) =>
      at % 2 === 0 ? asked(at) : ['question.settled', { questionId: `q${at - 1}`, state: 'answered' }],
    ),
  ],
  ['questions nobody settles', run(asked)],
  [
    'artifacts',
    run((at) => ['artifact.recorded', { name: `a${at}`, mediaType: 'text/plain', content: 'x' }]),
  ],
  ['parents', run((at) => ['run.linked', { parentRunId: `p${at}` }])],
  [
    'attempts on several streams',
    run(
      () => ['run.attempt_started', { trigger: 'restart', status: 'running' }],
      (at) => `stream ${at}`,
    ),
  ],
  [
    'attempts that each lose a call',
    run((at) =>
      at % 2 === 0 ? ['run.attempt_started', { trigger: 'restart', status: 'running' }] : started(at),
    ),
  ],
  [
    'figures of few keys',
    run((at) => ['usage.reported', { key: `k${at % 9}`, scope: 'own', inputTokens: at }]),
  ],
  [
    'figures of a turn each',
    run((at) => ['usage.reported', { key: `turn:${at}`, scope: 'own', inputTokens: at }]),
  ],
  [
    'figures of a name each',
    run((at) => ['usage.reported', { key: `${at}:name`, scope: 'own', inputTokens: at }]),
  ],
  ['rows with new fields', run((at) => ['run.observed', { metadata: { [`m${at}`]: 1 } }])],
  ['unknown types', run((at) => ['agent.mood_changed', { at }])],
  [
    'phases nobody planned',
    { log: FLOW, opening: flow, event: (at) => ['phase.transitioned', { phase: `p${at}`, to: 'running' }] },
  ],
]

function started(at: number) {
  return ['tool.started', { name: 'read', callId: `c${at}` }] as const
}

function asked(at: number) {
  return ['question.asked', { questionId: `q${at}`, prompt: 'Which?' }] as const
}

function events({ log, opening, stream = () => 'A', event }: Story, count: number): SourceEvent[] {
  return Array.from({ length: count }, (_, at) => {
    const [type, payload] = at === 0 ? opening : event(at)
    return decoded({ log, type, payload, position: at, stream: stream(at) })
  })
}

/** Reads and size, averaged over the window that begins at `from`. */
function work(story: Story, from: number, width = 20): { reads: number; size: number } {
  const all = events(story, from + width)
  let record: LogRecord | undefined = accept(() => undefined, all.slice(0, from)).changes[0]?.record
  let reads = 0
  for (const event of all.slice(from)) {
    const watched: LogRecord | undefined = record && counted(record, (by) => (reads += by))
    accept(() => watched, [event])
    record = accept(() => record, [event]).changes[0]?.record
  }
  return { reads: reads / width, size: JSON.stringify(record).length }
}

const FEW = 300
const MANY = 5_000

describe.each(STORIES)('%s', (_what, story) => {
  test('P1 a late event costs as much as an early one', { timeout: 30_000 }, () => {
    const early = work(story, FEW)
    const late = work(story, MANY)
    expect(late.reads).toBeLessThan(early.reads * 1.5 + 50)
    expect(late.size).toBeLessThan(early.size * 1.3 + 500)
  })
})

test('P1 a run’s record is small after 10,000 mixed events', { timeout: 30_000 }, () => {
  const mixed = run((at) => {
    const [, story] = STORIES[at % 4 === 0 ? 0 : at % 4 === 1 ? 4 : at % 4 === 2 ? 6 : 12] ?? STORIES[0]!
    return story.event(Math.floor(at / 4))
  })
  expect(work(mixed, 10_000).size).toBeLessThan(64 * 1024)
})

test('P1 a batch sums the figures of a run once, not once a report', () => {
  const keys = run((at) => ['usage.reported', { key: `k${at}`, scope: 'own', inputTokens: at, costUsd: 1 }])
  const all = events(keys, 190)
  const record = accept(() => undefined, all.slice(0, 150)).changes[0]?.record
  const readsOf = (batch: readonly SourceEvent[]): number => {
    let reads = 0
    const watched = record && counted(record, (by) => (reads += by))
    accept(() => watched, batch)
    return reads
  }
  const one = readsOf(all.slice(150, 151))
  expect(readsOf(all.slice(150, 190))).toBeLessThan(one * 8)
})
