/** Conversations as OpenHuman shows them: rows, trails, streams and what waits, derived from run records. */
import { describe, expect, test } from 'vitest'
import { selectChatRuntimeState } from '../../src/index.ts'
import type { ThreadRuntime } from '../../src/index.ts'
import { runtimeOf, tell, turnClock, turnScript } from './support/chatTurns.ts'
import type { TurnScript } from './support/chatTurns.ts'
import { newScope, openPage } from './support/page.ts'
import type { Page } from './support/page.ts'

async function newPage(scope = newScope()): Promise<Page> {
  const page = openPage(scope)
  await page.boot({ thread: 't1' })
  return page
}

/** A page and the script of a turn on it. */
const newTurn = async (scope = newScope()): Promise<{ page: Page; turn: TurnScript }> => ({
  page: await newPage(scope),
  turn: turnScript(turnClock(), 'req-1'),
})

async function reload(page: Page, scope: string): Promise<Page> {
  await page.ledger.dispose()
  return newPage(scope)
}

const shown = ({ toolTimeline }: ThreadRuntime) =>
  toolTimeline.map(({ name, seq, round, status }) => [name, seq, round, status])

/** A turn that launches a researcher between two calls of its own. */
const withResearcher = (turn: TurnScript, mode = 'typed'): object[] => [
  turn.started(),
  turn.say('iteration.started', { iteration: 1, max: 12 }),
  turn.call('call_1', 'web_search', {
    args: '{"query":"rain"}',
    label: 'Searching the web',
    detail: 'rain',
  }),
  turn.result('call_1', { output: '3 results', elapsedMs: 640 }),
  turn.say('iteration.started', { iteration: 2, max: 12 }),
  turn.call('call_3', 'spawn_subagent', { args: '{"agent_id":"researcher","prompt":"EU data, please."}' }),
  turn.spawned('sub-7c1', { parentCallId: 'call_3', metadata: { mode, displayName: 'Researcher' } }),
]

describe('rows of a turn', () => {
  test('openhuman 4: calls and subagents are rows in the order of issue, the launching call made room', async () => {
    const { page, turn } = await newTurn()
    await tell(page, turn, ...withResearcher(turn), turn.call('call_4', 'shell'))
    const runtime = runtimeOf(page)
    expect(shown(runtime)).toEqual([
      ['web_search', 0, 1, 'success'],
      ['subagent:researcher', 1, 2, 'running'],
      ['shell', 2, 2, 'running'],
    ])
    expect(runtime.toolTimeline[0]).toMatchObject({
      id: 'req-1:1:1:call_1',
      callId: 'call_1',
      displayName: 'Searching the web',
      detail: 'rain',
      argsBuffer: '{"query":"rain"}',
      result: '3 results',
    })
    expect(runtime.toolTimeline[1]).toMatchObject({
      id: 'subagent:sub-7c1',
      displayName: 'Researcher',
      sourceToolName: 'spawn_subagent',
      subagent: { taskId: 'sub-7c1', agentId: 'researcher', mode: 'typed', prompt: 'EU data, please.' },
    })
  })

  test('openhuman 4: without a call id the oldest launching call makes room, a failed one does not', async () => {
    const { page, turn } = await newTurn()
    await tell(
      page,
      turn,
      turn.started(),
      turn.call('a', 'spawn_subagent'),
      turn.result('a', { status: 'failed', failure: 'No such agent.' }),
      turn.call('b', 'delegate_research'),
      turn.call('c', 'spawn_async_subagent'),
      turn.spawned('one'),
      turn.spawned('two'),
    )
    expect(runtimeOf(page).toolTimeline.map(({ id }) => id)).toEqual([
      'req-1:1:0:a',
      'subagent:one',
      'subagent:two',
    ])
    expect(runtimeOf(page).toolTimeline[0]?.failure).toEqual({
      class: null,
      category: null,
      recoverable: null,
      cause_plain: 'No such agent.',
      next_action: null,
    })
  })

  test('openhuman 8.9: calls without an id never share a row, and parallel ones of a name pair in order', async () => {
    const { page, turn } = await newTurn()
    await tell(
      page,
      turn,
      turn.started(),
      turn.call('', 'web_fetch', { args: 'one' }),
      turn.call('', 'web_fetch', { args: 'two' }),
      turn.result('', { name: 'web_fetch', output: 'of one' }),
      turn.result('', { name: 'web_fetch', output: 'of two' }),
    )
    const { toolTimeline } = runtimeOf(page)
    expect(toolTimeline.map(({ argsBuffer, result }) => [argsBuffer, result])).toEqual([
      ['one', 'of one'],
      ['two', 'of two'],
    ])
    expect(new Set(toolTimeline.map(({ id }) => id)).size).toBe(2)
  })

  test('openhuman 8.8: rows are ordered by issue, not by arrival', async () => {
    const { page, turn } = await newTurn()
    const [start, first, second] = [turn.started(), turn.call('1', 'read'), turn.call('2', 'write')]
    page.source.emit(turn.stream, [start, second])
    await tell(page, turn, first)
    expect(runtimeOf(page).toolTimeline.map(({ name }) => name)).toEqual(['read', 'write'])
  })

  test('openhuman 8.5: a subagent that waits or is paused is shown waiting, with its question', async () => {
    const { page, turn } = await newTurn()
    await tell(
      page,
      turn,
      ...withResearcher(turn),
      turn.child('sub-7c1', 'run.observed', {
        status: 'awaiting_user',
        trigger: 'question_asked',
        question: { questionId: 'ask:req-1:7', prompt: 'EU or US data?' },
      }),
      turn.spawned('sub-2'),
      turn.child('sub-2', 'run.transitioned', { to: 'paused', trigger: 'paused_by_user' }),
    )
    const rows = runtimeOf(page).toolTimeline.filter(({ subagent }) => subagent !== undefined)
    expect(rows.map(({ status }) => status)).toEqual(['awaiting_user', 'awaiting_user'])
    expect(rows[0]).toMatchObject({
      detail: 'EU or US data?',
      subagent: { status: 'awaiting_user', awaitingQuestion: 'EU or US data?' },
    })
  })

  test('openhuman 8.8, 8.16: trails, calls and questions are there after a reload', async () => {
    const scope = newScope()
    const page = await newPage(scope)
    const clock = turnClock()
    const [one, two] = [turnScript(clock, 'req-1'), turnScript(clock, 'req-2')]
    const asked = { questionId: 'ask:req-1:9', prompt: 'EU or US data?' }
    await tell(
      page,
      one,
      ...withResearcher(one, 'async'),
      ...Array.from({ length: 30 }, (_, index) => [
        one.child('sub-7c1', 'tool.started', { callId: `cc-${index}`, name: 'web_fetch', args: `${index}` }),
        one.child('sub-7c1', 'tool.finished', { callId: `cc-${index}`, status: 'completed', output: 'html' }),
      ]).flat(),
      one.done(),
      one.child('sub-7c1', 'run.observed', { status: 'awaiting_user', question: asked }),
    )
    await tell(page, two, two.started(), two.call('x', 'read'))
    const live = runtimeOf(page)
    const again = await reload(page, scope)
    const hydrated = runtimeOf(again)
    expect(hydrated.turnTimelines['req-1']).toHaveLength(2)
    const [, row] = hydrated.turnTimelines['req-1'] ?? []
    expect(row?.subagent?.toolCalls.map(({ args }) => args)).toEqual(
      Array.from({ length: 30 }, (_, index) => `${index}`),
    )
    expect(row?.subagent?.awaitingQuestion).toBe('EU or US data?')
    expect(row).toEqual({ ...live.turnTimelines['req-1']?.[1], unconfirmed: true })
    expect(hydrated.toolTimeline).toEqual(live.toolTimeline.map((each) => ({ ...each, unconfirmed: true })))
    expect(hydrated.turnTranscripts).toEqual(live.turnTranscripts)
  })

  test('openhuman 8.19: a subagent that a later turn goes on with is in both trails, its calls once', async () => {
    const page = await newPage()
    const clock = turnClock()
    const [one, two] = [turnScript(clock, 'req-1'), turnScript(clock, 'req-2')]
    await tell(
      page,
      one,
      ...withResearcher(one, 'async'),
      one.child('sub-7c1', 'run.observed', {
        status: 'awaiting_user',
        question: { questionId: 'q', prompt: '?' },
      }),
      one.done(),
    )
    await tell(page, two, two.started(), two.call('y', 'continue_subagent'), two.spawned('sub-7c1'))
    const runtime = runtimeOf(page)
    const idsOf = (rows: ThreadRuntime['toolTimeline'] | undefined) => rows?.map(({ id }) => id)
    expect(idsOf(runtime.turnTimelines['req-1'])).toContain('subagent:sub-7c1')
    // It stands where it was taken up.
    expect(idsOf(runtime.toolTimeline)).toEqual(['req-2:1:0:y', 'subagent:sub-7c1'])
    expect(idsOf(runtime.backgroundTasks)).toEqual(['subagent:sub-7c1'])
    expect(runtime.backgroundTasks[0]).toMatchObject({ status: 'running' })
    expect(runtime.backgroundTasks[0]?.subagent?.awaitingQuestion).toBeUndefined()
  })

  test('openhuman 8.19: a call of a later turn that is named like the launching one keeps its row', async () => {
    const page = await newPage()
    const clock = turnClock()
    const [one, two] = [turnScript(clock, 'req-1'), turnScript(clock, 'req-2')]
    const question = { questionId: 'q', prompt: '?' }
    await tell(page, one, ...withResearcher(one, 'async'))
    await tell(page, one, one.child('sub-7c1', 'run.observed', { status: 'awaiting_user', question }))
    await tell(page, one, one.done())
    await tell(page, two, two.started(), two.call('call_3', 'shell'), two.spawned('sub-7c1'))
    expect(runtimeOf(page).toolTimeline.map(({ name }) => name)).toEqual(['shell', 'subagent:researcher'])
  })

  test('openhuman 8.14: a detached subagent outlives its turn and stays among the background tasks', async () => {
    const page = await newPage()
    const clock = turnClock()
    const [one, two] = [turnScript(clock, 'req-1'), turnScript(clock, 'req-2')]
    await tell(page, one, ...withResearcher(one, 'async'), one.done())
    await tell(page, two, two.started())
    expect(runtimeOf(page)).toMatchObject({
      requestId: 'req-2',
      toolTimeline: [],
      backgroundTasks: [{ id: 'subagent:sub-7c1', status: 'running' }],
    })
    await tell(
      page,
      one,
      one.child('sub-7c1', 'run.transitioned', { to: 'failed', trigger: 'errored', error: 'Timeout.' }),
    )
    expect(runtimeOf(page).backgroundTasks).toMatchObject([{ status: 'error', detail: 'Timeout.' }])
  })

  test('a run that no turn launched is shown in the turn it began in; without turns in the thread', async () => {
    const page = await newPage()
    const clock = turnClock()
    const turn = turnScript(clock, 'req-1')
    await tell(page, turn, turn.spawned('before', { parentRunId: 'req-unknown' }))
    expect(runtimeOf(page)).toMatchObject({ requestId: null, toolTimeline: [{ id: 'subagent:before' }] })
    const [one, two] = [turnScript(clock, 'req-2'), turnScript(clock, 'req-3')]
    await tell(page, one, one.started(), one.spawned('between', { parentRunId: null }))
    await tell(page, two, two.started())
    expect(runtimeOf(page).turnTimelines['req-2']?.map(({ id }) => id)).toEqual([
      'subagent:before',
      'subagent:between',
    ])
  })
})

describe('a turn at work', () => {
  test('openhuman 8.10: what it does follows its calls and blocking subagents, that it runs only the turn', async () => {
    const { page, turn } = await newTurn()
    const seen: unknown[] = []
    const step = async (...events: object[]): Promise<void> => {
      await tell(page, turn, ...events)
      const { inferenceStatus, inferenceTurnLifecycle } = runtimeOf(page)
      const { phase, activeTool, activeSubagent } = inferenceStatus ?? {}
      seen.push([inferenceTurnLifecycle, phase, activeTool ?? activeSubagent])
    }
    await step(turn.started())
    await step(turn.say('iteration.started', { iteration: 1, max: 12 }), turn.call('a', 'web_search'))
    await step(turn.result('a'))
    await step(turn.call('b', 'spawn_subagent'), turn.spawned('s1', { parentCallId: 'b' }))
    await step(turn.spawned('s2', { metadata: { mode: 'async' } }))
    await step(turn.child('s1', 'run.transitioned', { to: 'completed', trigger: 'result_received' }))
    await step(turn.done())
    expect(seen).toEqual([
      ['streaming', 'thinking', undefined],
      ['streaming', 'tool_use', 'web_search'],
      ['streaming', 'thinking', undefined],
      ['streaming', 'subagent', 'researcher'],
      ['streaming', 'subagent', 'researcher'],
      ['streaming', 'thinking', undefined],
      [null, undefined, undefined],
    ])
  })

  test('openhuman 4: prose streams by iteration; a turn cut off keeps what it had said', async () => {
    const { page, turn } = await newTurn()
    const delta = (kind: string, text: string, iteration: number) =>
      turn.say('text.delta', { kind, text, iteration })
    await tell(page, turn, turn.started(), delta('text', 'Let me ', 1), delta('text', 'check.', 1))
    await tell(page, turn, turn.call('a', 'read'), delta('thinking', 'Hm.', 2), delta('text', 'It is', 2))
    const streaming = { requestId: 'req-1', content: 'It is', thinking: 'Hm.' }
    expect(runtimeOf(page)).toMatchObject({ streamingAssistant: streaming, interruptedAssistant: null })
    expect(runtimeOf(page).processing).toMatchObject([
      { kind: 'narration', seq: 0, round: 1, text: 'Let me check.' },
      { kind: 'toolCall', seq: 1, rowId: 'req-1:1:0:a', name: 'read' },
      { kind: 'thinking', seq: 2, round: 2, text: 'Hm.' },
      { kind: 'narration', seq: 3, round: 2, text: 'It is' },
    ])
    await tell(page, turn, turn.say('run.transitioned', { to: 'interrupted', trigger: 'disconnected' }))
    expect(runtimeOf(page)).toMatchObject({
      inferenceTurnLifecycle: 'interrupted',
      inferenceStatus: null,
      streamingAssistant: null,
      interruptedAssistant: streaming,
    })
  })

  test('openhuman 4: what is told in one breath is in the order of its iterations', async () => {
    const { page, turn } = await newTurn()
    const word = (text: string, iteration: number) =>
      turn.say('text.delta', { kind: 'text', text, iteration }, 0)
    await tell(
      page,
      turn,
      turn.started(),
      word('One.', 1),
      turn.say('tool.started', { callId: 'a', name: 'read', iteration: 1 }, 0),
      word('Two.', 2),
      turn.say('tool.started', { callId: 'b', name: 'write', iteration: 2 }, 0),
    )
    const told = runtimeOf(page).processing.map((item) => ('text' in item ? item.text : item.name))
    expect(told).toEqual(['One.', 'read', 'Two.', 'write'])
  })

  test('openhuman 4: what streamed is absent after a reload, and nothing unconfirmed is said to run', async () => {
    const scope = newScope()
    const { page, turn } = await newTurn(scope)
    await tell(
      page,
      turn,
      ...withResearcher(turn),
      turn.say('text.delta', { kind: 'text', text: 'I am', iteration: 2 }),
      turn.child('sub-7c1', 'text.delta', { kind: 'text', text: 'Looking', iteration: 1 }),
      turn.child('sub-7c1', 'tool.started', { callId: 'cc', name: 'web_fetch', iteration: 1 }),
    )
    const transcript = () => runtimeOf(page).toolTimeline[1]?.subagent?.transcript
    expect(transcript()).toMatchObject([
      { kind: 'text', text: 'Looking', iteration: 1 },
      { kind: 'tool', toolName: 'web_fetch', status: 'running' },
    ])
    const again = await reload(page, scope)
    const runtime = runtimeOf(again)
    expect(runtime).toMatchObject({ unconfirmed: true, streamingAssistant: null, inferenceStatus: null })
    expect(runtime.toolTimeline[1]).toMatchObject({ status: 'running', unconfirmed: true })
    expect(runtime.toolTimeline[1]?.subagent?.transcript).toMatchObject([{ kind: 'tool' }])
    await tell(again, turn, turn.say('iteration.started', { iteration: 3, max: 12 }))
    expect(runtimeOf(again)).toMatchObject({
      unconfirmed: false,
      inferenceStatus: { phase: 'thinking', iteration: 3, maxIterations: 12 },
    })
  })

  test('openhuman 4: arguments stream into a row that keeps its id when the call is announced', async () => {
    const { page, turn } = await newTurn()
    const piece = (text: string) => turn.say('args.delta', { callId: 'a', text })
    await tell(page, turn, turn.started(), turn.say('iteration.started', { iteration: 1 }), piece('{"q":'))
    const [streaming] = runtimeOf(page).toolTimeline
    expect(streaming).toMatchObject({
      id: 'req-1:1:1:a',
      name: 'tool',
      argsBuffer: '{"q":',
      status: 'running',
    })
    await tell(page, turn, piece('"rain'), turn.call('a', 'web_search'))
    expect(runtimeOf(page).toolTimeline).toMatchObject([
      { ...streaming, name: 'web_search', argsBuffer: '{"q":"rain' },
    ])
    await tell(page, turn, turn.result('a', { args: '{"q":"rain"}', output: 'wet' }))
    expect(runtimeOf(page).toolTimeline).toMatchObject([{ argsBuffer: '{"q":"rain"}', status: 'success' }])
    expect(page.state().chatRuntime.argsByRun['r:req-1'] ?? []).toEqual([])
  })

  test('openhuman 4: earlier turns still at work stream beside the newest', async () => {
    const page = await newPage()
    const clock = turnClock()
    const [one, two] = [turnScript(clock, 'req-1'), turnScript(clock, 'req-2')]
    await tell(page, one, one.started(), one.say('text.delta', { kind: 'text', text: 'First' }))
    await tell(page, two, two.started(), two.say('heartbeat'), two.say('heartbeat'))
    await tell(page, one, one.say('heartbeat'))
    expect(runtimeOf(page)).toMatchObject({
      requestId: 'req-2',
      inferenceHeartbeat: 2,
      streamingAssistant: null,
      parallelRequests: ['req-1'],
    })
    expect(runtimeOf(page).parallelStreams['req-1']?.content).toBe('First')
    expect(selectChatRuntimeState(page.state()).parallelRequestThreads['req-1']).toBe('t1')
    await tell(page, one, one.done())
    expect(runtimeOf(page).parallelRequests).toEqual([])
    expect(runtimeOf(page).parallelStreams['req-1']).toBeUndefined()
  })

  test('openhuman 8.4: approvals and plans wait until they are decided, over a reload too', async () => {
    const scope = newScope()
    const { page, turn } = await newTurn(scope)
    const ask = (questionId: string, prompt: string) =>
      turn.say('question.asked', { questionId, kind: 'approval', prompt, expiresAt: 1_800_000_000_000 })
    await tell(
      page,
      turn,
      turn.started(),
      turn.call('call_5', 'shell', { args: '{"command":"npm test"}' }),
      ask('approval:call_5', 'Run command?'),
      ask('plan:p', '3-step plan'),
    )
    const waiting = {
      pendingApproval: {
        requestId: 'req-1',
        runId: 'req-1',
        questionId: 'approval:call_5',
        message: 'Run command?',
        toolCallId: 'call_5',
        toolName: 'shell',
        args: '{"command":"npm test"}',
        expiresAt: 1_800_000_000_000,
      },
      pendingPlanReview: { questionId: 'plan:p', message: '3-step plan' },
    }
    expect(runtimeOf(page)).toMatchObject(waiting)
    const again = await reload(page, scope)
    expect(runtimeOf(again)).toMatchObject(waiting)
    const settled = (questionId: string) =>
      turn.say('question.settled', { questionId, state: 'denied', answer: 'deny' })
    await tell(again, turn, settled('approval:call_5'), settled('plan:p'))
    expect(runtimeOf(again)).toMatchObject({ pendingApproval: null, pendingPlanReview: null })
  })

  test('openhuman 4: what a detached subagent asks for when its turn is over waits, too', async () => {
    const { page, turn } = await newTurn()
    const asked = { questionId: 'approval:cc-1', kind: 'approval', prompt: 'Run command?' }
    await tell(
      page,
      turn,
      ...withResearcher(turn, 'async'),
      turn.child('sub-7c1', 'tool.started', { callId: 'cc-1', name: 'shell' }),
      turn.done(),
      turn.child('sub-7c1', 'question.asked', asked),
    )
    const waiting = { requestId: 'req-1', runId: 'sub-7c1', toolName: 'shell', message: 'Run command?' }
    expect(runtimeOf(page).pendingApproval).toMatchObject(waiting)
    await tell(
      page,
      turn,
      turn.child('sub-7c1', 'question.settled', { questionId: 'approval:cc-1', state: 'answered' }),
    )
    expect(runtimeOf(page).pendingApproval).toBeNull()
  })
})

describe('totals', () => {
  test('openhuman 8.13: unknown cost stays null, and a run in a total is not added to it again', async () => {
    const { page, turn } = await newTurn()
    await tell(page, turn, ...withResearcher(turn))
    const unknown = { inputTokens: null, outputTokens: null, cachedInputTokens: null, costUsd: null }
    expect(runtimeOf(page).usage).toEqual({ own: unknown, subtree: unknown })
    const spent = { inputTokens: 9_000, outputTokens: 800, costUsd: null }
    await tell(
      page,
      turn,
      turn.child('sub-7c1', 'usage.reported', { key: 'spend:req-1', scope: 'own', ...spent }),
      turn.say('usage.reported', {
        key: 'turn:req-1',
        scope: 'subtree',
        inputTokens: 14_000,
        outputTokens: 1_200,
        costUsd: null,
        includes: [{ runId: 'sub-7c1', ...spent }],
      }),
    )
    const { usage, toolTimeline } = runtimeOf(page)
    expect(usage.own).toEqual({ ...unknown, inputTokens: 5_000, outputTokens: 400 })
    expect(usage.subtree).toEqual({ ...unknown, inputTokens: 14_000, outputTokens: 1_200 })
    expect(toolTimeline[1]?.subagent?.usage).toEqual({ ...unknown, inputTokens: 9_000, outputTokens: 800 })
    expect(selectChatRuntimeState(page.state()).sessionTokenUsage).toEqual(usage.subtree)
  })

  test('what the runs of a thread made is listed with where it can be read', async () => {
    const { page, turn } = await newTurn()
    const artifact = { name: 'Report', mediaType: 'text/markdown', content: 'report.md' }
    await tell(page, turn, turn.started(), turn.say('artifact.recorded', artifact))
    const [made] = runtimeOf(page).artifacts
    expect(made).toMatchObject({ runId: 'req-1', title: 'Report', status: 'ready', content: { chars: 9 } })
  })
})
