/** The live half over a real store: addressing, replays, losses, resumes, ends. The traps of a core's stream, each by name. */
import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { connectLive } from '../../../src/sources/openHuman/live.ts'
import { listen } from '../../../src/sources/openHuman/liveSocket.ts'
import { literals } from '../../../src/testing/doubles/index.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'
import { child, FakeSocket, lasting, newHome, openLive, say, THREAD, TURN } from './liveSupport.ts'
import type { Wire } from './liveSupport.ts'

const SECOND = 'req-a10'

const begin = (request = TURN): Wire[] => [
  say('inference_start', 0, {}, request),
  say('iteration_start', 1, { round: 1, message: 'Iteration 1/12' }, request),
]
const spawn = (seq: number | null, task: string, mode = 'typed', request = TURN): Wire =>
  child(
    'spawned',
    seq,
    task,
    { subagent: { mode, display_name: 'Researcher', parent_call_id: 'call_3' } },
    request,
  )
const toolCall = (seq: number, id: string, name = 'search'): Wire =>
  say('tool_call', seq, { tool_name: name, round: 1, tool_call_id: id, args: { q: seq } })
const toolResult = (seq: number, id: string, output: string, name = 'search'): Wire =>
  say('tool_result', seq, {
    tool_name: name,
    round: 1,
    tool_call_id: id,
    success: true,
    output,
    elapsed_ms: 5,
  })
const done = (fields: object = {}, request = TURN): Wire =>
  say('chat_done', null, { full_response: 'Done.', ...fields }, request)

/** A turn with two agents, one of which asks, and figures. */
const turn: Wire[] = [
  ...begin(),
  toolCall(2, 'call_1'),
  toolResult(3, 'call_1', '3 results'),
  spawn(4, 'sub-1'),
  spawn(5, 'sub-2', 'async'),
  child('iteration_start', 6, 'sub-1', { subagent: { child_iteration: 1, child_max_iterations: 8 } }),
  child('tool_call', 7, 'sub-1', {
    tool_name: 'fetch',
    tool_call_id: 'c-1',
    subagent: { child_iteration: 1 },
  }),
  child('tool_result', 8, 'sub-1', {
    tool_name: 'fetch',
    tool_call_id: 'c-1',
    success: true,
    output: '<html>',
    elapsed_ms: 3,
    subagent: { child_iteration: 1, agent_id: 'researcher' },
  }),
  child('awaiting_user', 9, 'sub-2', { message: 'EU or US?', subagent: { worker_thread_id: 'w-1' } }),
  child('completed', 10, 'sub-1', {
    message: 'Completed.',
    subagent: {
      output: 'All of it',
      output_chars: 9,
      iterations: 1,
      changed_files: ['a.md'],
      dirty_status: true,
    },
  }),
  done({
    usage: {
      input_tokens: 100,
      output_tokens: 10,
      cost_usd: 0.5,
      subagents: [
        { task_id: 'sub-1', agent_id: 'researcher', input_tokens: 40, output_tokens: 4, cost_usd: null },
      ],
    },
  }),
]

describe('who a message is about', () => {
  test('a turn, its agents and their tools land in the runs they are of', async () => {
    const page = await openLive()
    await page.hear(turn)
    expect(page.run(TURN)).toMatchObject({
      run: { kind: 'background_agent', agentId: 'orchestrator', parentThreadId: THREAD, status: 'completed' },
      toolCalls: [{ callId: 'call_1', name: 'search', status: 'completed' }],
    })
    expect(page.run('sub-1')).toMatchObject({
      run: {
        kind: 'subagent',
        agentId: 'researcher',
        agentName: 'Researcher',
        parentRunId: TURN,
        parentCallId: 'call_3',
        status: 'completed',
        output: { preview: 'All of it' },
        metadata: { mode: 'typed', outputChars: 9, changedFiles: ['a.md'], isDirty: true },
      },
      telemetry: { inputTokens: 40, costUsd: null },
      toolCalls: [{ callId: 'c-1', name: 'fetch', iteration: 1, status: 'completed' }],
    })
    expect(page.run('sub-2')).toMatchObject({
      run: { kind: 'worker_thread', workerThreadId: 'w-1', status: 'awaiting_user' },
      questions: [{ questionId: `ask:${TURN}:9`, prompt: 'EU or US?', state: 'open' }],
    })
    expect(page.status()).toMatchObject({ quarantined: 0, duplicates: 0 })
    expect(page.run(TURN).notes).toEqual({ irregular: 0, late: 0, refused: 0 })
    expect(page.heard).toContainEqual(['r:sub-2', 'run.observed'])
    expect(page.ended).toEqual([TURN])
  })

  test('F5 openhuman 8.13: the turn keeps what is its own of figures that include its agents', async () => {
    const page = await openLive()
    await page.hear(turn)
    // What the agent's cost was is unknown, so nothing is taken off for it.
    expect(page.run(TURN).telemetry).toMatchObject({ inputTokens: 60, outputTokens: 6, costUsd: 0.5 })
  })

  test('a report of cost that comes after the end is an older one', async () => {
    const page = await openLive()
    await page.hear([...begin(), done({ usage: { input_tokens: 100, output_tokens: 10, cost_usd: 0.5 } })])
    await page.hear([say('turn_cost', 2, { usage: { input_tokens: 50, output_tokens: 5, cost_usd: 0.2 } })])
    expect(page.run(TURN).telemetry).toMatchObject({ inputTokens: 100, costUsd: 0.5 })
  })

  test('an agent whose figures come with its end is not told twice', async () => {
    const page = await openLive()
    const figures = { input_tokens: 40, output_tokens: 4, cost_usd: 0.1 }
    await page.hear([...begin(), spawn(2, 'sub-1'), child('completed', 3, 'sub-1', { subagent: figures })])
    await page.hear([
      done({ usage: { input_tokens: 9, output_tokens: 1, subagents: [{ task_id: 'sub-1', ...figures }] } }),
    ])
    expect(page.run('sub-1').telemetry).toMatchObject({ inputTokens: 40, costUsd: 0.1 })
  })

  test('openhuman 8.9: empty call ids never collide, and parallel calls of one name are paired in turn', async () => {
    const page = await openLive()
    await page.hear([
      ...begin(),
      toolCall(2, ''),
      toolCall(3, ''),
      toolResult(4, '', 'first'),
      toolResult(5, '', 'second'),
      done(),
    ])
    const calls = page.run(TURN).toolCalls
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
    expect(calls.map(({ args, output, status }) => [args?.preview, output?.preview, status])).toEqual([
      ['{"q":2}', 'first', 'completed'],
      ['{"q":3}', 'second', 'completed'],
    ])
  })
})

describe('said again', () => {
  test('F1 openhuman 8.4: a turn replayed thirteen times is one turn', async () => {
    const page = await openLive()
    await page.hear(turn)
    const before = JSON.stringify([page.run(TURN), page.run('sub-1'), page.run('sub-2')])
    const heard = page.heard.length
    for (let again = 0; again < 13; again += 1) await page.hear(turn)
    expect(JSON.stringify([page.run(TURN), page.run('sub-1'), page.run('sub-2')])).toBe(before)
    expect(page.status()).toMatchObject({ quarantined: 0, duplicates: expect.any(Number) })
    expect(page.status().duplicates).toBeGreaterThanOrEqual(13 * turn.length)
    expect(page.ended).toHaveLength(1)
    expect(page.heard).toHaveLength(heard)
  })

  test('F1 openhuman 8.4: replayed to a page that opened later, it changes nothing either', async () => {
    const home = newHome()
    const first = await openLive(home)
    await first.hear(turn)
    const before = [TURN, 'sub-1', 'sub-2'].map((id) => first.run(id))
    await first.close()
    const page = await openLive(home)
    await page.hear(turn)
    expect([TURN, 'sub-1', 'sub-2'].map((id) => page.run(id))).toEqual(before)
    expect(page.status().quarantined).toBe(0)
  })

  test('openhuman 8.4: a turn longer than is remembered, said again, does not take its question away', async () => {
    const page = await openLive()
    const prose = Array.from({ length: 2_100 }, (_, index) =>
      say('text_delta', index + 4, { round: 1, delta: 'so ', delta_kind: 'text' }),
    )
    const call = child('tool_call', 3, 'sub-1', { tool_name: 'fetch', tool_call_id: 'c-1' })
    const asks = child('awaiting_user', 2_104, 'sub-1', { message: 'EU or US?' })
    const long = [...begin(), spawn(2, 'sub-1', 'async'), call, ...prose, asks]
    await page.hear(long)
    const before = page.run('sub-1')
    expect(before.questions).toMatchObject([{ state: 'open' }])
    await page.hear(long)
    expect(page.run('sub-1')).toEqual(before)
  })

  test.each([true, false])(
    'both names of a message are one message, with any-listeners: %s',
    async (withAny) => {
      const socket = new FakeSocket()
      if (!withAny) Object.assign(socket, { onAny: undefined, offAny: undefined })
      const page = await openLive(newHome(), socket)
      for (const message of turn) {
        page.socket.say(message)
        page.socket.alias(message)
      }
      await page.settle()
      expect(page.status()).toMatchObject({ duplicates: 0, quarantined: 0 })
      expect(page.run(TURN).toolCalls).toHaveLength(1)
      expect(page.run('sub-1').run.status).toBe('completed')
    },
  )

  test.each([true, false])(
    'openhuman 2.1-2.3: every name of the wire is listened to, under both of its forms, with any-listeners: %s',
    (withAny) => {
      const socket = new FakeSocket()
      if (!withAny) Object.assign(socket, { onAny: undefined, offAny: undefined })
      const heard: string[] = []
      listen(
        socket,
        (name) => void heard.push(name),
        () => {},
      )
      const names = literals.flatMap(({ event }) => [event, event.replace('_', ':')])
      for (const name of names) socket.say({}, name)
      expect(heard).toEqual(names)
    },
  )

  test('a core that sends only names with colons is understood', async () => {
    const page = await openLive()
    for (const message of turn) page.socket.alias(message)
    await page.settle()
    expect(page.run(TURN).run.status).toBe('completed')
  })
})

describe('openhuman 8.4: questions and resumes', () => {
  const asked = [
    ...begin(),
    spawn(2, 'sub-1'),
    child('awaiting_user', 3, 'sub-1', { message: 'EU or US?' }),
    done(),
  ]
  const resume = [...begin(SECOND), spawn(2, 'sub-1', 'typed', SECOND)]

  test('a question outlives its turn, and a replayed or unnumbered spawn does not take it away', async () => {
    const page = await openLive()
    await page.hear([...asked, ...asked, spawn(null, 'sub-1')])
    expect(page.run('sub-1')).toMatchObject({
      run: { status: 'awaiting_user' },
      questions: [{ state: 'open' }],
    })
  })

  test.each([2, null])(
    'openhuman 8.19: announced again under another request (seq %s) it goes on',
    async (seq) => {
      const page = await openLive()
      await page.hear([...asked, ...begin(SECOND), spawn(seq, 'sub-1', 'typed', SECOND)])
      expect(page.run('sub-1')).toMatchObject({
        run: {
          status: 'running',
          attempt: 1,
          trigger: 'answered',
          parentRunId: SECOND,
          formerParentRunIds: [TURN],
        },
        questions: [{ state: 'answered' }],
      })
    },
  )

  test('what it asks after a resume stays, whatever of either turn is told again, to an old or a new page', async () => {
    const home = newHome()
    const again = [
      ...resume,
      child('awaiting_user', 3, 'sub-1', { message: 'Which year?' }, SECOND),
      done({}, SECOND),
    ]
    const first = await openLive(home)
    await first.hear([...asked, ...again, ...asked, spawn(null, 'sub-1')])
    const open = {
      run: { status: 'awaiting_user' },
      questions: [{ prompt: 'Which year?', state: 'open' }, {}],
    }
    expect(first.run('sub-1')).toMatchObject(open)
    await first.close()
    const page = await openLive(home)
    await page.hear([...asked, ...again, spawn(null, 'sub-1')])
    expect(page.run('sub-1')).toMatchObject(open)
  })

  test('its next event says that it goes on, when the new announcement was lost', async () => {
    const page = await openLive()
    await page.hear(asked)
    await page.hear([
      ...begin(SECOND),
      child('iteration_start', 3, 'sub-1', { subagent: { child_iteration: 2 } }, SECOND),
    ])
    expect(page.run('sub-1')).toMatchObject({
      run: { status: 'running', iteration: 2, parentRunId: SECOND },
      questions: [{ state: 'answered' }],
    })
  })

  test('a new question is asked, when the announcement before it was lost', async () => {
    const page = await openLive()
    await page.hear([
      ...asked,
      ...begin(SECOND),
      child('awaiting_user', 5, 'sub-1', { message: 'Which year?' }, SECOND),
    ])
    const { run, questions } = page.run('sub-1')
    expect(run.status).toBe('awaiting_user')
    expect(questions.map(({ prompt, state }) => [prompt, state])).toEqual([
      ['Which year?', 'open'],
      ['EU or US?', 'answered'],
    ])
  })

  test.each(['this page', 'a page that opened later'])(
    'an agent that is done and begun again has a new attempt (%s)',
    async (who) => {
      const home = newHome()
      let page = await openLive(home)
      await page.hear([
        ...begin(),
        spawn(2, 'sub-1'),
        child('completed', 3, 'sub-1', { message: 'One.' }),
        done(),
      ])
      if (who !== 'this page') {
        await page.close()
        page = await openLive(home)
      }
      await page.hear(resume)
      expect(page.run('sub-1').run).toMatchObject({ status: 'running', attempt: 2 })
      await page.hear([
        child('completed', 3, 'sub-1', { message: 'Two.' }, SECOND),
        ...resume,
        done({}, SECOND),
      ])
      expect(page.run('sub-1').run).toMatchObject({ status: 'completed', attempt: 2, summary: 'Two.' })
    },
  )
})

describe('how a turn ends', () => {
  test('openhuman 8.1: who worked for the turn ends with it, inferred; detached ones and those who wait do not', async () => {
    const page = await openLive()
    await page.hear([
      ...begin(),
      spawn(2, 'blocking'),
      spawn(3, 'detached', 'async'),
      spawn(4, 'forked', 'fork'),
      spawn(5, 'waiting'),
      child('awaiting_user', 6, 'waiting', { message: 'Which?' }),
      done(),
    ])
    const states = ['blocking', 'detached', 'forked', 'waiting'].map((id) => page.run(id).run)
    expect(states.map(({ status, inferred }) => [status, inferred])).toEqual([
      ['interrupted', true],
      ['running', false],
      ['running', false],
      ['awaiting_user', false],
    ])
  })

  test('openhuman 8.1: the end of a turn is none of an agent that another turn has taken up', async () => {
    const page = await openLive()
    await page.hear([
      ...begin(),
      spawn(2, 'sub-1'),
      child('awaiting_user', 3, 'sub-1', { message: 'Which?' }),
    ])
    await page.hear([...begin(SECOND), spawn(2, 'sub-1', 'typed', SECOND), done()])
    expect(page.run(TURN).run.status).toBe('completed')
    expect(page.run('sub-1').run).toMatchObject({ status: 'running', inferred: false })
    await page.hear([done({}, SECOND)])
    expect(page.run('sub-1').run).toMatchObject({ status: 'interrupted', inferred: true })
  })

  test('openhuman 8.1: an agent that was begun detached outlives the turn it is answered in, too', async () => {
    const page = await openLive()
    const asks = child('awaiting_user', 3, 'sub-1', { message: 'Which?' })
    await page.hear([...begin(), spawn(2, 'sub-1', 'async'), asks, done()])
    await page.hear([...begin(SECOND), spawn(2, 'sub-1', 'typed', SECOND), done({}, SECOND)])
    expect(page.run('sub-1').run).toMatchObject({ status: 'running', inferred: false })
  })

  test('a late end of an agent after chat_done counts, of a detached one and of one we had given up', async () => {
    const page = await openLive()
    await page.hear([...begin(), spawn(2, 'detached', 'async'), spawn(3, 'blocking'), done()])
    await page.hear([
      child('failed', 4, 'detached', { message: 'provider timeout' }),
      child('completed', 5, 'blocking', { message: 'Done after all.' }),
    ])
    expect(page.run('detached').run).toMatchObject({
      status: 'failed',
      error: 'provider timeout',
      inferred: false,
    })
    expect(page.run('blocking').run).toMatchObject({ status: 'completed', inferred: false })
  })

  test('chat_error of a cancelled turn and chat_cancelled are one end', async () => {
    const page = await openLive()
    await page.hear([
      ...begin(),
      spawn(2, 'sub-1'),
      say('chat_error', null, { message: 'Cancelled', error_type: 'cancelled' }),
      say('chat_cancelled', null, { cancel_reason: 'superseded', superseded_by: SECOND }),
    ])
    const { run, notes } = page.run(TURN)
    expect(run).toMatchObject({ status: 'cancelled', error: null, metadata: { supersededBy: SECOND } })
    expect(notes).toEqual({ irregular: 0, late: 0, refused: 0 })
    expect(page.run('sub-1').run).toMatchObject({ status: 'cancelled', inferred: true })
  })

  test('openhuman 1.6: a turn that fails is failed, with its error and what kind it was', async () => {
    const page = await openLive()
    await page.hear([
      ...begin(),
      say('chat_error', null, { message: 'Rate limited', error_type: 'rate_limited' }),
    ])
    expect(page.run(TURN).run).toMatchObject({
      status: 'failed',
      error: 'Rate limited',
      reason: 'rate_limited',
    })
  })

  test('openhuman 8.15: a turn without an end stays as it is, however long its heart beats', async () => {
    const page = await openLive()
    await page.hear([
      ...begin(),
      spawn(2, 'sub-1'),
      ...[3, 4, 5, 6].map((seq) => say('inference_heartbeat', seq)),
    ])
    await page.clock.advance(3_600_000)
    expect(page.run(TURN).run.status).toBe('running')
    expect(page.run('sub-1').run.status).toBe('running')
  })
})

describe('what is lost on the way', () => {
  test('joined in the middle: what was missed is a gap, and it goes on', async () => {
    const page = await openLive()
    await page.hear([
      toolResult(40, 'call_7', 'late'),
      child('iteration_start', 41, 'sub-1', { subagent: { child_iteration: 3 } }),
      done(),
    ])
    expect(page.run(TURN)).toMatchObject({
      run: { status: 'completed', kind: 'background_agent', parentThreadId: THREAD },
      toolCalls: [{ callId: 'call_7', status: 'completed' }],
    })
    expect(page.run('sub-1')).toMatchObject({
      run: { iteration: 3, parentRunId: TURN, agentId: 'researcher' },
      notes: { late: 0 },
    })
    const gaps = (await page.events(TURN)).filter(({ type }) => type === 'log.gap')
    expect(gaps).toMatchObject([{ payload: { from: 0, to: 39 } }])
  })

  test('an agent that is done before anybody heard of it is there, done, with its parent', async () => {
    const page = await openLive()
    await page.hear([...begin(), child('completed', 2, 'sub-1', { message: 'Done.' }), done()])
    expect(page.run('sub-1').run).toMatchObject({
      status: 'completed',
      inferred: false,
      parentRunId: TURN,
      parentThreadId: THREAD,
    })
  })

  test('an end without a number waits for what comes before it', async () => {
    const page = await openLive()
    page.socket.say(begin()[0])
    page.socket.say(toolCall(3, 'b'))
    page.socket.say(done())
    await page.tick()
    expect(page.run(TURN).run.status).toBe('running')
    page.socket.say(toolCall(2, 'a'))
    page.socket.say(begin()[1])
    await page.settle()
    expect(page.run(TURN)).toMatchObject({ run: { status: 'completed' }, notes: { late: 0 } })
    expect(page.run(TURN).toolCalls).toHaveLength(2)
  })

  test('F3 told backwards it is the same', async () => {
    const straight = await openLive()
    await straight.hear(turn)
    const numbered = turn.filter(({ seq }) => seq !== undefined)
    const page = await openLive()
    await page.hear([...numbered.toReversed(), done(turn.at(-1))])
    for (const id of [TURN, 'sub-1', 'sub-2'])
      expect(lasting(page.run(id))).toEqual(lasting(straight.run(id)))
  })

  test('what waits for a missing message is not lost with the connection', async () => {
    const page = await openLive()
    page.socket.say(begin()[0])
    page.socket.say(toolCall(3, 'b'))
    page.socket.say(done())
    await page.tick()
    await page.close()
    expect(page.ended).toEqual([TURN])
    expect(page.socket.listening()).toBe(0)
  })
})

test('a page that stopped listening hands nothing over, whatever it still waited for', async () => {
  const socket = new FakeSocket()
  const streams: string[] = []
  let answer: (position: null) => void = () => {}
  const stop = connectLive(
    {
      receive: ({ id }) => void streams.push(id),
      status: () => {},
      position: () => new Promise((resolve) => (answer = resolve)),
      durable: async () => {},
      record: async () => null,
      read: async () => null,
    },
    { socket, clock: manualClock() },
  )
  socket.say(begin()[0])
  stop()
  answer(null)
  await new Promise((resolve) => setImmediate(resolve))
  expect(streams).toEqual([])
})

describe('openhuman 8.14: announcements that were lost', () => {
  const asks = (seq: number, message: string, request = TURN): Wire =>
    child('awaiting_user', seq, 'sub-1', { message }, request)
  const works = (seq: number, request = TURN): Wire =>
    child('iteration_start', seq, 'sub-1', { subagent: { child_iteration: 1 } }, request)

  test('what an agent did before it asked does not take its question away', async () => {
    const page = await openLive()
    await page.hear([...begin(), works(3), asks(4, 'EU or US?')])
    expect(page.run('sub-1')).toMatchObject({
      run: { status: 'awaiting_user', parentRunId: TURN },
      questions: [{ prompt: 'EU or US?', state: 'open' }],
    })
  })

  test('nor what it did between two questions', async () => {
    const page = await openLive()
    await page.hear([...begin(), spawn(2, 'sub-1'), asks(3, 'EU or US?'), done()])
    await page.hear([...begin(SECOND), works(4, SECOND), asks(5, 'Which year?', SECOND)])
    const { run, questions } = page.run('sub-1')
    expect(run.status).toBe('awaiting_user')
    expect(questions.map(({ prompt, state }) => [prompt, state])).toEqual([
      ['Which year?', 'open'],
      ['EU or US?', 'answered'],
    ])
  })
})

describe('approvals and plans', () => {
  const request = (fields: object = {}): Wire =>
    say('approval_request', null, {
      tool_name: 'shell',
      message: 'Run it?',
      tool_call_id: 'call_5',
      ...fields,
    })

  test('an approval holds up its turn until it is decided', async () => {
    const page = await openLive()
    await page.hear([...begin(), toolCall(2, 'call_5', 'shell'), request()])
    expect(page.run(TURN)).toMatchObject({
      run: { status: 'awaiting_user' },
      questions: [{ questionId: 'approval:call_5', kind: 'approval', state: 'open' }],
    })
    await page.hear([
      say('approval_decided', null, { tool_name: 'shell', tool_call_id: 'call_5', message: 'deny' }),
    ])
    expect(page.run(TURN)).toMatchObject({
      run: { status: 'running' },
      questions: [{ state: 'denied', answer: 'deny' }],
    })
  })

  test('one whose decision was lost is over when its call is, and a decision without a call finds the oldest of its tool', async () => {
    const page = await openLive()
    await page.hear([
      ...begin(),
      toolCall(2, 'call_5', 'shell'),
      request(),
      toolResult(3, 'call_5', 'ok', 'shell'),
    ])
    expect(page.run(TURN)).toMatchObject({ run: { status: 'running' }, questions: [{ state: 'unknown' }] })
    const nameless = { tool_call_id: '', message: 'Run that?' }
    await page.hear([
      request(nameless),
      say('approval_decided', null, { tool_name: 'shell', message: 'approve' }),
    ])
    expect(page.run(TURN)).toMatchObject({
      run: { status: 'running' },
      questions: [{}, { state: 'answered' }],
    })
  })

  test('a plan is asked with its steps, and is over when the turn begins something', async () => {
    const page = await openLive()
    await page.hear([
      ...begin(),
      say('plan_review_request', null, { message: 'A plan', args: { steps: ['a', 'b'] } }),
    ])
    expect(page.run(TURN)).toMatchObject({
      run: { status: 'awaiting_user' },
      questions: [{ prompt: 'A plan\n1. a\n2. b', options: [{ value: 'approve' }, { value: 'reject' }] }],
    })
    await page.hear([say('iteration_start', 2, { round: 2 })])
    expect(page.run(TURN)).toMatchObject({
      run: { status: 'running', iteration: 2 },
      questions: [{ state: 'unknown' }],
    })
  })

  test('what a detached agent asks does not hold up the turn, and outlives it', async () => {
    const page = await openLive()
    const call = child('tool_call', 3, 'sub-1', { tool_name: 'shell', tool_call_id: 'call_5' })
    await page.hear([...begin(), spawn(2, 'sub-1', 'async'), call, request({ detached: true })])
    expect(page.run(TURN)).toMatchObject({ run: { status: 'running' }, questions: [{ state: 'open' }] })
    await page.hear([done()])
    expect(page.run(TURN).questions).toMatchObject([{ state: 'superseded' }])
    expect(page.run('sub-1').questions).toMatchObject([{ questionId: 'approval:call_5', state: 'open' }])
    await page.hear([
      say('approval_decided', null, { tool_name: 'shell', tool_call_id: 'call_5', message: 'approve' }),
    ])
    expect(page.run('sub-1').questions).toMatchObject([{ state: 'answered' }])
  })
})

describe('approvals and plans with an id of their own', () => {
  const gate = (event: string, id: string, fields: object = {}): Wire =>
    say(event, null, { tool_name: 'shell', message: 'Run it?', tool_call_id: 'call_5', ...fields }, id)

  test('they hold up the turn at work in their conversation, and are no turns', async () => {
    const page = await openLive()
    await page.hear([...begin(), toolCall(2, 'call_5', 'shell'), gate('approval_request', 'gate-1')])
    expect(page.knows('gate-1')).toBe(false)
    expect(page.run(TURN)).toMatchObject({
      run: { status: 'awaiting_user' },
      questions: [{ questionId: 'approval:@gate-1', kind: 'approval', state: 'open' }],
    })
    await page.hear([gate('approval_decided', 'gate-1', { message: 'deny' })])
    expect(page.run(TURN)).toMatchObject({
      run: { status: 'running' },
      questions: [{ state: 'denied', answer: 'deny' }],
    })
    await page.hear([gate('plan_review_request', 'gate-2', { message: 'A plan', args: { steps: ['a'] } })])
    expect(page.run(TURN)).toMatchObject({
      run: { status: 'awaiting_user' },
      questions: [{ questionId: 'plan:@gate-2', state: 'open' }, {}],
    })
    await page.hear([say('iteration_start', 3, { round: 2 })])
    expect(page.run(TURN).run.status).toBe('running')
  })

  test('one that is heard before its turn waits for it; said again to a new page it is the same question', async () => {
    const home = newHome()
    const first = await openLive(home)
    await first.hear([gate('approval_request', 'gate-1')])
    expect(first.knows('gate-1')).toBe(false)
    await first.hear([...begin(), say('inference_heartbeat', 2)])
    const { questions } = first.run(TURN)
    expect(questions).toMatchObject([{ questionId: 'approval:@gate-1', state: 'open' }])
    await first.close()
    const page = await openLive(home)
    await page.hear([gate('approval_request', 'gate-1'), say('inference_heartbeat', 3)])
    expect(page.run(TURN)).toMatchObject({ run: { status: 'awaiting_user' }, questions })
    await page.hear([gate('approval_decided', 'gate-1', { message: 'approve' })])
    expect(page.run(TURN)).toMatchObject({ run: { status: 'running' }, questions: [{ state: 'answered' }] })
  })

  test('what a detached agent asks under such an id is decided where it was asked', async () => {
    const page = await openLive()
    const call = child('tool_call', 3, 'sub-1', { tool_name: 'shell', tool_call_id: 'call_5' })
    const asks = gate('approval_request', 'gate-1', { detached: true })
    await page.hear([...begin(), spawn(2, 'sub-1', 'async'), call, asks, done(), ...begin(SECOND)])
    expect(page.run('sub-1').questions).toMatchObject([{ questionId: 'approval:@gate-1', state: 'open' }])
    await page.hear([gate('approval_decided', 'gate-1', { message: 'approve' })])
    expect(page.run('sub-1').questions).toMatchObject([{ state: 'answered' }])
    expect(page.run(SECOND)).toMatchObject({ run: { status: 'running' }, questions: [] })
  })
})

describe('what is of no turn', () => {
  test('A3 it is refused with why, kept and counted; and no run is made of a notice', async () => {
    const page = await openLive()
    const notice = say('run_mode_changed', null, { message: 'plan' }, 'req-unknown')
    page.socket.alias({ event: 'chat_done', thread_id: THREAD })
    await page.hear([{ event: 'chat_done', thread_id: THREAD }, null, 'x', notice, notice])
    const { quarantined, quarantine, duplicates } = page.status()
    // What has a place of its own is refused once, however often and under whatever name it comes.
    expect({ quarantined, duplicates }).toEqual({ quarantined: 4, duplicates: 1 })
    expect(quarantine.some(({ raw }) => raw.includes('names no request'))).toBe(true)
    expect(page.knows('req-unknown')).toBe(false)
  })
})

test('openhuman: the state of the line is the socket’s', async () => {
  const socket = new FakeSocket()
  socket.connected = false
  const page = await openLive(newHome(), socket)
  socket.emit('connect')
  socket.emit('disconnect', 'transport close')
  socket.emit('connect_error', new Error('refused'))
  expect(page.statuses).toEqual([
    { state: 'connecting', error: null },
    { state: 'connected', error: null },
    { state: 'disconnected', error: 'The connection to OpenHuman ended (transport close).' },
    { state: 'disconnected', error: 'OpenHuman cannot be reached: refused.' },
  ])
  expect(socket).toBeInstanceOf(EventEmitter)
})
