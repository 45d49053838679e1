/** agentd's seven states, 18 moves and 11 triggers against a matrix written by hand, and what each of them does here. */
import { expect, test } from 'vitest'
import type { RunRecord } from '../../../src/core/entities.ts'
import { RUN_STATUSES } from '../../../src/core/status.ts'
import {
  AGENTD_STATES,
  AGENTD_TRIGGERS,
  judgeMove,
  readTrigger,
  statusOf,
  toEvent,
} from '../../../src/sources/agentd/states.ts'
import type { AgentdState, AgentdTrigger } from '../../../src/sources/agentd/states.ts'
import { toActivity, toExecutionState, toLegacyStatus } from '../../../src/sources/agentd/views.ts'
import { foldRaw, told } from './support.ts'

//                pe st id bu su sp fa     Y legal, = itself
const LEGAL = {
  pending: /*  */ '=  Y  .  .  .  .  Y',
  starting: /* */ '.  =  Y  .  .  .  Y',
  idle: /*     */ '.  .  =  Y  Y  Y  Y',
  busy: /*     */ '.  .  Y  =  Y  Y  Y',
  suspended: /**/ '.  .  Y  Y  =  Y  Y',
  stopped: /*  */ '.  Y  .  .  .  =  .',
  failed: /*   */ '.  Y  .  .  .  .  =',
} satisfies Record<AgentdState, string>

/**
 * The same 49 as facts of a mirror: R a regular move, N the next attempt, S nothing, I accepted and marked irregular,
 * L too late and counted. All legal ones are R or N; ours allows more (a start that was missed, a stop while starting).
 */
//                pe st id bu su sp fa
const FOLDED = {
  pending: /*  */ 'S  R  I  R  I  R  R',
  starting: /* */ 'L  S  R  R  I  R  R',
  idle: /*     */ 'L  L  S  R  R  R  R',
  busy: /*     */ 'L  L  R  S  R  R  R',
  suspended: /**/ 'L  L  R  R  S  R  R',
  stopped: /*  */ 'L  N  L  L  L  S  L',
  failed: /*   */ 'L  N  L  L  L  L  S',
} satisfies Record<AgentdState, string>

const pairs = AGENTD_STATES.flatMap((from) => AGENTD_STATES.map((to) => [from, to] as const))
const cell = (rows: Record<AgentdState, string>, from: AgentdState, to: AgentdState): string =>
  rows[from].split(/\s+/)[AGENTD_STATES.indexOf(to)] ?? ''

const unsaid = { from: null, trigger: null, exitCode: null, error: null }

/** A run whose agent is in that state, come there by regular moves. */
function agentIn(state: AgentdState): RunRecord {
  const ways: Record<AgentdState, readonly AgentdState[]> = {
    pending: [],
    starting: ['starting'],
    idle: ['starting', 'idle'],
    busy: ['starting', 'idle', 'busy'],
    suspended: ['starting', 'idle', 'suspended'],
    stopped: ['starting', 'idle', 'stopped'],
    failed: ['starting', 'failed'],
  }
  const record = foldRaw([
    told('run.registered', { kind: 'background_agent' }),
    ...ways[state].map((step) => eventOf({ ...unsaid, state: step })),
  ])
  expect([toExecutionState(record.run), record.notes]).toEqual([state, { irregular: 0, late: 0, refused: 0 }])
  return record
}

function eventOf(fact: Parameters<typeof toEvent>[0]): ReturnType<typeof told> {
  const { type, payload } = toEvent(fact)
  return told(type, payload)
}

test('agentd 18 of 49 moves are legal, as its table has them', () => {
  expect(pairs.filter(([from, to]) => judgeMove(from, to) === 'legal')).toHaveLength(18)
  for (const [from, to] of pairs) {
    const expected = { Y: 'legal', '=': 'same', '.': 'illegal' }[cell(LEGAL, from, to)]
    expect([from, to, judgeMove(from, to)]).toEqual([from, to, expected])
  }
})

test.each(pairs)('agentd from %s to %s: the fold takes it as the matrix says', (from, to) => {
  const before = agentIn(from)
  const after = foldRaw([eventOf({ ...unsaid, from, state: to })], before)
  const { irregular, late } = after.notes
  const isNew = after.run.attempt > before.run.attempt
  const moved = after.run.status !== before.run.status
  const verdict = isNew ? 'N' : late > 0 ? 'L' : irregular > 0 ? 'I' : moved ? 'R' : 'S'
  expect(verdict).toBe(cell(FOLDED, from, to))
  if (verdict !== 'L') expect(toExecutionState(after.run)).toBe(to)
  else expect(after.run.status).toBe(before.run.status)
  if (judgeMove(from, to) === 'legal') expect(['R', 'N']).toContain(verdict)
})

test.each(AGENTD_STATES)('agentd %s told twice is told once', (state) => {
  const once = agentIn(state)
  const twice = foldRaw([eventOf({ ...unsaid, state })], once)
  expect({ ...twice.run, lastSequence: 0, updatedAt: 0 }).toEqual({
    ...once.run,
    lastSequence: 0,
    updatedAt: 0,
  })
  expect(twice.notes).toEqual(once.notes)
})

test('agentd stopped is a success only where a process exited with 0', () => {
  const triggers: (AgentdTrigger | null)[] = [null, ...AGENTD_TRIGGERS]
  const table = triggers.flatMap((trigger) =>
    [null, 0, 1, 137].map((exitCode) => [
      trigger,
      exitCode,
      statusOf({ ...unsaid, state: 'stopped', trigger, exitCode }),
    ]),
  )
  expect(table.filter(([, , status]) => status === 'completed')).toEqual([['process_exited', 0, 'completed']])
  expect(new Set(table.map(([, , status]) => status))).toEqual(new Set(['completed', 'cancelled']))
})

test('agentd exit 0 of a suspended agent completes it, irregularly: our table has no such move of its own', () => {
  const after = foldRaw(
    [eventOf({ ...unsaid, state: 'stopped', trigger: 'process_exited', exitCode: 0 })],
    agentIn('suspended'),
  )
  expect([after.run.status, after.notes.irregular]).toEqual(['completed', 1])
})

test('agentd all 11 triggers are kept with the transition, in either spelling', () => {
  for (const trigger of AGENTD_TRIGGERS) {
    const rust = trigger
      .split('_')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join('')
    expect([readTrigger(trigger), readTrigger(rust)]).toEqual([trigger, trigger])
    const after = foldRaw([eventOf({ ...unsaid, state: 'failed', trigger })], agentIn('busy'))
    expect(after.run.trigger).toBe(trigger)
  }
  expect([readTrigger('Coffee'), readTrigger(7), readTrigger(undefined)]).toEqual([null, null, null])
})

test('agentd a start after an end is the next attempt, and what the first one ended with stays', () => {
  const stopped = agentIn('stopped')
  const after = foldRaw([eventOf({ ...unsaid, state: 'starting', trigger: 'restart' })], stopped)
  expect([after.run.attempt, after.run.status, after.run.trigger]).toEqual([2, 'starting', 'restart'])
  expect(after.run.attempts.map(({ status }) => status)).toEqual(['cancelled'])
})

/** Every status there is, in agentd's words. */
const GOLDEN = {
  pending: ['pending', 'pending', 'unknown'],
  starting: ['starting', 'running', 'unknown'],
  running: ['busy', 'running', 'busy'],
  idle: ['idle', 'running', 'idle'],
  awaiting_user: ['busy', 'running', 'busy'],
  paused: ['suspended', 'running', 'unknown'],
  completed: ['stopped', 'stopped', 'unknown'],
  failed: ['failed', 'failed', 'unknown'],
  cancelled: ['stopped', 'stopped', 'unknown'],
  interrupted: ['failed', 'failed', 'unknown'],
}

test('agentd views: the golden table, whoever concluded the status and whatever led to it', () => {
  const { run } = agentIn('busy')
  for (const status of RUN_STATUSES) {
    for (const inferred of [true, false]) {
      for (const trigger of [null, ...AGENTD_TRIGGERS]) {
        const seen = { ...run, inferred, trigger, status } as typeof run
        expect([status, toExecutionState(seen), toLegacyStatus(seen), toActivity(seen)]).toEqual([
          status,
          ...GOLDEN[status],
        ])
      }
    }
  }
})

test('agentd views: every state but the ended ones comes back as it was told', () => {
  for (const state of AGENTD_STATES) expect(toExecutionState(agentIn(state).run)).toBe(state)
})

test('agentd views: what an unconfirmed run is doing is unknown, never idle', () => {
  expect(RUN_STATUSES.map((status) => toActivity({ status }, false))).toEqual(
    RUN_STATUSES.map(() => 'unknown'),
  )
})
