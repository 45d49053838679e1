import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, RunRecord } from '../../src/core/entities.ts'
import { idOfLog, isRunLog } from '../../src/core/ids.ts'
import type { ContentStore } from '../../src/core/ports.ts'
import type { KnownChild, ResumeOrder } from '../../src/core/resume/order.ts'
import type { PhaseDefinition } from '../../src/core/workflow/definition.ts'
import { agent, command, definition, echo, foldLives, harness, noContent, phase } from './support/harness.ts'
import { childOrder, known, resumeOrder, reuse, textOf, usual } from './support/orders.ts'

const graph = definition(
  [
    phase('plan', { agentIds: ['list'] }),
    phase('work', { agentIds: ['worker'], forEach: 'plan', dependsOn: ['plan'] }),
    phase('write', { agentIds: ['join'], dependsOn: ['work'] }),
  ],
  { concurrency: 2 },
)

/** Agents that count what they do; a worker of an item `ask` asks, one of an item `fail` fails while it may. */
function crew() {
  const ran: string[] = []
  const may = { fail: true }
  const list = agent('list', (context, { input }) => {
    ran.push(context.runId)
    return { output: input, summary: 'Listed.' }
  })
  const worker = agent('worker', async (context, { item }) => {
    await context.tool({
      name: 'look',
      label: '',
      args: item,
      effect: 'none',
      run: () => ran.push(`${String(item)}`),
      show: String,
    })
    if (item === 'fail' && may.fail) throw new Error('no luck')
    const answer = item === 'ask' ? await context.ask({ prompt: 'Well?', options: [] }) : null
    return { output: { item, answer }, summary: `Worked on ${String(item)}.` }
  })
  const join = agent('join', (_context, { upstream }) => {
    const output = (upstream['work'] ?? []).map((each) => each.output)
    return { output, summary: 'Joined.', text: `# ${JSON.stringify(output)}` }
  })
  return { ran, may, agents: [list, worker, join] }
}

type Life = ReturnType<typeof harness>

/** What is left of some lives, one after the other. */
function remains(...lives: readonly Life[]) {
  const all = foldLives(lives.map((life) => ({ events: life.events(), stream: life.orchestrator.stream.id })))
  const runs = all
    .logs()
    .filter((log) => isRunLog(log))
    .map((log): RunRecord => all.run(idOfLog(log)))
  return { ...all, runs }
}

async function resumed(
  first: Life,
  second: Life,
  input: Json,
  children: readonly KnownChild[] = remains(first).runs.map(usual),
  changes: Partial<ResumeOrder> = {},
) {
  first.orchestrator.dispose()
  const order = resumeOrder(graph, input, children, changes)
  const reply = await second.orchestrator.command(command('w:w1', 'resume', order))
  await second.clock.advance(0)
  return reply
}

describe('A workflow that is resumed', () => {
  it('R1 keeps what is done, does the rest, and ends like one that was never interrupted', async () => {
    const items = ['a', 'ask', 'b', 'fail', 'a']
    const calm = crew()
    calm.may.fail = false
    const undisturbed = harness(calm.agents)
    await undisturbed.start(graph, items)
    const answer = { questionId: 'w1.work.2:q1', answer: 'so' }
    await undisturbed.orchestrator.command(command('r:w1.work.2', 'answer', answer))
    await undisturbed.clock.advance(0)
    const expected = undisturbed.folded().workflow('w1').workflow
    expect(expected.status).toBe('completed')

    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, items)
    torn.may.fail = false
    const second = harness(torn.agents, { epoch: 'e2' })
    expect(await resumed(first, second, items)).toEqual({ kind: 'delivered' })
    expect(remains(first, second).workflow('w1').workflow).toMatchObject({
      status: 'awaiting_user',
      attempt: 2,
    })
    await second.orchestrator.command(command('r:w1.work.2', 'answer', answer))
    await second.clock.advance(0)
    const all = remains(first, second)
    const { workflow } = all.workflow('w1')
    expect(workflow).toMatchObject({
      status: 'completed',
      summary: expected.summary,
      output: expected.output,
      resumePlan: { preview: '[]' },
    })
    expect(workflow.phases.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed'])
    expect(torn.ran.filter((each) => each !== 'fail')).toEqual(calm.ran.filter((each) => each !== 'fail'))
    expect(torn.ran.filter((each) => each === 'fail')).toHaveLength(2)
    expect(all.run('w1.work.4').run).toMatchObject({ status: 'completed', attempt: 2 })
    expect(all.run('w1.work.2').run).toMatchObject({ status: 'completed', attempt: 1 })
    // Not a word about what was kept.
    expect(second.events().some(({ log }) => log === 'r:w1.work.1' || log === 'r:w1.plan.1')).toBe(false)
  })

  it('R1 finds its runs by their keys, in whatever order and under whatever ids they are known', async () => {
    const items = ['a', 'b', 'a', 'c']
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), async (order) => {
        const torn = crew()
        const first = harness(torn.agents)
        await first.start(graph, items)
        const { runs } = remains(first)
        const { output } = remains(first).workflow('w1').workflow
        const done = torn.ran.length
        const children = order.flatMap((index) => {
          const record = runs[index]
          return record === undefined ? [] : [known(record, { action: reuse(record), runId: `old-${index}` })]
        })
        const second = harness(torn.agents, { epoch: 'e2' })
        await resumed(first, second, items, children)
        expect(torn.ran).toHaveLength(done)
        const ended = second
          .events()
          .find(
            ({ type, payload }) =>
              type === 'workflow.transitioned' && (payload as { to?: string }).to === 'completed',
          )
        expect(ended?.payload).toMatchObject({ output })
      }),
      { numRuns: 10 },
    )
  })

  it('R1 launches what has another key as a new run that replays the old one', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['a', 'b'])
    const second = harness(torn.agents, { epoch: 'e2' })
    await resumed(first, second, ['a', 'c'])
    const all = remains(first, second)
    // Another input is other work for every phase.
    expect(all.workflow('w1').workflow.status).toBe('completed')
    expect(all.run('w1.plan.2-1').run.origin?.replayOf).toBe('w1.plan.1')
    expect(all.run('w1.work.2-2').run.origin?.replayOf).toBe('w1.work.2')
    expect(all.run('w1.write.2-1').run.result?.preview).toContain('"item":"c"')
    expect(all.run('w1.plan.1').run.origin).toBeNull()
  })

  it('R1 reads results by reference, and never does again what does not resolve', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['a', 'b'])
    const texts = new Map<string, string>()
    const content: ContentStore = { ...noContent, get: async (ref) => texts.get(ref) ?? null }
    const children = remains(first).runs.map((record) => {
      const { id, result } = record.run
      texts.set(id, result?.preview ?? '')
      const ref = { preview: '', chars: 1, ref: id }
      return known(record, { action: { ...reuse(record), result: ref } as KnownChild['action'] })
    })
    const second = harness(torn.agents, { epoch: 'e2', content })
    const done = torn.ran.length
    await resumed(first, second, ['a', 'b'], children)
    expect(remains(first, second).workflow('w1').workflow.status).toBe('completed')
    for (const lost of [null, '{ no json']) {
      texts.delete('w1.work.2')
      if (lost !== null) texts.set('w1.work.2', lost)
      const third = harness(torn.agents, { epoch: 'e3', content })
      await resumed(second, third, ['a', 'b'], children, { attempt: 3 })
      expect(remains(first, second, third).workflow('w1').workflow).toMatchObject({
        status: 'failed',
        reason: 'Agent worker: the result of w1.work.2 is missing',
      })
    }
    expect(torn.ran).toHaveLength(done)
  })

  it('leaves what it shall leave, holds back what it shall not launch, and says why', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['a', 'fail'])
    const second = harness(torn.agents, { epoch: 'e2' })
    const done = torn.ran.length
    const children = remains(first).runs.map((record) =>
      record.run.status === 'completed'
        ? known(record, { action: reuse(record) })
        : known(record, { action: { kind: 'leave', reason: 'nobody agreed to it' } }),
    )
    await resumed(first, second, ['a', 'fail'], children)
    expect(remains(first, second).workflow('w1').workflow).toMatchObject({
      status: 'failed',
      reason: 'Agent worker: nobody agreed to it',
    })
    const third = harness(torn.agents, { epoch: 'e3' })
    const held = [{ phase: 'work', agentId: 'worker', reason: 'held back' }]
    await resumed(second, third, ['a', 'fail'], children.slice(0, 2), { attempt: 3, held })
    expect(remains(first, second, third).workflow('w1').workflow.reason).toBe('Agent worker: held back')
    expect(torn.ran).toHaveLength(done)
  })

  it('adopts a run that is driven already, and stops and pauses it like its own', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['ask', 'a'])
    const asking = remains(first).run('w1.work.1')
    const second = harness(torn.agents, { epoch: 'e2' })
    first.orchestrator.dispose()
    const input: Json = ['ask', 'a']
    const upstream = [
      { phase: 'plan', results: [{ runId: 'w1.plan.1', agentId: 'list', result: textOf('["ask","a"]') }] },
    ]
    const order = childOrder(asking, { input, item: 'ask', upstream })
    expect(await second.orchestrator.command(command('r:w1.work.1', 'resume', { order }))).toEqual({
      kind: 'delivered',
    })
    await second.clock.advance(0)
    expect(second.orchestrator.live('r:w1.work.1')).toBe(true)
    const children = remains(first).runs.map((record) =>
      record.run.id === 'w1.work.1' ? known(record, { action: { kind: 'adopt' } }) : usual(record),
    )
    await resumed(first, second, input, children)
    expect(remains(first, second).workflow('w1').workflow.status).toBe('awaiting_user')
    await second.orchestrator.command(command('w:w1', 'pause'))
    await second.clock.advance(0)
    expect(remains(first, second).run('w1.work.1').run.status).toBe('paused')
    await second.orchestrator.command(command('w:w1', 'resume'))
    const answer = { questionId: 'w1.work.1:q1', answer: 'so' }
    await second.orchestrator.command(command('r:w1.work.1', 'answer', answer))
    await second.clock.advance(0)
    expect(remains(first, second).workflow('w1').workflow.status).toBe('completed')
    expect(torn.ran.filter((each) => each === 'ask')).toHaveLength(1)
  })

  it('that adopts a run nobody drives any more fails, and does nothing for it', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['a'])
    const second = harness(torn.agents, { epoch: 'e2' })
    const children = remains(first).runs.map((record) => known(record, { action: { kind: 'adopt' } }))
    await resumed(first, second, ['a'], children)
    expect(remains(first, second).workflow('w1').workflow.reason).toBe(
      'Agent list: w1.plan.1 is not run here any more',
    )
    expect(torn.ran).toHaveLength(2)
  })

  it('counts what it keeps into its cap, as an undisturbed run would', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['a', 'b'])
    const second = harness(torn.agents, { epoch: 'e2' })
    const capped = { ...graph, maxChildren: 3 }
    await resumed(first, second, ['a', 'b'], undefined, { definition: capped as unknown as Json })
    expect(remains(first, second).workflow('w1').workflow.reason).toBe(
      'the cap of 3 children is reached; 1 were not launched',
    )
  })

  it('O1 is resumed once, also by two orders, and again when it has failed here', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['ask', 'fail'])
    const second = harness(torn.agents, { epoch: 'e2' })
    await resumed(first, second, ['ask', 'fail'])
    const order = resumeOrder(graph, ['ask', 'fail'], [], { attempt: 3 })
    expect(await second.orchestrator.command(command('w:w1', 'resume', order))).toEqual({
      kind: 'rejected',
      reason: 'w1 is not paused.',
    })
    await second.orchestrator.command(
      command('r:w1.work.1', 'answer', { questionId: 'w1.work.1:q1', answer: 'so' }),
    )
    await second.clock.advance(0)
    expect(remains(first, second).workflow('w1').workflow.status).toBe('failed')
    torn.may.fail = false
    const again = resumeOrder(graph, ['ask', 'fail'], remains(first, second).runs.map(usual), { attempt: 3 })
    expect(await second.orchestrator.command(command('w:w1', 'resume', again))).toEqual({ kind: 'delivered' })
    await second.clock.advance(0)
    expect(remains(first, second).workflow('w1').workflow).toMatchObject({ status: 'completed', attempt: 3 })
    expect(remains(first, second).run('w1.work.2').run.attempt).toBe(3)
  })

  it.each<[string, unknown]>([
    ['no definition', { children: [] }],
    ['children that are none', resumeOrder(graph, null, [{}] as never)],
    ['an attempt that is none', resumeOrder(graph, null, [], { attempt: 0 })],
  ])('by an order with %s is refused, and nothing is told', async (_what, order) => {
    const { orchestrator, clock, events } = harness(crew().agents)
    expect((await orchestrator.command(command('w:w1', 'resume', order))).kind).toBe('rejected')
    await clock.advance(0)
    expect(events()).toEqual([])
  })

  /** A workflow that failed, resumed as something else. */
  async function resumedAs(phases: readonly PhaseDefinition[], input: Json = null) {
    const first = harness(crew().agents)
    await first.start(graph, ['fail'])
    first.orchestrator.dispose()
    const second = harness(crew().agents, { epoch: 'e2' })
    const order = resumeOrder(definition(phases), input, [])
    expect(await second.orchestrator.command(command('w:w1', 'resume', order))).toEqual({ kind: 'delivered' })
    await second.clock.advance(0)
    return remains(first, second).workflow('w1').workflow
  }

  it('by an order with an agent that is gone fails the phase of that agent, and runs the others', async () => {
    const workflow = await resumedAs([phase('a', { agentIds: ['gone'] }), phase('b')])
    expect(workflow).toMatchObject({ status: 'failed', error: 'the agent “gone” does not exist' })
    expect(workflow.phases).toMatchObject([{ status: 'failed' }, { status: 'completed' }])
  })

  it('shows the definition and the input it runs with now', async () => {
    const workflow = await resumedAs([phase('other')], { question: 'another' })
    expect(workflow).toMatchObject({ status: 'completed', input: { question: 'another' } })
    expect(workflow.definition).toMatchObject({ phases: [{ name: 'other' }] })
    expect(workflow.phases).toMatchObject([{ name: 'other', status: 'completed' }])
  })
})

describe('A run that is taken on alone', () => {
  it('is announced, answered, and does the same work as under its workflow', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['ask'])
    const asking = remains(first).run('w1.work.1')
    first.orchestrator.dispose()
    const second = harness(torn.agents, { epoch: 'e2' })
    const order = childOrder(asking, { input: ['ask'], item: 'ask' })
    const payload = { questionId: 'w1.work.1:q1', answer: 'so', order }
    const sent = command('r:w1.work.1', 'answer', payload)
    const replies = await Promise.all([
      second.orchestrator.command(sent),
      second.orchestrator.command({ ...sent, id: 'again' }),
      second.orchestrator.command(command('r:w1.work.1', 'answer', payload)),
    ])
    expect(replies.map(({ kind }) => kind)).toEqual(['delivered', 'delivered', 'rejected'])
    await second.clock.advance(0)
    expect(second.story('r:w1.work.1')).toEqual([
      'run.registered',
      'control.requested',
      'question.settled',
      'checkpoint.saved',
      'run.transitioned running',
      'control.settled',
      'control.requested',
      'control.settled',
      'run.transitioned completed',
    ])
    const { run } = remains(first, second).run('w1.work.1')
    expect(run).toMatchObject({ attempt: 1, result: { preview: '{"item":"ask","answer":"so"}' } })
    expect(second.orchestrator.live('r:w1.work.1')).toBe(false)
    expect(torn.ran.filter((each) => each === 'ask')).toHaveLength(1)
  })

  it('is retried as its next attempt, also when this orchestrator saw it end', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['fail'])
    const failed = remains(first).run('w1.work.1')
    expect(await first.orchestrator.command(command('r:w1.work.1', 'retry'))).toEqual({
      kind: 'rejected',
      reason: 'w1.work.1 is already failed.',
    })
    torn.may.fail = false
    const order = childOrder(failed, { item: 'fail', mode: 'attempt', checkpoint: null })
    expect(await first.orchestrator.command(command('r:w1.work.1', 'retry', { order }))).toEqual({
      kind: 'delivered',
    })
    await first.clock.advance(0)
    expect(remains(first).run('w1.work.1').run).toMatchObject({ status: 'completed', attempt: 2 })
  })

  it('is stopped with the workflow this orchestrator does not know', async () => {
    const torn = crew()
    const first = harness(torn.agents)
    await first.start(graph, ['ask'])
    const order = childOrder(remains(first).run('w1.work.1'), { item: 'ask' })
    first.orchestrator.dispose()
    const second = harness(torn.agents, { epoch: 'e2' })
    await second.orchestrator.command(command('r:w1.work.1', 'resume', { order }))
    expect((await second.orchestrator.command(command('w:w1', 'stop'))).kind).toBe('unknownRun')
    await second.clock.advance(0)
    expect(remains(first, second).run('w1.work.1').run.status).toBe('cancelled')
  })

  it.each<[string, (record: RunRecord) => unknown, RegExp]>([
    ['an agent that is gone', (record) => childOrder(record, { agentId: 'gone' }), /“gone” does not exist/],
    ['no checkpoint', (record) => childOrder(record, { checkpoint: null }), /can be started afresh/],
    ['other work', (record) => childOrder(record, { contentKey: 'k' }), /of other inputs/],
    ['words for a deaf agent', (record) => childOrder(record, { followUps: ['x'] }), /takes no follow-ups/],
    [
      'a lost result',
      (record) =>
        childOrder(record, {
          upstream: [
            {
              phase: 'plan',
              results: [{ runId: 'p', agentId: 'list', result: { preview: '', chars: 9, ref: 'lost' } }],
            },
          ],
        }),
      /The result of p is missing/,
    ],
    ['nonsense', () => ({ mode: 'continue' }), /payload of “resume” cannot be used/],
  ])('by an order with %s is refused, and nothing is told', async (_what, made, reason) => {
    const first = harness(crew().agents)
    await first.start(graph, ['ask'])
    const order = made(remains(first).run('w1.work.1'))
    const second = harness(crew().agents, { epoch: 'e2' })
    expect(await second.orchestrator.command(command('r:w1.work.1', 'resume', { order }))).toEqual({
      kind: 'rejected',
      reason: expect.stringMatching(reason),
    })
    await second.clock.advance(0)
    expect(second.events()).toEqual([])
  })

  it.each(['stop', 'pause', 'resume', 'retry', 'follow_up', 'answer'] as const)(
    'O1 without an order is unknown: %s',
    async (verb) => {
      const { orchestrator, clock, events } = harness()
      const payload = { message: 'x', questionId: 'q', answer: 'a' }
      expect((await orchestrator.command(command('r:ghost', verb, payload))).kind).toBe('unknownRun')
      await clock.advance(0)
      expect(events()).toEqual([])
    },
  )
})

describe('A content key', () => {
  it('is the same in every run of the same work, and another for another config', async () => {
    const keysOf = async (id: 'w:w1' | 'w:w2', config: Json) => {
      const life = harness([{ ...agent('tuned', () => ({ output: 1, summary: '' })), config }])
      const payload = {
        definition: definition([phase('a', { agentIds: ['tuned', echo.id] })]),
        input: { q: 1 },
      }
      await life.orchestrator.command(command(id, 'start', payload))
      await life.clock.advance(0)
      return remains(life).runs.map(({ run }) => run.contentKey)
    }
    const [one, two, other] = [
      await keysOf('w:w1', { model: 'a', top: 1 }),
      await keysOf('w:w2', { top: 1, model: 'a' }),
      await keysOf('w:w1', { model: 'b', top: 1 }),
    ]
    expect(one).toEqual(two)
    expect(one[0]).not.toBe(other[0])
    expect(one[1]).toBe(other[1])
  })
})

describe('A call that changed something', () => {
  it.each([['write'], [undefined]] as const)(
    'R3 with effect %s is not made again by the attempt after, once it has ended; a failed one is',
    async (effect) => {
      const made: string[] = []
      const may = { fail: true }
      const payer = agent('payer', async (context) => {
        const call = (name: string) => {
          const request = { name, label: '', args: null, run: () => act(name), show: String }
          return context.tool(effect === undefined ? request : { ...request, effect })
        }
        const act = (name: string): string => {
          made.push(name)
          if (name === 'ship' && may.fail) throw new Error('no luck')
          return `${name} done`
        }
        return { output: [await call('pay'), await call('ship')], summary: 'Done.' }
      })
      const whole = definition([phase('a', { agentIds: ['payer'] })])
      const first = harness([payer])
      await first.start(whole)
      expect(remains(first).run('w1.a.1').run.status).toBe('failed')
      may.fail = false
      const second = harness([payer], { epoch: 'e2' })
      const { runs } = remains(first)
      first.orchestrator.dispose()
      const order = resumeOrder(whole, null, runs.map(usual))
      await second.orchestrator.command(command('w:w1', 'resume', order))
      await second.clock.advance(0)
      const { run, toolCalls } = remains(first, second).run('w1.a.1')
      expect(run).toMatchObject({
        status: 'completed',
        attempt: 2,
        result: { preview: '["pay done","ship done"]' },
      })
      expect(made).toEqual(['pay', 'ship', 'ship'])
      expect(toolCalls.filter(({ attempt }) => attempt === 2).map(({ name }) => name)).toEqual(['ship'])
    },
  )
})
