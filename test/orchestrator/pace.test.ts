import { describe, expect, it } from 'vitest'
import type { RawEvent } from '../../src/core/events.ts'
import { agent, command, definition, harness, phase } from './support/harness.ts'

const reader = agent('reader', async (context, { item }) => {
  for (let round = 0; round < 2; round += 1) {
    context.iteration(2)
    context.say('I am going to read this page and then the next one, slowly and with care.')
    await context.tool({
      name: 'read',
      label: 'Read',
      args: { item },
      run: () => 'text',
      show: (text) => text,
    })
  }
  context.artifact('notes', 'text/plain', `Notes on ${String(item)}`)
  if (item === 3) throw new Error('unreadable')
  return { output: item, summary: `Read ${String(item)}.` }
})
const list = agent('list', () => ({ output: [1, 2, 3, 4], summary: 'Four.' }))
const graph = definition(
  [
    phase('list', { agentIds: ['list'] }),
    phase('read', { agentIds: ['reader'], forEach: 'list', dependsOn: ['list'] }),
    phase('aside', { agentIds: ['reader', 'list'] }),
  ],
  { concurrency: 2 },
)

/** Each log as its durable events without the clock's share in them. */
function timeless(events: readonly RawEvent[]) {
  const logs: Record<string, unknown[]> = {}
  for (const { log, type, payload } of events) {
    if (type === 'text.delta') continue
    const { elapsedMs: _, ...rest } = payload as { elapsedMs?: number }
    logs[log] = [...(logs[log] ?? []), { type, ...rest }]
  }
  // Which of two independent phases is quicker is the clock's share as well.
  const byContent = (each: unknown) => JSON.stringify(each)
  return { ...logs, 'w:w1': (logs['w:w1'] ?? []).map(byContent).toSorted() }
}

describe('Pace', () => {
  it('changes nothing that is kept, except times', async () => {
    const fast = harness([reader, list])
    await fast.start(graph)
    const slow = harness([reader, list], { pace: 400 })
    await slow.start(graph)
    expect(slow.folded().workflow('w1').workflow.status).toBe('running')
    await slow.clock.advance(60_000)
    expect(slow.folded().workflow('w1').workflow.status).toBe('failed')
    expect(timeless(slow.events())).toEqual(timeless(fast.events()))
  })

  it('waits before a run begins and before each of its tool calls', async () => {
    const { start, clock, story } = harness([reader], { pace: 100 })
    await start(definition([phase('a', { agentIds: ['reader'] })]))
    expect(story('r:w1.a.1')).toEqual(['run.registered', 'run.transitioned starting'])
    await clock.advance(100)
    expect(story('r:w1.a.1').slice(2)).toEqual([
      'run.transitioned running',
      'iteration.started',
      'text.delta',
    ])
    await clock.advance(200)
    expect(story('r:w1.a.1').filter((type) => type === 'tool.started')).toHaveLength(1)
  })

  it('lets what is said appear piece by piece', async () => {
    const { start, clock, events } = harness([reader], { pace: 100 })
    await start(definition([phase('a', { agentIds: ['reader'] })]))
    await clock.advance(10_000)
    const said = events()
      .filter(({ type }) => type === 'text.delta')
      .map(({ payload }) => (payload as { text: string }).text)
    expect(said.length).toBeGreaterThan(6)
    const sentence = 'I am going to read this page and then the next one, slowly and with care.'
    expect(said.join('')).toBe(sentence.repeat(2))
  })

  it('ends at once when it is set to none', async () => {
    const { start, clock, orchestrator, folded } = harness([reader], { pace: 1_000_000 })
    await start(definition([phase('a', { agentIds: ['reader'] })]))
    orchestrator.setPace(0)
    await clock.advance(0)
    expect(folded().workflow('w1').workflow.status).toBe('completed')
    expect(clock.waiting()).toBe(0)
  })

  it('holds nothing up when a run is stopped', async () => {
    const { start, clock, orchestrator, folded } = harness([reader], { pace: 1_000_000 })
    await start(definition([phase('a', { agentIds: ['reader'] })]))
    await orchestrator.command(command('w:w1', 'stop'))
    await clock.advance(0)
    expect(folded().run('w1.a.1').run.status).toBe('cancelled')
    expect(clock.waiting()).toBe(0)
  })
})
