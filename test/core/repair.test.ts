/** Repair streams: what tells us nothing new is counted, not appended. SPEC A3. */
import { expect, test } from 'vitest'
import type { SourceEvent } from '../../src/core/events.ts'
import { RUN, decoded, history } from './support/histories.ts'
import { plain, take, takeAll } from './support/fold.ts'
import { property } from './support/property.ts'

const isRepair = (stream: string) => stream === 'list'
const row = (position: string, payload: Record<string, unknown>): SourceEvent =>
  decoded({ log: RUN, type: 'run.observed', payload, position, stream: 'list' })
const registered = decoded({ log: RUN, type: 'run.registered', payload: { status: 'running' }, position: 1 })

test('A3 a row seen again in a list is counted and not appended', () => {
  const payload = { agentName: 'Ada', status: 'running', metadata: { a: 1 } }
  const kept = takeAll([registered, row('1', payload), row('2', payload), row('3', payload)], isRepair)
  expect(kept.events.get(RUN)).toHaveLength(2)
  expect(kept.redundant).toBe(2)
})

test('A3 a stale row of a list is counted once more each time, and never appended', () => {
  const done = decoded({
    log: RUN,
    type: 'run.transitioned',
    payload: { to: 'completed', trigger: 'process_exited' },
    position: 2,
  })
  const stale = { status: 'running', agentName: 'Ada' }
  const kept = takeAll([registered, row('1', stale), done, row('2', stale), row('3', stale)], isRepair)
  expect(kept.events.get(RUN)).toHaveLength(3)
  expect(kept.redundant).toBe(2)
})

test('A3 a row that knows more is appended', () => {
  const kept = takeAll([registered, row('1', { agentName: 'Ada' }), row('2', { agentId: 'a' })], isRepair)
  expect(kept.events.get(RUN)).toHaveLength(3)
  expect(kept.redundant).toBe(0)
})

test('A3 a repair stream may be the first to tell of a run', () => {
  const kept = takeAll([row('1', { status: 'running' })], isRepair)
  expect(kept.events.get(RUN)).toHaveLength(1)
})

property('A3 a list that says what we know already leaves everything as it is', history, (events) => {
  const kept = takeAll(events)
  const before = plain(kept)
  const rows = [...kept.records.values()].flatMap((record) => {
    // The owner's word on what we inferred is news.
    if (record.entity === 'workflow' || !record.registered || record.run.inferred) return []
    const { status, agentId, agentName, metadata } = record.run
    return [{ ...row('again', { status, agentId, agentName, metadata }), log: record.log }]
  })
  take(kept, rows, isRepair)
  expect(kept.redundant).toBe(rows.length)
  expect(plain({ ...kept, redundant: 0 })).toEqual(before)
})
