/** The double itself, met as a client meets the core: over a socket and JSON-RPC, with nothing of the library. */
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { afterEach, expect, test } from 'vitest'
import {
  approvalTurn,
  createOpenHumanDouble,
  literalTurn,
  literals,
  researchTurn,
} from '../../../src/testing/doubles/index.ts'
import type { Message, OpenHumanDouble, OpenHumanDoubleOptions } from '../../../src/testing/doubles/index.ts'

let open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.toReversed()) await close()
  open = []
})

async function meet(options: OpenHumanDoubleOptions = {}) {
  const core = await createOpenHumanDouble(options)
  const socket: Socket = io(core.url, { transports: ['websocket'], reconnectionDelay: 20 })
  open.push(
    () => core.close(),
    () => socket.close(),
  )
  const heard: Message[] = []
  const names: string[] = []
  socket.onAny((name: string, message: Message) => {
    names.push(name)
    if (!name.includes(':')) heard.push(message)
  })
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return { core, socket, heard, names, rpc: (method: string, params = {}) => rpc(core, method, params) }
}

async function rpc(core: OpenHumanDouble, method: string, params: object): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: `openhuman.${method}`, params })
  const response = await fetch(`${core.url}/rpc`, { method: 'POST', body })
  const { result, error } = (await response.json()) as {
    result?: Record<string, unknown>
    error?: { message: string }
  }
  if (error !== undefined) throw new Error(error.message)
  if (result === undefined) throw new Error('No result.')
  return result
}

const heardAll = (heard: readonly Message[], many: number) =>
  expect.poll(() => heard.length, { timeout: 10_000 }).toBe(many)

test('openhuman 4: says the literal messages of 2.4, each numbered as it is written there', async () => {
  const { core, heard } = await meet()
  core.play(literalTurn)
  await heardAll(heard, literals.length)
  expect(heard.map(({ event }) => event)).toEqual(literals.map(({ event }) => event))
  for (const [index, literal] of literals.entries()) expect(heard[index]).toMatchObject(literal)
})

test('openhuman 4: numbers a turn from 0, one by one, and what the bridge does not write has none', async () => {
  const { core, heard } = await meet()
  await waits(core, core.play(researchTurn()))
  await expect.poll(() => heard.at(-1)?.event).toBe('subagent_completed')
  const numbered = heard.filter(({ seq }) => seq !== undefined)
  expect(numbered.map(({ seq }) => seq)).toEqual(numbered.map((_, index) => index))
  expect(heard.filter(({ seq }) => seq === undefined).map(({ event }) => event)).toEqual(['chat_done'])
})

test('openhuman 4: a turn has 3 children, 20 calls and a question that waits for a chat message', async () => {
  const { core, heard, rpc } = await meet()
  const play = core.play(researchTurn())
  await waits(core, play)
  expect(await rpc('run_ledger_get', { id: 'sub-1-sales' })).toMatchObject({
    run: { status: 'awaiting_user', checkpoint: { resumeTool: 'continue_subagent' }, parentRunId: 'req-1-a' },
  })
  await rpc('channel_web_chat', { thread_id: 'thread-1', message: 'EU only' })
  expect(await play.ended).toBe('ended')
  await expect.poll(() => heard.filter(({ event }) => event === 'chat_done').length).toBe(2)
  const calls = heard.filter(({ event }) => event === 'tool_call' || event === 'subagent_tool_call')
  expect(new Set(calls.map(({ tool_call_id: id }) => id)).size).toBe(20)
  expect(calls.find(({ tool_name: name }) => name === 'continue_subagent')).toMatchObject({
    args: { message: 'EU only' },
  })
  const { runs } = await rpc('run_ledger_list', { parentThreadId: 'thread-1' })
  expect(
    Object.fromEntries((runs as { id: string; status: string }[]).map((run) => [run.id, run.status])),
  ).toEqual({
    'req-1-a': 'completed',
    'req-1-b': 'completed',
    'sub-1-sales': 'completed',
    'sub-1-prices': 'completed',
    'sub-1-weather': 'completed',
  })
  // What was asked stays in the row, and the former parent is lost: as the core does it.
  expect(await rpc('run_ledger_get', { id: 'sub-1-sales' })).toMatchObject({
    run: { parentRunId: 'req-1-b', summary: 'Completed in 3 iteration(s), 25 output chars' },
  })
})

async function waits(core: OpenHumanDouble, play: { ended: Promise<unknown> }, name = 'answer') {
  await Promise.race([expect.poll(() => core.isWaiting(name), { timeout: 10_000 }).toBe(true), play.ended])
}

test('openhuman 4: an approval waits for the word of a person', async () => {
  const { core, heard, rpc } = await meet()
  const play = core.play(approvalTurn())
  await waits(core, play)
  await rpc('channel_web_chat', { thread_id: 'thread-1', message: 'approve' })
  expect(await play.ended).toBe('ended')
  await expect
    .poll(() => heard.find(({ event }) => event === 'approval_decided')?.['message'])
    .toBe('approve')
})

test('openhuman 4: an approval is decided by its own call, too, and by that of its own turn only', async () => {
  const { core, heard, rpc } = await meet()
  const play = core.play(approvalTurn())
  await waits(core, play)
  const decision = 'approve_once'
  expect(await rpc('approval_decide', { request_id: 'req-2', decision })).toEqual({ resolved: false })
  expect(await rpc('approval_decide', { request_id: 'req-1', decision })).toEqual({ resolved: true })
  expect(await play.ended).toBe('ended')
  await expect
    .poll(() => heard.find(({ event }) => event === 'approval_decided')?.['message'])
    .toBe('approve_once')
})

test('openhuman 4: switches lose, repeat and turn around what is sent, and nothing of what is stored', async () => {
  const plain = await meet()
  await waits(plain.core, plain.core.play(researchTurn()))
  await expect.poll(() => plain.heard.at(-1)?.event).toBe('subagent_completed')
  const all = plain.heard.length

  const lossy = await meet({ switches: { loss: { every: 5, events: ['subagent_spawned'] } } })
  await waits(lossy.core, lossy.core.play(researchTurn()))
  await expect.poll(() => lossy.heard.length).toBeGreaterThan(all / 2)
  expect(lossy.heard.some(({ event }) => event === 'subagent_spawned')).toBe(false)
  expect(lossy.core.ledger.runs.list().length).toBe(4)

  const again = await meet({ switches: { replay: 3 } })
  await waits(again.core, again.core.play(researchTurn()))
  await expect.poll(() => again.heard.filter(({ event }) => event === 'chat_done').length).toBe(4)
  expect(again.heard.filter(({ event }) => event === 'inference_start').length).toBe(4)

  const turned = await meet({ switches: { reorder: 4 } })
  await waits(turned.core, turned.core.play(researchTurn()))
  await heardAll(turned.heard, all)
  const numbers = turned.heard.flatMap(({ seq }) => (seq === undefined ? [] : [seq]))
  expect(numbers).not.toEqual(numbers.toSorted((a, b) => a - b))
  expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index))
})

test('openhuman 4: what is lost on the way to the ledger is in no row', async () => {
  const { core } = await meet({ switches: { loss: { events: ['subagent_spawned'], at: 'progress' } } })
  core.set({ loss: { events: ['subagent_spawned', 'subagent_tool_call'], at: 'progress' } })
  await waits(core, core.play(researchTurn()))
  const types = core.ledger.runs.events('sub-1-prices', 0, 1_000).map(({ eventType }) => eventType)
  expect(types).not.toContain('subagent_spawned')
  expect(types).toContain('subagent_completed')
})

test('openhuman 4: colon names come beside the others, deltas without, or alone', async () => {
  const { core, names } = await meet()
  core.play(literalTurn)
  await expect.poll(() => names).toContain('chat:done')
  expect(names).toContain('chat_done')
  expect(names.filter((name) => /:.*delta/.test(name))).toEqual([])

  const alone = await meet({ switches: { aliases: 'only', seq: false } })
  alone.core.play({ ...literalTurn, steps: literalTurn.steps.map(withoutSeq) })
  await expect.poll(() => alone.names).toContain('chat:done')
  expect(alone.names).not.toContain('chat_done')
  expect(alone.heard.some((message) => 'seq' in message)).toBe(false)
})

const withoutSeq = (step: (typeof literalTurn.steps)[number]) =>
  Object.fromEntries(Object.entries(step).filter(([name]) => name !== 'seq')) as typeof step

test('openhuman 1.8: lists are cut at their limits and events begin with the oldest', async () => {
  const { core, rpc } = await meet()
  const { runs } = core.ledger
  for (let at = 0; at < 60; at += 1) runs.upsert({ id: `r-${at}`, kind: 'subagent', status: 'running' })
  for (let at = 0; at < 120; at += 1) runs.append('r-0', 'tool_call_started', { at })
  const first = (await rpc('run_ledger_list')) as unknown as { runs: { id: string }[]; count: number }
  expect([first.runs.length, first.runs[0]?.id, first.count]).toEqual([50, 'r-59', 60])
  const second = (await rpc('run_ledger_list', { offset: 50 })) as unknown as typeof first
  expect(second.runs.at(-1)?.id).toBe('r-0')
  const { events } = (await rpc('run_ledger_events', { runId: 'r-0' })) as unknown as {
    events: { sequence: number }[]
  }
  expect([events.length, events[0]?.sequence, events.at(-1)?.sequence]).toEqual([100, 1, 100])
  const rest = await rpc('run_ledger_events', { runId: 'r-0', afterSequence: 100 })
  expect(rest).toMatchObject({ count: 20 })
})

test('openhuman 1.7: an upsert keeps what it is not told, and a settled row is not safe from a late one', async () => {
  const { core } = await meet()
  const { runs } = core.ledger
  runs.upsert({ id: 'r', kind: 'worker_thread', status: 'failed', error: 'broke', metadata: { a: 1 } })
  runs.upsert({ id: 'r', kind: 'subagent', status: 'running' })
  expect(runs.get('r')).toMatchObject({
    kind: 'worker_thread',
    status: 'running',
    error: 'broke',
    metadata: { a: 1 },
  })
  runs.transition('r', 'pending', null, null)
  expect(runs.get('r')).toMatchObject({ status: 'pending', error: null })
})

test('openhuman 5.5: verbs change the row and nothing else; a cancelled child is silent and its row stays', async () => {
  const { core, heard, rpc } = await meet()
  await waits(core, core.play(researchTurn({ pause: 'middle' })), 'middle')
  expect(
    await rpc('agent_work_control', { runId: 'sub-1-prices', action: 'stop', reason: 'enough' }),
  ).toMatchObject({
    row: { status: 'cancelled', bucket: 'stopped' },
  })
  await expect(rpc('agent_work_control', { runId: 'sub-1-prices', action: 'stop' })).rejects.toThrow(
    "'stop' is not allowed while run is 'cancelled'",
  )
  expect(await rpc('subagent_cancel', { taskId: 'sub-1-weather' })).toEqual({
    cancelled: true,
    taskId: 'sub-1-weather',
  })
  expect(await rpc('subagent_cancel', { taskId: 'nobody' })).toMatchObject({ cancelled: false })
  expect(await rpc('subagent_steer', { taskId: 'nobody', message: 'x' })).toMatchObject({ reason: 'unknown' })
  const before = heard.length
  core.go('middle')
  await waits(core, { ended: new Promise(() => {}) })
  await expect.poll(() => heard.some(({ event }) => event === 'chat_done')).toBe(true)
  const late = heard.slice(before)
  expect(late.filter(({ skill_id: id }) => id === 'sub-1-weather')).toEqual([])
  expect(core.ledger.runs.get('sub-1-weather')?.status).toBe('running')
  // It went on, and wrote over what the verb had written.
  expect(core.ledger.runs.get('sub-1-prices')?.status).toBe('completed')
})

test('openhuman 5.5: a cancelled turn says so twice, and its row is interrupted', async () => {
  const { core, heard, rpc } = await meet()
  const play = core.play(researchTurn({ pause: 'middle' }))
  await waits(core, play, 'middle')
  expect(await rpc('channel_web_cancel', { thread_id: 'thread-1' })).toMatchObject({ cancelled: true })
  expect(await play.ended).toBe('cancelled')
  await expect.poll(() => heard.slice(-2).map(({ event }) => event)).toEqual(['chat_error', 'chat_cancelled'])
  expect(core.ledger.runs.get('req-1-a')?.status).toBe('interrupted')
  expect(await rpc('channel_web_cancel', { thread_id: 'thread-1' })).toMatchObject({ cancelled: false })
})

test('openhuman 6: a restart interrupts who worked, leaves who waits, and the answer still arrives', async () => {
  const { core, socket, heard, rpc } = await meet()
  const parked = core.play(researchTurn())
  await waits(core, parked)
  const dies = core.play(researchTurn({ pause: 'middle' }))
  await waits(core, dies, 'middle')
  await core.restart(() => expect(rpc('run_ledger_list')).rejects.toThrow('fetch failed'))
  expect(await dies.ended).toBe('died')
  expect(core.ledger.runs.get('req-2-a')?.status).toBe('interrupted')
  expect(core.ledger.runs.get('sub-2-prices')?.status).toBe('interrupted')
  expect(core.ledger.runs.get('sub-1-sales')?.status).toBe('awaiting_user')
  await expect.poll(() => socket.connected, { timeout: 10_000 }).toBe(true)
  heard.length = 0
  await rpc('channel_web_chat', { thread_id: 'thread-1', message: 'EU only' })
  expect(await parked.ended).toBe('ended')
  await expect.poll(() => heard.at(-1)?.event).toBe('chat_done')
  expect(heard[0]).toMatchObject({ event: 'inference_start', request_id: 'req-1-b', seq: 0 })
})

test('openhuman 4: a client that is cut off comes back by itself', async () => {
  const { core, socket } = await meet()
  const lost = new Promise((resolve) => socket.once('disconnect', resolve))
  await core.disconnect()
  await lost
  await expect.poll(() => socket.connected, { timeout: 10_000 }).toBe(true)
})

test('openhuman 5.7: a workflow runs its phases in order; answers and rows are of the version asked for', async () => {
  const { core, rpc } = await meet({ switches: { envelope: true } })
  const started = await rpc('workflow_run_start', {
    definitionId: 'parallel_research_cross_check',
    input: { question: 'Why?' },
  })
  expect(started).toMatchObject({ data: { workflowRun: { id: 'wfrun-1', status: 'running' } } })
  await expect.poll(() => core.ledger.workflows.get('wfrun-1')?.status).toBe('completed')
  core.set({ envelope: false })
  const second = (await rpc('workflow_run_get', { id: 'wfrun-1' }))['workflowRun'] as object
  expect(second).toMatchObject({ summary: 'The summarizer is done.', childRunIds: { length: 5 } })
  expect(second).toHaveProperty('revision')
  core.set({ rows: 1 })
  const first = (await rpc('workflow_run_get', { id: 'wfrun-1' }))['workflowRun'] as object
  expect(first).not.toHaveProperty('revision')
})

test.each([
  [1, 'running', 'failed'],
  [2, 'pending', 'completed'],
] as const)(
  'openhuman 8.2: version %i stopped in the middle leaves the phase %s, and resumed ends %s',
  async (rows, left, end) => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    let isHeld = true
    const { core, rpc } = await meet({
      switches: { rows },
      work: async (agentId) => {
        if (agentId === 'researcher' && isHeld) await held
        return agentId
      },
    })
    const { workflows } = core.ledger
    await rpc('workflow_run_start', { definitionId: 'parallel_research_cross_check' })
    await expect.poll(() => workflows.get('wfrun-1')?.phaseStates['research']?.status).toBe('running')
    await rpc('workflow_run_stop', { id: 'wfrun-1' })
    expect(workflows.get('wfrun-1')).toMatchObject({
      status: 'interrupted',
      phaseStates: { research: { status: left } },
    })
    isHeld = false
    release()
    await rpc('workflow_run_resume', { id: 'wfrun-1' })
    await expect.poll(() => workflows.get('wfrun-1')?.status).toBe(end)
  },
)
