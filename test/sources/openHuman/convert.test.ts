/** What each literal message of a core's stream says, row by row; and that nothing at all makes the converter throw. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEvent } from '../../../src/core/decode.ts'
import { prepare } from '../../../src/core/content.ts'
import type { RawEvent } from '../../../src/core/events.ts'
import { createTurnMemory } from '../../../src/sources/openHuman/turns.ts'
import { property } from '../../support/property.ts'
import { NOW, say } from './liveSupport.ts'
import type { Wire } from './liveSupport.ts'
import { convert } from './support/convert.ts'

const TURN = 'r:req-9f2'
const CHILD = 'r:sub-7c1'

/** In the middle of a turn that is known. */
function told(message: unknown): RawEvent[] {
  const memory = createTurnMemory()
  memory.open('req-9f2', -1)
  memory.open('req-a10', -1)
  return convert(message, memory, NOW).flatMap(({ events }) => [...events])
}

const first = (message: unknown): unknown[] => {
  const [event] = told(message)
  return [event?.log, event?.type, event?.position, event?.payload]
}

const spawn = say('subagent_spawned', 9, {
  message: "Sub-agent 'Researcher' spawned",
  tool_name: 'researcher',
  skill_id: 'sub-7c1',
  round: 2,
  subagent: {
    mode: 'async',
    dedicated_thread: false,
    prompt_chars: 212,
    worker_thread_id: 'worker-88',
    display_name: 'Researcher',
    parent_call_id: 'call_3',
  },
})
const inChild = { child_iteration: 1, agent_id: 'researcher', task_id: 'sub-7c1' }

/** The literal messages of section 2.4, and the event each of them is. */
const LITERALS: [Wire, string, string, number | string, object][] = [
  [say('inference_start', 0), TURN, 'run.registered', 0, { kind: 'background_agent', status: 'running' }],
  [say('inference_heartbeat', 14), TURN, 'heartbeat', 14, {}],
  [
    say('iteration_start', 1, { round: 1, message: 'Iteration 1/12' }),
    TURN,
    'iteration.started',
    1,
    { iteration: 1, max: 12 },
  ],
  [
    say('tool_call', 4, {
      tool_name: 'web_search',
      skill_id: 'web_channel',
      round: 1,
      tool_call_id: 'call_1',
      tool_display_label: 'Searching the web',
    }),
    TURN,
    'tool.started',
    4,
    { callId: 'call_1', name: 'web_search', label: 'Searching the web', iteration: 1, args: null },
  ],
  [
    say('tool_args_delta', 3, {
      round: 1,
      tool_call_id: 'call_1',
      tool_name: 'web_search',
      delta: '{"query":"rain',
      delta_kind: 'tool_args',
    }),
    TURN,
    'args.delta',
    3,
    { callId: 'call_1', text: '{"query":"rain' },
  ],
  [
    say('tool_result', 5, {
      tool_name: 'web_search',
      skill_id: 'web_channel',
      output: '3 results',
      success: true,
      round: 1,
      tool_call_id: 'call_1',
      elapsed_ms: 640,
      args: { query: 'rain' },
      structured: { kind: 'web_search', results: [] },
    }),
    TURN,
    'tool.finished',
    5,
    {
      callId: 'call_1',
      name: 'web_search',
      iteration: 1,
      status: 'completed',
      output: '3 results',
      args: '{"query":"rain"}',
      elapsedMs: 640,
      failure: null,
      rest: { structured: { kind: 'web_search', results: [] } },
    },
  ],
  [
    say('tool_result', 6, {
      tool_name: 'shell',
      skill_id: 'web_channel',
      output: 'denied',
      success: false,
      round: 1,
      tool_call_id: 'call_2',
      elapsed_ms: 12,
      failure: {
        class: 'MissingPermission',
        category: 'NeedsUserConfirmation',
        recoverable: true,
        cause_plain: 'Needs access',
        next_action: 'Allow it',
      },
    }),
    TURN,
    'tool.finished',
    6,
    {
      status: 'failed',
      output: 'denied',
      failure: 'Needs access. Allow it.',
      failureClass: 'MissingPermission',
      failureCategory: 'NeedsUserConfirmation',
      recoverable: true,
    },
  ],
  [
    say('text_delta', 7, { round: 2, delta: 'Here ', delta_kind: 'text' }),
    TURN,
    'text.delta',
    7,
    { kind: 'text', text: 'Here ', iteration: 2 },
  ],
  [
    say('thinking_delta', 2, { round: 1, delta: 'check', delta_kind: 'thinking' }),
    TURN,
    'text.delta',
    2,
    { kind: 'thinking', text: 'check', iteration: 1 },
  ],
  [
    say('chat_interim', 8, { full_response: 'Let me check.', round: 1 }),
    TURN,
    'foreign',
    8,
    { source: 'openhuman', name: 'chat_interim', value: { full_response: 'Let me check.', round: 1 } },
  ],
  [
    say('chat_segment', null, { full_response: 'Part one.', segment_index: 0, segment_total: 2 }),
    TURN,
    'foreign',
    'segment:thread-4:req-9f2:0',
    { name: 'chat_segment', value: { full_response: 'Part one.', segment_index: 0, segment_total: 2 } },
  ],
  [
    spawn,
    CHILD,
    'run.registered',
    9,
    {
      kind: 'worker_thread',
      status: 'running',
      parentRunId: 'req-9f2',
      parentThreadId: 'thread-4',
      workerThreadId: 'worker-88',
      parentCallId: 'call_3',
      agentId: 'researcher',
      agentName: 'Researcher',
      metadata: { mode: 'async', dedicatedThread: false, promptChars: 212, displayName: 'Researcher' },
    },
  ],
  [
    say('subagent_iteration_start', 10, {
      message: "Sub-agent 'researcher' iteration 1/8",
      tool_name: 'researcher',
      skill_id: 'sub-7c1',
      round: 2,
      subagent: { child_iteration: 1, child_max_iterations: 8 },
    }),
    CHILD,
    'iteration.started',
    10,
    { iteration: 1, max: 8 },
  ],
  [
    say('subagent_thinking_delta', 11, {
      round: 2,
      delta: 'plan',
      delta_kind: 'thinking',
      skill_id: 'sub-7c1',
      subagent: inChild,
    }),
    CHILD,
    'text.delta',
    11,
    { kind: 'thinking', text: 'plan', iteration: 1 },
  ],
  [
    say('subagent_text_delta', 12, {
      round: 2,
      delta: 'Looking',
      delta_kind: 'text',
      skill_id: 'sub-7c1',
      subagent: inChild,
    }),
    CHILD,
    'text.delta',
    12,
    { kind: 'text', text: 'Looking', iteration: 1 },
  ],
  [
    say('subagent_tool_call', 13, {
      tool_name: 'web_fetch',
      skill_id: 'sub-7c1',
      round: 2,
      tool_call_id: 'cc-1',
      args: { url: 'https://ex.test' },
      subagent: inChild,
    }),
    CHILD,
    'tool.started',
    13,
    { callId: 'cc-1', name: 'web_fetch', iteration: 1, args: '{"url":"https://ex.test"}' },
  ],
  [
    say('subagent_tool_result', 15, {
      tool_name: 'web_fetch',
      skill_id: 'sub-7c1',
      success: true,
      round: 2,
      tool_call_id: 'cc-1',
      output: '<html>',
      elapsed_ms: 310,
      subagent: { ...inChild, elapsed_ms: 310, output_chars: 6 },
    }),
    CHILD,
    'tool.finished',
    15,
    {
      callId: 'cc-1',
      name: 'web_fetch',
      iteration: 1,
      status: 'completed',
      output: '<html>',
      elapsedMs: 310,
      outputChars: 6,
    },
  ],
  [
    say('subagent_awaiting_user', 16, {
      message: 'EU or US data?',
      tool_name: 'researcher',
      skill_id: 'sub-7c1',
      success: true,
      round: 2,
      subagent: { worker_thread_id: 'worker-88', parent_call_id: 'call_3' },
    }),
    CHILD,
    'run.observed',
    16,
    {
      status: 'awaiting_user',
      workerThreadId: 'worker-88',
      question: { questionId: 'ask:req-9f2:16', prompt: 'EU or US data?', agentId: 'researcher' },
    },
  ],
  [
    {
      ...say('subagent_completed', 6, {
        message: "Sub-agent 'researcher' completed in 4200ms",
        tool_name: 'researcher',
        skill_id: 'sub-7c1',
        success: true,
        round: 1,
        subagent: {
          elapsed_ms: 4200,
          iterations: 3,
          output_chars: 760,
          output: 'EU data says…',
          input_tokens: 9000,
          output_tokens: 800,
          cost_usd: 0.02,
        },
      }),
      request_id: 'req-a10',
    },
    CHILD,
    'run.transitioned',
    6,
    { to: 'completed', output: 'EU data says…', summary: "Sub-agent 'researcher' completed in 4200ms" },
  ],
  [
    say('subagent_failed', 17, {
      message: 'provider timeout',
      tool_name: 'coder',
      skill_id: 'sub-7c2',
      success: false,
      round: 2,
      subagent: { parent_call_id: 'call_4' },
    }),
    'r:sub-7c2',
    'run.transitioned',
    17,
    { to: 'failed', error: 'provider timeout' },
  ],
  [
    say('turn_cost', 18, {
      round: 2,
      usage: {
        input_tokens: 5000,
        output_tokens: 400,
        cached_input_tokens: 1000,
        cost_usd: 0.011,
        cost_source: 'charged',
        context_window: 0,
        context_tokens: 0,
      },
    }),
    TURN,
    'usage.reported',
    18,
    {
      key: 'turn:req-9f2',
      scope: 'subtree',
      inputTokens: 5000,
      outputTokens: 400,
      cachedInputTokens: 1000,
      costUsd: 0.011,
      costSource: 'charged',
      contextWindow: null,
    },
  ],
  [
    say('chat_error', null, {
      message: 'Rate limited',
      error_type: 'rate_limited',
      round: 2,
      copy_key: 'chat_error.rate_limited',
      copy_params: { retry_after_secs: 30 },
      error_retryable: true,
      error_retry_after_ms: 30_000,
    }),
    TURN,
    'run.transitioned',
    'error:thread-4:req-9f2:rate_limited',
    {
      to: 'failed',
      error: 'Rate limited',
      reason: 'rate_limited',
      rest: { round: 2, copy_params: { retry_after_secs: 30 }, error_retryable: true },
    },
  ],
  [
    say('chat_cancelled', null, { cancel_reason: 'superseded', superseded_by: 'req-a10' }),
    TURN,
    'run.transitioned',
    'cancelled:thread-4:req-9f2',
    { to: 'cancelled', reason: 'superseded' },
  ],
  [
    say('approval_decided', null, {
      tool_name: 'shell',
      message: 'deny',
      cancel_reason: 'expired',
      tool_call_id: 'call_5',
    }),
    TURN,
    'question.settled',
    expect.any(String) as unknown as string,
    { questionId: 'approval:call_5', state: 'timed_out', answer: 'deny' },
  ],
  [
    say('approval_request', null, {
      tool_name: 'shell',
      message: 'Run command?',
      args: { command: 'npm test' },
      tool_call_id: 'call_5',
      expires_at: '2026-09-01T10:10:00Z',
      detached: true,
    }),
    TURN,
    'question.asked',
    expect.any(String) as unknown as string,
    {
      questionId: 'approval:call_5',
      kind: 'approval',
      prompt: 'Run command?',
      expiresAt: Date.UTC(2026, 8, 1, 10, 10),
      rest: { args: { command: 'npm test' } },
    },
  ],
  [
    say('plan_review_request', null, { message: '3-step plan', args: { steps: ['a', 'b', 'c'] } }),
    TURN,
    'question.asked',
    expect.any(String) as unknown as string,
    { kind: 'approval', prompt: '3-step plan\n1. a\n2. b\n3. c' },
  ],
  [
    say('artifact_ready', null, {
      args: {
        artifact_id: 'a1',
        kind: 'document',
        title: 'Report',
        workspace_dir: '/ws',
        path: 'report.md',
        size_bytes: 2048,
      },
    }),
    TURN,
    'artifact.recorded',
    expect.any(String) as unknown as string,
    { name: 'Report', mediaType: 'application/x-openhuman-document', content: 'report.md' },
  ],
]

/** Known, and no facts of a run: kept as they came. */
const KEPT: Wire[] = [
  say('artifact_pending', null, { args: { artifact_id: 'a1', kind: 'document', title: 'Report' } }),
  say('artifact_failed', null, { args: { artifact_id: 'a1', title: 'Report', error: 'disk full' } }),
  say('thread_goal_cleared', null),
  say('queue_item_delivered', null, { queue_item: { id: 'q1' } }),
  say('queue_item_removed', null, { queue_item: { id: 'q1' } }),
  say('external_transfer_pending', null, { provider: 'gmail', service: 'send', reason: 'outside workspace' }),
  say('chat_suggestions', null, { turn_request_id: 'req-9f2', suggestions: [{ prompt: 'Summarise it' }] }),
  say('thread_todos_changed', null, { todos: [{ content: 'Draft', status: 'in_progress' }] }),
  say('thread_goal_updated', null, { goal: { goal_id: 'g1', objective: 'Ship' } }),
  say('task_board_updated', null, { task_board: { threadId: 'thread-4', cards: [] } }),
  say('queue_item_queued', null, { queue_item: { id: 'q1', lane: 'followup' } }),
  say('run_mode_changed', null, { message: 'plan' }),
  say('run_mode_changed', null, { mode: 'build' }),
  say('proactive_message', null, { full_response: 'Morning brief', persisted_message_id: 'm9' }),
  say('a_name_of_tomorrow', 30, { news: [1, 2, 3] }),
]

describe('openhuman 2.4: every literal message', () => {
  test.each(LITERALS)('$event ($seq)', (message, log, type, position, payload) => {
    const [event] = told(message)
    expect(event).toMatchObject({ log, type, position, payload, timestamp: NOW })
  })

  test.each(KEPT)('A3 $event is kept as it came', (message) => {
    const {
      event,
      client_id: _client,
      thread_id: _thread,
      request_id: _request,
      seq: _seq,
      ...said
    } = message
    expect(first(message)).toEqual([
      TURN,
      'foreign',
      expect.anything(),
      { source: 'openhuman', name: event, value: said },
    ])
  })

  test('chat_done: the answer, the figures with those of its agents, and theirs', () => {
    const events = told(
      say('chat_done', null, {
        full_response: 'Done.',
        usage: {
          input_tokens: 14_000,
          output_tokens: 1_200,
          cached_input_tokens: 1_000,
          cost_usd: 0.031,
          cost_source: 'estimated',
          context_window: 200_000,
          context_tokens: 5_400,
          subagents: [
            {
              task_id: 'sub-7c1',
              agent_id: 'researcher',
              input_tokens: 9_000,
              output_tokens: 800,
              cost_usd: null,
            },
          ],
        },
        timing: { first_token_ms: 700, first_tool_ms: 1_200, total_ms: 9_100 },
      }),
    )
    expect(events.map(({ log, type, position }) => [log, type, position])).toEqual([
      [TURN, 'run.transitioned', 'done:thread-4:req-9f2'],
      [TURN, 'run.observed', 'done:thread-4:req-9f2:details'],
      [TURN, 'usage.reported', 'done:thread-4:req-9f2:usage'],
      [CHILD, 'usage.reported', 'done:thread-4:req-9f2:usage:sub-7c1'],
    ])
    expect(events.map(({ payload }) => payload)).toMatchObject([
      { to: 'completed', output: 'Done.' },
      { metadata: { firstTokenMs: 700, firstToolMs: 1_200, totalMs: 9_100 } },
      {
        key: 'turn:req-9f2',
        scope: 'subtree',
        costSource: 'estimated',
        contextWindow: 200_000,
        includes: [{ runId: 'sub-7c1', inputTokens: 9_000, outputTokens: 800, costUsd: null }],
      },
      { key: 'spend:req-9f2', scope: 'own', inputTokens: 9_000, costUsd: null },
    ])
  })
})

describe('what a message may hold', () => {
  test('ts is the time when there is one, else this page has it', () => {
    expect(told(say('iteration_start', 1, { round: 1, ts: NOW - 5_000 }))[0]?.timestamp).toBe(NOW - 5_000)
    expect(told(say('iteration_start', 1, { round: 1, ts: 17 }))[0]?.timestamp).toBe(NOW)
  })

  test.each([
    ['message', { message: 'denied' }, 'denied'],
    ['resolution', { message: 'deny', resolution: 'timeout' }, 'timed_out'],
    ['cancel_reason', { message: 'deny', cancel_reason: 'superseded' }, 'superseded'],
    ['nothing said against it', { message: 'approve_once' }, 'answered'],
  ])('an approval is decided by its %s', (_what, fields, state) => {
    expect(told(say('approval_decided', null, { tool_call_id: 'c', ...fields }))[0]?.payload).toMatchObject({
      state,
    })
  })

  test.each([
    ['an array of 40,000 numbers', Array.from({ length: 40_000 }, (_, index) => index)],
    ['text of 3 MB', 'x'.repeat(3 * 1024 * 1024)],
    ['false', false],
    ['a list', ['a', { b: null }]],
  ])('A3 arguments and output that are %s are kept by reference', (_what, value) => {
    const fields = { tool_name: 't', round: 1, tool_call_id: 'c', success: true, args: value, output: value }
    const [event] = told(say('tool_result', 5, fields))
    const decoded = decodeEvent(event, 's')
    expect(decoded.kind === 'event' && prepare(decoded.event).ok).toBe(true)
    expect(event?.type).toBe('tool.finished')
  })

  test('A3 fields that mean something else than they should are kept beside the event', () => {
    const [event] = told(say('tool_result', 5, { tool_name: 7, round: 'two', success: true, mood: 'good' }))
    expect(event?.payload).toMatchObject({ rest: { tool_name: 7, round: 'two', mood: 'good' } })
    const [large, rest] = told(say('tool_result', 6, { tool_name: 't', structured: 'x'.repeat(20_000) }))
    expect(large?.payload).not.toHaveProperty('rest')
    expect(rest).toMatchObject({ type: 'foreign', position: '6:rest', payload: { name: 'tool_result.rest' } })
  })

  test.each([
    [
      'a marker in its output',
      { subagent: { output: '[SUBAGENT_INCOMPLETE] ran out of steps: half a list' } },
    ],
    ['a status of newer cores', { subagent: { status: 'incomplete', output: 'half a list' } }],
  ])('openhuman 8.12: an agent that stopped short is told apart by %s', (_what, fields) => {
    const [event] = told(say('subagent_completed', 6, { skill_id: 'sub-7c1', ...fields }))
    expect(event?.payload).toMatchObject({
      to: 'interrupted',
      output: expect.stringContaining('half a list'),
    })
  })

  test('A3 what names no request is handed over to be refused, with why; what is of no run is ignored', () => {
    const [event] = told({ event: 'chat_done', thread_id: 't' })
    expect(event).toMatchObject({ log: 'none', payload: { why: expect.stringContaining('no request') } })
    expect(decodeEvent(event, 's').kind).toBe('bad')
    expect(told({ event: 'inference_heartbeat', thread_id: 't' })).toEqual([])
  })
})

/** Every name and field the wire has, with any value. */
const names = [
  ...new Set([...LITERALS.map(([{ event }]) => event), ...KEPT.map(({ event }) => event), 'chat_done']),
]
const fieldNames = [
  ...new Set([...LITERALS.map(([message]) => message), ...KEPT].flatMap((each) => Object.keys(each))),
]
const anything = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.anything({ maxDepth: 2 }))
const message = fc.oneof(
  anything,
  fc
    .tuple(
      fc.constantFrom(...names),
      fc.dictionary(fc.constantFrom(...fieldNames), anything, { maxKeys: 8 }),
      fc.dictionary(fc.constantFrom('mode', 'child_iteration', 'cost_usd', 'task_id', 'output'), anything),
    )
    .map(([event, fields, subagent]) => ({
      request_id: 'req-9f2',
      skill_id: 'sub-1',
      seq: 3,
      subagent,
      ...fields,
      event,
    })),
)

describe('A1 A3', () => {
  property(
    'A1 A3 no message makes it throw, and each is an event a ledger takes, one it refuses, or ignored by name',
    fc.array(message, { maxLength: 6 }),
    (messages) => {
      const memory = createTurnMemory()
      for (const each of messages) {
        for (const { stream, events } of convert(each, memory, NOW)) {
          for (const event of events) {
            const decoded = decodeEvent(event, stream.id)
            const isRefused = stream.id === 'openhuman:unplaced'
            expect(decoded, JSON.stringify(event)).toMatchObject({
              kind: isRefused ? 'bad' : expect.not.stringMatching('bad'),
            })
            if (decoded.kind === 'event') expect(prepare(decoded.event)).toMatchObject({ ok: true })
          }
        }
      }
    },
    300,
  )
})
