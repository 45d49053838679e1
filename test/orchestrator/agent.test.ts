import { describe, expect, it } from 'vitest'
import type { AgentContext, ToolRequest } from '../../src/orchestrator/agent.ts'
import { agent, definition, gate, harness, phase, throwing } from './support/harness.ts'

const one = (id: string) => definition([phase('a', { agentIds: [id] })])

function tool(changes: Partial<ToolRequest<string>> = {}): ToolRequest<string> {
  return {
    name: 'search',
    label: 'Search the shelf',
    args: { q: 'x' },
    run: () => 'found',
    show: (result) => `It ${result}.`,
    ...changes,
  }
}

const done = { output: null, summary: 'Done.' }

describe('A tool call', () => {
  it('is a row with its arguments, its result as shown, and its time', async () => {
    const busy = agent('busy', async (context) => {
      context.iteration(3)
      const result = await context.tool(tool({ run: () => wait.opened.then(() => 'found') }))
      return { output: result, summary: '' }
    })
    const wait = gate()
    const { start, clock, folded } = harness([busy])
    await start(one('busy'))
    expect(folded().run('w1.a.1').toolCalls).toMatchObject([{ status: 'running', iteration: 1 }])
    await clock.advance(120)
    wait.open()
    await clock.advance(0)
    const { run, toolCalls, telemetry } = folded().run('w1.a.1')
    expect(toolCalls).toEqual([
      {
        id: '1:1:c1',
        callId: 'c1',
        attempt: 1,
        iteration: 1,
        ordinal: 1,
        name: 'search',
        label: 'Search the shelf',
        effect: null,
        status: 'completed',
        inferred: false,
        args: { preview: '{"q":"x"}', chars: 9, ref: null },
        output: { preview: 'It found.', chars: 9, ref: null },
        failure: null,
        startedAt: clock.now() - 120,
        elapsedMs: 120,
        outputChars: 9,
      },
    ])
    expect(run).toMatchObject({ iteration: 1, maxIterations: 3, output: { preview: 'found' } })
    expect(telemetry).toMatchObject({ toolCount: 1, inputTokens: null, costUsd: null })
  })

  it.each<[string, Partial<ToolRequest<string>>, string]>([
    ['throws', { run: throwing(new Error('offline')) }, 'offline'],
    ['rejects', { run: () => Promise.reject(new Error('offline')) }, 'offline'],
    [
      'cannot be shown',
      { show: () => 7 as unknown as string },
      'The result of search was not shown as text.',
    ],
  ])('that %s is a failed row, and the agent hears of it', async (_how, changes, failure) => {
    const heard: string[] = []
    const careful = agent('careful', async (context) => {
      await context.tool(tool(changes)).catch((error: Error) => heard.push(error.message))
      return done
    })
    const { start, folded } = harness([careful])
    await start(one('careful'))
    const { run, toolCalls, telemetry } = folded().run('w1.a.1')
    expect(toolCalls).toMatchObject([{ status: 'failed', failure, output: null }])
    expect(telemetry.toolErrorCount).toBe(1)
    expect(heard).toEqual([failure])
    expect(run.status).toBe('completed')
  })

  it.each<[string, Partial<ToolRequest<string>>]>([
    ['arguments that are no data', { args: (() => {}) as unknown as null }],
    ['a name that is none', { name: 5 as unknown as string }],
    ['a label that is none', { label: {} as unknown as string }],
  ])('with %s fails the run and leaves no row', async (_what, changes) => {
    const { start, folded } = harness([agent('junk', (context) => context.tool(tool(changes)))])
    await start(one('junk'))
    expect(folded().run('w1.a.1').toolCalls).toEqual([])
    expect(folded().run('w1.a.1').run.status).toBe('failed')
  })

  it('that nobody waited for ends with the run, and never as an unhandled rejection', async () => {
    const careless = agent('careless', async (context) => {
      void context.tool(tool({ run: () => new Promise(() => {}) }))
      await Promise.resolve()
      await context.tool(tool({ name: 'other' }))
      void context.tool(tool({ name: 'never' }))
      return done
    })
    const { start, folded } = harness([careless])
    await start(one('careless'))
    const { run, toolCalls } = folded().run('w1.a.1')
    expect(run.status).toBe('completed')
    expect(toolCalls).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'search',
          status: 'cancelled',
          inferred: false,
          failure: 'The run ended before the call did.',
        }),
      ]),
    )
  })

  it('begun in the very moment its run ends leaves nothing behind that came too late', async () => {
    for (let turns = 0; turns < 20; turns += 1) {
      const racer = agent('racer', async (context) => {
        const ending = (async () => {
          for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
        })()
        void ending.then(() => context.tool(tool())).catch(() => {})
        void ending.then(() => context.ask({ prompt: '?', options: [] })).catch(() => {})
        for (let turn = 0; turn < 8; turn += 1) await Promise.resolve()
        return done
      })
      const { start, folded } = harness([racer])
      await start(one('racer'))
      // Folding asserts that no event was late.
      expect(['completed', 'failed']).toContain(folded().run('w1.a.1').run.status)
    }
  })

  it('keeps the length of a result that is too long to keep', async () => {
    const long = agent('long', async (context) => {
      await context.tool(tool({ show: () => 'x'.repeat(2_200_000) }))
      return done
    })
    const { start, folded } = harness([long])
    await start(one('long'))
    const [call] = folded().run('w1.a.1').toolCalls
    expect(call?.outputChars).toBe(2_200_000)
    expect(call?.output?.chars).toBe(2_200_000)
    expect(call?.output?.preview).toHaveLength(2 * 1024 * 1024)
  })
})

describe('An agent', () => {
  it('keeps what it produced and says what is never stored', async () => {
    const writer = agent('writer', (context) => {
      context.say('Thinking aloud.')
      context.say('')
      context.artifact('report.md', 'text/markdown', '# Report')
      return done
    })
    const { start, folded, events } = harness([writer])
    await start(one('writer'))
    expect(folded().run('w1.a.1').run.artifacts).toMatchObject([
      { name: 'report.md', mediaType: 'text/markdown', content: { preview: '# Report' } },
    ])
    expect(events().filter(({ type }) => type === 'text.delta')).toMatchObject([
      { log: 'r:w1.a.1', payload: { kind: 'text', text: 'Thinking aloud.' } },
    ])
  })

  it('is heard no more once its run is over', async () => {
    let kept: AgentContext | null = null
    const leaver = agent('leaver', (context) => {
      kept = context
      return done
    })
    const { start, clock, events } = harness([leaver])
    await start(one('leaver'))
    const said = events().length
    const late = kept as unknown as AgentContext
    late.say('still here')
    late.iteration()
    late.artifact('a', 'text/plain', 'b')
    await expect(late.tool(tool())).rejects.toThrow('the run has ended')
    await expect(late.ask({ prompt: '?', options: [] })).rejects.toThrow('the run has ended')
    await clock.advance(10)
    expect(events()).toHaveLength(said)
  })
})
