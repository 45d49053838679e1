/** The whole source in a real store: lists against what is heard live, evidence, and what each verb really does. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { memoryStorage, selectToolCalls } from '../../../src/index.ts'
import { whyNot } from '../../../src/core/permissions.ts'
import type { Situation } from '../../../src/core/permissions.ts'
import type { CommandRequest } from '../../../src/core/ports.ts'
import { lasting } from './liveSupport.ts'
import { rpcDouble } from './support/rpcDouble.ts'
import type { RpcDouble } from './support/rpcDouble.ts'
import { at12, childRow, openHumanPage, toolEvents, turnRow } from './support/rpcPage.ts'

let core: RpcDouble
let pages: Awaited<ReturnType<typeof openHumanPage>>[] = []

beforeEach(async () => {
  core = await rpcDouble()
})
afterEach(async () => {
  for (const page of pages) await page.ledger.dispose()
  pages = []
  await core.close()
})

async function open(options: Parameters<typeof openHumanPage>[1] = {}) {
  const page = await openHumanPage(core, options)
  pages.push(page)
  return page
}

const done = { status: 'completed', summary: 'Completed in 3 iteration(s), 760 output chars' }

describe('lists', () => {
  test('openhuman 8.16: an unknown finished run comes with its calls', async () => {
    core.runs = [turnRow({ ...done, completedAt: at12(9) }), childRow({ ...done, completedAt: at12(8) })]
    core.events['sub-7c1'] = toolEvents('sub-7c1', 6)
    const page = await open()
    await page.until(() => expect(page.run('sub-7c1')?.run.status).toBe('completed'))
    const calls = selectToolCalls(page.state(), 'sub-7c1')
    expect(calls.map(({ name, status, elapsedMs }) => [name, status, elapsedMs])).toEqual([
      ['web_fetch', 'completed', 310],
      ['web_fetch', 'completed', 310],
      ['web_fetch', 'completed', 310],
    ])
    expect(page.run('sub-7c1').run).toMatchObject({
      startedAt: Date.parse(at12(2)),
      completedAt: Date.parse(at12(8)),
    })
  })

  test('openhuman 8.21: events are read to their end, from where the ledger is', async () => {
    core.runs = [childRow({ telemetry: { toolCount: 1_300 } })]
    core.events['sub-7c1'] = toolEvents('sub-7c1', 2_600)
    const page = await open()
    await page.until(() => expect(page.run('sub-7c1')?.telemetry.toolCount).toBe(1_300))
    const first = core.named('run_ledger_events').length
    expect(first).toBe(3)
    await page.ledger.dispose()
    pages = []
    core.runs = [childRow({ telemetry: { toolCount: 1_301 }, updatedAt: at12(5) })]
    core.events['sub-7c1'] = toolEvents('sub-7c1', 2_602)
    const again = await open({ scope: page.scope })
    await again.until(() => expect(again.run('sub-7c1')?.telemetry.toolCount).toBe(1_301))
    expect(
      core
        .named('run_ledger_events')
        .slice(first)
        .map(({ params }) => params['afterSequence']),
    ).toEqual([2_600])
  })

  test('a poll over an unchanged list appends nothing, in this page and after a reload', async () => {
    core.runs = [turnRow(), childRow()]
    core.events['sub-7c1'] = toolEvents('sub-7c1', 4)
    const page = await open()
    await page.until(() => expect(page.run('sub-7c1')?.telemetry.toolCount).toBe(2))
    const before = [await page.events('r:req-9f2'), await page.events('r:sub-7c1')]
    await page.rounds(4)
    expect([await page.events('r:req-9f2'), await page.events('r:sub-7c1')]).toEqual(before)
    await page.ledger.dispose()
    pages = []
    const again = await open({ scope: page.scope })
    await again.rounds(4)
    expect([await again.events('r:req-9f2'), await again.events('r:sub-7c1')]).toEqual(before)
  })

  test('nor does one over more rows than a stream remembers keys', async () => {
    const statuses = ['completed', 'running', 'failed', 'awaiting_user', 'interrupted', 'paused', 'cancelled']
    core.runs = Array.from({ length: 560 }, (_, index) => {
      const status = statuses[index % statuses.length] ?? 'pending'
      const isOver = !['running', 'awaiting_user', 'paused'].includes(status)
      return childRow({
        id: `sub-${index}`,
        parentRunId: `req-${index % 50}`,
        status,
        summary: status === 'awaiting_user' ? 'EU or US data?' : 'Completed in 3 iteration(s)',
        error: status === 'failed' ? 'timeout' : null,
        checkpointPath: '/ws/checkpoint.json',
        metadata: { ...childRow().metadata, source: 'agent_progress', schemaVersion: 1 },
        telemetry: { inputTokens: index, outputTokens: 3, costUsd: 0.5, toolCount: 0, model: 'large' },
        completedAt: isOver ? at12(9) : null,
        updatedAt: at12(index),
      })
    })
    const storage = memoryStorage()
    const appended = async (): Promise<number> => {
      const heads = core.runs.map(({ id }) => storage.ledger.readHead(`r:${id}`))
      return (await Promise.all(heads)).reduce((sum, head) => sum + head, 0)
    }
    const page = await open({ storage })
    // Each row is asked after once; so long no call may run into its deadline.
    await vi.waitFor(
      async () => {
        await page.clock.advance(20)
        await page.ledger.whenIdle()
        expect(await storage.ledger.readHead('r:sub-0')).toBeGreaterThan(0)
      },
      { timeout: 50_000, interval: 20 },
    )
    await page.rounds(5)
    const before = await appended()
    expect(before).toBeGreaterThan(560)
    await page.rounds(4)
    expect(await appended()).toBe(before)
    await page.ledger.dispose()
    pages = []
    const again = await open({ scope: page.scope, storage })
    await again.rounds(6)
    expect(await appended()).toBe(before)
  }, 60_000)

  test('C2 a row asked for before the run was heard live is old news', async () => {
    const page = await open()
    await page.until(() => expect(core.named('run_ledger_list').length).toBeGreaterThan(0))
    page.say('inference_start', { seq: 0 })
    await page.until(() => expect(page.run('req-9f2')?.run.status).toBe('running'))
    let isFirst = true
    core.runs = [turnRow({ status: 'interrupted', completedAt: at12(4), updatedAt: at12(4) })]
    core.before = async ({ method }) => {
      if (method !== 'run_ledger_list' || !isFirst) return
      isFirst = false
      // The list is on its way; meanwhile the turn says that it lives, and the core writes it down.
      page.say('iteration_start', { seq: 1, round: 1, message: 'Iteration 1/12' })
      core.runs = [turnRow({ updatedAt: at12(6) })]
    }
    await page.rounds(3)
    expect(isFirst).toBe(false)
    expect(page.run('req-9f2').run).toMatchObject({ status: 'running', attempt: 1 })
  })

  test('H3 a run is the same, whether or not its rows were read while it worked', async () => {
    const metadata = { clientId: 's-1', source: 'web_channel', schemaVersion: 1 }
    const childMetadata = {
      ...childRow().metadata,
      dedicatedThread: false,
      source: 'agent_progress',
      schemaVersion: 1,
    }
    const seed = { metadata: childMetadata, promptRef: 'thread:worker-88:message:seed' }
    const figures = { inputTokens: 900, outputTokens: 80, costUsd: 0.02, toolCount: 1, model: 'large' }
    const sub = {
      skill_id: 'sub-7c1',
      tool_name: 'researcher',
      subagent: {
        mode: 'typed',
        prompt_chars: 212,
        dedicated_thread: false,
        worker_thread_id: 'worker-88',
        display_name: 'Researcher',
        parent_call_id: 'call_3',
      },
    }
    async function told(isRead: boolean): Promise<object> {
      core.runs = []
      core.events = { 'req-9f2': [], 'sub-7c1': [] }
      const page = await open()
      page.say('inference_start', { seq: 0 })
      page.say('subagent_spawned', { seq: 1, ...sub })
      page.say('tool_call', { seq: 2, tool_name: 'search', tool_call_id: 'call_1', round: 1 })
      page.say('tool_result', {
        seq: 3,
        tool_name: 'search',
        tool_call_id: 'call_1',
        round: 1,
        success: true,
        output: 'x',
      })
      await page.until(() => expect(page.run('sub-7c1')).toBeDefined())
      if (isRead) {
        core.runs = [
          turnRow({ metadata, telemetry: { ...figures, inputTokens: 500 } }),
          childRow({ ...seed, telemetry: { toolCount: 0, model: null } }),
        ]
        await page.until(() => expect(page.run('req-9f2').telemetry.inputTokens).toBe(500))
      }
      const end = { status: 'completed', completedAt: at12(90), updatedAt: at12(90) }
      core.runs = [
        turnRow({ ...end, metadata, summary: 'Completed in 1 iteration(s)', telemetry: figures }),
        childRow({ ...end, ...seed, summary: 'Completed in 1 iteration(s), 6 output chars' }),
      ]
      page.say('subagent_completed', { seq: 4, ...sub, message: 'Done in 4200ms', success: true })
      const usage = { input_tokens: 900, output_tokens: 80, cost_usd: 0.02, cost_source: 'charged' }
      page.say('chat_done', { full_response: 'Done.', usage })
      await page.until(() => expect(page.run('req-9f2').telemetry.model).toBe('large'))
      await page.rounds(3)
      return ['req-9f2', 'sub-7c1'].map((id) => lasting(page.run(id)))
    }
    const read = await told(true)
    expect(read).toEqual(await told(false))
    expect(read).toMatchObject([{ figures: { costSource: 'charged', costUsd: 0.02 } }, {}])
  })

  test('openhuman 8.9: calls without an id that were heard live do not come again from run events', async () => {
    const page = await open()
    const call = { tool_name: 'search', tool_call_id: '', round: 1 }
    page.say('inference_start', { seq: 0 })
    page.say('tool_call', { seq: 1, ...call })
    page.say('tool_result', { seq: 2, ...call, success: true, output: '3 hits' })
    await page.until(() => expect(page.run('req-9f2')?.toolCalls).toMatchObject([{ status: 'completed' }]))
    const payload = { callId: '', toolName: 'search', iteration: 1 }
    const event = (sequence: number, eventType: string, more: object = {}): object => ({
      runId: 'req-9f2',
      sequence,
      eventType,
      payload: { ...payload, ...more },
      timestamp: at12(3),
    })
    core.events['req-9f2'] = [
      event(1, 'tool_call_started'),
      event(2, 'tool_call_completed', { success: true }),
      event(3, 'tool_call_started', { callId: 'call_2', toolName: 'shell' }),
      event(4, 'tool_call_completed', { callId: 'call_2', toolName: 'shell', success: true }),
    ]
    core.runs = [turnRow({ telemetry: { toolCount: 2 } })]
    await page.until(() => expect(page.run('req-9f2').toolCalls).toHaveLength(2))
    expect(page.run('req-9f2').toolCalls.map(({ name }) => name)).toEqual(['search', 'shell'])
    expect(page.run('req-9f2').telemetry.toolCount).toBe(2)
  })

  test('A3 a row that cannot be read is refused with a reason, once', async () => {
    core.runs = [{ id: 7 as never, updatedAt: at12(1) }, childRow()]
    const page = await open()
    await page.until(() => expect(page.run('sub-7c1')).toBeDefined())
    await page.rounds(3)
    expect(page.state().ledger.quarantined).toBe(1)
  })

  test('a member of a team makes its run a team member', async () => {
    core.runs = [childRow()]
    const member = { id: 'm1', teamId: 'team-1', name: 'Ada', runId: 'sub-7c1', memberStatus: 'active' }
    core.teams = [{ team: { id: 'team-1', status: 'active' }, members: [member], tasks: [] }]
    const page = await open()
    await page.until(() => expect(page.run('sub-7c1')?.run.kind).toBe('team_member'))
    expect(page.run('sub-7c1').run.metadata).toMatchObject({ teamMemberName: 'Ada' })
  })

  test('all runs of a conversation can be read again', async () => {
    const page = await open()
    core.runs = [childRow(), childRow({ id: 'other', parentThreadId: 'thread-9' })]
    await page.core.readThread('thread-4')
    expect(core.named('run_ledger_list').at(-1)?.params).toMatchObject({ parentThreadId: 'thread-4' })
    await page.until(() => expect(page.run('sub-7c1')).toBeDefined())
  })
})

const definition = {
  id: 'cross_check',
  name: 'Cross-check',
  phases: [
    { name: 'plan', description: 'Plans', agentIds: ['planner'], dependsOn: [] },
    { name: 'research', description: '', agentIds: ['researcher'], dependsOn: ['plan'] },
  ],
}

const workflowRow = (fields: object = {}) => ({
  id: 'wfrun-1',
  definitionId: 'cross_check',
  parentThreadId: 'thread-4',
  input: { question: 'Why?' },
  phaseStates: { plan: { status: 'running', outputs: [] }, research: { status: 'pending', outputs: [] } },
  childRunIds: [],
  status: 'running',
  summary: null,
  startedAt: at12(0),
  updatedAt: at12(1),
  completedAt: null,
  ...fields,
})

const output = (orchestrationId: string | undefined, text: string) => ({
  ...(orchestrationId !== undefined && { orchestrationId }),
  agentId: 'planner',
  output: text,
})

describe('workflow runs', () => {
  test('phases, children and results come by polling, and an unchanged row says nothing', async () => {
    core.definitions = [definition]
    core.workflows = [workflowRow()]
    const page = await open()
    await page.until(() => expect(page.workflow('wfrun-1')?.workflow.phases[0]?.status).toBe('running'))
    expect(page.workflow('wfrun-1').workflow).toMatchObject({
      title: 'Cross-check',
      input: { question: 'Why?' },
    })
    core.workflows = [
      workflowRow({
        phaseStates: {
          plan: { status: 'completed', outputs: [output('orch-1', 'Two steps.')] },
          research: { status: 'running', outputs: [] },
        },
        childRunIds: ['orch-1'],
        updatedAt: at12(4),
        revision: 3,
        leaseOwner: 'core',
        leaseExpiresAt: at12(900),
      }),
    ]
    await page.until(() => expect(page.run('orch-1')?.run.output?.preview).toBe('Two steps.'))
    expect(page.run('orch-1').run).toMatchObject({
      kind: 'workflow_child',
      phase: 'plan',
      status: 'completed',
      summary: 'Two steps.',
    })
    // The core says when it was over and not when it began.
    expect(page.run('orch-1').telemetry.elapsedMs).toBeNull()
    expect(page.workflow('wfrun-1').workflow.childRunIds).toEqual(['orch-1'])
    const before = await page.events('w:wfrun-1')
    await page.rounds(4)
    expect(await page.events('w:wfrun-1')).toBe(before)
  })

  test('a finished one of a newer core has its phases and its summary', async () => {
    core.workflows = [
      workflowRow({
        phaseStates: { plan: { status: 'completed', outputs: [output(undefined, 'Two steps.')] } },
        childRunIds: ['known-to-nobody'],
        revision: 4,
        status: 'completed',
        summary: 'All is well.',
        completedAt: at12(9),
        updatedAt: at12(9),
      }),
    ]
    const page = await open()
    await page.until(() => expect(page.workflow('wfrun-1')?.workflow.status).toBe('completed'))
    const { workflow } = page.workflow('wfrun-1')
    expect(workflow).toMatchObject({ completedAt: Date.parse(at12(9)), summary: 'All is well.' })
    expect(workflow.output?.preview).toBe('All is well.')
    expect(workflow.phases).toMatchObject([{ name: 'plan', status: 'completed' }])
    expect(workflow.childRunIds).toEqual(['wfrun-1:plan:1'])
    const child = page.run('wfrun-1:plan:1').run
    expect(child).toMatchObject({ phase: 'plan', agentId: 'planner', status: 'completed' })
    expect(child.output?.preview).toBe('Two steps.')
  })

  test('openhuman 8.18: a resumed one is a new attempt, without the end of the one before', async () => {
    const failed = { status: 'failed', summary: 'research failed', completedAt: at12(9), updatedAt: at12(9) }
    core.workflows = [workflowRow(failed)]
    const page = await open()
    await page.until(() => expect(page.workflow('wfrun-1')?.workflow.status).toBe('failed'))
    core.workflows = [workflowRow({ ...failed, status: 'running', updatedAt: at12(20) })]
    await page.until(() => expect(page.workflow('wfrun-1').workflow.attempt).toBe(2))
    expect(page.workflow('wfrun-1').workflow).toMatchObject({
      status: 'running',
      summary: null,
      completedAt: null,
    })
  })
})

describe('evidence', () => {
  const ask = async (page: Awaited<ReturnType<typeof open>>, id: string, stream: string | null) =>
    (await page.core.ask([{ log: `r:${id}`, stream }])).get(`r:${id}`)?.kind

  test('C1 in flight is alive, over is told, unknown is gone', async () => {
    core.runs = [turnRow(), childRow({ ...done, completedAt: at12(8) })]
    const page = await open()
    expect(await ask(page, 'req-9f2', 'openhuman:req-9f2')).toBe('live')
    expect(await ask(page, 'sub-7c1', 'openhuman:req-9f2')).toBe('unknown')
    expect(await ask(page, 'nobody', 'openhuman:req-9f2')).toBe('gone')
    // Another source's run is none of its business.
    expect(await ask(page, 'nobody', 'local:1')).toBeUndefined()
    expect(await ask(page, 'nobody', null)).toBe('unknown')
  })

  test('openhuman 8.1: a child left running by a turn that is over is not alive, one that waits or is detached is', async () => {
    const over = turnRow({ status: 'interrupted', completedAt: at12(9) })
    const page = await open()
    core.runs = [
      over,
      childRow(),
      childRow({ id: 'waits', status: 'awaiting_user' }),
      childRow({ id: 'detached', metadata: { mode: 'async' } }),
    ]
    expect(await ask(page, 'sub-7c1', 'openhuman:req-9f2')).toBe('gone')
    expect(await ask(page, 'waits', 'openhuman:req-9f2')).toBe('live')
    expect(await ask(page, 'detached', 'openhuman:req-9f2')).toBe('live')
  })

  test('C3 a core that fails says nothing', async () => {
    const page = await open()
    core.answers['run_ledger_get'] = () => {
      throw new Error('database is locked')
    }
    await expect(ask(page, 'sub-7c1', 'openhuman:req-9f2')).rejects.toThrow('database is locked')
  })
})

describe('verbs', () => {
  type Page = Awaited<ReturnType<typeof open>>

  async function working(rows: object[], options: Parameters<typeof open>[0] = {}): Promise<Page> {
    core.runs = rows as RpcDouble['runs']
    const page = await open(options)
    await page.until(() => expect(page.run((core.runs.at(-1) as { id: string }).id)).toBeDefined())
    return page
  }

  const send = async (page: Page, request: CommandRequest) => {
    const { id } = await page.ledger.send(request)
    await page.ledger.whenIdle()
    return page.state().runs.commands[id]
  }

  test('openhuman 8.20: stopping a child rewrites its row and cancels its task', async () => {
    const page = await working([turnRow(), childRow({ metadata: { mode: 'async' } })])
    core.answers['agent_work_control'] = () => ({ row: {} })
    core.answers['subagent_cancel'] = () => ({ cancelled: true, taskId: 'sub-7c1' })
    const command = await send(page, { log: 'r:sub-7c1', verb: 'stop', payload: null })
    expect(command).toMatchObject({ state: 'applied', detail: 'OpenHuman stopped it.' })
    expect(page.run('sub-7c1').run).toMatchObject({ status: 'cancelled', inferred: false })
    const acted = core.calls.filter(({ method }) => /control|cancel/.test(method))
    expect(acted.map(({ method }) => method)).toEqual(['agent_work_control', 'subagent_cancel'])
  })

  test('openhuman 8.20: a task that the core does not drive is settled here, as our conclusion', async () => {
    const page = await working([turnRow(), childRow()])
    core.answers['agent_work_control'] = () => {
      throw new Error("'stop' is not allowed while run is 'completed'")
    }
    core.answers['subagent_cancel'] = () => ({ cancelled: false, taskId: 'sub-7c1' })
    const command = await send(page, { log: 'r:sub-7c1', verb: 'stop', payload: null })
    expect(command?.state).toBe('applied')
    expect(page.run('sub-7c1').run).toMatchObject({ status: 'cancelled', inferred: true })
  })

  test('a turn is stopped by its conversation and request', async () => {
    const page = await working([turnRow()])
    core.answers['channel_web_cancel'] = () => ({ cancelled: true })
    await send(page, { log: 'r:req-9f2', verb: 'stop', payload: null })
    expect(core.named('channel_web_cancel')[0]?.params).toEqual({
      client_id: 's-1',
      thread_id: 'thread-4',
      request_id: 'req-9f2',
    })
    expect(page.run('req-9f2').run.status).toBe('cancelled')
  })

  test('O1 a stop that is not answered has an unknown outcome', async () => {
    const page = await working([turnRow(), childRow()])
    core.answers['agent_work_control'] = () => ({ row: {} })
    core.answers['subagent_cancel'] = () => ({ cancelled: true })
    core.before = ({ method }) => (method === 'subagent_cancel' ? 'break' : null)
    const command = await send(page, { log: 'r:sub-7c1', verb: 'stop', payload: null })
    expect(command?.state).toBe('unknown')
    expect(page.run('sub-7c1').run.status).toBe('running')
  })

  const asking = childRow({ status: 'awaiting_user', checkpoint: { question: 'EU or US data?' } })

  test('an answer is a message in the conversation, and applied when the child goes on', async () => {
    const said: string[][] = []
    const page = await working([turnRow({ ...done, completedAt: at12(9) }), asking], {
      send: async (threadId, text) => void said.push([threadId, text]),
    })
    const [question] = page.run('sub-7c1').questions
    const payload = { questionId: question?.questionId ?? '', answer: 'EU' }
    const command = await send(page, { log: 'r:sub-7c1', verb: 'answer', payload })
    expect(said).toEqual([['thread-4', 'EU']])
    expect(command?.state).toBe('delivered')
    page.say('subagent_spawned', {
      request_id: 'req-a10',
      seq: 0,
      skill_id: 'sub-7c1',
      tool_name: 'researcher',
      message: 'spawned',
      subagent: { mode: 'typed' },
    })
    await page.until(() => expect(page.run('sub-7c1').run.status).toBe('running'))
    expect(page.state().runs.commands[command?.id ?? '']?.state).toBe('applied')
    expect(page.run('sub-7c1').questions).toMatchObject([{ state: 'answered' }])
  })

  describe('decisions', () => {
    const begin = (page: Page): void => {
      page.say('inference_start', { seq: 0 })
      page.say('iteration_start', { seq: 1, round: 1 })
    }
    const asks = (page: Page, event: string, fields: object = {}): void =>
      page.say(event, { tool_name: 'shell', message: 'Run it?', tool_call_id: 'call_5', ...fields })

    async function decide(page: Page, run: string, answer: string) {
      const open = () => page.run(run)?.questions.find(({ state }) => state === 'open')
      await page.until(() => expect(open()).toBeDefined())
      const questionId = open()?.questionId ?? ''
      return send(page, { log: `r:${run}`, verb: 'answer', payload: { questionId, answer } })
    }

    const said: string[] = []
    const opened = (): Promise<Page> => {
      said.length = 0
      return open({ send: async (_thread, text) => void said.push(text) })
    }

    test.each([
      ['approval_request', 'approve', 'approval_decide', { decision: 'approve_once' }],
      ['approval_request', 'deny', 'approval_decide', { decision: 'deny' }],
      ['plan_review_request', 'approve', 'plan_review_decide', { decision: 'approve' }],
      ['plan_review_request', 'reject', 'plan_review_decide', { decision: 'reject' }],
    ])('%s: %s is a call of its own', async (event, answer, method, params) => {
      const page = await opened()
      core.answers[method] = () => ({ resolved: true })
      begin(page)
      asks(page, event)
      const command = await decide(page, 'req-9f2', answer)
      expect(command).toMatchObject({ state: 'applied', detail: 'OpenHuman took the decision.' })
      expect(core.named(method).map((call) => call.params)).toEqual([{ request_id: 'req-9f2', ...params }])
      expect(said).toEqual([])
    })

    test('it is decided by the id it was asked under', async () => {
      const page = await opened()
      core.answers['approval_decide'] = () => ({ tool_name: 'shell' })
      begin(page)
      await page.until(() => expect(page.run('req-9f2')).toBeDefined())
      asks(page, 'approval_request', { request_id: 'gate-1' })
      await decide(page, 'req-9f2', 'approve')
      expect(core.named('approval_decide')[0]?.params['request_id']).toBe('gate-1')
    })

    test('of a detached agent, it is decided by the turn it was asked in', async () => {
      const page = await opened()
      core.answers['approval_decide'] = () => ({ resolved: true })
      begin(page)
      const agent = { skill_id: 'sub-1', subagent: { mode: 'async' } }
      page.say('subagent_spawned', { seq: 2, tool_name: 'coder', ...agent })
      page.say('subagent_tool_call', { seq: 3, tool_name: 'shell', tool_call_id: 'call_5', ...agent })
      asks(page, 'approval_request', { detached: true })
      page.say('chat_done', { full_response: 'Done.' })
      await decide(page, 'sub-1', 'approve')
      expect(core.named('approval_decide')[0]?.params['request_id']).toBe('req-9f2')
    })

    test('a core without the call is told in the conversation; one that waits no more is told nothing', async () => {
      const page = await opened()
      begin(page)
      asks(page, 'approval_request')
      expect((await decide(page, 'req-9f2', 'approve'))?.state).toBe('delivered')
      expect(said).toEqual(['approve'])
      page.say('approval_decided', { tool_call_id: 'call_5', message: 'approve' })
      await page.until(() => expect(page.run('req-9f2').run.status).toBe('running'))
      core.answers['approval_decide'] = () => ({ resolved: false })
      asks(page, 'approval_request', { tool_call_id: 'call_6' })
      const late = await decide(page, 'req-9f2', 'approve')
      expect(late).toMatchObject({ state: 'rejected' })
      expect(late?.detail).toContain('does not wait for this decision any more')
      expect(said).toEqual(['approve'])
    })
  })

  test('without a way to send messages nothing can be answered', async () => {
    const page = await working([asking])
    const payload = { questionId: page.run('sub-7c1').questions[0]?.questionId ?? '', answer: 'EU' }
    await expect(page.ledger.send({ log: 'r:sub-7c1', verb: 'answer', payload })).rejects.toThrow(
      'No connected source can answer a run.',
    )
    const verbs = new Set(page.core.verbs.map(({ verb }) => verb))
    const record = page.run('sub-7c1')
    const situation: Situation = {
      phase: 'ready',
      entity: 'run',
      record,
      ownership: 'confirmed',
      verbs,
      cannot: page.ledger.cannot,
      hasCheckpoint: false,
      openQuestions: record.questions,
      capture: 'full',
      now: page.clock.now(),
    }
    expect(whyNot('answer', situation)).toContain('no way to send one')
    expect(whyNot('pause', { ...situation, record: page.run('sub-7c1') })).toContain('cannot pause')
  })

  test('a follow-up steers a child that works, and is a message for a turn', async () => {
    const said: string[] = []
    const page = await working([turnRow(), childRow()], {
      send: async (_thread, text) => void said.push(text),
    })
    core.answers['subagent_steer'] = () => ({ steered: true, taskId: 'sub-7c1', mode: 'steer' })
    const payload = { message: 'Mind the dates.' }
    const steered = await send(page, { log: 'r:sub-7c1', verb: 'follow_up', payload })
    expect(steered?.state).toBe('applied')
    expect(said).toEqual([])
    await send(page, { log: 'r:req-9f2', verb: 'follow_up', payload })
    expect(said).toEqual(['Mind the dates.'])
  })

  test('a workflow is started, stopped and resumed by its own calls', async () => {
    const page = await open()
    core.answers['workflow_run_start'] = (params) => ({
      workflowRun: workflowRow({ input: params['input'] }),
    })
    const request = { definitionId: 'cross_check', input: { question: 'Why?' } }
    const started = await send(page, { log: 'w:new', verb: 'start', payload: request })
    expect(started).toMatchObject({ state: 'applied', detail: 'OpenHuman started it as wfrun-1.' })
    expect(page.workflow('wfrun-1').workflow.status).toBe('running')

    const end = { status: 'interrupted', completedAt: at12(9), updatedAt: at12(9) }
    core.answers['workflow_run_stop'] = () => ({ workflowRun: workflowRow(end) })
    expect((await send(page, { log: 'w:wfrun-1', verb: 'stop', payload: null }))?.state).toBe('applied')
    expect(page.workflow('wfrun-1').workflow).toMatchObject({ status: 'interrupted', inferred: false })

    core.answers['workflow_run_resume'] = () => ({ workflowRun: workflowRow({ updatedAt: at12(20) }) })
    expect((await send(page, { log: 'w:wfrun-1', verb: 'resume', payload: null }))?.state).toBe('applied')
    expect(page.workflow('wfrun-1').workflow).toMatchObject({ status: 'running', attempt: 2 })
  })

  test('what the core refuses is refused with its reason', async () => {
    const page = await open()
    core.answers['workflow_run_start'] = () => {
      throw new Error('definition has no phases')
    }
    const command = await send(page, { log: 'w:new', verb: 'start', payload: { definitionId: 'x' } })
    expect(command).toMatchObject({ state: 'rejected' })
    expect(command?.detail).toContain('definition has no phases')
  })
})
