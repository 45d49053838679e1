/** One run record: what its file says is what is shown. Rows 10 to 25 of the checklist. */
import { describe, expect, test } from 'vitest'
import type { RunRecord } from '../../../src/core/entities.ts'
import { importHarnRun } from '../../../src/sources/harn/importRun.ts'
import type { HarnImport, HarnImportOptions } from '../../../src/sources/harn/importRun.ts'
import { verdictOf } from '../../../src/sources/harn/stages.ts'
import { at, ms, record, stage } from './support/records.ts'

const imported = (fields: Record<string, unknown> = {}, options?: HarnImportOptions): HarnImport =>
  importHarnRun(JSON.stringify(record(fields)), options)

function runOf({ entities }: HarnImport, id: string): RunRecord {
  const found = entities.runs.find(({ run }) => run.id === id)
  if (found === undefined) throw new Error(`no run ${id}`)
  return found
}

const eventsOf = ({ events }: HarnImport, type: string) =>
  events.filter(({ event }) => event.type === type).map(({ event }) => event)
const payloadsOf = (result: HarnImport, type: string) =>
  eventsOf(result, type).map(({ payload }) => payload as Record<string, unknown>)

describe('a run', () => {
  test('harn 19: is a workflow run with a phase a node, an agent run of its own, and one a stage', () => {
    const result = imported()
    const { workflow } = result.entities
    expect(workflow?.workflow).toMatchObject({
      id: 'run_1',
      definitionId: 'wf_review',
      title: 'Review',
      input: { task: 'Review the change' },
      status: 'completed',
      startedAt: ms(0),
      completedAt: ms(60),
    })
    expect(
      workflow?.workflow.phases.map(({ name, status, dependsOn }) => ({ name, status, dependsOn })),
    ).toEqual([
      { name: 'plan', status: 'completed', dependsOn: [] },
      { name: 'write', status: 'completed', dependsOn: ['plan'] },
    ])
    expect(runOf(result, 'run_1').run).toMatchObject({
      kind: 'workflow_child',
      workflowRunId: 'run_1',
      parentRunId: null,
    })
    expect(runOf(result, 'run_1:write:2').run).toMatchObject({
      kind: 'workflow_child',
      workflowRunId: 'run_1',
      parentRunId: 'run_1',
      phase: 'write',
      status: 'completed',
      startedAt: ms(20),
      completedAt: ms(28),
      output: { preview: 'write is done' },
    })
    expect(result.report).toMatchObject({ records: 1, skipped: [], repaired: [], inFlight: [] })
  })

  test.each([
    ['completed', 'completed'],
    ['complete', 'completed'],
    ['success', 'completed'],
    ['verified', 'completed'],
    ['failed', 'failed'],
    ['error', 'failed'],
    ['cancelled', 'cancelled'],
    ['canceled', 'cancelled'],
    ['paused', 'paused'],
    ['running', 'running'],
  ])('harn 21: the status %s is %s', (written, expected) => {
    const result = imported({ status: written })
    expect(result.entities.workflow?.workflow.status).toBe(expected)
    expect(runOf(result, 'run_1').run.status).toBe(expected)
    expect(result.entities.workflow?.workflow.inferred).toBe(false)
  })

  test.each(['exploded', ''])(
    'harn 21: the status “%s” is unknown: inferred, with the reason, never completed',
    (written) => {
      const { workflow } = imported({ status: written }).entities
      expect(workflow?.workflow).toMatchObject({ status: 'interrupted', inferred: true, trigger: 'imported' })
      expect(workflow?.workflow.reason).toContain(written === '' ? 'does not say' : 'exploded')
    },
  )

  test('harn A4: running on disk is named as of unknown liveness', () => {
    const result = imported({ status: 'running', finished_at: null })
    expect(result.report.inFlight).toEqual(expect.arrayContaining(['w:run_1', 'r:run_1']))
  })

  test('harn A4: paused with finished_at is not finished', () => {
    const result = imported({ status: 'paused', finished_at: at(60), pending_nodes: ['check'] })
    expect(result.entities.workflow?.workflow).toMatchObject({ status: 'paused', completedAt: null })
    expect(runOf(result, 'run_1').run.completedAt).toBeNull()
    expect(result.entities.workflow?.workflow.phases.at(-1)).toMatchObject({
      name: 'check',
      status: 'pending',
    })
  })

  test('harn 19: a stage whose outcome is failure has failed, whatever its status', () => {
    const result = imported({ stages: [stage('plan', 1, { outcome: 'failure' })] })
    expect(runOf(result, 'run_1:plan:1').run).toMatchObject({ status: 'failed', inferred: false })
    expect(result.entities.workflow?.workflow.phases[0]?.status).toBe('failed')
  })

  test('harn A3: a node visited twice is two runs and one phase, and its last visit counts', () => {
    const stages = [stage('plan', 1, { outcome: 'failure' }), stage('plan', 2)]
    const result = imported({ stages, completed_nodes: [] })
    expect(result.entities.workflow?.workflow.phases).toHaveLength(2)
    expect(result.entities.workflow?.workflow.phases[0]).toMatchObject({ name: 'plan', status: 'completed' })
    expect(runOf(result, 'run_1:plan:1').run.status).toBe('failed')
    expect(runOf(result, 'run_1:plan:2').run.status).toBe('completed')
  })

  test('a stage that was tried again has an attempt for each try', () => {
    const attempts = [
      {
        attempt: 1,
        status: 'failed',
        outcome: 'error',
        error: 'no answer',
        started_at: at(10),
        finished_at: at(12),
      },
      { attempt: 2, status: 'completed', outcome: 'success', started_at: at(13), finished_at: at(18) },
    ]
    const { run } = runOf(imported({ stages: [stage('plan', 1, { attempts })] }), 'run_1:plan:1')
    expect(run).toMatchObject({ attempt: 2, status: 'completed', startedAt: ms(13), completedAt: ms(18) })
    expect(run.attempts).toMatchObject([
      { attempt: 1, status: 'failed', error: 'no answer', completedAt: ms(12) },
    ])
  })

  test('harn A4: a resumed run stands in its second attempt; how the first ended is inferred', () => {
    const { workflow } = imported({ metadata: { resumed: true } }).entities
    expect(workflow?.workflow).toMatchObject({ attempt: 2, status: 'completed' })
    expect(workflow?.workflow.attempts).toMatchObject([{ attempt: 1, status: 'interrupted', inferred: true }])
    expect(workflow?.workflow.phases.map(({ status }) => status)).toEqual(['completed', 'completed'])
  })

  test('a time that is unknown is the nearest earlier one, and the record says so', () => {
    const stages = [stage('plan', 1, { started_at: 'transition', finished_at: '' })]
    const { run } = runOf(imported({ stages }), 'run_1:plan:1')
    expect(run.startedAt).toBe(ms(0))
    expect(run.metadata).toMatchObject({ times: { started_at: 'transition' }, timeUnknown: ['started_at'] })
    expect(run.metadata['finished']).toMatchObject({ timeUnknown: ['finished_at'] })
  })

  test('harn A3: ids that another file may use as well carry the run before them', () => {
    const result = imported({
      stages: [stage('plan', 1, { id: 'stage_a' })],
      child_runs: [{ worker_id: 'w1', status: 'completed' }],
    })
    expect(result.entities.runs.map(({ run }) => run.id)).toEqual(['run_1', 'run_1:w1', 'run_1:stage_a'])
  })
})

describe('workers', () => {
  const saved = {
    id: 'w1',
    name: 'Scout',
    task: 'look',
    status: 'completed',
    finished_at: at(18),
    audit: { session_id: 's1' },
  }

  test('harn 14: one that only its stage saved is there, under that stage', () => {
    const result = imported({ stages: [stage('plan', 1, { metadata: { worker: saved } })] })
    expect(runOf(result, 'run_1:w1').run).toMatchObject({
      kind: 'subagent',
      parentRunId: 'run_1:plan:1',
      agentName: 'Scout',
      status: 'completed',
      prompt: { preview: 'look' },
      metadata: { sessionId: 's1' },
    })
    expect(result.report.repaired).toContain('Worker w1 is known from its stage only.')
  })

  test('harn A1: a missing status is unknown, not completed', () => {
    const { status: _, ...unsaid } = saved
    for (const result of [
      imported({ stages: [stage('plan', 1, { metadata: { worker: unsaid } })] }),
      imported({ child_runs: [{ worker_id: 'w1' }] }),
    ]) {
      expect(runOf(result, 'run_1:w1').run).toMatchObject({
        status: 'interrupted',
        inferred: true,
        reason: 'The file does not say how this worker ended.',
      })
    }
  })

  test('harn A1: fill-missing keeps what is known and fills each of the 16 fields', () => {
    const listed = { worker_id: 'w1', worker_name: 'Known', task: '', status: 'completed', run_id: null }
    const full = { ...saved, child_run_id: 'run_2', child_run_path: 'runs/2.json', snapshot_path: 'snap' }
    const result = imported({
      child_runs: [listed],
      stages: [stage('plan', 1, { metadata: { worker: full } })],
    })
    expect(runOf(result, 'run_1:w1').run).toMatchObject({
      agentName: 'Known',
      prompt: { preview: 'look' },
      parentRunId: 'run_1:plan:1',
      metadata: { harnRunId: 'run_2', runPath: 'runs/2.json', snapshotPath: 'snap' },
    })
  })

  test('harn A1: a stale running in the list yields to the completed of its stage: a status is a fact of its own', () => {
    const listed = { worker_id: 'w1', status: 'running' }
    const result = imported({
      child_runs: [listed],
      stages: [stage('plan', 1, { metadata: { worker: saved } })],
    })
    expect(runOf(result, 'run_1:w1').run).toMatchObject({ status: 'completed', inferred: false })
    expect(result.report.inFlight).not.toContain('r:run_1:w1')
  })

  test('harn 14: two ends that contradict each other are said, and the first one stays', () => {
    const listed = { worker_id: 'w1', status: 'failed' }
    const result = imported({
      child_runs: [listed],
      stages: [stage('plan', 1, { metadata: { worker: saved } })],
    })
    expect(runOf(result, 'run_1:w1').run.status).toBe('failed')
    expect(result.report.notes.join()).toContain('failed and as completed')
  })

  test('harn A1: the two policies differ where a worker is listed twice', () => {
    const child_runs = [
      { worker_id: 'w1', worker_name: 'first', status: 'running' },
      { worker_id: 'w1', worker_name: 'second', status: 'running' },
    ]
    expect(runOf(imported({ child_runs }), 'run_1:w1').run.agentName).toBe('first')
    expect(runOf(imported({ child_runs }, { children: 'newest' }), 'run_1:w1').run.agentName).toBe('second')
  })

  test('harn 14: one without a stage stands under the run, one without an id is told by its content', () => {
    const child_runs = [
      { worker_id: 'w1', parent_stage_id: 'gone', status: 'failed' },
      { worker_name: 'x', status: 'failed' },
    ]
    const result = imported({ child_runs })
    expect(runOf(result, 'run_1:w1').run.parentRunId).toBe('run_1')
    expect(result.entities.runs).toHaveLength(5)
    expect(imported({ child_runs }).events).toEqual(result.events)
  })
})

describe('questions', () => {
  const ask = (id: string, when: unknown, prompt = `${id}?`) => ({
    request_id: id,
    prompt,
    agent: 'a',
    asked_at: when,
  })
  const entry = (kind: string, id: string, payload: Record<string, unknown> = {}) => ({
    kind,
    headers: { run_id: 'run_1' },
    payload: { request_id: id, ...payload },
  })
  const states = (result: HarnImport) =>
    Object.fromEntries(runOf(result, 'run_1').questions.map(({ questionId, state }) => [questionId, state]))

  test('harn 12: those of a finished run are history, not open', () => {
    const result = imported({ hitl_questions: [ask('q1', at(5)), ask('q2', at(6))] })
    expect(states(result)).toEqual({ q1: 'unknown', q2: 'unknown' })
  })

  test.each(['running', 'paused'])('harn 12: those of a run that is %s are open', (status) => {
    expect(states(imported({ status, hitl_questions: [ask('q1', at(5))] }))).toEqual({ q1: 'open' })
  })

  test('harn 11: they come in asking order over mixed encodings, unknown times last', () => {
    const hitl_questions = [
      ask('late', String(ms(9) / 1_000)),
      ask('never', 'soon'),
      ask('b', at(5)),
      ask('a', String(ms(5))),
    ]
    const result = imported({ status: 'paused', hitl_questions })
    expect(payloadsOf(result, 'question.asked').map(({ questionId }) => questionId)).toEqual([
      'a',
      'b',
      'late',
      'never',
    ])
    expect(runOf(result, 'run_1').questions[0]?.askedAt).toBe(ms(5))
  })

  test('harn A1: the log wins over the record, and one without a prompt or id is skipped and reported', () => {
    const log = [entry('hitl.question_asked', 'q1', { payload: { prompt: 'changed' }, requested_at: at(7) })]
    const result = imported(
      { status: 'paused', hitl_questions: [ask('q1', at(5)), ask('', at(5)), ask('q3', at(5), '')] },
      { hitlLog: log },
    )
    expect(runOf(result, 'run_1').questions).toMatchObject([
      { questionId: 'q1', prompt: 'changed', askedAt: ms(7) },
    ])
    expect(result.report.skipped.map(({ path }) => path)).toEqual(['hitl_questions[1]', 'hitl_questions[2]'])
  })

  test('harn 11: an answer before its question counts, and entries of other runs do not', () => {
    const hitlLog = [
      entry('hitl.response_received', 'q1', { answer: 'blue', responded_at: at(9) }),
      entry('hitl.question_asked', 'q1', { payload: { prompt: 'colour?' }, requested_at: at(5) }),
      {
        ...entry('hitl.question_asked', 'other', { payload: { prompt: 'x' } }),
        headers: { run_id: 'run_9' },
      },
    ]
    const result = imported(
      { status: 'paused' },
      { hitlLog: hitlLog.map((each) => JSON.stringify(each)).join('\n') },
    )
    expect(runOf(result, 'run_1').questions).toMatchObject([
      { questionId: 'q1', state: 'answered', answer: 'blue', settledAt: ms(9) },
    ])
  })

  test('harn 11: a yes to dual control is a vote and not its end; two of three and the end settles it', () => {
    const ask = entry('hitl.dual_control_requested', 'hitl_dual_control_1', {
      kind: 'dual_control',
      payload: { action: 'deploy' },
      requested_at: at(5),
    })
    const yes = (who: string) =>
      entry('hitl.response_received', 'hitl_dual_control_1', { approved: true, reviewer: who })
    const voting = imported({ status: 'paused' }, { hitlLog: [ask, yes('ann'), yes('bob')] })
    expect(states(voting)).toEqual({ hitl_dual_control_1: 'open' })
    expect(payloadsOf(voting, 'foreign').filter(({ name }) => name === 'hitl_response')).toHaveLength(2)
    const done = imported(
      { status: 'paused' },
      { hitlLog: [ask, yes('ann'), yes('bob'), entry('hitl.dual_control_approved', 'hitl_dual_control_1')] },
    )
    expect(states(done)).toEqual({ hitl_dual_control_1: 'answered' })
  })

  test.each([
    ['hitl.approval_denied', {}, 'denied'],
    ['hitl.response_received', { approved: false }, 'denied'],
    ['hitl.approval_timeout', {}, 'timed_out'],
    ['hitl.approval_approved', {}, 'answered'],
  ])('harn A6: %s %j ends an approval as %s', (kind, payload, state) => {
    const hitlLog = [
      entry('hitl.approval_requested', 'q1', { payload: { prompt: 'ok?' } }),
      entry(kind, 'q1', payload),
    ]
    expect(states(imported({ status: 'paused' }, { hitlLog }))).toEqual({ q1: state })
  })
})

describe('usage', () => {
  const used = (input_tokens: unknown, total_cost?: unknown) => ({
    input_tokens,
    output_tokens: 1,
    models: ['m1'],
    total_cost,
  })
  const tokens = (result: HarnImport) => result.entities.runs.map(({ telemetry }) => telemetry.inputTokens)
  const two = (one: unknown, other: unknown) => [
    stage('plan', 1, { usage: used(one) }),
    stage('write', 2, { usage: used(other) }),
  ]

  test('harn 24: the run keeps what its stages did not use, so that all of them add up to its figure', () => {
    expect(tokens(imported({ usage: used(100), stages: two(30, 50) }))).toEqual([20, 30, 50])
  })

  test('harn 24: without a figure of the run its stages add up by themselves', () => {
    expect(tokens(imported({ stages: two(30, 50) }))).toEqual([null, 30, 50])
  })

  test('harn 24: a figure below its stages is said, and the stages stand', () => {
    const result = imported({ usage: used(60), stages: two(30, 50) })
    expect(tokens(result)).toEqual([0, 30, 50])
    expect(result.report.notes.join()).toContain('inputTokens')
    expect(payloadsOf(result, 'foreign').some(({ name }) => name === 'usage_conflict')).toBe(true)
  })

  test('harn 24: a cost that was not written is unknown, a zero that was is zero', () => {
    expect(runOf(imported({ usage: used(1, 0) }), 'run_1').telemetry.costUsd).toBe(0)
    expect(runOf(imported({ usage: used(1) }), 'run_1').telemetry.costUsd).toBeNull()
  })

  test.each([-1, 1.5, 'many'])('harn 24: %s is no number of tokens: skipped, the rest stays', (figure) => {
    const result = imported({ usage: used(figure, 2) })
    expect(runOf(result, 'run_1').telemetry).toMatchObject({
      inputTokens: null,
      outputTokens: 1,
      costUsd: 2,
      model: 'm1',
    })
    expect(result.report.skipped).toMatchObject([{ path: 'usage.input_tokens' }])
  })
})

describe('marks and handoffs', () => {
  const measures = {
    estimated_tokens_before: 900,
    estimated_tokens_after: 200,
    archived_messages: 12,
    snapshot_asset_id: 'as1',
  }
  const transcript = (event: Record<string, unknown>, assets: unknown[] = [{ id: 'as1' }]) => ({
    events: [{ kind: 'compaction', ...event }],
    assets,
  })
  const marks = (fields: Record<string, unknown>) => payloadsOf(imported(fields), 'transcript.compacted')

  test('harn 18: flat, as a receipt, and both: one mark', () => {
    const flat = transcript({ id: 'c1', metadata: measures })
    const receipt = transcript({ id: 'other', metadata: { receipt: { id: 'c1', ...measures } } })
    const mixed = transcript({
      id: 'other',
      metadata: { estimated_tokens_before: 900, receipt: { id: 'c1', estimated_tokens_after: 200 } },
    })
    const listed = { compaction_events: [{ id: 'c1', stage_id: 'run_1:plan:1', ...measures }] }
    for (const each of [flat, receipt, mixed]) {
      expect(marks({ transcript: each })).toMatchObject([{ before: 900, after: 200, id: 'c1' }])
      const stages = [stage('plan', 1, { transcript: each })]
      const result = imported({ stages, transcript: flat, observability: listed })
      expect(eventsOf(result, 'transcript.compacted')).toMatchObject([
        { log: 'r:run_1:plan:1', position: 'compaction:c1' },
      ])
    }
  })

  test('harn 18: what was not measured is null, not 0, and a snapshot that is gone is not available', () => {
    const metadata = { estimated_tokens_before: 'many', estimated_tokens_after: 0, snapshot_asset_id: 'as9' }
    expect(marks({ transcript: transcript({ id: 'c1', metadata }) })).toMatchObject([
      { before: null, after: 0, available: false },
    ])
    expect(marks({ transcript: transcript({ id: 'c1', metadata: measures }) })).toMatchObject([
      { available: true },
    ])
  })

  test('harn 25: list, artifact and transcript event are one handoff, filled in, its confidence clamped', () => {
    const handoff = {
      id: 'h1',
      source_persona: 'a',
      target_persona_or_human: { kind: 'persona', name: 'Critic' },
      task: 'check',
      confidence: 7,
      created_at: at(3),
    }
    const artifact = { id: 'x', kind: 'handoff', data: { id: 'h1', reason: 'because' } }
    const event = { kind: 'handoff', handoff: { id: 'h1', task: 'other' } }
    const result = imported({ handoffs: [handoff], artifacts: [artifact], transcript: { events: [event] } })
    expect(eventsOf(result, 'handoff.recorded')).toHaveLength(1)
    expect(payloadsOf(result, 'handoff.recorded')[0]).toMatchObject({
      id: 'h1',
      target: 'Critic',
      task: 'check',
      reason: 'because',
      confidence: 1,
      runId: 'run_1',
    })
    expect(result.report.repaired.join()).toContain('confidence of 7')
  })
})

describe('the rest of a record', () => {
  test('harn 23: the trigger, its signature, the trace and what it replays', () => {
    const trigger_event = {
      id: 'e1',
      provider: 'github',
      kind: 'push',
      trace_id: 'tr1',
      signature_status: { state: 'failed', reason: 'x' },
    }
    const result = imported({ metadata: { trigger_event, replay_of_event_id: 'e0' } })
    const origin = { source: 'harn', traceId: 'tr1', trigger: 'github:push', replayOf: 'e0' }
    expect(result.entities.workflow?.workflow.origin).toEqual(origin)
    expect(runOf(result, 'run_1').run).toMatchObject({ origin, metadata: { signature: 'failed' } })
  })

  test('harn 23: a trigger that cannot be read costs the origin, not the run', () => {
    const result = imported({ metadata: { trigger_event: 'nope', trace_id: 'tr2' } })
    expect(result.entities.workflow?.workflow).toMatchObject({
      status: 'completed',
      origin: { trigger: null, traceId: 'tr2' },
    })
    expect(result.report.skipped).toMatchObject([{ path: 'run.metadata.trigger_event' }])
  })

  test('artifacts and recorded tools are the run’s; a rejected call failed; the same one twice is one', () => {
    const tool = (id: string, fields = {}) => ({
      tool_name: 'grep',
      tool_use_id: id,
      result: 'x',
      is_rejected: false,
      duration_ms: 500,
      iteration: 1,
      timestamp: at(9),
      ...fields,
    })
    const artifacts = [
      { id: 'a1', kind: 'report', title: 'Report', text: 'long', created_at: at(4) },
      { id: 'a2', kind: 'data', title: 'Report', data: { n: 1 } },
    ]
    const tools = [
      tool('t1'),
      tool('t2', { is_rejected: true }),
      tool('t1'),
      tool(''),
      tool('', { tool_name: 'ls' }),
    ]
    const result = imported({ artifacts, tool_recordings: tools })
    const { run, toolCalls, telemetry } = runOf(result, 'run_1')
    expect(run.artifacts.map(({ name, mediaType }) => [name, mediaType])).toEqual([
      ['Report', 'text/plain'],
      ['Report (a2)', 'application/json'],
    ])
    expect(telemetry).toMatchObject({ toolCount: 4, toolErrorCount: 1 })
    expect(toolCalls.find(({ callId }) => callId === 't1')).toMatchObject({
      status: 'completed',
      startedAt: ms(8.5),
      elapsedMs: 500,
      iteration: 1,
    })
    expect(result.report.repeated).toBeGreaterThan(0)
  })

  test.each([
    [{ pass: false, success: true }, 'completed', 'success', false],
    [{ success: true }, 'failed', 'error', true],
    [{ pass: 'yes' }, 'completed', 'success', true],
    ['free text', 'failed', null, false],
    [{}, 'exploded', null, null],
  ])('harn A3: the check %j of a stage that is %s/%s passed: %s', (verification, status, outcome, passed) => {
    expect(verdictOf(verification, status, outcome)).toBe(passed)
    const result = imported({ stages: [stage('plan', 1, { verification, status, outcome })] })
    expect(
      eventsOf(result, 'foreign').find(
        ({ payload }) => (payload as { name: string }).name === 'verification',
      ),
    ).toMatchObject({
      log: 'r:run_1:plan:1',
      payload: { value: { stage_id: 'run_1:plan:1', passed } },
    })
  })

  test('planner rounds, checkpoints, transitions and spans are kept word for word', () => {
    const round = { stage_id: 'run_1:plan:1', iteration_count: 3, tools_used: ['grep'] }
    const span = { span_id: 7, kind: 'llm', name: 'call', start_ms: 1, duration_ms: 2 }
    const result = imported({
      observability: { schema_version: 4, planner_rounds: [round] },
      trace_spans: [span],
    })
    const kept = payloadsOf(result, 'foreign')
    for (const [name, value] of [
      ['planner_round', round],
      ['trace_span', span],
    ] as const)
      expect(kept).toContainEqual({ source: 'harn', name, value })
    expect(kept.filter(({ name }) => name === 'transition')).toHaveLength(2)
    expect(kept.filter(({ name }) => name === 'checkpoint')).toHaveLength(1)
  })

  test('harn 19: an environment is dropped and its names are reported, at any depth; secrets elsewhere are replaced', () => {
    const execution = { cwd: '/work', env: { HOME: '/h', API_KEY: 'value-of-key' } }
    const result = imported({
      execution,
      child_runs: [{ worker_id: 'w1', status: 'completed', execution }],
      metadata: { authorization: 'Bearer abcdefghijklmnop1234567890' },
    })
    expect(result.report.secrets).toEqual([
      { path: 'run.child_runs[0].execution.env', names: ['HOME', 'API_KEY'] },
      { path: 'run.execution.env', names: ['HOME', 'API_KEY'] },
      { path: 'run.metadata.authorization', names: [] },
    ])
    const all = JSON.stringify(result)
    expect(all).not.toContain('value-of-key')
    expect(all).not.toContain('abcdefghijklmnop1234567890')
    expect(all).toContain('/work')
  })
})
