/**
 * The points of openhuman.md 8 that are about what arrives live. Each is played before a naive converter too, which
 * shows what people complained about.
 */
import { test } from 'vitest'
import { turn } from './support/turns.ts'
import { childOf, holds } from './support/turnsApp.ts'
import type { ChildView, Stage, ToolView } from './support/turnsApp.ts'
import { childRow } from './support/turnsCore.ts'

const QUESTION = 'EU or US data?'
const waiting = childRow('sub-7c1', {
  status: 'awaiting_user',
  summary: QUESTION,
  checkpointPath: '/ws/sub-7c1.json',
  checkpoint: {
    resumeTool: 'continue_subagent',
    taskId: 'sub-7c1',
    agentId: 'researcher',
    question: QUESTION,
    checkpointPersisted: true,
  },
})

const asked = (child: ChildView | null): unknown => [child?.status, child?.questions]

test('openhuman 8.4: a replayed spawn answers no question, a resume does, and no reload forgets it', () =>
  holds(
    async ({ app, list, hear }) => {
      const first = turn()
      const messages = [...first.begin(), first.spawn('sub-7c1'), first.awaiting('sub-7c1', QUESTION)]
      await app.send('Find the data.')
      await hear(...messages)
      for (let times = 0; times < 13; times += 1) await hear(...messages.slice(0, 3))
      const replayed = asked(childOf(await app.view(), 'sub-7c1'))
      await list(waiting)
      await app.reload()
      const reloaded = asked(childOf(await app.view(), 'sub-7c1'))
      const second = turn('req-a10')
      await hear(...second.begin(), second.spawn('sub-7c1'))
      const resumed = asked(childOf(await app.view(), 'sub-7c1'))
      // All of the first turn once more, its question included.
      await hear(...messages)
      return { replayed, reloaded, resumed, afterwards: asked(childOf(await app.view(), 'sub-7c1')) }
    },
    {
      ours: {
        replayed: ['awaiting_user', [QUESTION]],
        reloaded: ['awaiting_user', [QUESTION]],
        resumed: ['running', []],
        afterwards: ['running', []],
      },
      naive: {
        replayed: ['running', []],
        reloaded: ['running', []],
        resumed: ['running', []],
        afterwards: ['awaiting_user', [QUESTION]],
      },
    },
  ))

test('openhuman 8.5: a child that waits is no spinner, and can be opened whether it is detached or not', () =>
  holds(
    async ({ app, list, hear }) => {
      const { begin, spawn, awaiting } = turn()
      await app.send('Find the data.')
      await hear(...begin(), spawn('sub-7c1', { mode: 'typed' }), awaiting('sub-7c1', QUESTION))
      const live = await app.view()
      await list(waiting)
      await app.reload()
      const reloaded = await app.view()
      return [live, reloaded].map((view) => [childOf(view, 'sub-7c1')?.status, view.openable])
    },
    {
      ours: [
        ['awaiting_user', ['sub-7c1']],
        ['awaiting_user', ['sub-7c1']],
      ],
      naive: [
        ['awaiting_user', []],
        ['running', []],
      ],
    },
  ))

test('openhuman 8.6: a redelivered spawn adds no row, and two runs are never one', () =>
  holds(
    async ({ app, list, hear }) => {
      const first = turn()
      // Two of one agent, spawned by one call.
      const messages = [
        ...first.begin(),
        first.spawn('sub-1', { parent_call_id: 'call_3' }),
        first.spawn('sub-2', { parent_call_id: 'call_3' }),
        first.completed('sub-1'),
        first.completed('sub-2'),
        first.done(),
      ]
      await app.send('Ask two researchers.')
      await hear(...messages)
      await app.send('And now?')
      await hear(...turn('req-a10').begin())
      await list(childRow('sub-1', { status: 'completed' }), childRow('sub-2', { status: 'completed' }))
      await app.reload()
      await hear(...messages, ...messages)
      return (await app.view()).children.map(({ taskId, status }) => `${taskId} ${status}`).toSorted()
    },
    {
      ours: ['sub-1 success', 'sub-2 success'],
      naive: ['sub-1 success', 'sub-1 success', 'sub-2 success', 'sub-2 success'],
    },
  ))

test('openhuman 8.8: each turn keeps its trail, in the order of its calls and not of their arrival', () =>
  holds(
    async ({ app, hear }) => {
      const first = turn()
      await app.send('One.')
      await hear(...first.begin(), first.call('a', 'web_search'), first.call('b', 'web_fetch'))
      await hear(first.result('a', 'web_search', '3 hits'), first.result('b', 'web_fetch', '<html>'))
      await hear(first.done())
      await app.send('Two.')
      const second = turn('req-a10')
      const start = second.begin()
      const [shell, readFile] = [second.call('c', 'shell'), second.call('d', 'read_file')]
      await hear(...start, readFile, shell)
      const live = await app.view()
      await app.reload()
      const reloaded = await app.view()
      return [live, reloaded].map(({ turns }) =>
        turns.map(({ requestId, tools }) => [requestId, ...tools.map(({ name }) => name)]),
      )
    },
    {
      ours: [
        [
          ['req-9f2', 'web_search', 'web_fetch'],
          ['req-a10', 'shell', 'read_file'],
        ],
        [
          ['req-9f2', 'web_search', 'web_fetch'],
          ['req-a10', 'shell', 'read_file'],
        ],
      ],
      naive: [[['req-a10', 'read_file', 'shell']], [['req-a10', 'read_file', 'shell']]],
    },
  ))

const told = (tools: readonly ToolView[]): unknown =>
  tools.map(({ name, status, result }) => [name, status, result])

test('openhuman 8.9: calls without an id stay apart, and parallel calls of one name get their own results', () =>
  holds(
    async ({ app, hear }) => {
      const { begin, call, result, spawn, childCall, childResult } = turn()
      await app.send('Search twice.')
      await hear(
        ...begin(),
        call('', 'web_search'),
        call('', 'web_search'),
        call('', 'shell'),
        result('', 'web_search', 'first'),
        result('', 'web_search', 'second'),
        result('', 'shell', 'denied', { success: false }),
        spawn('sub-1'),
        childCall('sub-1', '', 'web_fetch'),
        childCall('sub-1', '', 'web_fetch'),
        childResult('sub-1', '', 'web_fetch', 'one'),
        childResult('sub-1', '', 'web_fetch', 'two'),
      )
      const view = await app.view()
      const ofTurn = view.turns[0]?.tools ?? []
      const ofChild = childOf(view, 'sub-1')?.toolCalls ?? []
      const keys = ofTurn.map(({ key }) => key)
      return { turn: told(ofTurn), child: told(ofChild), areKeysUnique: new Set(keys).size === keys.length }
    },
    {
      ours: {
        turn: [
          ['web_search', 'success', 'first'],
          ['web_search', 'success', 'second'],
          ['shell', 'error', 'denied'],
        ],
        child: [
          ['web_fetch', 'success', 'one'],
          ['web_fetch', 'success', 'two'],
        ],
        areKeysUnique: true,
      },
      naive: {
        turn: [
          ['web_search', 'success', 'first'],
          ['shell', 'error', 'denied'],
        ],
        child: [['web_fetch', 'success', 'two']],
        areKeysUnique: false,
      },
    },
  ))

test('openhuman 8.10: a thread is at work as long as its turn is, not its children one by one', () =>
  holds(
    async ({ app, hear }) => {
      const { begin, spawn, completed, done } = turn()
      const working: boolean[] = []
      await app.send('Ask two, one after the other.')
      for (const messages of [
        begin(),
        [spawn('sub-1')],
        [completed('sub-1')],
        [spawn('sub-2')],
        [completed('sub-2')],
        [done()],
      ]) {
        await hear(...messages)
        working.push((await app.view()).working)
      }
      return working
    },
    {
      ours: [true, true, true, true, true, false],
      naive: [false, true, false, true, false, false],
    },
  ))

/** A child at work whose spawn was lost, and of which the core has no row; the app looks at its lists so often. */
const unannounced =
  (looks: number) =>
  async ({ app, hear, list }: Stage): Promise<unknown> => {
    const { begin, spawn, childCall, childResult, completed } = turn()
    await app.send('Ask a researcher.')
    await hear(...begin())
    // Sent, and lost on the way.
    spawn('sub-1')
    await hear(childCall('sub-1', 'cc-1', 'web_fetch'))
    const working = childOf(await app.view(), 'sub-1')
    for (let times = 0; times < looks; times += 1) await list()
    const listed = childOf(await app.view(), 'sub-1')
    await hear(childResult('sub-1', 'cc-1', 'web_fetch', '<html>'), completed('sub-1'))
    const done = childOf(await app.view(), 'sub-1')
    return [working, listed, done].map((child) => child && [child.status, told(child.toolCalls)])
  }

const SHOWN = {
  ours: [
    ['running', [['web_fetch', 'running', null]]],
    ['running', [['web_fetch', 'running', null]]],
    ['success', [['web_fetch', 'success', '<html>']]],
  ],
  naive: [null, null, null],
}

test('openhuman 8.14: a child whose spawn was lost is shown from its first sign of life', () =>
  holds(unannounced(1), SHOWN))

// Asked after it, the core answers that it has no such row.
test('openhuman 8.14: that the core has no row of it is no word about its end', () =>
  holds(unannounced(3), SHOWN))

test('openhuman 8.19: a child continued by another turn belongs to both', () =>
  holds(
    async ({ app, list, hear }) => {
      const [first, second] = [turn(), turn('req-a10')]
      await app.send('Find the data.')
      await hear(...first.begin(), first.spawn('sub-7c1'), first.awaiting('sub-7c1', QUESTION))
      await hear(first.done())
      await hear(...second.begin(), second.spawn('sub-7c1'))
      await list(childRow('sub-7c1', { parentRunId: 'req-a10' }))
      return childOf(await app.view(), 'sub-7c1')?.parents
    },
    { ours: ['req-a10', 'req-9f2'], naive: ['req-a10'] },
  ))
