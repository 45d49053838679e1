import { describe, expect, it, vi } from 'vitest'
import { agent } from './support/agents.ts'
import { channel, sink } from './support/channel.ts'
import { command, definition, phase } from './support/harness.ts'
import type { ToolRequest } from '../../src/orchestrator/agent.ts'

/** Reads a text and gives it back. */
const reader = (ref: string) =>
  agent('reader', async (context) => ({ output: await context.content.get(ref), summary: 'Read.' }))

const start = command('w:w1', 'start', { definition: definition([phase('a', { agentIds: ['reader'] })]) })

async function outcome(ref: string, read?: (ref: string) => Promise<string | null>) {
  const { source } = channel({ agents: [reader(ref)] })
  const heard = sink()
  source.connect(read === undefined ? heard : { ...heard, read })
  await source.send(start)
  const ended = await Promise.race([
    heard.until('run.transitioned', 'completed'),
    heard.until('run.transitioned', 'failed'),
  ])
  source.dispose()
  return ended.payload
}

describe('A document', () => {
  it('is read by an agent in its worker through the page', async () => {
    expect(await outcome('doc:1')).toMatchObject({
      to: 'completed',
      output: { preview: 'the text of doc:1' },
    })
  })

  it('that the page does not have reads as null', async () => {
    expect(await outcome('gone')).toMatchObject({ to: 'completed', output: { preview: 'null' } })
  })

  it('that cannot be looked up fails the tool, with the reason', async () => {
    const broken = async () => {
      throw new Error('the disk is broken')
    }
    expect(await outcome('doc:1', broken)).toMatchObject({
      to: 'failed',
      error: expect.stringContaining('the disk is broken'),
    })
  })
})

describe('A call', () => {
  /** Makes one call and says what it heard. */
  function caller(effect: ToolRequest<string>['effect']) {
    const made: string[] = []
    const pay = agent('pay', async (context) => {
      const call = {
        name: 'pay',
        label: 'Pay',
        args: null,
        run: () => String(made.push('paid')),
        show: String,
      }
      const output = await context.tool(effect === undefined ? call : { ...call, effect }).catch(String)
      return { output, summary: 'Done.' }
    })
    return { made, pay }
  }
  const startPay = command('w:w1', 'start', { definition: definition([phase('a', { agentIds: ['pay'] })]) })

  it.each([['write'], [undefined]] as const)(
    'R3 of effect %s is made only when the page says that its beginning is on the disk',
    async (effect) => {
      const { made, pay } = caller(effect)
      const { source } = channel({ agents: [pay] })
      const heard = sink()
      const asked: [string, number][] = []
      let kept = (): void => {}
      const durable = (stream: string, position: number): Promise<void> => {
        asked.push([stream, position])
        return new Promise((resolve) => {
          kept = resolve
        })
      }
      source.connect({ ...heard, durable })
      await source.send(startPay)
      const started = await heard.until('tool.started')
      await vi.waitFor(() => expect(asked).toHaveLength(1))
      expect(asked).toEqual([[heard.streams[0]?.id, started.position]])
      expect(made).toEqual([])
      kept()
      await heard.until('run.transitioned', 'completed')
      expect(made).toEqual(['paid'])
      source.dispose()
    },
  )

  it('R3 whose beginning cannot be written is not made, and the agent hears why', async () => {
    const { made, pay } = caller('write')
    const { source } = channel({ agents: [pay] })
    const heard = sink()
    source.connect({ ...heard, durable: () => Promise.reject(new Error('The disk is broken.')) })
    await source.send(startPay)
    const ended = await heard.until('run.transitioned', 'completed')
    expect(made).toEqual([])
    expect(ended.payload).toMatchObject({
      output: { preview: expect.stringContaining('The disk is broken.') },
    })
    expect(heard.events.filter(({ type }) => type === 'tool.finished')).toMatchObject([
      { payload: { status: 'failed' } },
    ])
    source.dispose()
  })

  it('that changes nothing waits for no disk', async () => {
    const { made, pay } = caller('none')
    const { source } = channel({ agents: [pay] })
    const heard = sink()
    source.connect({ ...heard, durable: () => Promise.reject(new Error('never asked')) })
    await source.send(startPay)
    await heard.until('run.transitioned', 'completed')
    expect(made).toEqual(['paid'])
    source.dispose()
  })
})
