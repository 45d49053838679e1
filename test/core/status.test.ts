/** The status table against one written by hand, and the judging of facts over everything there is. SPEC F4. */
import { expect, test } from 'vitest'
import type { RunStatus, RunStatusName } from '../../src/core/status.ts'
import {
  BUCKETS,
  IllegalTransitionError,
  RUN_STATUSES,
  WORKFLOW_STATUSES,
  assertMove,
  bucketOf,
  canMove,
  isSettled,
  judge,
  openingStatus,
} from '../../src/core/status.ts'
import { NAMES, SETTLED, legal } from './support/matrix.ts'

const pairs = NAMES.flatMap((from) => NAMES.map((to) => [from, to] as const))
const status = (name: RunStatusName): RunStatus => openingStatus(name)

test('F4 there are exactly the ten statuses of the table', () => {
  expect(RUN_STATUSES).toEqual(NAMES)
  expect(WORKFLOW_STATUSES).toEqual(NAMES.filter((name) => name !== 'starting' && name !== 'idle'))
})

test('F4 the settled statuses are the four that nothing leaves', () => {
  expect(NAMES.filter(isSettled)).toEqual(SETTLED)
})

test.each(pairs)('F4a from %s to %s only as the table allows', (from, to) => {
  expect(canMove(from, to)).toBe(legal(from, to))
})

test.each(pairs)('F4a our own move from %s to %s is legal, a no-op, or a typed error', (from, to) => {
  const move = () => assertMove(from, to, 'reconciliation')
  if (from === to || legal(from, to)) expect(move).not.toThrow()
  else {
    expect(move).toThrow(IllegalTransitionError)
    expect(move).toThrow(expect.objectContaining({ from, to, trigger: 'reconciliation' }))
  }
})

/** Who concluded the present status × who states the fact. */
const EVIDENCE = [
  { ours: false, fact: false },
  { ours: false, fact: true },
  { ours: true, fact: false },
  { ours: true, fact: true },
]

test.each(EVIDENCE)('F4b judging a fact, present inferred $ours, fact inferred $fact', ({ ours, fact }) => {
  for (const [from, to] of pairs) {
    const verdict = judge({ status: status(from), inferred: ours }, { to, inferred: fact })
    expect([from, to, verdict]).toEqual([from, to, expected(from, ours, to, fact)])
  }
})

function expected(from: RunStatusName, ours: boolean, to: RunStatusName, guess: boolean): unknown {
  if (SETTLED.includes(from)) {
    // Only the owner's settled word moves a settled run, and only one that we had settled.
    if (ours && !guess && SETTLED.includes(to)) return { kind: 'moved', status: to, irregular: false }
    return from === to ? { kind: 'same' } : { kind: 'late' }
  }
  if (from === to) return { kind: 'same' }
  if (legal(from, to)) return { kind: 'moved', status: to, irregular: false }
  const skips = !guess && to !== 'pending' && to !== 'starting'
  return skips ? { kind: 'moved', status: to, irregular: true } : { kind: 'late' }
}

test('F4 an attempt without a word on its status is pending', () => {
  expect(openingStatus(undefined)).toBe('pending')
})

test('F4 every status is in one bucket, and only a question makes a pause ours to answer', () => {
  const table = Object.fromEntries(NAMES.map((name) => [name, [bucketOf(name, false), bucketOf(name, true)]]))
  expect(table).toEqual({
    pending: ['working', 'working'],
    starting: ['working', 'working'],
    running: ['working', 'working'],
    idle: ['working', 'working'],
    awaiting_user: ['needs_input', 'needs_input'],
    paused: ['stopped', 'needs_input'],
    completed: ['completed', 'completed'],
    failed: ['failed', 'failed'],
    cancelled: ['stopped', 'stopped'],
    interrupted: ['stopped', 'stopped'],
  })
  expect(new Set(Object.values(table).flat())).toEqual(new Set(BUCKETS))
})

/** The workflow's table, written out by hand: rows are `from`, columns are `to`. */
//                 pe ru aw pa co fa ca in
const WORKFLOW_ROWS = {
  pending: /*    */ '.  Y  .  .  .  Y  Y  Y',
  running: /*    */ '.  .  Y  Y  Y  Y  Y  Y',
  awaiting_user: '.  Y  .  Y  .  Y  Y  Y',
  paused: /*     */ '.  Y  Y  .  .  Y  Y  Y',
  completed: /*  */ '.  .  .  .  .  .  .  .',
  failed: /*     */ '.  .  .  .  .  .  .  .',
  cancelled: /*  */ '.  .  .  .  .  .  .  .',
  interrupted: /**/ '.  .  .  .  .  .  .  .',
}

test('F4a workflow runs move by their own table', () => {
  const rows = WORKFLOW_STATUSES.map((from) => [
    from,
    WORKFLOW_STATUSES.map((to) => (canMove(from, to) ? 'Y' : '.')).join('  '),
  ])
  expect(Object.fromEntries(rows)).toEqual(WORKFLOW_ROWS)
})
