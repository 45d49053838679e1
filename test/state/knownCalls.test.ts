/** A list that tells a long run's tool calls again adds none, though the record let the early ones go. SPEC A3. */
import { expect, test } from 'vitest'
import { selectRun, selectToolCalls } from '../../src/index.ts'
import { newScope, openPage, script, START } from './support/page.ts'

const RUN = 'r:turn'
const CALLS = 30
const repair = { id: 'list:turn', contiguous: true, first: 1, kind: 'repair' } as const

const row = (position: number, type: string, call: number, extra: object = {}) => ({
  log: RUN,
  type,
  payload: { callId: `c${call}`, name: 'search', iteration: 1, ...extra },
  timestamp: START + position,
  position,
})

/** The core's own account: each call began and ended. */
const listed = (calls: number) =>
  Array.from({ length: calls }, (_, call) => [
    row(call * 2 + 1, 'tool.started', call),
    row(call * 2 + 2, 'tool.finished', call, { status: 'completed' }),
  ]).flat()

test('A3 calls that were heard live are not told again by the list, and those that were missed are', async () => {
  const scope = newScope()
  const page = openPage(scope)
  await page.boot()
  const { stream, event } = script()
  const heard = Array.from({ length: CALLS }, (_, call) => [
    event(RUN, 'tool.started', { callId: `c${call}`, name: 'search', iteration: 1 }),
    event(RUN, 'tool.finished', { callId: `c${call}`, name: 'search', iteration: 1, status: 'completed' }),
  ]).flat()
  page.source.emit(stream, [event(RUN, 'run.registered', { status: 'running' }), ...heard])
  await page.ledger.whenIdle()
  await page.ledger.dispose()

  const next = openPage(scope)
  await next.boot()
  next.source.emit(repair, listed(CALLS + 2))
  await next.ledger.whenIdle()
  await next.ledger.openRun(RUN)
  const record = selectRun(next.state(), 'turn')
  expect(record?.telemetry.toolCount).toBe(CALLS + 2)
  // What was heard, and four events of the two that were missed.
  expect(record?.run.lastSequence).toBe(1 + CALLS * 2 + 4)
  expect(new Set(selectToolCalls(next.state(), 'turn').map(({ callId }) => callId)).size).toBe(CALLS + 2)
})
