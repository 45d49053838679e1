/** Owns the words of harn one by one: kinds that are kept, words of a worker, names in a live graph. */
import { describe, expect, test } from 'vitest'
import { decodeEvent } from '../../../src/core/decode.ts'
import type { RunRecord } from '../../../src/core/entities.ts'
import { runLog } from '../../../src/core/ids.ts'
import { harnActionGraph } from '../../../src/sources/harn/actionGraph.ts'
import { EDGE_KINDS, NODE_KINDS } from '../../../src/sources/harn/actionGraphBlocks.ts'
import { importHarnSession } from '../../../src/sources/harn/session.ts'
import { folded } from './support/fold.ts'
import { ms, record } from './support/records.ts'

type Said = Record<string, unknown> & { type: string }

const logOf = (events: readonly Said[]): string =>
  events
    .map((event, index) => JSON.stringify({ index, emitted_at_ms: ms(index), session_id: 's1', ...event }))
    .join('\n')

function recordOf(events: readonly Said[], id: string): RunRecord {
  const found = folded(importHarnSession(logOf(events)).events).find(
    (each) => 'run' in each && runLog(each.run.id) === runLog(id),
  )
  return (found as RunRecord | undefined) ?? expect.fail(`no run ${id}`)
}

/** Written out, not taken from the code: a kind that is lost there is missed here. */
const KEPT = [
  'agent_message_chunk agent_thought_chunk user_message plan plan_document_updated progress_reported',
  'feedback_injected daemon_watchdog_tripped skill_activated skill_deactivated skill_scope_tools',
  'skill_narrow tool_search_query tool_search_result fs_watch typed_checkpoint loop_checkpoint',
  'judge_decision step_judge_decision structural_validator_decision scope_classifier_verdict',
  'input_guardrail_verdict missing_tool_call_verdict require_successful_tools_violation final_wrapup',
  'pack_thinking_stripped self_consistency_tie code_librarian_query_nl_fallback orchestration_decision',
  'compass_routing_decision agent_scratchpad_reorganization anchor_changed model_job host_tool_result',
  'host_attachment',
  'budget_circuit_breaker loop_stuck_signal reserved_terminal_verify stance_transition transcript_projected',
  'reminder_emitted staged_writes_pending safe_text_patch_result control_outcome loop_control_decision',
  'agent_loop_stall_warning capability_gap tool_format_override tool_call_audit tool_batch_disposition',
  'cache_hit cache_miss composition_start composition_child_call composition_child_result composition_finish',
  'composition_error mcp_notification mcp_catalog_changed mcp_auth_required boundary_failure',
].flatMap((line) => line.split(' '))

describe('harn kinds that are kept', () => {
  test('are each named once', () => {
    expect(new Set(KEPT).size).toBe(KEPT.length)
  })

  test.each(KEPT)('%s is one event in its place, whole, and no surprise', (type) => {
    const said = { type, content: 'said', nested: { list: [1, null, 'two'] } }
    const text = logOf([{ type: 'turn_start', iteration: 1 }, said, { type: 'turn_start', iteration: 2 }])
    const { events, report } = importHarnSession(text)
    expect(report).toEqual({ imported: 3, skipped: [], notes: [], unknownKinds: [] })
    expect(events.map(({ event }) => event.type)).toEqual([
      'run.registered',
      'iteration.started',
      'foreign',
      'iteration.started',
    ])
    const { stream, event } = events[2] ?? expect.fail()
    expect(stream).toBe('harn:session:s1')
    expect(event).toMatchObject({ log: 'r:s1', timestamp: ms(1) })
    expect(event.position).toMatch(new RegExp(`^${type}:1:[0-9a-f]{12}$`))
    // No `understood: false`: that is for kinds nobody knows.
    expect(event.payload).toEqual({ source: 'harn', name: type, value: { ...said, session_id: 's1' } })
    const decoded = decodeEvent(event, stream)
    expect(decoded).toMatchObject({ kind: 'event', event: { type: 'foreign', payload: event.payload } })
    const [run] = folded(events)
    expect(run).toMatchObject({ run: { status: 'running', iteration: 2, lastSequence: 4 } })
  })

  test('a name that is nearly one of them is unknown', () => {
    const { events, report } = importHarnSession(logOf([{ type: 'cache_hits' }]))
    expect(report.unknownKinds).toEqual(['cache_hits'])
    expect(events[1]?.event.payload).toMatchObject({ name: 'cache_hits', understood: false })
  })
})

describe('harn hitl_resolved', () => {
  const asked = { type: 'hitl_requested', request_id: 'q1', kind: 'question', payload: { prompt: 'Go?' } }
  const resolved = (outcome: string) => ({
    type: 'hitl_resolved',
    request_id: 'q1',
    kind: 'question',
    outcome,
  })

  test.each([
    ['answered', 'answered'],
    ['timeout', 'timed_out'],
    ['cancelled', 'superseded'],
    ['canceled', 'superseded'],
    ['shrugged', 'unknown'],
  ])('%s settles the question as %s, and the run goes on', (outcome, state) => {
    const said = [asked, resolved(outcome)]
    const { events, report } = importHarnSession(logOf(said))
    expect(report).toMatchObject({ imported: 2, notes: [], unknownKinds: [] })
    expect(events.slice(1).map(({ event }) => event.type)).toEqual([
      'question.asked',
      'run.transitioned',
      'question.settled',
      'run.transitioned',
    ])
    expect(events[3]?.event.payload).toMatchObject({ questionId: 'q1', state })
    expect(recordOf([asked], 's1').run.status).toBe('awaiting_user')
    const { run, questions } = recordOf(said, 's1')
    expect(run.status).toBe('running')
    expect(questions).toMatchObject([{ questionId: 'q1', prompt: 'Go?', state }])
  })
})

describe('harn workers', () => {
  const worker = (event: string | null, status: string | null): Said => ({
    type: 'worker_update',
    worker_id: 'w1',
    worker_name: 'scout',
    worker_task: 'Look',
    event,
    status,
  })
  const spawned = worker('WorkerSpawned', 'running')
  const IDLE = { status: 'idle', reason: 'It waits for its next input.' }

  test.each([
    ['WorkerProgressed', 'progressed', { status: 'running', reason: null }],
    ['WorkerProgressed', null, { status: 'running', reason: null }],
    ['WorkerWaitingForInput', 'awaiting_input', IDLE],
    ['WorkerWaitingForInput', null, IDLE],
    // The event is trusted before the status.
    ['WorkerWaitingForInput', 'running', IDLE],
    [null, 'awaiting', IDLE],
    [null, 'awaiting_input', IDLE],
    ['Whatever', 'awaiting', IDLE],
  ])('%s with the status %s, as the first word and after a start', (event, status, standing) => {
    expect(recordOf([worker(event, status)], 'w1').run).toMatchObject({ ...standing, parentRunId: 's1' })
    expect(recordOf([spawned, worker(event, status)], 'w1').run).toMatchObject({ ...standing, attempt: 1 })
  })

  test('progress is no news of a running worker: it is kept in its place, on the log of the session', () => {
    const { events, report } = importHarnSession(logOf([spawned, worker('WorkerProgressed', 'progressed')]))
    expect(report).toMatchObject({ imported: 2, notes: [], unknownKinds: [] })
    expect(events.map(({ event }) => [event.log, event.type])).toEqual([
      ['r:s1', 'run.registered'],
      ['r:w1', 'run.registered'],
      ['r:w1', 'run.transitioned'],
      ['r:s1', 'foreign'],
    ])
    expect(events[3]?.event.payload).toMatchObject({
      name: 'worker_update',
      value: { event: 'WorkerProgressed', status: 'progressed' },
    })
  })

  test('a worker that waited goes on, and is in the same attempt', () => {
    const said = [
      spawned,
      worker('WorkerWaitingForInput', 'awaiting_input'),
      worker('WorkerProgressed', null),
    ]
    expect(recordOf(said, 'w1').run).toMatchObject({ status: 'running', attempt: 1 })
    expect(recordOf([...said, worker('WorkerCompleted', null)], 'w1').run.status).toBe('completed')
  })
})

describe('harn action graph names', () => {
  const nodeNames = ['trigger_predicate', 'dispatch', 'a2a_hop', 'worker_enqueue']
  const cases = [
    ...nodeNames.map((node) => [node, 'transition'] as const),
    ...nodeNames.map((node) => [node, 'a2a_dispatch'] as const),
  ]

  test.each(cases)('a node %s at an edge %s keeps both names, saved and live', (node, edge) => {
    expect(NODE_KINDS).toContain(node)
    expect(EDGE_KINDS).toContain(edge)
    const block = {
      action_graph_nodes: [{ id: 'x:1', label: 'X', kind: node, status: 'open', outcome: '' }],
      action_graph_edges: [{ from_id: 'run:run_1', to_id: 'x:1', kind: edge, label: 'how' }],
    }
    const saved = harnActionGraph(record({ observability: block }) as never) ?? expect.fail()
    const live = harnActionGraph(record() as never, [{ observability: block }] as never) ?? expect.fail()
    for (const { nodes, edges, dangling } of [saved, live]) {
      expect(nodes.filter(({ id }) => id === 'x:1')).toMatchObject([{ kind: node, label: 'X' }])
      expect(edges.filter(({ to }) => to === 'x:1')).toEqual([
        { from: 'run:run_1', to: 'x:1', kind: edge, label: 'how' },
      ])
      expect(dangling).toEqual([])
    }
  })
})
