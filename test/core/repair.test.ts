/** Repair streams: what tells us nothing new is counted, not appended. SPEC A3. */
import { expect, test } from 'vitest'
import type { SourceEvent } from '../../src/core/events.ts'
import type { LogId } from '../../src/core/ids.ts'
import { RUN, decoded, history } from './support/histories.ts'
import { plain, take, takeAll } from './support/fold.ts'
import { property } from '../support/property.ts'

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

const FLOW_ROW = { definitionId: 'd', phases: [{ name: 'plan', agentIds: [], dependsOn: [] }] }

test.each<[type: string, payload: Record<string, unknown>, log?: LogId]>([
  ['run.registered', { status: 'running', agentId: 'ada', parentRunId: 'p1' }],
  ['run.linked', { parentRunId: 'p1' }],
  ['iteration.started', { iteration: 2, max: 9 }],
  ['tool.started', { name: 'read', callId: 'c1' }],
  ['tool.finished', { name: 'read', callId: 'c1', status: 'completed' }],
  ['question.asked', { questionId: 'q', prompt: 'Which?' }],
  ['question.settled', { questionId: 'q', state: 'answered' }],
  ['usage.reported', { key: 'k', scope: 'own', inputTokens: 5, model: 'm' }],
  ['checkpoint.saved', { state: 'half' }],
  ['checkpoint.cleared', {}],
  ['artifact.recorded', { name: 'a.md', mediaType: 'text/markdown', content: 'x' }],
  ['workflow.registered', FLOW_ROW, 'w:one'],
  ['workflow.transitioned', { to: 'running', trigger: 'spawn' }, 'w:one'],
  ['phase.transitioned', { phase: 'plan', to: 'running' }, 'w:one'],
  ['run.linked', { childRunId: 'r1' }, 'w:one'],
])('A3 %s told once more by a list is counted and not appended', (type, payload, log = RUN) => {
  const flow = decoded({ log: 'w:one', type: 'workflow.registered', payload: FLOW_ROW, position: 1 })
  const told = (position: string) => decoded({ log, type, payload, position, stream: 'list' })
  const kept = takeAll([log === RUN ? registered : flow, told('1')], isRepair)
  const [before, redundant] = [plain({ ...kept, redundant: 0 }), kept.redundant]
  take(kept, [told('2'), told('3')], isRepair)
  expect(kept.redundant - redundant).toBe(2)
  expect(plain({ ...kept, redundant: 0 })).toEqual(before)
})

test.each<[type: string, payload: Record<string, unknown>]>([
  ['agent.mood_changed', { mood: 'calm' }],
  ['transcript.compacted', { before: 900, after: 100 }],
  ['handoff.recorded', { target: 'reviewer' }],
  ['control.requested', { commandId: 'x', verb: 'stop' }],
])(
  'A3 %s changes no row, so a list that tells it is kept: its place in the list says whether it is known',
  (type, payload) => {
    const told = (position: string) => decoded({ log: RUN, type, payload, position, stream: 'list' })
    const kept = takeAll([registered, told('1'), told('2')], isRepair)
    expect(kept.events.get(RUN)?.map((event) => event.position)).toEqual([registered.position, '1', '2'])
    expect(kept.redundant).toBe(0)
  },
)

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
