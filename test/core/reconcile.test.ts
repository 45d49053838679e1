/** What evidence means for a run: the whole table as data. SPEC C1, C3. */
import { describe, expect, test } from 'vitest'
import type { LogRecord } from '../../src/core/entities.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import type { SourceEvent } from '../../src/core/events.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { Evidence } from '../../src/core/ports.ts'
import { RECONCILE_STREAM, reconcile } from '../../src/core/reconcile.ts'
import type { RunStatusName } from '../../src/core/status.ts'
import { WORKFLOW_STATUSES } from '../../src/core/status.ts'
import { T0, decoded, history } from './support/histories.ts'
import { nothingKept, plain, take, takeAll, throughIntakes } from './support/fold.ts'
import { NAMES, SETTLED } from './support/matrix.ts'
import { property } from '../support/property.ts'

/** `error`: the question failed, or nobody could be asked. */
const EVIDENCE: Record<string, Evidence | undefined> = {
  live: { kind: 'live' },
  'gone, no exit code': { kind: 'gone', exitCode: null },
  'gone, exit 0': { kind: 'gone', exitCode: 0 },
  'gone, exit 1': { kind: 'gone', exitCode: 1 },
  unknown: { kind: 'unknown' },
  error: undefined,
}

/*
 * What becomes of it, by evidence in the order above: `.` nothing, `i` interrupted, `c` completed, `+` a new attempt.
 * The rows of settled statuses hold for the owner's own word; ours (inferred) differ in one column.
 */
//                              live gone 0 1 unknown error
const WITHOUT_CHECKPOINT = {
  pending: /*    */ '.    i    i i .       .',
  starting: /*   */ '.    i    i i .       .',
  running: /*    */ '.    i    i i .       .',
  idle: /*       */ '.    i    c i .       .',
  awaiting_user: '.    i    i i .       .',
  paused: /*     */ '.    i    i i .       .',
  completed: /*  */ '.    .    . . .       .',
  failed: /*     */ '.    .    . . .       .',
  cancelled: /*  */ '.    .    . . .       .',
  interrupted: /**/ '.    .    . . .       .',
} satisfies Record<RunStatusName, string>

const WITH_CHECKPOINT = {
  ...WITHOUT_CHECKPOINT,
  awaiting_user: '.    .    . . .       .',
  paused: /*     */ '.    .    . . .       .',
}

const INFERRED = {
  completed: /*  */ '+    .    . . .       .',
  failed: /*     */ '+    .    . . .       .',
  cancelled: /*  */ '+    .    . . .       .',
  interrupted: /**/ '+    .    . . .       .',
}

const MEANS: Record<string, RunStatusName | 'next' | null> = {
  '.': null,
  i: 'interrupted',
  c: 'completed',
  '+': 'next',
}

interface Case {
  log: LogId
  status: RunStatusName
  inferred: boolean
  hasCheckpoint: boolean
  evidence: string
  becomes: RunStatusName | 'next' | null
}

const cases = (['r:one', 'w:one'] as const).flatMap((log) =>
  (log === 'r:one' ? NAMES : WORKFLOW_STATUSES).flatMap((status) =>
    [false, true].flatMap((inferred) =>
      [false, true].flatMap((hasCheckpoint) =>
        Object.keys(EVIDENCE).flatMap((evidence, column): Case[] => {
          // Only an end is ever concluded.
          if (inferred && !(status in INFERRED)) return []
          const table = inferred ? INFERRED : hasCheckpoint ? WITH_CHECKPOINT : WITHOUT_CHECKPOINT
          const row = (table as Record<string, string>)[status] ?? ''
          const becomes = MEANS[row.split(/\s+/)[column] ?? ''] ?? null
          return [{ log, status, inferred, hasCheckpoint, evidence, becomes }]
        }),
      ),
    ),
  ),
)

function recordOf(log: LogId, status: RunStatusName, inferred = false): LogRecord {
  const kind = log.startsWith('r:') ? 'run' : 'workflow'
  const registration =
    kind === 'run' ? {} : { definitionId: 'd', phases: [{ name: 'p', agentIds: [], dependsOn: [] }] }
  const opening = inferred ? 'running' : status
  const end = { to: status, trigger: 'reconciliation', inferred: true }
  const [record] = takeAll([
    decoded({ log, type: `${kind}.registered`, payload: { ...registration, status: opening }, position: 1 }),
    ...(inferred
      ? [
          decoded({
            log,
            type: `${kind}.transitioned`,
            payload: end,
            position: 'e',
            stream: RECONCILE_STREAM,
          }),
        ]
      : []),
  ]).records.values()
  if (record === undefined) throw new Error('no record')
  expect(lifecycleOf(record)).toMatchObject({ status, inferred })
  return record
}

function takeAllOn(record: LogRecord, events: Parameters<typeof take>[1]): LogRecord {
  const kept = nothingKept()
  kept.records.set(record.log, record)
  take(kept, events)
  return kept.records.get(record.log) ?? record
}

const gone = (exitCode: number | null): Evidence => ({ kind: 'gone', exitCode })
const live: Evidence = { kind: 'live' }

test('C1 the table is whole: every status by evidence by checkpoint, of runs and workflow runs', () => {
  expect(cases).toHaveLength((10 + 4 + 8 + 4) * 2 * 6)
  expect(cases.filter(({ becomes }) => becomes === 'next')).toHaveLength(4 * 2 * 2)
})

describe('the whole table', () => {
  test.each(cases)(
    'C1 C3 $log $status, inferred $inferred, checkpoint $hasCheckpoint, $evidence: $becomes',
    ({ log, status, inferred, hasCheckpoint, evidence, becomes }) => {
      const record = recordOf(log, status, inferred)
      const judge = (of: LogRecord) =>
        reconcile({ record: of, evidence: EVIDENCE[evidence], hasCheckpoint }, T0 + 5)
      const event = judge(record)
      if (becomes === null) return expect(event).toBeNull()
      if (event === null) throw new Error('nothing concluded')
      expect(event).toMatchObject({ log, stream: RECONCILE_STREAM, timestamp: T0 + 5 })
      // What it says goes through the decoder as any event does, and moves the record.
      const after = takeAllOn(record, [decoded(event)])
      const { attempt } = lifecycleOf(record)
      expect(lifecycleOf(after)).toMatchObject(
        becomes === 'next'
          ? { status: 'running', inferred: false, trigger: 'reconciliation', attempt: attempt + 1 }
          : {
              status: becomes,
              inferred: true,
              trigger: 'reconciliation',
              attempt,
              reason: expect.stringMatching(/\.$/),
            },
      )
      // Twice is once: nothing is left to conclude, and the same conclusion says nothing new.
      expect(judge(after)).toBeNull()
      expect(judge(record)).toEqual(event)
      expect(headless(takeAllOn(after, [decoded(event)]))).toEqual(headless(after))
    },
  )
})

function headless(record: LogRecord): unknown {
  const { lastSequence: _head, updatedAt: _time, ...rest } = lifecycleOf(record)
  return { ...record, notes: null, [record.entity]: rest }
}

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
  const says = ([, record]: [string, LogRecord]) => headless(record)
  expect(after.records.map(says)).toEqual(before.records.map(says))
})

property('C1 a run thought over and found alive is what its owner says from then on', history, (events) => {
  const kept = takeAll(events)
  const conclude = (evidence: Evidence) => {
    const said = [...kept.records.values()].flatMap(
      (record) => reconcile({ record, evidence, hasCheckpoint: false }, T0 + 1e6) ?? [],
    )
    take(kept, said)
    return said
  }
  conclude(gone(null))
  const revived = conclude(live)
  expect(conclude(live)).toEqual([])
  for (const { log } of revived) {
    const record = kept.records.get(log)
    if (record === undefined) throw new Error('no record')
    expect(['running', 'awaiting_user']).toContain(lifecycleOf(record).status)
    // An owner we knew still has its say.
    const owner = record.bindings.find(({ attempt }) => attempt === lifecycleOf(record).attempt)
    if (owner === undefined || owner.stream.startsWith('ledger:')) continue
    const type = record.entity === 'run' ? 'run.transitioned' : 'workflow.transitioned'
    const word = { log, type, payload: { to: 'failed', trigger: 'errored' }, position: 'word' }
    take(kept, [decoded({ ...word, stream: owner.stream })])
    const after = kept.records.get(log)
    expect(after && lifecycleOf(after)).toMatchObject({ status: 'failed', inferred: false })
  }
})

test('C1 one conclusion per attempt has one identity', () => {
  const record = recordOf('r:one', 'running')
  const event = () => reconcile({ record, evidence: gone(1), hasCheckpoint: false }, T0) ?? []
  expect(throughIntakes([event(), event()].flat())).toHaveLength(1)
})

const concluded = (record: LogRecord, evidence: Evidence = gone(null)): SourceEvent => {
  const event = reconcile({ record, evidence, hasCheckpoint: false }, T0)
  if (event === null) throw new Error('no conclusion')
  return event
}

test("C1 the owner's own settled word replaces the conclusion, a late running does not", () => {
  const record = recordOf('r:one', 'running')
  const event = concluded(record)
  const word = (to: string, position: number) =>
    decoded({ log: 'r:one', type: 'run.transitioned', payload: { to, trigger: 'connected' }, position })
  const late = takeAllOn(record, [event, word('running', 2)])
  expect(late).toMatchObject({ run: { status: 'interrupted', inferred: true }, notes: { late: 1 } })
  const owned = takeAllOn(record, [event, word('completed', 2)])
  expect(owned).toMatchObject({ run: { status: 'completed', inferred: false }, notes: { late: 0 } })
})

const at = (position: number, type: string, payload: unknown, log: LogId = 'r:one') =>
  decoded({ log, type, payload, position })
const asked = at(2, 'question.asked', { questionId: 'q', prompt: 'Which?' })
const questionOf = (record: LogRecord) => (record.entity === 'run' ? record.questions[0] : undefined)

test('C1 an open question of a lost run becomes unknown, and its answer may still come', () => {
  const record = recordOf('r:one', 'running')
  const story = [asked, concluded(record)]
  expect(questionOf(takeAllOn(record, story))?.state).toBe('unknown')
  const answered = [...story, at(3, 'question.settled', { questionId: 'q', state: 'answered', answer: 'A' })]
  expect(questionOf(takeAllOn(record, answered))?.state).toBe('answered')
})

test('C1 a lost run that asked and is alive after all waits for its answer again', () => {
  const record = recordOf('r:one', 'running')
  const lost = takeAllOn(record, [asked, concluded(record)])
  const back = takeAllOn(lost, [concluded(lost, live)])
  expect(back).toMatchObject({ run: { status: 'awaiting_user', attempt: 2 } })
  expect(questionOf(back)).toMatchObject({ state: 'open', attempt: 2 })
})

test('C1 a workflow found alive has its phases as they were and follows the same plan', () => {
  const plan = JSON.stringify([{ id: 'one' }])
  const record = takeAllOn(recordOf('w:one', 'failed'), [
    at(2, 'workflow.attempt_started', { trigger: 'resumed_by_user', status: 'running', plan }, 'w:one'),
    at(3, 'phase.transitioned', { phase: 'p', to: 'completed' }, 'w:one'),
    at(4, 'phase.transitioned', { phase: 'q', to: 'running' }, 'w:one'),
  ])
  const lost = takeAllOn(record, [concluded(record)])
  expect(lost).toMatchObject({ workflow: { phases: [{ status: 'completed' }, { status: 'interrupted' }] } })
  expect(takeAllOn(lost, [concluded(lost, live)])).toMatchObject({
    workflow: {
      attempt: 3,
      status: 'running',
      phases: [{ status: 'completed' }, { status: 'running' }],
      resumePlan: { preview: plan },
    },
  })
})

test('C1 an inferred end of a workflow is dated by the last word of its children', () => {
  const record = recordOf('w:one', 'running')
  const event = reconcile(
    { record, evidence: gone(null), hasCheckpoint: false, childSeenAt: T0 + 700 },
    T0 + 9_000,
  )
  if (event === null) throw new Error('no conclusion')
  expect(takeAllOn(record, [event])).toMatchObject({ workflow: { completedAt: T0 + 700 } })
})
