/** Which calls make the outcome of a run unknown, attempt by attempt, over records as the fold makes them. SPEC R3. */
import { describe, expect, test } from 'vitest'
import { refold } from '../../src/core/accept.ts'
import type { RunEvent } from '../../src/core/entities.ts'
import { danglingOf } from '../../src/core/resume/dangling.ts'
import { decoded } from './support/histories.ts'

type Said = readonly [stream: string, type: string, payload: Record<string, unknown>]

const registered = (stream: string): Said => [
  stream,
  'run.registered',
  { kind: 'workflow_child', status: 'running' },
]
const started = (stream: string, callId: string, effect: string | null = 'write'): Said => [
  stream,
  'tool.started',
  { callId, name: `send ${callId}`, iteration: 1, effect },
]
const finished = (stream: string, callId: string, status = 'completed'): Said => [
  stream,
  'tool.finished',
  { callId, iteration: 1, status },
]
const gone: Said = [
  'ledger:reconcile',
  'run.transitioned',
  { to: 'interrupted', trigger: 'reconciliation', inferred: true },
]
const revived = (attempt: number): Said => [
  'ledger:reconcile',
  'run.attempt_started',
  { trigger: 'reconciliation', attempt, status: 'running' },
]
const again = (stream: string, attempt: number): Said => [
  stream,
  'run.attempt_started',
  { trigger: 'restart', attempt, status: 'running' },
]
const cancelled = (stream: string): Said => [
  stream,
  'run.transitioned',
  { to: 'cancelled', trigger: 'user_terminated' },
]

function after(...said: readonly Said[]): readonly string[] {
  const events = said.map(([stream, type, payload], index): RunEvent => ({
    ...decoded({ log: 'r:run', type, payload, position: index + 1, stream }),
    sequence: index + 1,
    attempt: 1,
  }))
  const record = refold(events)?.record
  if (record?.entity !== 'run') throw new Error('no run')
  return danglingOf(record)
}

describe('R3: a call whose outcome is not known', () => {
  test('has begun and told no end, and does not say that it changes nothing', () => {
    const calls = [started('A', 'c1'), started('A', 'c2', null), started('A', 'c3', 'none')]
    expect(after(registered('A'), ...calls)).toEqual(['send c1', 'send c2'])
    expect(after(registered('A'), ...calls, gone)).toEqual(['send c1', 'send c2'])
  })

  test('is none once it told how it went, however late', () => {
    for (const status of ['completed', 'failed']) {
      expect(after(registered('A'), started('A', 'c1'), finished('A', 'c1', status), gone)).toEqual([])
      expect(after(registered('A'), started('A', 'c1'), gone, finished('A', 'c1', status))).toEqual([])
    }
  })

  test('was cut off by the end of its run, though somebody said so', () => {
    const call = [started('A', 'c1'), finished('A', 'c1', 'cancelled')]
    expect(after(registered('A'), ...call, cancelled('A'))).toEqual(['send c1'])
  })

  test('is not asked about again when an attempt was begun after it', () => {
    const first = [registered('A'), started('A', 'c1'), gone]
    expect(after(...first, again('B', 2))).toEqual([])
    expect(after(...first, again('B', 2), gone)).toEqual([])
    expect(after(...first, again('B', 2), started('B', 'c1'), gone)).toEqual(['send c1'])
    // The owner came back and began the next attempt itself.
    expect(after(...first, revived(2), again('A', 3))).toEqual([])
  })

  test('an end of an earlier attempt is not that of a later one', () => {
    const first = [registered('A'), started('A', 'c1'), finished('A', 'c1'), gone]
    expect(after(...first, again('B', 2), started('B', 'c1'), gone)).toEqual(['send c1'])
  })

  test('still counts when its run was only thought to have ended', () => {
    const first = [registered('A'), started('A', 'c1'), gone, revived(2)]
    expect(after(...first)).toEqual(['send c1'])
    expect(after(...first, gone)).toEqual(['send c1'])
    expect(after(...first, gone, revived(3), gone)).toEqual(['send c1'])
    expect(after(...first, gone, again('B', 3))).toEqual([])
  })

  test('is told of by its owner in the attempt that was opened for it', () => {
    const first = [registered('A'), started('A', 'c1'), gone, revived(2)]
    expect(after(...first, finished('A', 'c1'))).toEqual([])
    expect(after(...first, finished('A', 'c1'), gone)).toEqual([])
    expect(after(...first, started('A', 'c2'), finished('A', 'c1'), gone)).toEqual(['send c2'])
    expect(after(...first, finished('A', 'c1', 'cancelled'), gone)).toContain('send c1')
  })
})
