import { describe, expect, it } from 'vitest'
import type { RunCommand } from '../../src/core/commands.ts'
import { agent, command, definition, harness, phase } from './support/harness.ts'

const aborted: unknown[] = []
const forever = agent('forever', async (context) => {
  await context
    .tool({ name: 'wait', label: 'Wait', args: null, run: () => new Promise<null>(() => {}), show: () => '' })
    .catch((error: unknown) => {
      aborted.push(error)
      throw error
    })
})
const asker = agent('asker', (context) => context.ask({ prompt: 'Well?', options: [] }))
const graph = definition([
  phase('a', { agentIds: ['forever', 'echo', 'asker'] }),
  phase('b', { dependsOn: ['a'] }),
])

describe('Stopping', () => {
  it('a child cancels it and its tool call, lets the others go on, and fails its phase', async () => {
    const { start, orchestrator, clock, folded } = harness([forever, asker])
    await start(graph)
    expect(await orchestrator.command(command('r:w1.a.1', 'stop'))).toEqual({ kind: 'delivered' })
    await clock.advance(0)
    const { run, toolCalls } = folded().run('w1.a.1')
    expect(run).toMatchObject({
      status: 'cancelled',
      trigger: 'user_terminated',
      reason: 'stopped by you',
      inferred: false,
    })
    expect(toolCalls).toMatchObject([{ status: 'cancelled', inferred: false }])
    expect(String(aborted.at(-1))).toBe('AbortError: stopped by you')
    expect(folded().workflow('w1').workflow.status).toBe('awaiting_user')

    await orchestrator.command(command('r:w1.a.3', 'stop'))
    await clock.advance(0)
    const { workflow } = folded().workflow('w1')
    expect(workflow).toMatchObject({
      status: 'failed',
      reason: 'Agent forever was stopped by you (and 1 more)',
    })
    expect(workflow.phases.map(({ status }) => status)).toEqual(['failed', 'pending'])
    expect(folded().run('w1.a.3').questions).toMatchObject([{ state: 'superseded' }])
  })

  it('a workflow cancels all that is under way and leaves what is done', async () => {
    const { start, orchestrator, clock, folded, story } = harness([forever, asker])
    await start(graph)
    expect(await orchestrator.command(command('w:w1', 'stop'))).toEqual({ kind: 'delivered' })
    await clock.advance(0)
    const { workflow } = folded().workflow('w1')
    expect(workflow).toMatchObject({
      status: 'cancelled',
      trigger: 'user_terminated',
      reason: 'stopped by you, with 2 runs that were under way',
    })
    expect(workflow.phases.map(({ status }) => status)).toEqual(['cancelled', 'pending'])
    const children = ['w1.a.1', 'w1.a.2', 'w1.a.3'].map((id) => folded().run(id).run.status)
    expect(children).toEqual(['cancelled', 'completed', 'cancelled'])
    expect(story('w:w1').slice(-4)).toEqual([
      'control.requested',
      'phase.transitioned cancelled',
      'workflow.transitioned cancelled',
      'control.settled',
    ])
    expect(orchestrator.live('w:w1')).toBe(false)
    expect(orchestrator.live('r:w1.a.1')).toBe(false)
  })

  it('the only child that waits for a person lets its workflow run on', async () => {
    const { start, orchestrator, clock, folded } = harness([forever, asker])
    await start(graph)
    expect(folded().workflow('w1').workflow.status).toBe('awaiting_user')
    await orchestrator.command(command('r:w1.a.3', 'stop'))
    await clock.advance(0)
    expect(folded().workflow('w1').workflow).toMatchObject({ status: 'running', trigger: 'user_terminated' })
  })

  it('what waits for its turn launches nothing more', async () => {
    const { start, orchestrator, clock, folded } = harness([forever])
    await start(definition([phase('a', { agentIds: ['forever', 'echo'] })], { concurrency: 1 }))
    await orchestrator.command(command('w:w1', 'stop'))
    await clock.advance(1_000)
    expect(folded().workflow('w1').workflow.childRunIds).toEqual(['w1.a.1'])
  })

  it('what is over or unknown is refused, and says why', async () => {
    const { start, orchestrator, clock, folded, events } = harness()
    await start(definition([phase('a')]))
    const stop = (log: 'w:w1' | 'r:w1.a.1' | 'r:ghost' | 'w:ghost') =>
      orchestrator.command(command(log, 'stop'))
    expect(await stop('w:w1')).toEqual({ kind: 'rejected', reason: 'w1 is already completed.' })
    expect(await stop('r:w1.a.1')).toEqual({ kind: 'rejected', reason: 'w1.a.1 is already completed.' })
    await clock.advance(0)
    const before = events().length
    expect(await stop('r:ghost')).toEqual({
      kind: 'unknownRun',
      reason: 'ghost is not run by this orchestrator.',
    })
    expect(await stop('w:ghost')).toEqual({
      kind: 'unknownRun',
      reason: 'ghost is not run by this orchestrator.',
    })
    await clock.advance(0)
    expect(events()).toHaveLength(before)
    expect(folded().workflow('w1').workflow.status).toBe('completed')
  })
})

describe('Starting by command', () => {
  it('writes the run down, then the command and its outcome', async () => {
    const { orchestrator, clock, folded, story, events } = harness()
    const payload = { definition: definition([phase('a')]), input: 7, parentThreadId: 't9' }
    const order = command('w:w1', 'start', payload)
    expect(await orchestrator.command(order)).toEqual({ kind: 'delivered' })
    await clock.advance(0)
    expect(folded().workflow('w1').workflow).toMatchObject({
      input: 7,
      parentThreadId: 't9',
      status: 'completed',
    })
    expect(story('w:w1').slice(0, 3)).toEqual([
      'workflow.registered',
      'control.requested',
      'workflow.transitioned running',
    ])
    expect(events().find(({ type }) => type === 'control.settled')).toMatchObject({
      log: 'w:w1',
      payload: { commandId: order.id, state: 'applied', detail: null },
    })
  })

  it.each([
    ['an invalid definition', { definition: definition([]) }],
    ['no definition', {}],
    ['no payload', null],
    ['an unusable thread', { definition: definition([phase('a')]), parentThreadId: '' }],
  ])('with %s is refused and writes nothing on any log', async (_what, payload) => {
    const { orchestrator, clock, events } = harness()
    expect((await orchestrator.command(command('w:w1', 'start', payload))).kind).toBe('rejected')
    await clock.advance(0)
    expect(events()).toEqual([])
  })

  it('refuses an agent run', async () => {
    const { orchestrator } = harness()
    const order = command('r:w1', 'start', { definition: definition([phase('a')]) })
    expect((await orchestrator.command(order)).kind).toBe('rejected')
  })
})

describe('A command', () => {
  it('sent twice with one key has one effect and the same reply', async () => {
    const { orchestrator, clock, events, folded } = harness([asker])
    const start = command('w:w1', 'start', { definition: definition([phase('a', { agentIds: ['asker'] })]) })
    const answer = command('r:w1.a.1', 'answer', { questionId: 'w1.a.1:q1', answer: 'so' })
    for (const each of [start, answer, command('w:ghost', 'stop')]) {
      const reply = await orchestrator.command(each)
      await clock.advance(0)
      const said = events().length
      expect(await orchestrator.command({ ...each, id: `${each.id}-again` })).toBe(reply)
      await clock.advance(0)
      expect(events()).toHaveLength(said)
    }
    expect(folded().workflow('w1').workflow.childRunIds).toEqual(['w1.a.1'])
  })

  it.each<[RunCommand['verb'], unknown, string]>([
    ['resume', null, 'w1.a.1 is not paused.'],
    ['retry', null, 'w1.a.1 is running: only what has ended can be tried again.'],
    ['follow_up', { message: 'And then?' }, 'Agent forever takes no follow-ups.'],
    ['follow_up', { message: ' ' }, 'The payload of “follow_up” cannot be used: message is empty.'],
  ])('to %s (%j) of a run at work is refused, and says why', async (verb, payload, reason) => {
    const { start, orchestrator, clock, events } = harness([forever])
    await start(definition([phase('a', { agentIds: ['forever'] })]))
    expect(await orchestrator.command(command('r:w1.a.1', verb, payload))).toEqual({
      kind: 'rejected',
      reason,
    })
    await clock.advance(0)
    expect(events().slice(-2)).toMatchObject([
      { log: 'r:w1.a.1', type: 'control.requested', payload: { verb } },
      { log: 'r:w1.a.1', type: 'control.settled', payload: { state: 'rejected', detail: reason } },
    ])
  })

  it('to answer is for the run that asked, not for its workflow', async () => {
    const { start, orchestrator } = harness([asker])
    await start(definition([phase('a', { agentIds: ['asker'] })]))
    const payload = { questionId: 'w1.a.1:q1', answer: 'x' }
    expect((await orchestrator.command(command('w:w1', 'answer', payload))).kind).toBe('rejected')
  })
})
