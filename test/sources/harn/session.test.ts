/** harn's session logs as events of ours: every kind in its place, nothing dropped, whatever the file looks like. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accept } from '../../../src/core/accept.ts'
import { decodeEvent } from '../../../src/core/decode.ts'
import type { RunRecord } from '../../../src/core/entities.ts'
import type { SourceEvent } from '../../../src/core/events.ts'
import { runLog } from '../../../src/core/ids.ts'
import type { LogId } from '../../../src/core/ids.ts'
import { importHarnSession } from '../../../src/sources/harn/session.ts'
import { replayPage, replayTo } from '../../../src/sources/harn/sessionReplay.ts'
import type { HarnEvent } from '../../../src/sources/harn/facts.ts'
import { property } from '../../support/property.ts'

const START = Date.UTC(2026, 3, 22)

type Said = Record<string, unknown> & { type: string }

/** A log as harn writes it: numbered from 0, one event a second. */
const logOf = (events: readonly Said[], session = 's1'): string =>
  events
    .map((event, index) => {
      const line = { index, emitted_at_ms: START + index * 1_000, session_id: session, ...event }
      return `${JSON.stringify(line)}\n`
    })
    .join('')

function fold(events: readonly HarnEvent[]): Map<LogId, RunRecord> {
  const decoded = events.map(({ stream, event }): SourceEvent => {
    const read = decodeEvent(event, stream)
    if (read.kind !== 'event') throw new Error(`${event.type}: ${JSON.stringify(read)}`)
    return read.event
  })
  const { changes } = accept(() => undefined, decoded)
  return new Map(changes.map(({ log, record }) => [log, record as RunRecord]))
}

function record(text: string, id = 's1'): RunRecord {
  const found = fold(importHarnSession(text).events).get(runLog(id))
  if (found === undefined) throw new Error(`no run ${id}`)
  return found
}

const typesOf = (text: string): string[] => importHarnSession(text).events.map(({ event }) => event.type)

const names = (text: string): unknown[] =>
  importHarnSession(text)
    .events.filter(({ event }) => event.type === 'foreign')
    .map(({ event }) => (event.payload as { name: unknown }).name)

const call = (id: string, more: object = {}): Said => ({
  type: 'tool_call',
  tool_call_id: id,
  tool_name: 'read_file',
  kind: 'read',
  status: 'pending',
  raw_input: { path: 'a.ts' },
  ...more,
})
const update = (id: string, status: string, more: object = {}): Said => ({
  type: 'tool_call_update',
  tool_call_id: id,
  tool_name: 'read_file',
  status,
  raw_output: null,
  error: null,
  ...more,
})

/** All kinds of the April tree, each at least once. */
const APRIL: readonly Said[] = [
  { type: 'turn_start', iteration: 1 },
  { type: 'agent_thought_chunk', content: 'Let me ' },
  { type: 'agent_thought_chunk', content: 'look.' },
  { type: 'agent_message_chunk', content: 'I will ' },
  { type: 'agent_message_chunk', content: 'read it.' },
  { type: 'plan', plan: { entries: [] } },
  call('c1'),
  update('c1', 'in_progress'),
  update('c1', 'completed', { raw_output: 'the text', duration_ms: 12, executor: { kind: 'harn_builtin' } }),
  {
    type: 'turn_end',
    iteration: 1,
    turn_info: { tool_count: 1, input_tokens: 100, output_tokens: 20, model: 'm1' },
  },
  { type: 'feedback_injected', kind: 'nudge', content: 'Go on.' },
  { type: 'daemon_watchdog_tripped', attempts: 3, elapsed_ms: 100 },
  { type: 'skill_activated', skill_name: 'k', iteration: 1, reason: 'match' },
  { type: 'skill_deactivated', skill_name: 'k', iteration: 1 },
  { type: 'skill_scope_tools', skill_name: 'k', allowed_tools: ['read_file'] },
  {
    type: 'tool_search_query',
    tool_use_id: 'q',
    name: 'tool_search',
    query: {},
    strategy: 's',
    mode: 'client',
  },
  { type: 'tool_search_result', tool_use_id: 'q', promoted: ['x'], strategy: 's', mode: 'client' },
  {
    type: 'transcript_compacted',
    mode: 'auto',
    strategy: 'llm',
    archived_messages: 12,
    estimated_tokens_before: 9_000,
    estimated_tokens_after: 1_200,
    snapshot_asset_id: 'asset1',
  },
  {
    type: 'handoff',
    artifact_id: 'h1',
    handoff: { id: 'h1', task: 'Review', target_persona_or_human: { kind: 'human', label: 'Ada' } },
  },
  { type: 'fs_watch', subscription_id: 'f', events: [] },
  {
    type: 'worker_update',
    worker_id: 'w1',
    worker_name: 'scout',
    worker_task: 'Look',
    worker_mode: 'bg',
    event: 'WorkerSpawned',
    status: 'running',
    metadata: {},
    audit: null,
  },
  {
    type: 'worker_update',
    worker_id: 'w1',
    worker_name: 'scout',
    worker_task: 'Look',
    worker_mode: 'bg',
    event: 'WorkerCompleted',
    status: 'completed',
    metadata: { n: 1 },
    audit: null,
  },
  { type: 'loop_stuck', max_nudges: 3, last_iteration: 1, tail_excerpt: '' },
  { type: 'budget_exhausted', max_iterations: 8 },
]

describe('harn session replay', () => {
  test('every kind of the April tree has its event, in order, and none is unknown', () => {
    const { events, report } = importHarnSession(logOf(APRIL))
    expect(report).toEqual({ imported: APRIL.length, skipped: [], notes: [], unknownKinds: [] })
    expect(events.map(({ event }) => event.type)).toEqual([
      'run.registered',
      'iteration.started',
      ...Array.from({ length: 3 }, () => 'foreign'),
      'tool.started',
      'foreign',
      'tool.finished',
      'foreign',
      'usage.reported',
      ...Array.from({ length: 7 }, () => 'foreign'),
      'transcript.compacted',
      'handoff.recorded',
      'foreign',
      'run.registered',
      'run.transitioned',
      'run.transitioned',
      'run.transitioned',
      'foreign',
    ])
    const runs = fold(events)
    const { run, telemetry, toolCalls } = runs.get('r:s1') ?? expect.fail()
    expect(run).toMatchObject({
      status: 'failed',
      error: 'The agent was stuck: it made no progress after 3 nudges.',
    })
    expect(telemetry).toMatchObject({ inputTokens: 100, outputTokens: 20, model: 'm1', toolCount: 1 })
    expect(toolCalls).toMatchObject([{ callId: 'c1', status: 'completed', effect: 'none', elapsedMs: 12 }])
    expect(runs.get('r:w1')?.run).toMatchObject({
      status: 'completed',
      parentRunId: 's1',
      agentName: 'scout',
    })
  })

  test('words of an agent are one message each, kept where it began', () => {
    const said = importHarnSession(logOf(APRIL)).events.filter(({ event }) => event.type === 'foreign')
    expect(said.slice(0, 2).map(({ event }) => event.payload)).toEqual([
      {
        source: 'harn',
        name: 'agent_thought_chunk',
        value: { type: 'agent_thought_chunk', session_id: 's1', content: 'Let me look.', chunks: 2 },
      },
      {
        source: 'harn',
        name: 'agent_message_chunk',
        value: { type: 'agent_message_chunk', session_id: 's1', content: 'I will read it.', chunks: 2 },
      },
    ])
  })

  test('A3 an unknown kind, and a known one of another shape, stay in their place as they came', () => {
    const text = logOf([
      call('c1'),
      { type: 'quantum_leap', to: 7 },
      { type: 'turn_start', iteration: 'one' },
      update('c1', 'completed'),
    ])
    const { report, events } = importHarnSession(text)
    expect(typesOf(text)).toEqual(['run.registered', 'tool.started', 'foreign', 'foreign', 'tool.finished'])
    expect(report.unknownKinds).toEqual(['quantum_leap'])
    expect(report.notes).toEqual(['1 events do not look as harn writes them; they are kept as they came.'])
    expect(events[2]?.event.payload).toMatchObject({ value: { to: 7 } })
  })

  test('the later shapes: iterations, receipts, questions, artifacts, a stop, a close', () => {
    const text = logOf([
      { type: 'user_message', message_id: 'm', content: [{ type: 'text', text: 'Do it' }] },
      { type: 'iteration_start', iteration: 2, provider: 'p', model: 'm' },
      {
        type: 'transcript_compacted',
        receipt: { receipt_id: 'rc1', estimated_tokens_before: 'many', estimated_tokens_after: 0 },
      },
      {
        type: 'hitl_requested',
        request_id: 'hitl_question_1',
        kind: 'question',
        payload: { prompt: 'Which?' },
      },
      {
        type: 'hitl_requested',
        request_id: 'hitl_approval_1',
        kind: 'approval',
        payload: { action: 'Deploy' },
      },
      { type: 'hitl_resolved', request_id: 'hitl_question_1', kind: 'question', outcome: 'answered' },
      { type: 'hitl_resolved', request_id: 'hitl_approval_1', kind: 'approval', outcome: 'timeout' },
      {
        type: 'artifact',
        artifact_id: 'a1',
        kind: 'chart',
        title: 'Chart',
        mime_type: 'text/plain',
        spec: { x: 1 },
        fallback: 'a chart',
        size_bytes: 3,
        provenance: {},
        metadata: {},
      },
      {
        type: 'subagent_stop',
        parent_run_id: 's1',
        child_run_id: 'run_child',
        terminal_status: 'timeout',
        terminal_class: 'x',
        reason: '',
        completed_at_ms: 1,
      },
      { type: 'iteration_end', iteration: 2, iteration_info: { tool_count: 0 } },
      { type: 'session_closed', reason: 'all done', status: 'completed', metadata: { n: 1 } },
    ])
    const runs = fold(importHarnSession(text).events)
    const { run, questions, telemetry } = runs.get('r:s1') ?? expect.fail()
    expect(run).toMatchObject({ status: 'completed', reason: 'all done', iteration: 2 })
    expect(run.prompt?.preview).toBe('Do it')
    expect(run.artifacts).toMatchObject([{ name: 'Chart', content: { preview: 'a chart' } }])
    expect(questions.map(({ prompt, kind, state }) => [prompt, kind, state])).toEqual([
      ['Which?', 'question', 'answered'],
      ['Deploy', 'approval', 'timed_out'],
    ])
    // Nothing measured is nothing known, and not zero.
    expect(telemetry.inputTokens).toBeNull()
    expect(runs.get('r:run_child')?.run).toMatchObject({ status: 'failed', reason: 'It took too long.' })
    const compacted = importHarnSession(text).events.find(
      ({ event }) => event.type === 'transcript.compacted',
    )
    expect(compacted?.event.payload).toMatchObject({ id: 'rc1', before: null, after: 0 })
  })

  test('a person is waited for until the last open question is settled', () => {
    const ask = (id: string): Said => ({
      type: 'hitl_requested',
      request_id: id,
      kind: 'question',
      payload: { prompt: id },
    })
    const end = (id: string): Said => ({
      type: 'hitl_resolved',
      request_id: id,
      kind: 'question',
      outcome: 'answered',
    })
    expect(record(logOf([ask('a'), ask('b'), end('a')])).run.status).toBe('awaiting_user')
    expect(record(logOf([ask('a'), ask('b'), end('a'), end('b')])).run.status).toBe('running')
  })

  test('a call that was only written about is none; one that was promoted is', () => {
    const aborted = update('t0', 'failed', {
      parsing: false,
      error_category: 'parse_aborted',
      error: 'prose',
    })
    const prose = logOf([call('t0', { parsing: true }), aborted, call('real')])
    expect(record(prose).toolCalls.map(({ callId }) => callId)).toEqual(['real'])
    expect(names(prose)).toEqual(['tool_call', 'tool_call_update'])
    const promoted = logOf([
      call('t0', { parsing: true }),
      update('t0', 'pending', { parsing: false }),
      update('t0', 'completed'),
    ])
    expect(record(promoted).toolCalls).toMatchObject([{ callId: 't0', status: 'completed' }])
  })

  test('an end without a start has its row; a failure says why', () => {
    const text = logOf([
      update('c9', 'failed', { error_category: 'permission_denied' }),
      update('c8', 'failed', { error_category: 'cancelled', error: 'stopped' }),
    ])
    expect(record(text).toolCalls.map(({ status, failure }) => [status, failure])).toEqual([
      ['failed', 'permission denied'],
      ['cancelled', 'stopped'],
    ])
  })

  test('C2-17 arguments in thousands of pieces are a few events, and whole at the end', () => {
    const whole = 'x'.repeat(20_000)
    const said = [
      call('c1', { raw_input: null }),
      ...Array.from({ length: 2_000 }, (_, at) =>
        update('c1', 'pending', { raw_input_partial: whole.slice(0, (at + 1) * 10) }),
      ),
      update('c1', 'completed'),
    ]
    const { events, report } = importHarnSession(logOf(said))
    expect(events.length).toBeLessThan(25)
    expect(report.notes.join(' ')).toMatch(/^19\d\d updates of arguments/)
    expect(events.at(-1)?.event.payload).toMatchObject({ args: whole })
  })

  test('arguments that shrink are kept again', () => {
    const sizes = [8, 9, 4, 5, 8]
    const text = logOf([
      call('c1', { raw_input: null }),
      ...sizes.map((size) => update('c1', 'pending', { raw_input_partial: 'x'.repeat(size) })),
    ])
    const kept = importHarnSession(text).events.filter(({ event }) => event.type === 'foreign')
    expect(
      kept.map(
        ({ event }) =>
          (event.payload as { value: { raw_input_partial: string } }).value.raw_input_partial.length,
      ),
    ).toEqual([8, 4, 8])
  })

  test('a session that goes on after its end is in its next attempt', () => {
    const closed: Said = { type: 'session_closed', reason: '', status: 'completed', metadata: null }
    const { run } = record(
      logOf([closed, { type: 'turn_start', iteration: 1 }, { type: 'turn_start', iteration: 2 }]),
    )
    expect([run.attempt, run.status, run.attempts.map(({ status }) => status)]).toEqual([
      2,
      'running',
      ['completed'],
    ])
  })

  test('a worker that was over and is resumed is in its next attempt, every word of harn in its place', () => {
    const worker = (event: string, status = ''): Said => ({
      type: 'worker_update',
      worker_id: 'w',
      worker_name: 'n',
      worker_task: 't',
      worker_mode: 'm',
      event,
      status,
      metadata: null,
      audit: null,
    })
    const standings = (events: readonly Said[]) =>
      fold(importHarnSession(logOf(events)).events).get('r:w')?.run
    expect(standings([worker('WorkerSpawned'), worker('WorkerSuspended')])?.status).toBe('paused')
    expect(standings([worker('WorkerSpawned'), worker('WorkerStopped')])?.status).toBe('cancelled')
    expect(standings([worker('Whatever', 'canceled')])?.status).toBe('cancelled')
    expect(standings([worker('WorkerFailed'), worker('WorkerResumed')])).toMatchObject({
      attempt: 2,
      status: 'running',
    })
    // A word nobody knows moves nothing.
    expect(standings([worker('WorkerSpawned'), worker('Whatever', 'levitating')])?.status).toBe('running')
  })

  test('C2-16 `a/b` and `a_b` are two sessions, and an envelope of another one is refused', () => {
    const both = logOf([call('x')], 'a/b') + logOf([call('y')], 'a_b')
    expect(importHarnSession(both).sessions.map(({ sessionId }) => sessionId)).toEqual(['a/b', 'a_b'])
    const one = importHarnSession(both, { sessionId: 'a_b' })
    expect(one.sessions).toEqual([{ sessionId: 'a_b', runId: 'a_b', isRecorded: false, events: 2 }])
    expect(one.report.notes).toEqual(['1 lines are of other sessions.'])
    const logged = {
      id: 4,
      event: {
        kind: 'tool_call',
        headers: { session_id: 'a/b' },
        occurred_at_ms: START,
        payload: { event: { ...call('z'), session_id: 'a_b' } },
      },
    }
    expect(importHarnSession(JSON.stringify(logged)).report.skipped).toEqual([
      { path: 'session:1', reason: 'The event is of session a_b, its envelope of a/b.' },
    ])
  })

  test('the three forms of a log are the same events', () => {
    const said = [call('c1'), update('c1', 'completed')].map((event) => ({ ...event, session_id: 's1' }))
    const flat = said.map((event, at) => ({ index: at, emitted_at_ms: START + at, ...event }))
    const items = said.map((event, at) => ({
      event_id: at,
      kind: event.type,
      occurred_at_ms: START + at,
      event,
    }))
    const logged = said.map((event, at) => ({
      id: at,
      event: {
        kind: event.type,
        occurred_at_ms: START + at,
        headers: { session_id: 's1' },
        payload: { event },
      },
    }))
    const lines = (values: readonly object[]) => values.map((value) => JSON.stringify(value)).join('\n')
    const expected = importHarnSession(lines(flat)).events
    expect(expected).toHaveLength(3)
    expect(importHarnSession(lines(items)).events).toEqual(expected)
    expect(importHarnSession(lines(logged)).events).toEqual(expected)
    expect(importHarnSession(JSON.stringify(flat, null, 2)).events).toEqual(expected)
  })

  test('a byte order mark, CRLF, empty lines and a torn last line cost nothing but that line', () => {
    const text = logOf([call('c1'), update('c1', 'completed')])
    const expected = importHarnSession(text).events
    const odd = `\uFEFF${text.replaceAll('\n', '\r\n\r\n')}{"index":2,"type":"tool_c`
    const { events, report } = importHarnSession(odd)
    expect(events).toEqual(expected)
    expect(report).toMatchObject({
      skipped: [],
      notes: ['The file ends within a line: that line is left out.'],
    })
    const broken = importHarnSession(text.replace('\n', '\nnonsense\n'), { path: 'log.jsonl' })
    expect(broken.report.skipped).toEqual([{ path: 'log.jsonl:2', reason: 'The line is not JSON.' }])
    expect(broken.events).toEqual(expected)
  })

  test('numbers that are missing, or twice, are said', () => {
    const lines = logOf([call('a'), call('b'), call('c'), call('d')])
      .trim()
      .split('\n')
    const { report, events } = importHarnSession(
      [lines[0], lines[3], lines[3]?.replace('"d"', '"e"')].join('\n'),
    )
    expect(report.notes).toEqual([
      '2 events between the first and the last are missing.',
      '1 events have a number that another one has; all are kept.',
    ])
    expect(events.filter(({ event }) => event.type === 'tool.started')).toHaveLength(3)
  })

  test('a run record that knows the session keeps its word: no registration, no end, no figures of its own', () => {
    const { events, sessions } = importHarnSession(logOf(APRIL), {
      runOf: () => 'stage1',
      runOfWorker: (id) => `run1:${id}`,
    })
    expect(sessions).toMatchObject([{ runId: 'stage1', isRecorded: true }])
    const own = events.filter(({ event }) => event.log === 'r:stage1').map(({ event }) => event.type)
    expect(own).not.toContain('run.registered')
    expect(own).not.toContain('run.transitioned')
    expect(own).not.toContain('usage.reported')
    expect(own).toContain('tool.finished')
    expect(events.some(({ event }) => event.log === 'r:run1:w1')).toBe(true)
  })

  test('A2 a longer file of the same session repeats what was there and adds the rest', () => {
    const identity = ({ stream, event }: HarnEvent): string => `${stream} ${event.position} ${event.log}`
    const short = importHarnSession(logOf(APRIL.slice(0, 12))).events.map(identity)
    const long = importHarnSession(logOf(APRIL)).events.map(identity)
    expect(short.filter((each) => !long.includes(each))).toEqual([])
    expect(new Set(long).size).toBe(long.length)
  })
})

const KINDS = [
  ...APRIL.map(({ type }) => type),
  'hitl_requested',
  'hitl_resolved',
  'session_closed',
  'subagent_stop',
  'artifact',
  'nobody_knows',
  '__proto__',
  'constructor',
]
const wild = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...APRIL) },
  fc.record({
    type: fc.constantFrom(...KINDS),
    tool_call_id: fc.oneof(fc.constantFrom('c1', 'c2', ''), fc.jsonValue()),
    tool_name: fc.oneof(fc.constant('t'), fc.jsonValue()),
    status: fc.oneof(fc.constantFrom('pending', 'completed', 'failed'), fc.jsonValue()),
    iteration: fc.oneof(fc.nat(5), fc.jsonValue()),
    request_id: fc.oneof(fc.constantFrom('q1', ' bad id '), fc.jsonValue()),
    worker_id: fc.oneof(fc.constantFrom('w1', 's1'), fc.jsonValue()),
    child_run_id: fc.oneof(fc.constant('w1'), fc.jsonValue()),
    artifact_id: fc.oneof(fc.constant('a'), fc.jsonValue()),
    mime_type: fc.oneof(fc.constant('text/plain'), fc.jsonValue()),
    payload: fc.jsonValue(),
    handoff: fc.jsonValue(),
  }) as fc.Arbitrary<Said>,
)

describe('laws', () => {
  property(
    'A1 A3 any lines give events that decode, and every line is somewhere',
    fc.array(wild, { maxLength: 12 }),
    (said) => {
      const { events, report } = importHarnSession(logOf(said))
      expect(report.imported + report.skipped.length).toBe(said.length)
      // Throws when one does not decode.
      const runs = fold(events)
      const stored = [...runs.values()].reduce((sum, { run }) => sum + run.lastSequence, 0)
      expect(stored).toBe(events.length)
      const chunks = said.filter(({ type }) => type.endsWith('chunk')).length
      const folded = report.notes.some((note) => note.includes('arguments')) ? said.length : 0
      expect(events.length + chunks + folded).toBeGreaterThanOrEqual(report.imported)
    },
  )

  property('A1 any text gives an answer, the same one twice', fc.oneof(fc.string(), fc.json()), (text) => {
    expect(importHarnSession(text)).toEqual(importHarnSession(text))
  })

  property(
    'A1 a log cut off anywhere gives the events before the cut',
    fc.nat(logOf(APRIL).length),
    (at) => {
      const whole = new Set(importHarnSession(logOf(APRIL)).events.map(({ event }) => JSON.stringify(event)))
      const { events, report } = importHarnSession(logOf(APRIL).slice(0, at))
      expect(report.skipped).toEqual([])
      // A message that is cut in two is another message.
      const others = events.filter(({ event }) => !whole.has(JSON.stringify(event)))
      expect(others.filter(({ event }) => event.type !== 'foreign')).toEqual([])
      expect(others.length).toBeLessThanOrEqual(1)
    },
    40,
  )

  property(
    'A2 lines in any order, and twice, give the same events',
    fc.shuffledSubarray(
      APRIL.map((_, at) => at),
      { minLength: APRIL.length },
    ),
    (order) => {
      const lines = logOf(APRIL).trim().split('\n')
      const { events } = importHarnSession(order.map((at) => lines[at]).join('\n'))
      expect(events).toEqual(importHarnSession(logOf(APRIL)).events)
    },
    30,
  )
})

describe('C2-16 going through a session', () => {
  const { events } = importHarnSession(logOf(APRIL))

  test('pages behind a cursor, of any size, are the whole log', () => {
    for (const limit of [1, 2, events.length - 1, events.length, events.length + 1, 255]) {
      const pages = []
      for (let after: number | null = 0; after !== null;) {
        const page = replayPage(events, after, limit)
        pages.push(page.events)
        after = page.next
      }
      expect(pages.flat()).toEqual(events)
      expect(pages).toHaveLength(Math.ceil(events.length / limit))
    }
    expect(replayPage(events, events.length, 10)).toEqual({ events: [], next: null })
  })

  test('a step is the step before and one event; the end is the whole', () => {
    for (let step = 1; step <= events.length; step += 1) {
      const total = replayTo(events, step).runs.reduce((sum, { run }) => sum + run.lastSequence, 0)
      expect(total).toBe(step)
    }
    expect(replayTo(events, 0).runs).toEqual([])
    expect(replayTo(events, 6).runs[0]?.toolCalls[0]?.status).toBe('running')
    expect(replayTo(events, 8).runs[0]?.toolCalls[0]?.status).toBe('completed')
  })
})
