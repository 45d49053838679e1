import { describe, expect, it } from 'vitest'
import { agent } from './support/agents.ts'
import { channel, sink } from './support/channel.ts'
import { command, definition, phase } from './support/harness.ts'

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
