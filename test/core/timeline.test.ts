/** The rows of a conversation: total, one-way, in a stable order. SPEC H3. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { refold } from '../../src/core/accept.ts'
import { RUN_KINDS, TOOL_CALL_STATUSES } from '../../src/core/entities.ts'
import {
  compareRows,
  subagentRowId,
  threadOf,
  toRowStatus,
  toSubagentRow,
  toToolRow,
} from '../../src/core/timeline.ts'
import type { SubagentRow } from '../../src/core/timeline.ts'
import { toCallStatus } from '../../src/state/chatRuntime/calls.ts'
import { toSubagentStatus } from '../../src/state/chatRuntime/subagents.ts'
import { T0, decoded, runHistory } from './support/histories.ts'
import { runOf, takeAll } from './support/fold.ts'
import { NAMES } from './support/matrix.ts'
import { property } from '../support/property.ts'

test('H3 every run status is one row status', () => {
  expect(Object.fromEntries(NAMES.map((name) => [name, toRowStatus(name)]))).toEqual({
    pending: 'running',
    starting: 'running',
    running: 'running',
    idle: 'running',
    awaiting_user: 'awaiting_user',
    paused: 'awaiting_user',
    completed: 'success',
    failed: 'error',
    cancelled: 'cancelled',
    interrupted: 'cancelled',
  })
})

test('openhuman 3: a row has the status that OpenHuman gives it since #3990, not the one of early June', () => {
  // Of OpenHuman's eight statuses; ours has two more, and both run.
  const early = {
    pending: 'running',
    running: 'running',
    awaiting_user: 'awaiting_user',
    paused: 'awaiting_user',
    completed: 'success',
    failed: 'error',
    cancelled: 'error',
    interrupted: 'error',
  } as const
  const since = { ...early, cancelled: 'cancelled', interrupted: 'cancelled' } as const
  const names = Object.keys(early) as (keyof typeof early)[]
  expect(Object.fromEntries(names.map((name) => [name, toRowStatus(name)]))).toEqual(since)
  expect(names.filter((name) => toRowStatus(name) !== early[name])).toEqual(['cancelled', 'interrupted'])
})

test('openhuman 3: nested subagents and calls have one status each', () => {
  expect(Object.fromEntries(NAMES.map((name) => [name, toSubagentStatus(name)]))).toEqual({
    pending: 'running',
    starting: 'running',
    running: 'running',
    idle: 'running',
    awaiting_user: 'awaiting_user',
    paused: 'awaiting_user',
    completed: 'completed',
    failed: 'failed',
    cancelled: 'cancelled',
    interrupted: 'cancelled',
  })
  expect(TOOL_CALL_STATUSES.map((status) => [status, toCallStatus(status)])).toEqual([
    ['running', 'running'],
    ['completed', 'success'],
    ['failed', 'error'],
    ['cancelled', 'cancelled'],
    ['interrupted', 'cancelled'],
    ['unknown', 'cancelled'],
  ])
})

property('H3 rows after a reload equal the rows before it', runHistory, (events) => {
  const kept = takeAll(events)
  for (const [log, record] of kept.records) {
    const again = refold(JSON.parse(JSON.stringify(kept.events.get(log))))
    if (record.entity !== 'run' || again?.record.entity !== 'run') throw new Error('no run')
    const live = [...(kept.toolCalls.get(log)?.values() ?? [])].map(toToolRow)
    const hydrated = again.toolCalls.map(toToolRow)
    expect(toSubagentRow(again.record, 't', hydrated, false)).toEqual(toSubagentRow(record, 't', live, false))
    expect(new Set(live.map((row) => row.id)).size).toBe(live.length)
  }
})

test.each(RUN_KINDS)('H3 a %s has its row where it belongs', (kind) => {
  const at = (parentThreadId: string | null) =>
    threadOf(
      runOf([decoded({ log: 'r:x', type: 'run.registered', payload: { kind, parentThreadId }, position: 1 })])
        .run,
    )
  expect(at('t1')).toBe(kind === 'background_agent' ? null : 't1')
  expect(at(null)).toBeNull()
})

const say = (position: number, type: string, payload: unknown) =>
  decoded({ log: 'r:x', type, payload, position })
const registered = say(1, 'run.registered', { agentId: 'ada', status: 'running' })
const asked = say(2, 'question.asked', { questionId: 'q', prompt: 'Which?' })

test('H3 a row tells the open question, then the error or the outcome', () => {
  const detail = (...events: ReturnType<typeof say>[]) =>
    toSubagentRow(runOf([registered, ...events]), 't', [], false).detail
  const end = (to: string, said: object) => say(3, 'run.transitioned', { to, trigger: 'errored', ...said })
  expect(detail()).toBeNull()
  expect(detail(asked)).toBe('Which?')
  expect(detail(asked, end('failed', { error: 'No disk.', summary: 'Half done.' }))).toBe('No disk.')
  expect(detail(end('completed', { summary: 'Done.' }))).toBe('Done.')
  expect(detail(end('interrupted', { reason: 'Its owner is gone.' }))).toBe('Its owner is gone.')
})

test('H3 a row is named by its agent, and its id by its run', () => {
  const row = toSubagentRow(runOf([registered, asked]), 't', [], true)
  expect(row).toMatchObject({
    id: subagentRowId('x'),
    runId: 'x',
    name: 'subagent:ada',
    displayName: 'ada',
    runStatus: 'running',
    parentThreadId: 't',
    awaitingQuestion: 'Which?',
    unconfirmed: true,
    createdAt: T0,
  })
  const unnamed = toSubagentRow(runOf([say(1, 'run.registered', {})]), 't', [], false)
  expect(unnamed).toMatchObject({ name: 'subagent:agent', displayName: 'Agent' })
})

const row = (id: string, createdAt: number): SubagentRow => ({
  ...toSubagentRow(runOf([registered]), 't', [], false),
  id,
  createdAt,
})

property(
  'H3 rows have one order, however they came',
  fc
    .uniqueArray(fc.tuple(fc.string(), fc.nat(3)), { selector: ([id]) => id, maxLength: 8 })
    .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length }))),
  ([rows, shuffled]) => {
    const sorted = (list: typeof rows) => list.map(([id, at]) => row(id, at)).toSorted(compareRows)
    expect(sorted(shuffled)).toEqual(sorted(rows))
    sorted(rows).reduce(
      (before, after) => (expect(before.createdAt).toBeLessThanOrEqual(after.createdAt), after),
      row('', 0),
    )
  },
)
