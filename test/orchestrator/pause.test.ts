import { describe, expect, it } from 'vitest'
import type { AgentContext } from '../../src/orchestrator/agent.ts'
import { agent, command, definition, gate, harness, phase } from './support/harness.ts'

const done = { output: null, summary: 'Done.' }
const one = (id: string) => definition([phase('a', { agentIds: [id] })])
const look = (context: AgentContext, run: () => unknown = () => 'found') =>
  context.tool({ name: 'look', label: 'Look', args: null, run, show: String })

/** Does one thing after `wait`, so that a pause meets it there. */
const steps: Record<string, (context: AgentContext) => unknown> = {
  'a tool call': (context) => look(context),
  'an iteration': (context) => context.iteration(2),
  'a question': (context) => context.ask({ prompt: '?', options: [] }),
  'live prose': (context) => context.say('Thinking.'),
  'an artifact': (context) => context.artifact('a.md', 'text/markdown', '# A'),
  'a result': () => null,
  'a failure': () => Promise.reject(new Error('broken')),
}

describe('A paused run', () => {
  it.each(Object.keys(steps))('lets nothing pass until it is resumed: %s', async (what) => {
    const wait = gate()
    const worker = agent('worker', async (context) => {
      await wait.opened
      await steps[what]?.(context)
      return done
    })
    const { start, orchestrator, clock, events, folded } = harness([worker])
    await start(one('worker'))
    expect(await orchestrator.command(command('r:w1.a.1', 'pause'))).toEqual({ kind: 'delivered' })
    await clock.advance(0)
    expect(folded().run('w1.a.1').run).toMatchObject({ status: 'paused', trigger: 'paused_by_user' })
    const said = events().length
    wait.open()
    await clock.advance(60_000)
    expect(events()).toHaveLength(said)

    expect(await orchestrator.command(command('r:w1.a.1', 'resume'))).toEqual({ kind: 'delivered' })
    await clock.advance(0)
    const { status } = folded().run('w1.a.1').run
    expect(status).toBe(
      what === 'a question' ? 'awaiting_user' : what === 'a failure' ? 'failed' : 'completed',
    )
  })

  it('reports the end of a call that was under way, keeps it, and its agent hears of it when it goes on', async () => {
    const call = gate<string>()
    const heard: unknown[] = []
    const worker = agent('worker', async (context) => {
      heard.push(await look(context, () => call.opened))
      return done
    })
    const { start, orchestrator, clock, folded } = harness([worker])
    await start(one('worker'))
    await orchestrator.command(command('r:w1.a.1', 'pause'))
    call.open('found')
    await clock.advance(0)
    const { run, toolCalls } = folded().run('w1.a.1')
    expect(toolCalls).toMatchObject([{ status: 'completed' }])
    expect(run.checkpoint?.state.preview).toContain('"result":"found"')
    expect(heard).toEqual([])
    await orchestrator.command(command('r:w1.a.1', 'resume'))
    await clock.advance(0)
    expect(heard).toEqual(['found'])
    expect(folded().run('w1.a.1').run.status).toBe('completed')
  })

  it('keeps its question, takes the answer, and stays paused', async () => {
    const asker = agent('asker', async (context) => ({
      output: await context.ask({ prompt: '?', options: [] }),
      summary: '',
    }))
    const { start, orchestrator, clock, folded } = harness([asker])
    await start(one('asker'))
    await orchestrator.command(command('r:w1.a.1', 'pause'))
    await clock.advance(0)
    expect(folded().run('w1.a.1')).toMatchObject({
      run: { status: 'paused' },
      questions: [{ state: 'open' }],
    })
    await orchestrator.command(command('r:w1.a.1', 'resume'))
    await clock.advance(0)
    expect(folded().run('w1.a.1').run.status).toBe('awaiting_user')
    await orchestrator.command(command('r:w1.a.1', 'pause'))
    await orchestrator.command(command('r:w1.a.1', 'answer', { questionId: 'w1.a.1:q1', answer: 'so' }))
    await clock.advance(0)
    expect(folded().run('w1.a.1')).toMatchObject({
      run: { status: 'paused' },
      questions: [{ state: 'answered', answer: 'so' }],
    })
    await orchestrator.command(command('r:w1.a.1', 'resume'))
    await clock.advance(0)
    expect(folded().run('w1.a.1').run).toMatchObject({ status: 'completed', output: { preview: 'so' } })
  })

  it('before its agent began begins when it is resumed', async () => {
    let began = 0
    const worker = agent('worker', () => {
      began += 1
      return done
    })
    const { start, orchestrator, clock, folded } = harness([worker], { pace: 100 })
    await start(one('worker'))
    expect(folded().run('w1.a.1').run.status).toBe('starting')
    await orchestrator.command(command('r:w1.a.1', 'pause'))
    await clock.advance(1_000)
    expect(folded().run('w1.a.1').run).toMatchObject({ status: 'paused', checkpoint: expect.anything() })
    expect(began).toBe(0)
    await orchestrator.command(command('r:w1.a.1', 'resume'))
    await clock.advance(1_000)
    expect(began).toBe(1)
    expect(folded().run('w1.a.1').run.status).toBe('completed')
  })

  it('can be stopped, is not paused twice, and is not resumed when it is not paused', async () => {
    const worker = agent('worker', (context) => look(context, () => new Promise(() => {})))
    const { start, orchestrator, clock, folded } = harness([worker])
    await start(one('worker'))
    const tell = async (verb: 'pause' | 'resume' | 'stop') =>
      (await orchestrator.command(command('r:w1.a.1', verb))).kind
    expect(await tell('resume')).toBe('rejected')
    expect(await tell('pause')).toBe('delivered')
    expect(await tell('pause')).toBe('rejected')
    expect(await tell('stop')).toBe('delivered')
    expect(await tell('pause')).toBe('rejected')
    await clock.advance(0)
    expect(folded().run('w1.a.1').run.status).toBe('cancelled')
  })
})

describe('A paused workflow', () => {
  it('pauses its runs, launches nothing, and goes on where it was', async () => {
    const gates = [gate(), gate()]
    const slow = agent('slow', async (_context, { index }) => {
      await gates[index]?.opened
      return { output: index, summary: '' }
    })
    const { start, orchestrator, clock, folded, events } = harness([slow])
    await start(
      definition([phase('a', { agentIds: ['slow', 'slow', 'echo'] }), phase('b', { dependsOn: ['a'] })], {
        concurrency: 2,
      }),
    )
    await orchestrator.command(command('r:w1.a.2', 'pause'))
    expect(await orchestrator.command(command('w:w1', 'pause'))).toEqual({ kind: 'delivered' })
    expect((await orchestrator.command(command('w:w1', 'pause'))).kind).toBe('rejected')
    await clock.advance(0)
    expect(folded().workflow('w1').workflow.status).toBe('paused')
    const said = events().length
    for (const each of gates) each.open()
    await clock.advance(10_000)
    expect(events()).toHaveLength(said)
    expect(folded().workflow('w1').workflow.childRunIds).toEqual(['w1.a.1', 'w1.a.2'])

    expect(await orchestrator.command(command('w:w1', 'resume'))).toEqual({ kind: 'delivered' })
    await clock.advance(0)
    // The one that was paused by itself stays paused.
    expect(folded().run('w1.a.2').run.status).toBe('paused')
    expect(folded().run('w1.a.3').run.status).toBe('completed')
    expect(folded().workflow('w1').workflow.status).toBe('running')
    await orchestrator.command(command('r:w1.a.2', 'resume'))
    await clock.advance(0)
    expect(folded().workflow('w1').workflow.status).toBe('completed')
  })

  it('launches nothing either when one of its runs is stopped, and waits for its person again', async () => {
    const asker = agent('asker', (context) => context.ask({ prompt: '?', options: [] }))
    const forever = agent('forever', (context) => look(context, () => new Promise(() => {})))
    const { start, orchestrator, clock, folded } = harness([asker, forever])
    await start(definition([phase('a', { agentIds: ['forever', 'asker', 'echo'] })], { concurrency: 2 }))
    await orchestrator.command(command('w:w1', 'pause'))
    await orchestrator.command(command('r:w1.a.1', 'stop'))
    await clock.advance(1_000)
    expect(folded().workflow('w1').workflow).toMatchObject({
      status: 'paused',
      childRunIds: ['w1.a.1', 'w1.a.2'],
    })
    await orchestrator.command(command('w:w1', 'resume'))
    await clock.advance(0)
    expect(folded().workflow('w1').workflow).toMatchObject({
      status: 'awaiting_user',
      childRunIds: ['w1.a.1', 'w1.a.2', 'w1.a.3'],
    })
    await orchestrator.command(command('w:w1', 'pause'))
    await orchestrator.command(command('w:w1', 'stop'))
    await clock.advance(0)
    expect(folded().workflow('w1').workflow.status).toBe('cancelled')
    expect(folded().run('w1.a.2').run.status).toBe('cancelled')
  })
})
