/** Rows of the core's ledger, as pure functions: what a row may claim, and what it may not. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEvent } from '../../../src/core/decode.ts'
import type { RunRecord } from '../../../src/core/entities.ts'
import { accept } from '../../../src/core/accept.ts'
import type { SourceEvent } from '../../../src/core/events.ts'
import type { Told } from '../../../src/sources/openHuman/envelope.ts'
import { tellRow } from '../../../src/sources/openHuman/rows.ts'
import { readAgentRow, readRunEvent, readWorkflowRow } from '../../../src/sources/openHuman/rowsRead.ts'
import { tellRunEvent } from '../../../src/sources/openHuman/runEvents.ts'
import { tellWorkflow } from '../../../src/sources/openHuman/workflows.ts'
import { property } from '../../support/property.ts'
import { at12, childRow, turnRow } from './support/rpcPage.ts'

/** Folds what rows tell, one after the other, onto what is known by then. */
function folded(...rows: object[]): RunRecord {
  let record: RunRecord | null = null
  for (const value of rows) {
    const row = readAgentRow(value)
    if (row === null) throw new Error('unreadable')
    const known: RunRecord | null = record
    const { changes } = accept(
      () => known ?? undefined,
      decoded(tellRow(row, known)),
      () => true,
    )
    record = (changes[0]?.record as RunRecord | undefined) ?? known
  }
  if (record === null) throw new Error('nothing was told')
  return record
}

function decoded(told: readonly Told[]): SourceEvent[] {
  return told.flatMap(({ stream, events }) =>
    events.map((event) => {
      const result = decodeEvent(event, stream.id)
      if (result.kind !== 'event') throw new Error(result.kind === 'bad' ? result.reason : 'transient')
      return result.event
    }),
  )
}

const saved = { resumeTool: 'continue_subagent', taskId: 'sub-7c1', question: 'EU or US data?' }
const waiting = (fields: object = {}): object =>
  childRow({ status: 'awaiting_user', checkpoint: saved, checkpointPath: '…/sub-7c1.json', ...fields })

describe('rows', () => {
  test('a row tells who it is, of cores of both times', () => {
    const { run } = folded(childRow({ taskCardId: 'card-1' }))
    expect(run).toMatchObject({
      kind: 'worker_thread',
      status: 'running',
      parentRunId: 'req-9f2',
      parentCallId: 'call_3',
      agentName: 'Researcher',
      taskCardId: 'card-1',
      metadata: { mode: 'typed', promptChars: 212 },
      startedAt: Date.parse(at12(2)),
    })
  })

  test('openhuman 8.13: figures of 0 are unknown, and no cost is free', () => {
    const telemetry = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, costUsd: 0, toolCount: 4 }
    expect(folded(turnRow({ telemetry })).usage.entries).toEqual([])
    const { usage } = folded(turnRow({ telemetry: { ...telemetry, inputTokens: 900 } }))
    expect(usage.entries).toMatchObject([
      { key: 'turn:req-9f2', scope: 'subtree', inputTokens: 900, outputTokens: null, costUsd: null },
    ])
  })

  test('openhuman 8.18: what an earlier end left in a row in flight is not taken', () => {
    const { run } = folded(childRow({ error: 'timeout', summary: 'Failed.', completedAt: at12(1) }))
    expect(run).toMatchObject({ status: 'running', error: null, summary: null, completedAt: null })
  })

  test('openhuman 8.18: a completed run does not keep the error of the time before', () => {
    const summary = 'Completed in 3 iteration(s), 760 output chars'
    const { run } = folded(childRow({ status: 'completed', error: 'timeout', summary, completedAt: at12(9) }))
    expect(run).toMatchObject({ status: 'completed', error: null, summary, output: null })
    expect(run.completedAt).toBe(Date.parse(at12(9)))
  })

  test('openhuman 8.4: the question of a waiting row is asked once', () => {
    const record = folded(waiting(), waiting({ updatedAt: at12(8) }))
    expect(record.questions).toMatchObject([{ prompt: 'EU or US data?', state: 'open' }])
  })

  test('openhuman 8.11: a checkpoint is claimed only where it was saved', () => {
    const of = (fields: object): unknown => folded(waiting(fields)).run.checkpoint
    expect(of({ checkpoint: { ...saved, checkpointPersisted: false } })).toBeNull()
    expect(of({ checkpointPath: null })).toBeNull()
    expect(of({ checkpoint: { ...saved, checkpointPersisted: true }, checkpointPath: null })).not.toBeNull()
    // An older core says no more than the path.
    expect(of({})).not.toBeNull()
  })

  test('openhuman 8.12: a completed run has no checkpoint to go on from, though its row still names it', () => {
    const done = { status: 'completed', completedAt: at12(9), updatedAt: at12(9) }
    const { run } = folded(waiting(), waiting(done))
    expect(run).toMatchObject({ status: 'completed', checkpoint: null })
    expect(folded(waiting(), waiting({ ...done, status: 'failed' })).run.checkpoint).not.toBeNull()
  })

  test('openhuman 8.19: a run that was continued keeps its former parent', () => {
    const { run } = folded(childRow(), childRow({ parentRunId: 'req-a10', updatedAt: at12(9) }))
    expect(run).toMatchObject({ parentRunId: 'req-a10', formerParentRunIds: ['req-9f2'] })
  })

  test('openhuman 8.18: a row in flight after the end is a new attempt, unless it is older', () => {
    const done = childRow({ status: 'failed', error: 'timeout', updatedAt: at12(9), completedAt: at12(9) })
    const retried = { status: 'pending', error: null, completedAt: null }
    expect(folded(done, childRow({ ...retried, updatedAt: at12(8) })).run).toMatchObject({
      attempt: 1,
      status: 'failed',
    })
    const again = folded(done, childRow({ ...retried, updatedAt: at12(12) }))
    expect(again.run).toMatchObject({ attempt: 2, status: 'pending', error: null })
    // Later rows speak of the new attempt, and of the one after it.
    const end = childRow({ status: 'completed', updatedAt: at12(20), completedAt: at12(20) })
    const third = childRow({ ...retried, updatedAt: at12(30) })
    const last = childRow({ status: 'failed', updatedAt: at12(40), completedAt: at12(40) })
    const { run } = folded(done, childRow({ ...retried, updatedAt: at12(12) }), end, third, last)
    expect(run).toMatchObject({ attempt: 3, status: 'failed' })
    expect(run.attempts.map(({ status }) => status)).toEqual(['failed', 'completed'])
  })
})

describe('run events', () => {
  test.each([
    ['tool_call_started', { callId: 'c', toolName: 't', iteration: 1 }, 'tool.started'],
    ['tool_call_completed', { callId: 'c', toolName: 't', success: true }, 'tool.finished'],
    ['subagent_tool_call_started', { callId: 'c', toolName: 't' }, 'tool.started'],
    ['subagent_tool_call_completed', { callId: 'c', toolName: 't', success: false }, 'tool.finished'],
    ['turn_started', { threadId: 'thread-4', clientId: 's-1' }, 'run.observed'],
    ['turn_completed', { iterations: 3 }, 'foreign'],
    ['turn_interrupted', { eventsSeen: 4 }, 'foreign'],
    ['subagent_spawned', { agentId: 'researcher', workerThreadId: 'worker-88' }, 'run.observed'],
    ['subagent_completed', { outputChars: 760, dirtyStatus: true }, 'run.observed'],
    ['subagent_failed', { error: 'timeout' }, 'foreign'],
    ['subagent_awaiting_user', { question: 'EU?' }, 'foreign'],
    ['control_stopped', { verb: 'stop' }, 'foreign'],
    ['team_message', { from: 'a', to: 'b', content: 'hi' }, 'foreign'],
    ['something_new', { deep: [1] }, 'foreign'],
  ])('A3 %s has its place in the stream', (eventType, payload, type) => {
    const row = readRunEvent({ runId: 'sub-1', sequence: 7, eventType, payload, timestamp: at12(1) })
    if (row === null) throw new Error('unreadable')
    const event = tellRunEvent(row)
    expect(event).toMatchObject({ log: 'r:sub-1', position: 7, type })
    expect(decodeEvent(event, 'openhuman:events:sub-1').kind).toBe('event')
  })

  test('a failure is a sentence in either spelling', () => {
    const finished = (failure: object): unknown => {
      const payload = { callId: 'c', toolName: 't', success: false, failure }
      const row = readRunEvent({ runId: 's', sequence: 1, eventType: 'tool_call_completed', payload })
      return row === null ? null : (tellRunEvent(row).payload as { failure: string }).failure
    }
    expect(finished({ cause_plain: 'Needs access', next_action: 'Allow it' })).toBe('Needs access. Allow it.')
    expect(finished({ causePlain: 'Needs access.', class: 'X' })).toBe('Needs access.')
    expect(finished({ class: 'MissingPermission' })).toBe('MissingPermission')
  })
})

const noisy = (keys: readonly string[]): fc.Arbitrary<unknown> =>
  fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }), { maxKeys: keys.length })

property(
  'A1 rows and events of any shape are read or refused, and never throw',
  fc.tuple(
    noisy([
      'id',
      'kind',
      'status',
      'checkpoint',
      'metadata',
      'telemetry',
      'startedAt',
      'updatedAt',
      'summary',
    ]),
    noisy(['id', 'status', 'phaseStates', 'childRunIds', 'definitionId', 'input', 'updatedAt']),
    noisy(['runId', 'sequence', 'eventType', 'payload', 'timestamp']),
    fc.constantFrom('completed', 'running', 'awaiting_user'),
  ),
  ([agent, workflow, event, status]) => {
    const run = readAgentRow({ ...(agent as object), id: 'a', status })
    if (run !== null) for (const told of tellRow(run, null)) expect(told.events.length).toBeGreaterThan(0)
    const flow = readWorkflowRow({ ...(workflow as object), id: 'w' })
    if (flow !== null) expect(tellWorkflow(flow, null, null).events.length).toBeGreaterThan(0)
    readAgentRow(agent)
    const row = readRunEvent(event)
    if (row !== null) tellRunEvent(row)
  },
  60,
)
