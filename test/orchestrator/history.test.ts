import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeCheckpoint } from '../../src/core/checkpoint.ts'
import type { CheckpointState } from '../../src/core/checkpoint.ts'
import type { Json } from '../../src/core/entities.ts'
import type { Agent, AgentContext } from '../../src/orchestrator/agent.ts'
import { agent, command, definition, foldLives, harness, phase } from './support/harness.ts'
import { checkpointOf, childOrder, textOf } from './support/orders.ts'

const one = (id: string) => definition([phase('a', { agentIds: [id] })])
const RUN = 'r:w1.a.1' as const

/** Counts what is really carried out. */
function world() {
  const executed: string[] = []
  const tool = (context: AgentContext, name: string, turns = 0): Promise<string> =>
    context.tool({
      name,
      label: name,
      args: { name },
      effect: 'write',
      async run() {
        executed.push(name)
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
        if (name.includes('bad')) throw new Error(`${name} is broken`)
        return `${name}!`
      },
      show: String,
    })
  return { executed, tool }
}

type Step = 'tool' | 'bad' | 'ask' | 'iteration' | 'say' | 'artifact' | 'pair' | 'race'

/** An agent that goes through a script and returns all it heard. */
function scripted(steps: readonly Step[], { tool }: ReturnType<typeof world>): Agent {
  return agent('scripted', async (context) => {
    const heard: Json[] = []
    const chain = async (name: string, turns: number): Promise<void> => {
      heard.push(await tool(context, `${name}1`, turns))
      heard.push(await tool(context, `${name}2`))
    }
    for (const [index, step] of steps.entries()) {
      const name = `${step}${index}`
      if (step === 'tool') heard.push(await tool(context, name))
      if (step === 'bad') heard.push(await tool(context, name).catch((error: Error) => error.message))
      if (step === 'ask') heard.push(await context.ask({ prompt: name, options: [] }))
      if (step === 'iteration') context.iteration(9)
      if (step === 'say') context.say(name)
      if (step === 'artifact') context.artifact(name, 'text/plain', name)
      // The first takes longer: what comes back in another order is told in that order again.
      if (step === 'pair') await Promise.all([chain(`${name}x`, 9), chain(`${name}y`, 2)])
      if (step === 'race')
        heard.push(await Promise.race([tool(context, `${name}x`, 9), tool(context, `${name}y`)]))
    }
    return { output: heard, summary: 'Done.' }
  })
}

/** Answers questions in order until it waits for one it has no answer to. */
async function answerAll(life: ReturnType<typeof harness>, from: number, until: number): Promise<void> {
  for (let number = from; number <= until; number += 1) {
    const answer = { questionId: `w1.a.1:q${number}`, answer: `answer ${number}` }
    expect(await life.orchestrator.command(command(RUN, 'answer', answer))).toEqual({ kind: 'delivered' })
    await life.clock.advance(0)
  }
}

const step = fc.constantFrom<Step>('tool', 'bad', 'ask', 'iteration', 'say', 'artifact', 'pair')

describe('A worker that waits', () => {
  it('R1 goes on from its checkpoint under another owner as if nothing had happened', async () => {
    const scripts = fc.array(step, { minLength: 1, maxLength: 12 }).chain((steps) => {
      const asks = steps.filter((each) => each === 'ask').length
      return fc.record({ steps: fc.constant([...steps, 'ask' as const]), cut: fc.nat(asks) })
    })
    await fc.assert(
      fc.asyncProperty(scripts, async ({ steps, cut }) => {
        const asks = steps.filter((each) => each === 'ask').length
        const calm = world()
        const undisturbed = harness([scripted(steps, calm)])
        await undisturbed.start(one('scripted'))
        await answerAll(undisturbed, 1, asks)
        const expected = undisturbed.folded().run('w1.a.1')
        expect(expected.run.status).toBe('completed')

        const torn = world()
        const first = harness([scripted(steps, torn)])
        await first.start(one('scripted'))
        await answerAll(first, 1, cut)
        const left = first.folded().run('w1.a.1')
        expect(left.run.status).toBe('awaiting_user')
        first.orchestrator.dispose()

        const second = harness([scripted(steps, torn)], { epoch: 'e2' })
        const answer = {
          questionId: `w1.a.1:q${cut + 1}`,
          answer: `answer ${cut + 1}`,
          order: childOrder(left),
        }
        expect(await second.orchestrator.command(command(RUN, 'answer', answer))).toEqual({
          kind: 'delivered',
        })
        await second.clock.advance(0)
        await answerAll(second, cut + 2, asks)

        const both = foldLives([
          { events: first.events(), stream: first.orchestrator.stream.id },
          { events: second.events(), stream: second.orchestrator.stream.id },
        ]).run('w1.a.1')
        expect(torn.executed).toEqual(calm.executed)
        expect(both.run).toMatchObject({
          status: 'completed',
          attempt: 1,
          result: expected.run.result,
          iteration: expected.run.iteration,
        })
        expect(both.run.artifacts.map(({ name }) => name)).toEqual(
          expected.run.artifacts.map(({ name }) => name),
        )
        expect(both.telemetry.toolCount).toBe(expected.telemetry.toolCount)
        expect(both.questions.map(({ answer: given }) => given)).toEqual(
          expected.questions.map(({ answer: given }) => given),
        )
        expect(second.events().filter(({ type }) => type === 'iteration.started').length).toBe(
          undisturbed.events().filter(({ type }) => type === 'iteration.started').length -
            first.events().filter(({ type }) => type === 'iteration.started').length,
        )
        expect(second.clock.waiting()).toBe(0)
      }),
      { numRuns: 20 },
    )
  })

  it('R1 is told what raced in the order it came', async () => {
    const torn = world()
    const steps: Step[] = ['race', 'ask']
    const first = harness([scripted(steps, torn)])
    await first.start(one('scripted'))
    const left = first.folded().run('w1.a.1')
    first.orchestrator.dispose()
    const second = harness([scripted(steps, torn)], { epoch: 'e2' })
    const answer = { questionId: 'w1.a.1:q1', answer: 'so', order: childOrder(left) }
    await second.orchestrator.command(command(RUN, 'answer', answer))
    await second.clock.advance(0)
    expect(torn.executed).toEqual(['race0x', 'race0y'])
    const settled = second.events().findLast(({ type }) => type === 'run.transitioned')
    expect(settled?.payload).toMatchObject({ to: 'completed', result: { preview: '["race0y!","so"]' } })
  })

  it('R1 cut off after its answer begins its next attempt from there', async () => {
    const torn = world()
    const steps: Step[] = ['tool', 'ask', 'iteration', 'ask']
    const first = harness([scripted(steps, torn)])
    await first.start(one('scripted'))
    await answerAll(first, 1, 1)
    const left = first.folded().run('w1.a.1')
    first.orchestrator.dispose()
    const second = harness([scripted(steps, torn)], { epoch: 'e2' })
    await second.orchestrator.command(command(RUN, 'retry', { order: childOrder(left, { mode: 'attempt' }) }))
    await second.clock.advance(0)
    expect(second.story(RUN)).toEqual([
      'run.attempt_started',
      'checkpoint.saved',
      'run.transitioned starting',
      'control.requested',
      'control.settled',
      'run.transitioned running',
      'iteration.started',
      'question.asked',
      'checkpoint.saved',
      'run.transitioned awaiting_user',
    ])
    const again = { questionId: 'w1.a.1:2-q2', answer: 'second' }
    expect((await second.orchestrator.command(command(RUN, 'answer', again))).kind).toBe('delivered')
    await second.clock.advance(0)
    const { run } = foldLives([
      { events: first.events(), stream: first.orchestrator.stream.id },
      { events: second.events(), stream: second.orchestrator.stream.id },
    ]).run('w1.a.1')
    expect(run).toMatchObject({
      status: 'completed',
      attempt: 2,
      result: { preview: '["tool0!","answer 1","second"]' },
    })
    expect(torn.executed).toEqual(['tool0'])
  })
})

describe('A checkpoint', () => {
  const other: Record<string, (context: AgentContext, tools: ReturnType<typeof world>) => Promise<unknown>> =
    {
      'calls another tool': (context, { tool }) => tool(context, 'other'),
      'asks where it called': (context) => context.ask({ prompt: '?', options: [] }),
      'calls with other arguments': (context) =>
        context.tool({ name: 'tool0', label: '', args: 7, run: () => 'x', show: String }),
      'returns too early': async () => ({ output: null, summary: '' }),
      'calls more before it asks': async (context, { tool }) => {
        await tool(context, 'tool0')
        await tool(context, 'more')
      },
      'hides its errors': (context, { tool }) =>
        tool(context, 'other').catch(() => ({ output: 1, summary: '' })),
    }

  it.each(Object.keys(other))(
    'R1 of an agent that now %s does not fit: it fails, says so, and does nothing',
    async (what) => {
      const torn = world()
      const first = harness([scripted(['tool', 'ask'], torn)])
      await first.start(one('scripted'))
      const left = first.folded().run('w1.a.1')
      first.orchestrator.dispose()
      const changed = agent('scripted', (context) => other[what]?.(context, torn))
      const second = harness([changed], { epoch: 'e2' })
      await second.orchestrator.command(command(RUN, 'resume', { order: childOrder(left) }))
      await second.clock.advance(60_000)
      const { run } = foldLives([
        { events: first.events(), stream: first.orchestrator.stream.id },
        { events: second.events(), stream: second.orchestrator.stream.id },
      ]).run('w1.a.1')
      expect(run.status).toBe('failed')
      expect(run.error).toMatch(/^Its checkpoint does not fit: .*\. It can be started afresh\.$/)
      expect(run.checkpoint).toBeNull()
      expect(torn.executed).toEqual(['tool0'])
    },
  )

  it.each<[string, (state: CheckpointState) => string, RegExp]>([
    ['cut short', (state) => encodeCheckpoint(state).slice(0, -9), /cannot be read/],
    ['changed', (state) => encodeCheckpoint(state).replace('tool0!', 'tool1!'), /is damaged/],
    ['of another run', (state) => encodeCheckpoint({ ...state, runId: 'x' }), /belongs to x/],
    ['of another attempt', (state) => encodeCheckpoint({ ...state, attempt: 7 }), /of attempt 7/],
    [
      'of another question',
      (state) => encodeCheckpoint({ ...state, questionId: 'w1.a.1:q9' }),
      /does not wait/,
    ],
  ])('R1 that is %s is refused, and nothing is told', async (_how, spoil, reason) => {
    const torn = world()
    const first = harness([scripted(['tool', 'ask'], torn)])
    await first.start(one('scripted'))
    const left = first.folded().run('w1.a.1')
    first.orchestrator.dispose()
    const second = harness([scripted(['tool', 'ask'], torn)], { epoch: 'e2' })
    const { state } = JSON.parse(checkpointOf(left).preview) as { state: CheckpointState }
    const order = childOrder(left, { checkpoint: textOf(spoil(state)) })
    const payload = { questionId: 'w1.a.1:q1', answer: 'so', order }
    expect(await second.orchestrator.command(command(RUN, 'answer', payload))).toEqual({
      kind: 'rejected',
      reason: expect.stringMatching(reason),
    })
    await second.clock.advance(0)
    expect(second.events()).toEqual([])
    expect(second.orchestrator.live(RUN)).toBe(false)
  })

  it.each<[string, () => unknown]>([
    ['is no plain data', () => new Date(0)],
    ['is nothing', () => undefined],
    ['is too large', () => ['x'.repeat(1_500_000), 'y'.repeat(1_500_000)]],
  ])('is not kept when a result %s, and the agent goes on', async (_what, run) => {
    const odd = agent('odd', async (context) => {
      await context.ask({ prompt: 'first', options: [] })
      await context.tool({ name: 't', label: '', args: null, run, show: () => '' })
      return { output: await context.ask({ prompt: 'second', options: [] }), summary: '' }
    })
    const life = harness([odd])
    await life.start(one('odd'))
    expect(life.folded().run('w1.a.1').run.checkpoint).not.toBeNull()
    await answerAll(life, 1, 1)
    expect(life.folded().run('w1.a.1').run).toMatchObject({ status: 'awaiting_user', checkpoint: null })
    await answerAll(life, 2, 2)
    expect(life.folded().run('w1.a.1').run.status).toBe('completed')
  })
})

describe('A follow-up', () => {
  const listener: Agent = {
    ...agent('listener', async (context, { followUps }) => {
      const heard: Json[] = [[...followUps]]
      for (const prompt of ['1?', '2?']) {
        heard.push(await context.ask({ prompt, options: [] }))
        heard.push([...context.followUps()])
      }
      return { output: heard, summary: '' }
    }),
    takesFollowUps: true,
  }
  const followUp = (message: string, order?: unknown) => command(RUN, 'follow_up', { message, order })

  it('is handed out once, and again at the same place when its worker is continued', async () => {
    const first = harness([listener])
    await first.start(one('listener'))
    expect(await first.orchestrator.command(followUp('early'))).toEqual({ kind: 'delivered' })
    await answerAll(first, 1, 1)
    await first.orchestrator.command(followUp('late'))
    await first.clock.advance(0)
    const left = first.folded().run('w1.a.1')
    first.orchestrator.dispose()
    const second = harness([listener], { epoch: 'e2' })
    const answer = { questionId: 'w1.a.1:q2', answer: 'answer 2', order: childOrder(left) }
    await second.orchestrator.command(command(RUN, 'answer', answer))
    await second.clock.advance(0)
    const settled = second.events().findLast(({ type }) => type === 'run.transitioned')
    expect(settled?.payload).toMatchObject({
      to: 'completed',
      result: { preview: '[[],"answer 1",["early"],"answer 2",["late"]]' },
    })
  })

  it('to a run that has ended opens its next attempt', async () => {
    const first = harness([listener])
    await first.start(one('listener'))
    await answerAll(first, 1, 2)
    const left = first.folded().run('w1.a.1')
    expect(left.run.status).toBe('completed')
    const order = childOrder(left, { mode: 'attempt', checkpoint: null })
    expect(await first.orchestrator.command(followUp('And then?', order))).toEqual({ kind: 'delivered' })
    await first.clock.advance(0)
    expect(first.folded().run('w1.a.1').run).toMatchObject({ status: 'awaiting_user', attempt: 2 })
    for (const number of [1, 2]) {
      const answer = { questionId: `w1.a.1:2-q${number}`, answer: 'x' }
      expect((await first.orchestrator.command(command(RUN, 'answer', answer))).kind).toBe('delivered')
      await first.clock.advance(0)
    }
    expect(first.folded().run('w1.a.1').run).toMatchObject({
      status: 'completed',
      result: { preview: '[["And then?"],"x",[],"x",[]]' },
    })
  })
})
