/** Clauses of the core's facts that are easily overlooked: rows of both cores, leases, unnumbered turns, vain verbs. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CommandRequest } from '../../../src/core/ports.ts'
import { listen } from '../../../src/sources/openHuman/liveSocket.ts'
import { FakeSocket, lasting, openLive, scriptedTurn, TURN } from './liveSupport.ts'
import type { Wire } from './liveSupport.ts'
import { rpcDouble } from './support/rpcDouble.ts'
import type { RpcDouble } from './support/rpcDouble.ts'
import { at12, childRow, openHumanPage, turnRow } from './support/rpcPage.ts'

type Page = Awaited<ReturnType<typeof openHumanPage>>

let core: RpcDouble
let pages: Page[] = []

beforeEach(async () => {
  core = await rpcDouble()
})
afterEach(async () => {
  for (const page of pages) await page.ledger.dispose()
  pages = []
  await core.close()
})

async function open(options: Parameters<typeof openHumanPage>[1] = {}): Promise<Page> {
  const page = await openHumanPage(core, options)
  pages.push(page)
  return page
}

const LEASE = { revision: 7, leaseOwner: 'core-1', leaseExpiresAt: at12(900) }

const workflowRow = (fields: object = {}) => ({
  id: 'wfrun-1',
  definitionId: 'cross_check',
  parentThreadId: 'thread-4',
  status: 'running',
  startedAt: at12(0),
  updatedAt: at12(1),
  ...fields,
})

describe('rows of both cores', () => {
  const over = { status: 'completed', summary: 'Completed in 3 iteration(s)', completedAt: at12(9) }
  const TASK = { taskBoardId: 'board-1', taskCardId: 'card-2' }

  async function agent(fields: object) {
    core.runs = [turnRow(over), childRow({ ...over, ...fields })]
    const page = await open()
    await page.until(() => expect(page.run('sub-7c1')?.run.status).toBe('completed'))
    const { run, telemetry, questions, toolCalls, registered } = page.run('sub-7c1')
    // When the page wrote it down is the page's own matter; what the row says of times is not.
    const { updatedAt: _updatedAt, ...kept } = run
    const { updatedAt: _telemetryAt, ...figures } = telemetry
    return { kept, figures, questions, toolCalls, registered }
  }

  test('openhuman 1.2: revision and lease of a newer core change nothing of an agent run', async () => {
    const newer = await agent(LEASE)
    expect(newer).toEqual(await agent({}))
    expect(newer).toMatchObject({ registered: true, kept: { completedAt: Date.parse(at12(9)) } })
  })

  test('openhuman 1.1: task refs, which only older cores write, are kept, and nothing else differs', async () => {
    const [older, newer] = [await agent(TASK), await agent({})]
    expect(older.kept).toMatchObject(TASK)
    expect(older).toEqual({ ...newer, kept: { ...newer.kept, ...TASK } })
  })

  test('openhuman 1.2: a child of a workflow is the same with an orchestration id and without', async () => {
    async function told(orchestrationId: string | null): Promise<object> {
      const named = orchestrationId === null ? {} : { orchestrationId }
      const placed = { metadata: { version: 2, rawOutput: 'Two steps.' } }
      const output = {
        agentId: 'planner',
        output: 'Two steps.',
        ...named,
        ...(orchestrationId ? {} : placed),
      }
      const fields = {
        ...(orchestrationId === null && LEASE),
        phaseStates: { plan: { status: 'completed', outputs: [output] } },
        childRunIds: [orchestrationId ?? 'known-to-nobody'],
      }
      core.workflows = [workflowRow(fields)]
      const page = await open()
      const id = orchestrationId ?? 'wfrun-1:plan:1'
      await page.until(() => expect(page.run(id)?.run.status).toBe('completed'))
      expect(page.workflow('wfrun-1').workflow.childRunIds).toEqual([id])
      const { status, output: result, phase, summary, agentId, kind } = page.run(id).run
      return { status, result, phase, summary, agentId, kind }
    }
    const older = await told('orch-1')
    expect(older).toEqual(await told(null))
    expect(older).toMatchObject({ status: 'completed', phase: 'plan', summary: 'Two steps.' })
    expect(older).toMatchObject({ result: { preview: 'Two steps.' } })
  })
})

describe('leases', () => {
  test.each([
    ['openhuman 1.7: in flight with a lease that lives', { leaseExpiresAt: at12(900) }, 'live'],
    ['openhuman 6: in flight with a lease that has expired', { leaseExpiresAt: at12(10) }, 'unknown'],
    ['openhuman 1.2: in flight without a lease, as of an older core', {}, 'live'],
    ['openhuman 1.2: over, whatever its lease', { ...LEASE, status: 'completed' }, 'unknown'],
  ])('%s', async (_title, fields, kind) => {
    const page = await open()
    core.workflows = [workflowRow(fields)]
    const words = await page.core.ask([{ log: 'w:wfrun-1', stream: 'openhuman:workflows' }])
    expect(words.get('w:wfrun-1')).toEqual({ kind })
  })
})

describe('memory activity', () => {
  test.each([true, false])('openhuman 2.3: it is listened to, with any-listeners: %s', (withAny) => {
    const socket = new FakeSocket()
    if (!withAny) Object.assign(socket, { onAny: undefined, offAny: undefined })
    const heard: string[] = []
    const hear = (name: string): void => void heard.push(name)
    listen(socket, hear, () => {})
    socket.say({}, 'memory_activity')
    socket.say({}, 'memory:activity')
    expect(heard).toEqual(['memory_activity', 'memory:activity'])
  })

  test('openhuman 2.3: it begins no run and is nothing to refuse; in a turn it is kept once', async () => {
    const page = await openLive()
    const activity = { event: 'memory_activity', client_id: 'system', message: 'Remembered.' }
    const stranger = { ...activity, request_id: 'req-nobody' }
    const both = (each: Wire): void => (page.socket.say(each), page.socket.alias(each))
    both(activity)
    both(stranger)
    await page.settle()
    expect(page.status().quarantined).toBe(0)
    expect(page.knows('req-nobody')).toBe(false)
    expect(page.heard).toEqual([])
    await page.hear(scriptedTurn(TURN, 'sub').slice(0, 2))
    both({ ...activity, request_id: TURN })
    await page.settle()
    const kept = (await page.events(TURN)).filter(({ type }) => type === 'foreign')
    expect(kept).toMatchObject([{ payload: { source: 'openhuman', name: 'memory_activity' } }])
    expect(page.run(TURN).run.status).toBe('running')
    await page.close()
  })
})

test('openhuman 2: a whole turn without numbers, said twice, is stored once', async () => {
  const turn = scriptedTurn(TURN, 'sub').map(({ seq: _seq, ...message }) => message as Wire)
  const page = await openLive()
  await page.hear(turn)
  const ids = [TURN, 'sub-typed', 'sub-async']
  const stored = () => Promise.all(ids.map((id) => page.events(id)))
  const once = { events: await stored(), runs: ids.map((id) => lasting(page.run(id))), of: page.totals(TURN) }
  expect(page.run(TURN)).toMatchObject({ run: { status: 'completed' }, toolCalls: [{}, {}] })
  expect(page.run('sub-typed')).toMatchObject({
    run: { status: 'completed' },
    toolCalls: [{ name: 'fetch' }],
  })
  expect(page.run('sub-async')).toMatchObject({ questions: [{ prompt: 'Which?', state: 'open' }] })
  await page.hear(turn)
  expect(await stored()).toEqual(once.events)
  expect(ids.map((id) => lasting(page.run(id)))).toEqual(once.runs)
  expect(page.totals(TURN)).toEqual(once.of)
  expect(page.status().quarantined).toBe(0)
  await page.close()
})

describe('vain verbs', () => {
  const send = async (page: Page, request: CommandRequest) => {
    const { id } = await page.ledger.send(request)
    await page.ledger.whenIdle()
    return page.state().runs.commands[id]
  }
  const followUp: CommandRequest = { log: 'r:sub-7c1', verb: 'follow_up', payload: { message: 'Mind it.' } }
  const steering = { taskId: 'sub-7c1', mode: 'steer', steered: false }

  async function working(reason: string, thread: string | null, said: string[] | null): Promise<Page> {
    core.runs = [childRow({ parentThreadId: thread })]
    core.answers['subagent_steer'] = () => ({ ...steering, reason })
    const page = await open(said === null ? {} : { send: async (_thread, text) => void said.push(text) })
    await page.until(() => expect(page.run('sub-7c1')).toBeDefined())
    return page
  }

  test.each([
    ['already_done', 'It has ended already, so it takes no message.'],
    ['unknown', 'OpenHuman does not know of it as a task that runs, so it takes no message.'],
  ])('openhuman 1.8: %s, and nowhere else to say it, is refused with the reason', async (reason, detail) => {
    for (const [thread, said] of [['thread-4', null] as const, [null, [] as string[]] as const]) {
      const page = await working(reason, thread, said)
      expect(await send(page, followUp)).toMatchObject({ state: 'rejected', detail })
    }
  })

  test.each(['already_done', 'unknown'])('openhuman 1.8: %s is said in the conversation', async (reason) => {
    const said: string[] = []
    const page = await working(reason, 'thread-4', said)
    const detail = 'Sent as a message in the conversation.'
    expect(await send(page, followUp)).toMatchObject({ state: 'applied', detail })
    expect(said).toEqual(['Mind it.'])
  })

  test.each(['completed', 'failed'])(
    'openhuman 5.7: a workflow run that is %s is not stopped any more',
    async (status) => {
      core.workflows = [workflowRow()]
      const page = await open()
      await page.until(() => expect(page.workflow('wfrun-1')?.workflow.status).toBe('running'))
      // It ended since it was read last: the core leaves it as it is and gives it back.
      const over = workflowRow({ status, completedAt: at12(9), updatedAt: at12(9) })
      core.answers['workflow_run_stop'] = () => ({ workflowRun: over })
      const command = await send(page, { log: 'w:wfrun-1', verb: 'stop', payload: null })
      expect(command).toMatchObject({ state: 'rejected', detail: `It had ${status} already.` })
      expect(page.workflow('wfrun-1').workflow.status).not.toBe('interrupted')
      core.workflows = [over]
      const stands = { status, inferred: false }
      await page.until(() => expect(page.workflow('wfrun-1').workflow).toMatchObject(stands))
    },
  )
})
