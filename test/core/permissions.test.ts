/** What may be asked of a run, over every verb, status and owner; the tables are written by hand. */
import { describe, expect, test } from 'vitest'
import { COMMAND_VERBS } from '../../src/core/commands.ts'
import type { CommandVerb } from '../../src/core/commands.ts'
import type { LogRecord, RunRecord } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import { consequenceOfStop, resumesByPlan, whyNot } from '../../src/core/permissions.ts'
import type { Ownership, Situation } from '../../src/core/permissions.ts'
import type { RunStatusName } from '../../src/core/status.ts'
import { WORKFLOW_STATUSES } from '../../src/core/status.ts'
import { T0, assemble } from './support/histories.ts'
import { takeAll } from './support/fold.ts'
import { NAMES } from './support/matrix.ts'

const OWNERS: readonly Ownership[] = ['confirmed', 'unconfirmed', 'gone']

/*
 * Statuses in the order of the status table. `Y`: it may be asked; `c`: with a checkpoint that can be used; `.`: not.
 * All questions are open, all verbs supported.
 */
type Tables = Partial<Record<CommandVerb, Record<Ownership, string>>>

//               pe st ru id aw pa co fa ca in
const RUN: Tables = {
  start: {
    confirmed: /*  */ '.  .  .  .  .  .  .  .  .  .',
    unconfirmed: /**/ '.  .  .  .  .  .  .  .  .  .',
    gone: /*       */ '.  .  .  .  .  .  .  .  .  .',
  },
  stop: {
    confirmed: /*  */ 'Y  Y  Y  Y  Y  Y  .  .  .  .',
    unconfirmed: /**/ 'Y  Y  Y  Y  Y  Y  .  .  .  .',
    gone: /*       */ 'Y  Y  Y  Y  Y  Y  .  .  .  .',
  },
  pause: {
    confirmed: /*  */ '.  .  Y  Y  Y  .  .  .  .  .',
    unconfirmed: /**/ '.  .  .  .  .  .  .  .  .  .',
    gone: /*       */ '.  .  .  .  .  .  .  .  .  .',
  },
  resume: {
    confirmed: /*  */ '.  .  .  .  .  Y  .  .  .  c',
    unconfirmed: /**/ '.  .  .  .  .  .  .  .  .  c',
    gone: /*       */ '.  .  .  .  c  c  .  .  .  c',
  },
  retry: {
    confirmed: /*  */ '.  .  .  .  .  .  .  Y  Y  Y',
    unconfirmed: /**/ '.  .  .  .  .  .  .  Y  Y  Y',
    gone: /*       */ '.  .  .  .  .  .  .  Y  Y  Y',
  },
  answer: {
    confirmed: /*  */ 'Y  Y  Y  Y  Y  Y  .  .  .  .',
    unconfirmed: /**/ 'Y  Y  Y  Y  Y  Y  .  .  .  .',
    gone: /*       */ 'c  c  c  c  c  c  .  .  .  .',
  },
  follow_up: {
    confirmed: /*  */ '.  .  Y  Y  .  .  Y  .  .  .',
    unconfirmed: /**/ '.  .  .  .  .  .  Y  .  .  .',
    gone: /*       */ '.  .  .  .  .  .  Y  .  .  .',
  },
}

const NEVER = {
  confirmed: /*  */ '.  .  .  .  .  .  .  .  .  .',
  unconfirmed: /**/ '.  .  .  .  .  .  .  .  .  .',
  gone: /*       */ '.  .  .  .  .  .  .  .  .  .',
}

//               pe st ru id aw pa co fa ca in
const WORKFLOW: Tables = {
  start: NEVER,
  stop: {
    confirmed: /*  */ 'Y  -  Y  -  Y  Y  .  .  .  .',
    unconfirmed: /**/ 'Y  -  Y  -  Y  Y  .  .  .  .',
    gone: /*       */ 'Y  -  Y  -  Y  Y  .  .  .  .',
  },
  pause: {
    confirmed: /*  */ '.  -  Y  -  Y  .  .  .  .  .',
    unconfirmed: /**/ '.  -  .  -  .  .  .  .  .  .',
    gone: /*       */ '.  -  .  -  .  .  .  .  .  .',
  },
  resume: {
    confirmed: /*  */ '.  -  .  -  .  Y  .  Y  Y  Y',
    unconfirmed: /**/ '.  -  .  -  .  .  .  Y  Y  Y',
    gone: /*       */ 'Y  -  Y  -  Y  Y  .  Y  Y  Y',
  },
  retry: NEVER,
  answer: NEVER,
  follow_up: NEVER,
}

function recordOf(log: LogId, status: RunStatusName): LogRecord {
  const kind = log.startsWith('r:') ? 'run' : 'workflow'
  const payload = kind === 'run' ? { status } : { status, definitionId: 'd', phases: [] }
  const record = takeAll(assemble([{ log, stream: 'A', type: `${kind}.registered`, payload }])).records.get(
    log,
  )
  if (record === undefined) throw new Error('no record')
  return record
}

const ALL: ReadonlySet<CommandVerb> = new Set(COMMAND_VERBS)

function situation(log: LogId, status: RunStatusName | null, more: Partial<Situation> = {}): Situation {
  return {
    phase: 'ready',
    entity: log.startsWith('r:') ? 'run' : 'workflow',
    record: status === null ? null : recordOf(log, status),
    ownership: 'confirmed',
    verbs: ALL,
    hasCheckpoint: true,
    openQuestions: [{ expiresAt: null }],
    capture: 'redacted',
    now: T0,
    ...more,
  }
}

const cases = (
  [
    ['r:one', RUN, NAMES],
    ['w:one', WORKFLOW, WORKFLOW_STATUSES],
  ] as const
).flatMap(([log, tables, statuses]) =>
  COMMAND_VERBS.flatMap((verb) =>
    OWNERS.flatMap((ownership) =>
      statuses.map((status) => {
        const row = tables[verb]?.[ownership].split(/\s+/) ?? []
        return { log, verb, ownership, status, may: row[NAMES.indexOf(status)] }
      }),
    ),
  ),
)

describe('verb × status × owner', () => {
  test.each(cases)(
    '$verb of a $status $log, owner $ownership: $may',
    ({ log, verb, ownership, status, may }) => {
      const ask = (more: Partial<Situation> = {}) =>
        whyNot(verb, situation(log, status, { ownership, ...more }))
      expect(['Y', 'c', '.']).toContain(may)
      const checks = [ask(), ask({ hasCheckpoint: false }), ask({ hasCheckpoint: null })]
      for (const why of checks) if (why !== null) expect(why).toMatch(/^[A-Z].*\.$/)
      expect(checks.map((why) => why === null)).toEqual([may !== '.', may === 'Y', may === 'Y'])
      expect(ask({ phase: 'hydrating' })).toBe('Still loading.')
      expect(ask({ record: null }) === null).toBe(log === 'w:one' && verb === 'start')
      // A verb that no source can carry out; what nobody drives is settled here.
      const alone = ask({ verbs: new Set() })
      expect(alone === null).toBe(verb === 'stop' && ownership === 'gone' && may === 'Y')
      if (may !== '.' && alone !== null) expect(alone).toMatch(/^No connected source can /)
    },
  )
})

test('a workflow is started once, and agents are not', () => {
  expect(whyNot('start', situation('w:one', null))).toBeNull()
  expect(whyNot('start', situation('w:one', null, { verbs: new Set() }))).toBe(
    'No connected source can start a workflow.',
  )
  expect(whyNot('start', situation('w:one', 'running'))).toBe('It was started already.')
  expect(whyNot('start', situation('r:one', null))).toMatch(/^Only workflows are started/)
})

test('an answer needs a question that is still open', () => {
  const answer = (openQuestions: Situation['openQuestions']) =>
    whyNot('answer', situation('r:one', 'awaiting_user', { openQuestions }))
  expect(answer([])).toBe('It asks nothing just now.')
  expect(answer([{ expiresAt: T0 }])).toBe('The time to answer is over.')
  expect(answer([{ expiresAt: T0 + 1 }])).toBeNull()
  expect(answer([{ expiresAt: T0 - 1 }, { expiresAt: null }])).toBeNull()
})

test('what is not kept cannot be gone on with; a live owner has it all', () => {
  const none = { capture: 'none' } as const
  const lost = { ...none, ownership: 'gone' } as const
  expect(whyNot('retry', situation('r:one', 'failed', none))).toMatch(/not kept here/)
  expect(whyNot('follow_up', situation('r:one', 'completed', none))).toMatch(/not kept here/)
  expect(whyNot('resume', situation('r:one', 'interrupted', none))).toMatch(/not kept here/)
  expect(whyNot('resume', situation('w:one', 'interrupted', none))).toMatch(/not kept here/)
  expect(whyNot('answer', situation('r:one', 'awaiting_user', lost))).toMatch(/not kept here/)
  expect(whyNot('answer', situation('r:one', 'awaiting_user', none))).toBeNull()
  expect(whyNot('resume', situation('r:one', 'paused', none))).toBeNull()
  expect(whyNot('stop', situation('r:one', 'running', lost))).toBeNull()
})

test('a workflow is resumed by a plan unless its owner has merely paused it', () => {
  const byPlan = (ownership: Ownership) =>
    WORKFLOW_STATUSES.filter((status) => resumesByPlan(situation('w:one', status, { ownership })))
  expect(byPlan('confirmed')).toEqual(['failed', 'cancelled', 'interrupted'])
  expect(byPlan('unconfirmed')).toEqual(['failed', 'cancelled', 'interrupted'])
  expect(byPlan('gone')).toEqual([
    'pending',
    'running',
    'awaiting_user',
    'paused',
    'failed',
    'cancelled',
    'interrupted',
  ])
  expect(resumesByPlan(situation('r:one', 'interrupted', { ownership: 'gone' }))).toBe(false)
})

function child(id: string, status: RunStatusName, questions = 0): RunRecord {
  const log: LogId = `r:${id}`
  const asks = Array.from({ length: questions }, (_, index) => ({
    log,
    stream: 'A',
    type: 'question.asked',
    payload: { questionId: `q${index}`, prompt: 'Which?' },
  }))
  const register = { log, stream: 'A', type: 'run.registered', payload: { status } }
  const record = takeAll(assemble([register, ...asks])).records.get(log)
  if (record?.entity !== 'run') throw new Error('no run')
  return record
}

test.each([
  [[], null],
  [[child('a', 'completed'), child('b', 'failed')], null],
  [[child('a', 'running')], 'Stops 1 agent that is at work.'],
  [
    ['a', 'b', 'c', 'd']
      .map((id) => child(id, 'running'))
      .concat(['e', 'f', 'g'].map((id) => child(id, 'completed'))),
    'Stops 4 agents that are at work; 3 finished results are kept.',
  ],
  [
    [child('a', 'awaiting_user', 1), child('b', 'paused'), child('c', 'completed'), child('d', 'cancelled')],
    'Stops 2 agents that are at work; 1 open question will not be answered; 1 finished result is kept.',
  ],
] as [RunRecord[], string | null][])('stopping says what happens to children (%#)', (children, says) => {
  expect(consequenceOfStop(recordOf('w:one', 'running'), children)).toBe(says)
  expect(consequenceOfStop(recordOf('r:one', 'running'), children)).toBe(says)
  expect(consequenceOfStop(recordOf('w:one', 'failed'), children)).toBeNull()
})
