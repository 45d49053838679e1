/** What evidence means for a run in flight: the whole table as data. SPEC C1, C3. */
import { describe, expect, test } from 'vitest'
import type { LogRecord } from '../../src/core/entities.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { Evidence } from '../../src/core/ports.ts'
import { RECONCILE_STREAM, reconcile } from '../../src/core/reconcile.ts'
import type { RunStatusName } from '../../src/core/status.ts'
import { WORKFLOW_STATUSES } from '../../src/core/status.ts'
import { T0, decoded, history } from './support/histories.ts'
import { nothingKept, plain, take, takeAll, throughIntakes } from './support/fold.ts'
import { NAMES, SETTLED } from './support/matrix.ts'
import { property } from '../support/property.ts'

const live: Evidence = { kind: 'live' }
const unsure: Evidence = { kind: 'unknown' }
const gone = (exitCode: number | null): Evidence => ({ kind: 'gone', exitCode })

/** status → what `gone` concludes: exit 0, exit 1, no exit code; without a checkpoint, then with one. */
const TABLE: Record<RunStatusName, [without: (RunStatusName | null)[], with_: (RunStatusName | null)[]]> = {
  pending: [
    ['interrupted', 'interrupted', 'interrupted'],
    ['interrupted', 'interrupted', 'interrupted'],
  ],
  starting: [
    ['interrupted', 'interrupted', 'interrupted'],
    ['interrupted', 'interrupted', 'interrupted'],
  ],
  running: [
    ['interrupted', 'interrupted', 'interrupted'],
    ['interrupted', 'interrupted', 'interrupted'],
  ],
  idle: [
    ['completed', 'interrupted', 'interrupted'],
    ['completed', 'interrupted', 'interrupted'],
  ],
  awaiting_user: [
    ['interrupted', 'interrupted', 'interrupted'],
    [null, null, null],
  ],
  paused: [
    ['interrupted', 'interrupted', 'interrupted'],
    [null, null, null],
  ],
  completed: [
    [null, null, null],
    [null, null, null],
  ],
  failed: [
    [null, null, null],
    [null, null, null],
  ],
  cancelled: [
    [null, null, null],
    [null, null, null],
  ],
  interrupted: [
    [null, null, null],
    [null, null, null],
  ],
}

function recordOf(log: LogId, status: RunStatusName): LogRecord {
  const kind = log.startsWith('r:') ? 'run' : 'workflow'
  const registration =
    kind === 'run' ? {} : { definitionId: 'd', phases: [{ name: 'p', agentIds: [], dependsOn: [] }] }
  const [record] = takeAll([
    decoded({ log, type: `${kind}.registered`, payload: { ...registration, status }, position: 1 }),
  ]).records.values()
  if (record === undefined) throw new Error('no record')
  return record
}

const cases = (
  [
    ['r:one', NAMES],
    ['w:one', WORKFLOW_STATUSES],
  ] as const
).flatMap(([log, names]) =>
  names.flatMap((status) =>
    [false, true].flatMap((hasCheckpoint) =>
      [0, 1, null].map((exitCode, column) => ({
        log,
        status,
        hasCheckpoint,
        exitCode,
        to: TABLE[status][hasCheckpoint ? 1 : 0][column] ?? null,
      })),
    ),
  ),
)

describe('the owner is gone', () => {
  test.each(cases)('C1 $log $status, checkpoint $hasCheckpoint, exit $exitCode: $to', (each) => {
    const { log, status, hasCheckpoint, exitCode, to } = each
    const record = recordOf(log, status)
    const event = reconcile({ record, evidence: gone(exitCode), hasCheckpoint }, T0 + 5)
    if (to === null) return expect(event).toBeNull()
    expect(event).toMatchObject({
      log,
      stream: RECONCILE_STREAM,
      timestamp: T0 + 5,
      payload: { to, inferred: true, trigger: 'reconciliation', reason: expect.any(String) },
    })
    if (event === null) return
    // What it says goes through the decoder as any event does, and moves the record.
    const [change] = takeAllOn(record, [decoded(event)]).changes
    expect(lifecycleOf(change!.record)).toMatchObject({
      status: to,
      inferred: true,
      trigger: 'reconciliation',
    })
  })
})

function takeAllOn(record: LogRecord, events: Parameters<typeof take>[1]) {
  const kept = nothingKept()
  kept.records.set(record.log, record)
  return take(kept, events)
}

test.each(NAMES)('C3 unsure or live owners conclude nothing about %s', (status) => {
  for (const evidence of [live, unsure]) {
    for (const hasCheckpoint of [true, false]) {
      expect(reconcile({ record: recordOf('r:one', status), evidence, hasCheckpoint }, T0)).toBeNull()
    }
  }
})

property('C1 reconciling twice equals once, whatever was known before', history, (events) => {
  const once = takeAll(events)
  const conclude = () =>
    [...once.records.values()].flatMap(
      (record) => reconcile({ record, evidence: gone(null), hasCheckpoint: false }, T0 + 1e6) ?? [],
    )
  const [first, second] = [conclude(), conclude()]
  take(once, first)
  // Concluded again from the records as they are now.
  expect(conclude()).toEqual([])
  for (const record of once.records.values()) expect(SETTLED).toContain(lifecycleOf(record).status)
  // Concluded at the same time elsewhere: the same identity, and a no-op even if it were accepted.
  expect(second).toEqual(first)
  const before = plain(once) as { records: [string, LogRecord][] }
  const again = structuredClone(once)
  take(again, second)
  const after = plain(again) as { records: [string, LogRecord][] }
  const says = ([, record]: [string, LogRecord]) => {
    const { lastSequence: _head, updatedAt: _time, ...rest } = lifecycleOf(record)
    return { ...record, notes: null, [record.entity]: rest }
  }
  expect(after.records.map(says)).toEqual(before.records.map(says))
})

test('C1 one conclusion per attempt has one identity', () => {
  const record = recordOf('r:one', 'running')
  const event = () => reconcile({ record, evidence: gone(1), hasCheckpoint: false }, T0) ?? []
  expect(throughKeys([event(), event()].flat())).toHaveLength(1)
})

const throughKeys = (events: Parameters<typeof throughIntakes>[0]) => throughIntakes(events)

test("C1 the owner's own settled word replaces the conclusion, a late running does not", () => {
  const record = recordOf('r:one', 'running')
  const event = reconcile({ record, evidence: gone(null), hasCheckpoint: false }, T0)
  const word = (to: string, position: number) =>
    decoded({ log: 'r:one', type: 'run.transitioned', payload: { to, trigger: 'connected' }, position })
  if (event === null) throw new Error('no conclusion')
  const late = takeAllOn(record, [event, word('running', 2)]).changes[0]
  expect(late?.record).toMatchObject({ run: { status: 'interrupted', inferred: true }, notes: { late: 1 } })
  const owned = takeAllOn(record, [event, word('completed', 2)]).changes[0]
  expect(owned?.record).toMatchObject({ run: { status: 'completed', inferred: false }, notes: { late: 0 } })
})

test('C1 an open question of a lost run becomes unknown, and its answer may still come', () => {
  const record = recordOf('r:one', 'running')
  const asked = { questionId: 'q', prompt: 'Which?' }
  const at = (position: number, type: string, payload: unknown) =>
    decoded({ log: 'r:one', type, payload, position })
  const conclusion = reconcile({ record, evidence: gone(null), hasCheckpoint: false }, T0)
  if (conclusion === null) throw new Error('no conclusion')
  const story = [at(2, 'question.asked', asked), conclusion]
  const state = (change: ReturnType<typeof takeAllOn>['changes'][number] | undefined) =>
    change?.record.entity === 'run' ? change.record.questions[0]?.state : undefined
  expect(state(takeAllOn(record, story).changes[0])).toBe('unknown')
  const answered = [...story, at(3, 'question.settled', { questionId: 'q', state: 'answered', answer: 'A' })]
  expect(state(takeAllOn(record, answered).changes[0])).toBe('answered')
})
