/** The fold against its oracle, and what must hold of every record whatever happened. SPEC F1–F6. */
import { expect, test } from 'vitest'
import { refold } from '../../src/core/accept.ts'
import type { LogRecord } from '../../src/core/entities.ts'
import { isSettled } from '../../src/core/status.ts'
import { FLOW, RUN, assemble, decoded, history, runHistory, workflowHistory } from './support/histories.ts'
import { deepFreeze, nothingKept, plain, runOf, take, takeAll } from './support/fold.ts'
import { runOracle } from './support/oracle.ts'
import { property } from '../support/property.ts'
import { foldedView, inOrder } from './support/view.ts'
import { workflowOracle } from './support/workflowOracle.ts'

property(
  'F1-F6 the fold of a run equals the oracle',
  runHistory,
  (events) => expect(foldedView(events)).toEqual(inOrder(runOracle(events))),
  500,
)

property(
  'F1-F6 the fold of a workflow equals the oracle',
  workflowHistory,
  (events) => {
    const record = takeAll(events).records.get(FLOW)
    if (record?.entity !== 'workflow') throw new Error('no workflow')
    const { phases, attempt, attempts, status, inferred, childRunIds, definitionId, title } = record.workflow
    const { result, resumePlan, input } = record.workflow
    expect({
      lives: [...attempts, { attempt, status, inferred }].map(({ attempt, status, inferred }) => ({
        attempt,
        status,
        inferred,
      })),
      phases: phases.map((phase) => ({ name: phase.name, status: phase.status })),
      childRunIds,
      definitionId,
      title,
      result: result?.preview ?? null,
      resumePlan: resumePlan?.preview ?? null,
      input,
      late: record.notes.late,
    }).toEqual(workflowOracle(events))
  },
  300,
)

property(
  'W2 H3 folding the stored events again gives the live record, byte for byte, and its calls',
  history,
  (events) => {
    const kept = takeAll(events)
    for (const [log, record] of kept.records) {
      const again = refold(JSON.parse(JSON.stringify(kept.events.get(log) ?? [])))
      expect(JSON.stringify(again?.record)).toBe(JSON.stringify(record))
      expect(again?.toolCalls).toEqual([...(kept.toolCalls.get(log)?.values() ?? [])])
    }
  },
)

property('H1 folding on from a stored record equals folding from the start', history, (events) => {
  const kept = takeAll(events)
  for (const [log, record] of kept.records) {
    const stored = kept.events.get(log) ?? []
    const half = Math.floor(stored.length / 2)
    const hydrated = refold(stored.slice(0, half))?.record
    const again = refold(stored.slice(half), hydrated && JSON.parse(JSON.stringify(hydrated)))
    expect(JSON.stringify(again?.record)).toBe(JSON.stringify(record))
  }
})

property('F1 accepting events changes none of its inputs', history, (events) => {
  const kept = nothingKept()
  const batch = deepFreeze(structuredClone(events))
  for (const event of batch) {
    take(kept, [event])
    for (const record of kept.records.values()) deepFreeze(record)
  }
  expect(plain(kept)).toEqual(plain(takeAll(events)))
})

property('F1 what a batch gave out is not changed by the next', history, (events) => {
  const kept = nothingKept()
  for (let from = 0; from < events.length; from += 7) {
    // Frozen, so that a change would throw: the records before it, its own events, all it gives out.
    deepFreeze(take(kept, deepFreeze(structuredClone(events.slice(from, from + 7)))))
  }
  expect(plain(kept)).toEqual(plain(takeAll(events)))
})

property('P1 a change says whether anything lists are served from has changed', history, (events) => {
  const kept = nothingKept()
  for (let from = 0; from < events.length; from += 3) {
    const before = new Map(kept.records)
    for (const { log, record, relisted } of take(kept, events.slice(from, from + 3)).changes) {
      const was = before.get(log)
      expect(relisted).toBe(
        was === undefined || JSON.stringify(listed(was)) !== JSON.stringify(listed(record)),
      )
    }
  }
})

function listed(record: LogRecord): unknown {
  if (record.entity === 'workflow') {
    const { sortAt, status, parentThreadId, definitionId } = record.workflow
    return { sortAt, status, parentThreadId, definitionId }
  }
  const { sortAt, status, kind, parentThreadId, workflowRunId, parentRunId } = record.run
  return { sortAt, status, kind, parentThreadId, workflowRunId, parentRunId }
}

property('F4 a record never contradicts itself', history, (events) => {
  const kept = nothingKept()
  for (const event of events) {
    take(kept, [event])
    const record = kept.records.get(event.log)
    const life = record?.entity === 'run' ? record.run : record?.workflow
    if (record === undefined || life === undefined) throw new Error('nothing kept')
    expect(life.completedAt !== null).toBe(isSettled(life.status))
    if (life.inferred) expect(isSettled(life.status)).toBe(true)
    if (record.entity === 'workflow') continue
    if (isSettled(life.status)) {
      expect(record.toolCalls.filter((call) => call.status === 'running')).toEqual([])
      expect(record.questions.filter((question) => question.state === 'open')).toEqual([])
    }
    const calls = [...(kept.toolCalls.get(event.log)?.values() ?? [])]
    expect(record.telemetry.toolCount).toBe(calls.length)
    expect(record.telemetry.toolErrorCount).toBe(calls.filter((call) => call.status === 'failed').length)
    for (const call of record.toolCalls) expect(calls).toContainEqual(call)
  }
})

test('F4 a new attempt ends the calls of the one before', () => {
  const run = runOf(
    assemble([
      { log: RUN, type: 'run.registered', payload: { status: 'running' }, stream: 'A' },
      { log: RUN, type: 'tool.started', payload: { name: 'read', callId: 'c1' }, stream: 'A' },
      { log: RUN, type: 'run.attempt_started', payload: { trigger: 'restart' }, stream: 'B' },
    ]),
  )
  expect(run.toolCalls).toMatchObject([{ status: 'interrupted', inferred: true }])
})

test('F4 an end without id is never given to a call of an earlier attempt', () => {
  const { toolCalls } = runOf(
    assemble([
      { log: RUN, type: 'tool.started', payload: { name: 'read' }, stream: 'A' },
      { log: RUN, type: 'run.attempt_started', payload: { trigger: 'restart' }, stream: 'A' },
      { log: RUN, type: 'tool.finished', payload: { name: 'read', status: 'completed' }, stream: 'A' },
    ]),
  )
  expect(toolCalls.map((call) => [call.id, call.status]).toSorted()).toEqual([
    ['1:0:A:1', 'interrupted'],
    ['2:0:A:3', 'completed'],
  ])
})

test('F4 an end belongs to the call of the present iteration when call ids repeat', () => {
  const started = (iteration: number) => [
    { log: RUN, type: 'iteration.started', payload: { iteration }, stream: 'A' },
    { log: RUN, type: 'tool.started', payload: { name: 'read', callId: 'call_0' }, stream: 'A' },
  ]
  const finished = {
    log: RUN,
    type: 'tool.finished',
    payload: { callId: 'call_0', status: 'completed' },
    stream: 'A',
  }
  const { toolCalls } = runOf(assemble([...started(1), ...started(2), finished]))
  expect(toolCalls.map((call) => [call.iteration, call.status])).toEqual([
    [1, 'running'],
    [2, 'completed'],
  ])
})

test('F4 a registration that comes after other events still says what the run is doing', () => {
  const run = runOf([
    decoded({
      log: RUN,
      type: 'usage.reported',
      payload: { key: 'k', scope: 'own' },
      position: 1,
      stream: 'usage',
    }),
    decoded({ log: RUN, type: 'run.registered', payload: { status: 'running' }, position: 1 }),
  ])
  expect(run.run.status).toBe('running')
})

test('F4 a run first seen in a list has the kind the list says', () => {
  const run = runOf([
    decoded({ log: RUN, type: 'run.observed', payload: { kind: 'team_member' }, position: 'row' }),
  ])
  expect(run.run.kind).toBe('team_member')
})

test('F4 an attempt that opens settled has an end', () => {
  const payload = { trigger: 'imported', status: 'completed' }
  const run = runOf([
    decoded({ log: RUN, type: 'run.registered', payload: {}, position: 1 }),
    decoded({ log: RUN, type: 'run.attempt_started', payload, position: 2, timestamp: 1_700_000_000_000 }),
  ])
  expect(run.run.completedAt).toBe(1_700_000_000_000)
})

test('F4 the update time of figures never runs backwards', () => {
  const call = (position: number, timestamp: number) =>
    decoded({
      log: RUN,
      type: 'tool.finished',
      payload: { name: 'x', status: 'completed' },
      position,
      timestamp,
    })
  const at = 1_700_000_000_000
  expect(runOf([call(1, at), call(2, at - 500)]).telemetry.updatedAt).toBe(at)
})

test('F1 a workflow announced again has the phases it did not have, and in a later attempt none of an earlier one', () => {
  const phase = (name: string, dependsOn: string[] = []) => ({ name, agentIds: [], dependsOn })
  const registered = (...phases: object[]) => ({
    log: FLOW,
    type: 'workflow.registered',
    payload: { definitionId: 'd', phases },
    stream: 'A',
  })
  const again = { trigger: 'restart', phases: [phase('write')] }
  const opened = { log: FLOW, type: 'workflow.attempt_started', payload: again, stream: 'A' }
  const phasesOf = (...said: Parameters<typeof assemble>[0]) => {
    const record = takeAll(assemble(said)).records.get(FLOW)
    return (
      record?.entity === 'workflow' && record.workflow.phases.map(({ name, dependsOn }) => [name, dependsOn])
    )
  }
  const [first, more] = [registered(phase('plan')), registered(phase('plan', ['read']), phase('write'))]
  expect(phasesOf(first, more, more)).toEqual([
    ['plan', ['read']],
    ['write', []],
  ])
  expect(phasesOf(first, opened, first)).toEqual([['write', []]])
})
