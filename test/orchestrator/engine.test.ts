import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/core/entities.ts'
import { agent, definition, gate, harness, phase } from './support/harness.ts'

describe('A workflow', () => {
  it('runs its phases in order and ends with the result of the last', async () => {
    const list = agent('list', () => ({ output: ['x', 'y'], summary: 'Two items.' }))
    const join = agent('join', (_context, { upstream }) => {
      const parts = (upstream['each'] ?? []).map(({ output }) => output)
      return { output: parts, summary: `Joined ${parts.length}.`, text: `# ${parts.join(' ')}` }
    })
    const { start, folded, story, orchestrator } = harness([list, join])
    const graph = definition([
      phase('plan', { agentIds: ['list'], description: 'Plans.' }),
      phase('each', { forEach: 'plan', dependsOn: ['plan'] }),
      phase('write', { agentIds: ['join'], dependsOn: ['each'] }),
    ])
    const reply = orchestrator.start('w:w1', {
      definition: graph,
      input: { question: 'Why?' },
      parentThreadId: 't1',
    })
    expect(reply).toEqual({ kind: 'delivered' })
    expect(orchestrator.live('w:w1')).toBe(true)
    await start(graph)

    const { workflow } = folded().workflow('w1')
    expect(workflow).toMatchObject({
      definitionId: 'def',
      title: 'A workflow',
      definition: graph,
      input: { question: 'Why?' },
      parentThreadId: 't1',
      status: 'completed',
      summary: 'Joined 2.',
      output: { preview: '# x y', ref: null },
      childRunIds: ['w1.plan.1', 'w1.each.1', 'w1.each.2', 'w1.write.1'],
    })
    expect(workflow.phases).toMatchObject([
      { name: 'plan', description: 'Plans.', status: 'completed', agentIds: ['list'] },
      { name: 'each', status: 'completed', dependsOn: ['plan'] },
      { name: 'write', status: 'completed' },
    ])
    expect(folded().run('w1.each.2').run).toMatchObject({
      kind: 'workflow_child',
      workflowRunId: 'w1',
      phase: 'each',
      parentThreadId: 't1',
      agentId: 'echo',
      agentName: 'Agent echo',
      prompt: { preview: 'y' },
      status: 'completed',
      trigger: 'result_received',
      summary: 'Echoed.',
      output: { preview: 'y' },
    })
    expect(folded().run('w1.plan.1').run.prompt?.preview).toBe('Why?')
    expect(folded().run('w1.plan.1').run.output?.preview).toBe('["x","y"]')
    expect(story('r:w1.plan.1')).toEqual([
      'run.registered',
      'run.transitioned starting',
      'run.transitioned running',
      'run.transitioned completed',
    ])
    expect(story('w:w1')).toEqual([
      'workflow.registered',
      'workflow.transitioned running',
      'phase.transitioned running',
      'run.linked',
      'phase.transitioned completed',
      'phase.transitioned running',
      'run.linked',
      'run.linked',
      'phase.transitioned completed',
      'phase.transitioned running',
      'run.linked',
      'phase.transitioned completed',
      'workflow.transitioned completed',
    ])
    expect(orchestrator.live('w:w1')).toBe(false)
    expect(orchestrator.live('r:w1.plan.1')).toBe(false)
  })

  it('runs independent phases side by side and a phase no sooner than what it depends on', async () => {
    const left = gate()
    const right = gate()
    const a = agent('a', async () => {
      await left.opened
      return { output: 1, summary: '' }
    })
    const b = agent('b', async () => {
      await right.opened
      return { output: 2, summary: '' }
    })
    const both = agent('both', (_context, { upstream }) => ({ output: Object.keys(upstream), summary: '' }))
    const { start, folded, clock } = harness([a, b, both])
    const status = () =>
      folded()
        .workflow('w1')
        .workflow.phases.map((each) => each.status)
    await start(
      definition([
        phase('a', { agentIds: ['a'] }),
        phase('b', { agentIds: ['b'] }),
        phase('both', { agentIds: ['both'], dependsOn: ['b', 'a'] }),
      ]),
    )
    expect(status()).toEqual(['running', 'running', 'pending'])
    right.open()
    await clock.advance(0)
    expect(status()).toEqual(['running', 'completed', 'pending'])
    left.open()
    await clock.advance(0)
    expect(status()).toEqual(['completed', 'completed', 'completed'])
    expect(folded().run('w1.both.1').run.output?.preview).toBe('["a","b"]')
  })

  it('hands an agent only the results its phase builds upon, whatever else is completed', async () => {
    const seen: string[][] = []
    const spy = agent('spy', (_context, { upstream }) => {
      seen.push(Object.keys(upstream))
      return { output: null, summary: '' }
    })
    const { start } = harness([spy])
    await start(
      definition([phase('aside'), phase('first'), phase('spy', { agentIds: ['spy'], dependsOn: ['first'] })]),
    )
    expect(seen).toEqual([['first']])
  })

  it('never has more agents at once in a phase than it may', async () => {
    let running = 0
    let most = 0
    const gates = Array.from({ length: 7 }, () => gate())
    const slow = agent('slow', async (_context, { index }) => {
      running += 1
      most = Math.max(most, running)
      await gates[index]?.opened
      running -= 1
      return { output: index, summary: '' }
    })
    const { start, folded, clock } = harness([slow])
    await start(definition([phase('a', { agentIds: Array(7).fill('slow') })], { concurrency: 3 }))
    expect(running).toBe(3)
    for (const each of gates) {
      each.open()
      await clock.advance(0)
    }
    expect(most).toBe(3)
    expect(folded().workflow('w1').workflow.status).toBe('completed')
    expect(folded().workflow('w1').workflow.childRunIds).toHaveLength(7)
  })

  it('goes through the items of a result, also of an object that has some, also of none', async () => {
    const source = agent('source', (_context, { input }) => ({ output: input, summary: '' }))
    const graph = definition([
      phase('source', { agentIds: ['source'] }),
      phase('each', { forEach: 'source', dependsOn: ['source'] }),
    ])
    for (const [input, items] of [
      [{ items: [{ title: 'One' }, { title: 'Two' }] }, ['One', 'Two']],
      [[1], ['1']],
      [[], []],
    ] as const) {
      const { start, folded } = harness([source])
      await start(graph, input as Json)
      const { workflow } = folded().workflow('w1')
      expect(workflow.status).toBe('completed')
      const prompts = workflow.childRunIds.slice(1).map((id) => folded().run(id).run.prompt?.preview)
      expect(prompts).toEqual(items)
    }
  })

  it('fails when what it should go through is no list', async () => {
    const { start, folded } = harness()
    await start(definition([phase('a'), phase('b', { forEach: 'a', dependsOn: ['a'] })]), { no: 'items' })
    const { workflow } = folded().workflow('w1')
    expect(workflow).toMatchObject({
      status: 'failed',
      summary: 'the result of “a” is no list and has no items',
    })
    expect(workflow.phases[1]?.status).toBe('failed')
  })

  it('runs what fits under its cap, and then says that the cap is reached', async () => {
    const { start, folded } = harness()
    await start(
      definition(
        [phase('a'), phase('b', { forEach: 'a', dependsOn: ['a'] }), phase('c', { dependsOn: ['b'] })],
        {
          maxChildren: 3,
        },
      ),
      [1, 2, 3, 4, 5],
    )
    const { workflow } = folded().workflow('w1')
    expect(workflow.childRunIds).toEqual(['w1.a.1', 'w1.b.1', 'w1.b.2'])
    expect(folded().run('w1.b.2').run.status).toBe('completed')
    expect(workflow.status).toBe('failed')
    expect(workflow.summary).toBe('the cap of 3 children is reached; 3 were not launched')
    expect(workflow.phases.map((each) => each.status)).toEqual(['completed', 'failed', 'pending'])
  })

  it('lets the siblings of a failing child finish, then fails with its reason', async () => {
    const late = gate()
    const bad = agent('bad', () => {
      throw new Error('no such file')
    })
    const slow = agent('slow', async () => {
      await late.opened
      return { output: 'kept', summary: 'Kept.' }
    })
    const { start, folded, clock } = harness([bad, slow])
    await start(
      definition(
        [phase('a', { agentIds: ['slow', 'bad', 'bad', 'echo'] }), phase('b', { dependsOn: ['a'] })],
        {
          concurrency: 2,
        },
      ),
    )
    expect(folded().run('w1.a.2').run).toMatchObject({
      status: 'failed',
      error: 'no such file',
      trigger: 'errored',
    })
    expect(folded().workflow('w1').workflow.status).toBe('running')
    late.open()
    await clock.advance(0)
    const { workflow } = folded().workflow('w1')
    expect(folded().run('w1.a.1').run.status).toBe('completed')
    expect(folded().run('w1.a.4').run.status).toBe('completed')
    expect(workflow.status).toBe('failed')
    expect(workflow.reason).toBe('Agent bad failed: no such file (and 1 more)')
    expect(workflow.summary).toBe(workflow.reason)
    expect(workflow.phases).toMatchObject([
      { status: 'failed', reason: workflow.reason },
      { status: 'pending', reason: null },
    ])
  })

  it('lets other phases end when one fails, and starts none', async () => {
    const late = gate()
    const bad = agent('bad', () => Promise.reject(new Error('bad')))
    const slow = agent('slow', async () => {
      await late.opened
      return { output: 1, summary: '' }
    })
    const { start, folded, clock } = harness([bad, slow])
    await start(
      definition([
        phase('bad', { agentIds: ['bad'] }),
        phase('slow', { agentIds: ['slow'] }),
        phase('after', { dependsOn: ['slow'] }),
      ]),
    )
    expect(folded().workflow('w1').workflow.status).toBe('running')
    late.open()
    await clock.advance(0)
    const { workflow } = folded().workflow('w1')
    expect(workflow.status).toBe('failed')
    expect(workflow.phases.map((each) => each.status)).toEqual(['failed', 'completed', 'pending'])
  })
})
