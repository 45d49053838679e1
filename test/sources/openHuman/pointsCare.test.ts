/** The points of openhuman.md 8 that are about money, buttons, workflows and what is kept. */
import { describe, test } from 'vitest'
import { turn } from './support/turns.ts'
import type { Wire } from './support/turns.ts'
import { childOf, holds } from './support/turnsApp.ts'
import type { Stage, View } from './support/turnsApp.ts'
import { at, childRow, telemetry, turnRow } from './support/turnsCore.ts'
import type { Row } from './support/turnsCore.ts'

const workflow = (fields: Readonly<Record<string, unknown>>): Row => ({
  id: 'wfrun-1',
  definitionId: 'parallel_research_cross_check',
  parentThreadId: 'thread-4',
  input: { question: 'Why?' },
  childRunIds: [],
  status: 'running',
  summary: null,
  startedAt: at(0),
  updatedAt: at(1),
  completedAt: null,
  phaseStates: {
    decompose: { status: 'completed', outputs: [] },
    research: { status: 'running', outputs: [] },
  },
  ...fields,
})

test('openhuman 8.2: a phase does not run on in a workflow that was stopped, nor in one that could not resume', () =>
  holds(
    async ({ app, core, list }) => {
      const seen: unknown[] = []
      const deadlock = 'no runnable phase (dependency deadlock)'
      for (const fields of [
        { status: 'running', updatedAt: at(1) },
        { status: 'interrupted', updatedAt: at(2), completedAt: at(2) },
        { status: 'running', updatedAt: at(3), completedAt: at(2) },
        { status: 'failed', updatedAt: at(4), completedAt: at(4), summary: deadlock },
      ]) {
        core.putWorkflow(workflow(fields))
        await list()
        seen.push((await app.view()).workflows.map(({ status, phases }) => [status, phases['research']]))
      }
      return seen
    },
    {
      ours: [
        [['running', 'running']],
        [['interrupted', 'interrupted']],
        [['running', 'running']],
        [['failed', 'interrupted']],
      ],
      naive: [
        [['running', 'running']],
        [['interrupted', 'running']],
        [['running', 'running']],
        [['failed', 'running']],
      ],
    },
  ))

describe('spend', () => {
  const usage = {
    input_tokens: 14_000,
    output_tokens: 1_200,
    cached_input_tokens: 1_000,
    cost_usd: 0.031,
    cost_source: 'charged',
    context_window: 200_000,
  }
  const child = { task_id: 'sub-7c1', agent_id: 'researcher', input_tokens: 9_000, output_tokens: 800 }

  test('openhuman 8.13: what a failed turn spent is counted, and a child once', () =>
    holds(
      async ({ app, hear }) => {
        const [first, second] = [turn(), turn('req-a10')]
        await app.send('One.')
        await hear(...first.begin(), first.spawn('sub-7c1'), first.completed('sub-7c1'))
        await hear(first.done({ usage: { ...usage, subagents: [{ ...child, cost_usd: 0.02 }] } }))
        await app.send('Two.')
        const spent = { ...usage, input_tokens: 5_000, output_tokens: 400, cost_usd: 0.25 }
        await hear(...second.begin(), second.stamped('turn_cost', { round: 1, usage: spent }))
        await hear(second.plain('chat_error', { message: 'Rate limited', error_type: 'rate_limited' }))
        const { totals } = await app.view()
        return { ...totals, costUsd: totals.costUsd?.toFixed(3) }
      },
      {
        ours: { inputTokens: 19_000, outputTokens: 1_600, costUsd: '0.281' },
        naive: { inputTokens: 14_000, outputTokens: 1_200, costUsd: '0.031' },
      },
    ))

  test('openhuman 8.13: a cost nobody knows is unknown, in messages and in rows', () =>
    holds(
      async ({ app, list, hear }) => {
        const { begin, spawn, completed, done } = turn()
        await app.send('One.')
        await hear(
          ...begin(),
          spawn('sub-7c1'),
          completed('sub-7c1', { input_tokens: 9_000, cost_usd: null }),
        )
        await hear(done({ usage: { ...usage, cost_usd: null, cost_source: 'unknown' } }))
        await list(
          turnRow('req-9f2', { status: 'completed', telemetry: telemetry('req-9f2') }),
          childRow('sub-7c1', { status: 'completed', telemetry: telemetry('sub-7c1') }),
          // Of this one there is nothing but its row.
          childRow('sub-8', { status: 'completed', telemetry: telemetry('sub-8', { inputTokens: 70 }) }),
        )
        const view = await app.view()
        const costs = ['sub-7c1', 'sub-8'].map((id) => childOf(view, id)?.costUsd)
        return { total: view.totals.costUsd, costs, input: view.totals.inputTokens }
      },
      {
        ours: { total: null, costs: [null, null], input: 23_070 },
        naive: { total: 0, costs: [0, 0], input: 23_000 },
      },
    ))

  test('openhuman 8.13: a run of four seconds did not take none', () =>
    holds(
      async ({ app, list }) => {
        const row = childRow('sub-1', {
          status: 'failed',
          error: 'provider timeout',
          startedAt: at(0),
          completedAt: at(4),
          telemetry: telemetry('sub-1', { elapsedMs: 0 }),
        })
        await list(row)
        return childOf(await app.view(), 'sub-1')?.elapsedMs
      },
      { ours: 4_000, naive: 0 },
    ))
})

describe('buttons', () => {
  test('openhuman 8.20: a stop ends the work and not only its row', () =>
    holds(
      async ({ app, core, list, hear }) => {
        const { begin, spawn } = turn()
        await app.send('Look it up in the background.')
        await hear(...begin(), spawn('sub-1', { mode: 'async' }))
        await list(childRow('sub-1', { metadata: { mode: 'async' } }))
        await app.press('stop', 'sub-1')
        return { aborted: [...core.aborted], status: childOf(await app.view(), 'sub-1')?.status }
      },
      {
        ours: { aborted: ['sub-1'], status: 'cancelled' },
        naive: { aborted: [], status: 'running' },
      },
    ))

  test('openhuman 8.20: no retry is offered that would leave a run pending for ever', () =>
    holds(
      async ({ app, core, list }) => {
        await list(childRow('sub-1', { status: 'failed', error: 'provider timeout', completedAt: at(7) }))
        const offered = await app.press('retry', 'sub-1')
        const { run } = (await core.rpc('openhuman.run_ledger_get', { id: 'sub-1' })) as { run: Row }
        return { offered, row: run['status'] }
      },
      { ours: { offered: false, row: 'failed' }, naive: { offered: true, row: 'pending' } },
    ))
})

/** Turns that are over, each with a child. */
const finished = (count: number): readonly Row[] =>
  Array.from({ length: count }, (_, index) => index).flatMap((index) => {
    const end = at(index + 1)
    const done = { status: 'completed', startedAt: at(index), completedAt: end, updatedAt: end }
    return [turnRow(`req-${index}`, done), childRow(`sub-${index}`, { ...done, parentRunId: `req-${index}` })]
  })

/** What is shown once all but the last was let go of, and the core goes on listing it. */
const letGo =
  (count: number) =>
  async ({ app, list }: Stage): Promise<unknown> => {
    await list(...finished(count))
    await app.keep(1)
    await list()
    const kept = (await app.view()).children.length
    await app.reload()
    await list()
    return { kept, reloaded: (await app.view()).children.length }
  }

describe('what was let go of', () => {
  test('openhuman 8.22: it does not come back with the next list, nor after a reload', () =>
    holds(letGo(3), { ours: { kept: 1, reloaded: 1 }, naive: { kept: 3, reloaded: 3 } }))

  test('openhuman 8.22: nor of more runs than a stream remembers keys', () =>
    holds(letGo(140), { ours: { kept: 1, reloaded: 1 }, naive: { kept: 25, reloaded: 25 } }))
})

/** A turn with three children, tools and a question that the next turn answers. */
function conversation(): readonly (readonly Wire[])[] {
  const [first, second] = [turn(), turn('req-a10')]
  return [
    [
      ...first.begin(),
      first.call('call_1', 'web_search'),
      first.result('call_1', 'web_search', '3 hits'),
      first.spawn('sub-1', { parent_call_id: 'call_2' }),
      first.spawn('sub-2', { parent_call_id: 'call_3' }),
      first.spawn('sub-3', { parent_call_id: 'call_4', mode: 'async' }),
      first.childCall('sub-1', 'cc-1', 'web_fetch'),
    ],
    [
      first.childResult('sub-1', 'cc-1', 'web_fetch', '<html>'),
      first.completed('sub-1', { output: 'Found it.' }),
      first.awaiting('sub-2', 'EU or US data?'),
      first.done({ usage: { input_tokens: 100, output_tokens: 10, cost_usd: 0.5, cost_source: 'charged' } }),
    ],
    [
      ...second.begin(),
      second.spawn('sub-2', { parent_call_id: 'call_5' }),
      second.completed('sub-2', { output: 'EU.', input_tokens: 50, output_tokens: 5, cost_usd: 0.25 }),
      first.failed('sub-3', 'provider timeout'),
      second.done({ usage: { input_tokens: 200, output_tokens: 20, cost_usd: 1, cost_source: 'charged' } }),
    ],
  ]
}

async function hearAll({ app, hear }: Stage, between: () => Promise<void>): Promise<View> {
  for (const messages of conversation()) {
    await app.send('Go on.')
    await hear(...messages)
    await between()
  }
  return app.view()
}

test('openhuman 8.23: leaving the page again and again ends in what staying shows, tools, answers and spend', () => {
  const summary = (view: View): unknown => ({
    children: view.children.map(({ taskId, status, result, toolCalls }) => [
      taskId,
      status,
      result,
      toolCalls.map(({ name, status: ended }) => [name, ended]),
    ]),
    turns: view.turns.map(({ requestId, status, tools }) => [requestId, status, tools.length]),
    totals: view.totals,
  })
  return holds(async (stage) => summary(await hearAll(stage, () => stage.app.reload())), {
    ours: {
      children: [
        ['sub-1', 'success', 'Found it.', [['web_fetch', 'success']]],
        ['sub-2', 'success', 'EU.', []],
        ['sub-3', 'error', null, []],
      ],
      turns: [
        ['req-9f2', 'success', 1],
        ['req-a10', 'success', 0],
      ],
      totals: { inputTokens: 350, outputTokens: 35, costUsd: 1.75 },
    },
    naive: {
      // The last turn's rows, then those of the ledger: no answers, no calls.
      children: [
        ['sub-2', 'success', null, []],
        ['sub-3', 'error', 'provider timeout', []],
        ['sub-1', 'success', 'Completed in 3 iteration(s), 760 output chars', []],
      ],
      turns: [['', null, 0]],
      totals: { inputTokens: 350, outputTokens: 35, costUsd: 1.75 },
    },
  })
})
