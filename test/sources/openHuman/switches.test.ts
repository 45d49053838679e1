/** What can be switched: a page nobody looks at, answers that may or may not be sent, and faults between core and page. */
import { setTimeout as pass } from 'node:timers/promises'
import { io } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RunRecord } from '../../../src/index.ts'
import { whyNot } from '../../../src/core/permissions.ts'
import type { Situation } from '../../../src/core/permissions.ts'
import type { Source } from '../../../src/core/ports.ts'
import { jsonRpc, openHumanSource } from '../../../src/sources/openHuman/index.ts'
import { selectInbox } from '../../../src/state/selectors/inbox.ts'
import { at } from '../../../src/state/table.ts'
import { createOpenHumanDouble } from '../../../src/testing/doubles/index.ts'
import type { Script, Switches } from '../../../src/testing/doubles/index.ts'
import type { ScriptedSource } from '../../../src/testing/scriptedSource.ts'
import { newScope, openPage } from '../../state/support/page.ts'
import { lasting } from './liveSupport.ts'
import { rpcDouble } from './support/rpcDouble.ts'
import type { RpcDouble } from './support/rpcDouble.ts'
import { at12, childRow, openHumanPage, turnRow } from './support/rpcPage.ts'

let close: (() => unknown)[] = []
afterEach(async () => {
  for (const each of close.toReversed()) await each()
  close = []
})

describe('a page over lists', () => {
  let core: RpcDouble
  beforeEach(async () => {
    core = await rpcDouble()
    close.push(() => core.close())
  })

  async function open(options: Parameters<typeof openHumanPage>[1] = {}) {
    const page = await openHumanPage(core, options)
    close.push(() => page.ledger.dispose())
    return page
  }

  const asking = childRow({ status: 'awaiting_user', checkpoint: { question: 'EU or US data?' } })

  async function asked(options: Parameters<typeof openHumanPage>[1] = {}) {
    core.runs = [turnRow({ status: 'completed', completedAt: at12(9) }), asking]
    const page = await open(options)
    await page.until(() => expect(page.run('sub-7c1')?.questions).toHaveLength(1))
    return page
  }

  test('openhuman 7: workflow runs are asked after only while the page is seen', async () => {
    let isSeen = false
    const page = await open({ visible: () => isSeen })
    const looks = (): number => core.named('workflow_run_list').length
    const wait = async (): Promise<void> => {
      for (let round = 0; round < 40; round += 1) {
        await page.clock.advance(1_000)
        await pass(2)
      }
    }
    await wait()
    expect(looks()).toBe(0)
    isSeen = true
    await page.until(() => expect(looks()).toBeGreaterThanOrEqual(2))
    isSeen = false
    await pass(100) // A look that had begun comes to its end.
    const before = looks()
    await wait()
    expect(looks()).toBe(before)
    isSeen = true
    await page.until(() => expect(looks()).toBeGreaterThanOrEqual(before + 2))
  })

  const ofChild = { skill_id: 'sub-7c1', round: 1, subagent: { child_iteration: 2, task_id: 'sub-7c1' } }
  test.each([
    ['a call', 'subagent_tool_call', { tool_name: 'web_fetch', tool_call_id: 'cc-9' }, 'running'],
    ['a round', 'subagent_iteration_start', { tool_name: 'researcher' }, 'running'],
    ['its end', 'subagent_completed', { tool_name: 'researcher', success: true }, 'completed'],
  ])(
    'openhuman 5.2: %s of the child says that its answer was taken',
    async (_what, event, fields, status) => {
      const said: string[][] = []
      const page = await asked({ send: async (...message) => void said.push(message) })
      const { questionId } = page.run('sub-7c1').questions[0] ?? { questionId: '' }
      const payload = { questionId, answer: 'EU' }
      const { id } = await page.ledger.send({ log: 'r:sub-7c1', verb: 'answer', payload })
      await page.ledger.whenIdle()
      expect(said).toEqual([['thread-4', 'EU']])
      expect(page.state().runs.commands[id]?.state).toBe('delivered')
      page.say('inference_start', { request_id: 'req-a10', seq: 0 })
      await page.until(() => expect(page.run('req-a10')?.run.status).toBe('running'))
      expect(page.state().runs.commands[id]?.state).toBe('delivered')
      page.say(event, { request_id: 'req-a10', seq: 1, ...ofChild, ...fields })
      await page.until(() => expect(page.state().runs.commands[id]?.state).toBe('applied'))
      await page.until(() => expect(page.run('sub-7c1').run.status).toBe(status))
      expect(page.run('sub-7c1').questions).toMatchObject([{ questionId, state: 'answered', answer: 'EU' }])
    },
  )

  test('openhuman 5.2: a question in the inbox can be answered only with a way to send', async () => {
    async function refusal(options: Parameters<typeof openHumanPage>[1]): Promise<string | null> {
      const page = await asked(options)
      const [item] = selectInbox(page.state())
      expect(item).toMatchObject({ log: 'r:sub-7c1', question: { state: 'open' } })
      const standing = await page.ledger.standingOf('r:sub-7c1')
      const situation: Situation = {
        phase: page.state().ledger.phase,
        entity: 'run',
        record: page.run('sub-7c1'),
        ownership: standing?.ownership ?? 'unconfirmed',
        verbs: page.ledger.verbs,
        cannot: page.ledger.cannot,
        hasCheckpoint: standing?.hasCheckpoint ?? null,
        openQuestions: item === undefined ? [] : [item.question],
        capture: page.ledger.capture,
        now: page.clock.now(),
      }
      return whyNot('answer', situation)
    }
    expect(await refusal({})).toBe(
      'Answers are messages in the conversation, and this page was given no way to send one.',
    )
    expect(await refusal({ send: async () => {} })).toBeNull()
  })
})

describe('faults on the way', () => {
  const child = { skill_id: 'sub-{n}', round: 1 }
  const inside = { child_iteration: 1, agent_id: 'researcher', task_id: 'sub-{n}' }
  const fetches = { ...child, tool_name: 'web_fetch', tool_call_id: 'cc-{n}', subagent: inside }
  const finds = { round: 1, tool_name: 'search', tool_call_id: 'call-{n}' }
  const turn: Script = {
    threadId: 'thread-{n}',
    steps: [
      { turn: 'req-{n}' },
      { event: 'inference_start' },
      { event: 'iteration_start', round: 1, message: 'Iteration 1/12' },
      { event: 'tool_call', ...finds, args: { query: 'umbrellas' } },
      { event: 'tool_result', ...finds, success: true, output: '3 results', elapsed_ms: 40 },
      { event: 'subagent_spawned', ...child, tool_name: 'researcher', subagent: { mode: 'typed' } },
      { event: 'subagent_tool_call', ...fetches, args: { url: 'https://shop.test' } },
      { event: 'subagent_tool_result', ...fetches, success: true, output: '19.90 EUR', elapsed_ms: 31 },
      {
        event: 'subagent_completed',
        ...child,
        tool_name: 'researcher',
        success: true,
        subagent: { elapsed_ms: 90, iterations: 1, output_chars: 9, output: '19.90 EUR' },
      },
      { event: 'chat_done', full_response: 'It costs 19.90 EUR.', usage: { input_tokens: 9, cost_usd: 0.1 } },
    ],
  }

  async function played(switches: Partial<Switches>) {
    const core = await createOpenHumanDouble({ switches })
    const socket = io(core.url, { transports: ['websocket'] })
    const source: Source = openHumanSource({ socket, rpc: jsonRpc(core.url), pollMs: 100 })
    const page = openPage(newScope(), { source: source as ScriptedSource })
    close.push(
      () => core.close(),
      () => socket.close(),
      () => page.ledger.dispose(),
    )
    await page.boot()
    await expect.poll(() => core.clients()).toBe(1)
    expect(await core.play(turn).ended).toBe('ended')
    return () =>
      ['req-1', 'sub-1'].map((id) => at(page.state().runs.records, `r:${id}`) as RunRecord | undefined)
  }

  const shown = (runs: readonly (RunRecord | undefined)[]): unknown[] =>
    runs.map((run) => (run === undefined ? null : lasting(run)))
  const statuses = (runs: readonly (RunRecord | undefined)[]) => runs.map((run) => run?.run.status)

  test.each<[string, Partial<Switches>]>([
    ['messages in the opposite order', { reorder: 2 }],
    ['no names with a colon', { aliases: 'none' }],
    ['only names with a colon', { aliases: 'only' }],
    ['no numbers', { seq: false }],
  ])('openhuman 4: with %s a turn ends in the same runs', async (_what, switches) => {
    const plain = await played({})
    await expect.poll(() => plain()[0]?.telemetry.model, { timeout: 2_000 }).toBe('double-1')
    const faulty = await played(switches)
    await expect.poll(() => shown(faulty()), { timeout: 2_000 }).toEqual(shown(plain()))
    expect(statuses(faulty())).toEqual(['completed', 'completed'])
    expect(faulty().map((run) => run?.toolCalls.map(({ output }) => output?.preview))).toEqual([
      ['3 results'],
      ['19.90 EUR'],
    ])
  })

  test.each<[string, Switches['loss']]>([
    ['the ends', { events: ['subagent_completed', 'chat_done'] }],
    ['every third message', { every: 3 }],
    ['every message', { every: 1 }],
  ])('openhuman 1.6: with %s lost on the way, the runs are settled by their rows', async (_what, loss) => {
    const runs = await played({ loss })
    await expect.poll(() => statuses(runs()), { timeout: 4_000 }).toEqual(['completed', 'completed'])
    expect(runs()[0]?.run).toMatchObject({ kind: 'background_agent', attempt: 1, inferred: false })
    expect(runs()[1]?.run).toMatchObject({ parentRunId: 'req-1', attempt: 1, inferred: false })
  })
})
