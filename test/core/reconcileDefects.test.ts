/**
 * Defects that other systems had when they made up their minds about runs after a restart, each shown not to be ours:
 * `harn-agentd.md` B6 (agentd) and B8 (reports elsewhere). What is about storing and sending is tested in `test/state`.
 */
import { expect, test } from 'vitest'
import type { LogRecord } from '../../src/core/entities.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import { describeEvidence } from '../../src/core/evidence.ts'
import type { LogId } from '../../src/core/ids.ts'
import { resumesByPlan, whyNot } from '../../src/core/permissions.ts'
import type { Situation } from '../../src/core/permissions.ts'
import type { Evidence } from '../../src/core/ports.ts'
import { reconcile } from '../../src/core/reconcile.ts'
import { nothingKept, take, takeAll } from './support/fold.ts'
import type { Act } from './support/histories.ts'
import { T0, assemble, decoded } from './support/histories.ts'
import { NAMES } from './support/matrix.ts'

type Line = [log: LogId, type: string, payload: Act['payload']]

const told = (...lines: Line[]) =>
  takeAll(assemble(lines.map(([log, type, payload]) => ({ log, type, payload, stream: 'A' }))))
const one = (...lines: Line[]): LogRecord => {
  const [record] = told(...lines).records.values()
  if (record === undefined) throw new Error('no record')
  return record
}
const run = (status: string, id = 'one', more: Act['payload'] = {}): Line => [
  `r:${id}`,
  'run.registered',
  { status, ...more },
]
const flow = (status: string): Line => [
  'w:flow',
  'workflow.registered',
  { status, definitionId: 'd', phases: [{ name: 'p', agentIds: [], dependsOn: [] }] },
]
const live: Evidence = { kind: 'live' }
const gone: Evidence = { kind: 'gone', exitCode: null }
const judge = (record: LogRecord, evidence: Evidence | undefined) =>
  reconcile({ record, evidence, hasCheckpoint: false }, T0)
const after = (record: LogRecord, evidence: Evidence): LogRecord => {
  const kept = nothingKept()
  kept.records.set(record.log, record)
  const event = judge(record, evidence)
  take(kept, event === null ? [] : [decoded(event)])
  return kept.records.get(record.log) ?? record
}
const statusOf = (record: LogRecord) => lifecycleOf(record).status

test('B6.1 an upgrade fails no healthy row: what older events do not say is null, never a status', () => {
  const record = one(
    run('running'),
    ['r:one', 'tool.started', { name: 'read', callId: 'c1' }],
    ['r:one', 'question.asked', { questionId: 'q', prompt: 'Which?' }],
  )
  expect(record).toMatchObject({
    run: { status: 'running', contentKey: null, result: null },
    toolCalls: [{ effect: null, status: 'running' }],
  })
  for (const evidence of [live, { kind: 'unknown' } as const, undefined]) {
    expect(judge(record, evidence)).toBeNull()
  }
})

test('B6.2 what is left running is nobody else’s to end: every row is known, and a live one is taken back', () => {
  const stopped = after(one(run('running')), gone)
  expect(statusOf(stopped)).toBe('interrupted')
  expect(after(stopped, live)).toMatchObject({ run: { status: 'running', attempt: 2 } })
  // All that is ever concluded is an end or a beginning in the log: no orphan is stopped for being unknown.
  for (const status of NAMES) {
    for (const evidence of [live, gone]) {
      const said = judge(one(run(status)), evidence)
      if (said !== null) expect(['run.transitioned', 'run.attempt_started']).toContain(said.type)
    }
  }
})

test.each(NAMES)('B6.3 a failed look at the owner is not a dead owner (%s)', (status) => {
  expect(judge(one(run(status)), undefined)).toBeNull()
  expect(judge(one(run(status)), { kind: 'unknown' })).toBeNull()
})

test('B6.4 what was ended keeps its row, its history and its open approval', () => {
  const asked: Line = ['r:one', 'question.asked', { questionId: 'q', kind: 'approval', prompt: 'Push?' }]
  const record = after(one(run('awaiting_user', 'one', { agentName: 'Ada' }), asked), gone)
  expect(record).toMatchObject({
    run: { status: 'interrupted', agentName: 'Ada' },
    questions: [{ questionId: 'q', kind: 'approval', state: 'unknown' }],
  })
})

test('B6.5 an event that was renamed is kept as it came, and moves nothing', () => {
  const kept = told(run('running'), ['r:one', 'agent:status_change', { to: 'idle' }])
  expect(kept.events.get('r:one')?.[1]).toMatchObject({ type: 'foreign', payload: { value: { to: 'idle' } } })
  expect(kept.records.get('r:one')).toMatchObject({ run: { status: 'running', lastSequence: 2 } })
})

test('B8 egg #2411, #2416: 33 workers alive when their pipeline lost its owner stay as they are', () => {
  const workers = Array.from({ length: 33 }, (_, index) =>
    run('running', `worker-${index}`, { workflowRunId: 'flow' }),
  )
  const { records } = told(flow('running'), ...workers)
  const said = [...records.values()].map((record) => judge(record, record.entity === 'run' ? live : gone))
  expect(said.filter((event) => event !== null).map(({ log }) => log)).toEqual(['w:flow'])
  // And the other way round: a pipeline that is driven is not failed for what its workers are.
  expect(judge(one(flow('running')), live)).toBeNull()
})

test('B8 egg #1232: children of finished phases are not missing', () => {
  expect(judge(one(run('completed', 'one', { phase: 'p' })), gone)).toBeNull()
})

test('B8 egg #858: a child that died in a finished phase is settled all the same', () => {
  const { records } = told(flow('running'), run('running', 'dead', { workflowRunId: 'flow', phase: 'p' }), [
    'w:flow',
    'phase.transitioned',
    { phase: 'p', to: 'completed' },
  ])
  const child = records.get('r:dead')
  if (child === undefined) throw new Error('no child')
  expect(statusOf(after(child, gone))).toBe('interrupted')
})

test('B8 egg #2009: cut between the row and the first child, both are settled and can be resumed', () => {
  const { records } = told(flow('running'), run('pending', 'first', { workflowRunId: 'flow' }))
  for (const record of records.values()) {
    const settled = after(record, gone)
    expect(settled).toMatchObject({ [record.entity]: { status: 'interrupted', inferred: true } })
    expect(lifecycleOf(settled).completedAt).not.toBeNull()
  }
})

const situation = (record: LogRecord, more: Partial<Situation> = {}): Situation => ({
  phase: 'ready',
  entity: record.entity,
  record,
  ownership: 'gone',
  verbs: new Set(['resume', 'stop']),
  hasCheckpoint: false,
  openQuestions: [],
  capture: 'redacted',
  now: T0,
  ...more,
})

test('B8 egg #3469: a workflow without a driver is not running for ever, and resuming is not refused', () => {
  const stuck = one(flow('running'))
  // Before anybody reconciled, and after.
  for (const record of [stuck, after(stuck, gone)]) {
    expect(resumesByPlan(situation(record))).toBe(true)
    expect(whyNot('resume', situation(record))).toBeNull()
  }
  expect(lifecycleOf(after(stuck, gone)).reason).toMatch(/can be resumed\.$/)
})

test('B8 overdeck #2757: a healthy agent that was thought dead goes on where it was', () => {
  const wronged = after(one(run('running')), gone)
  const back = after(wronged, live)
  const word = decoded({
    log: 'r:one',
    type: 'run.transitioned',
    payload: { to: 'completed', trigger: 'result_received', result: '1' },
    position: 2,
    stream: 'A',
  })
  const kept = nothingKept()
  kept.records.set('r:one', back)
  take(kept, [word])
  expect(kept.records.get('r:one')).toMatchObject({
    run: { status: 'completed', inferred: false, attempt: 2, result: { preview: '1' } },
    notes: { late: 0 },
  })
})

test('B8 overdeck #3139: drift both ways is mended, what its owner ended is not', () => {
  expect(statusOf(after(one(run('running')), gone))).toBe('interrupted')
  expect(statusOf(after(after(one(run('running')), gone), live))).toBe('running')
  expect(judge(one(run('completed')), live)).toBeNull()
})

test('B8 agenc-core #2183: a restored run is unconfirmed, whatever it was doing', () => {
  for (const status of ['pending', 'starting', 'running', 'idle'] as const) {
    const { kind } = describeEvidence({
      status,
      inferred: false,
      unconfirmed: true,
      ownerGone: false,
      confirmedAt: null,
      lastEventAt: T0,
      heartbeatAt: null,
      stream: 'A',
      now: T0 + 9,
    })
    expect(kind).toBe('unconfirmed')
  }
})

test('B8 Wardian: history told again is no news', () => {
  const row = (status: string, position: string) =>
    decoded({ log: 'r:one', type: 'run.observed', payload: { status }, position, stream: 'list' })
  const kept = told(run('running'), ['r:one', 'run.transitioned', { to: 'completed', trigger: 'spawn' }])
  const again = take(kept, [row('running', 'old'), row('completed', 'new')], (stream) => stream === 'list')
  expect(again).toEqual({ changes: [], redundant: 2 })
})
