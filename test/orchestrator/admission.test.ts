import { describe, expect, it } from 'vitest'
import { createOrchestrator } from '../../src/orchestrator/engine.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { agent, definition, echo, harness, noContent, phase } from './support/harness.ts'

describe('A workflow', () => {
  it('is not started when its definition is wrong, and nothing is written', async () => {
    const { start, events } = harness()
    const reply = await start(definition([phase('a', { agentIds: ['nobody'] })], { concurrency: 0 }))
    expect(reply).toEqual({
      kind: 'rejected',
      reason:
        'concurrency is not a whole number of at least 1. ' +
        'Phase “a” names the agent “nobody”, which does not exist.',
    })
    expect(events()).toEqual([])
  })

  it('is not started when it could not be recorded: too large, unusable ids, or twice', async () => {
    const { start, events, orchestrator } = harness()
    const graph = definition([phase('a')])
    expect(await start(graph, 'x'.repeat(40_000))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining('cannot be recorded as workflow.registered'),
    })
    const long = `w:${'x'.repeat(190)}` as const
    expect(orchestrator.start(long, { definition: graph })).toMatchObject({ kind: 'rejected' })
    expect(orchestrator.start('w:', { definition: graph })).toMatchObject({ kind: 'rejected' })
    const thread = { definition: graph, parentThreadId: ' ' }
    expect(orchestrator.start('w:w2', thread)).toMatchObject({ kind: 'rejected' })
    expect(events()).toEqual([])
    expect(await start(graph)).toEqual({ kind: 'delivered' })
    expect(await start(graph)).toEqual({ kind: 'rejected', reason: 'w1 was already started.' })
  })
})

describe('An orchestrator', () => {
  it('refuses two agents of one id', () => {
    const twice = {
      epoch: 'e',
      agents: [echo, echo],
      clock: manualClock(),
      content: noContent,
      emit: () => {},
    }
    expect(() => createOrchestrator(twice)).toThrow('same id')
  })
})

describe('The stream of an orchestrator', () => {
  it('is one for all its runs, without holes, one batch a tick', async () => {
    const { orchestrator, clock, events, batches, folded } = harness()
    const graph = definition([phase('a', { agentIds: ['echo', 'echo'] }), phase('b', { dependsOn: ['a'] })])
    orchestrator.start('w:w1', { definition: graph })
    orchestrator.start('w:w2', { definition: graph })
    await clock.advance(5)
    expect(orchestrator.stream).toEqual({ id: 'local:e1', contiguous: true, first: 1, kind: 'live' })
    expect(new Set(events().map(({ log }) => log)).size).toBe(8)
    expect(folded().workflow('w2').workflow.status).toBe('completed')
    expect(batches.length).toBeLessThan(events().length / 2)
    expect(batches[0]?.length).toBeGreaterThan(10)
  })

  it('ends with its orchestrator: work is aborted and nothing more is said', async () => {
    let reason: unknown = null
    const forever = agent('forever', (context) => {
      context.signal.addEventListener('abort', () => {
        reason = context.signal.reason
      })
      return context.tool({
        name: 't',
        label: '',
        args: null,
        run: () => new Promise(() => {}),
        show: () => '',
      })
    })
    const { start, orchestrator, clock, events } = harness([forever])
    await start(definition([phase('a', { agentIds: ['forever', 'forever'] })], { concurrency: 1 }))
    const said = events().length
    orchestrator.dispose()
    await clock.advance(0)
    expect(String(reason)).toBe('AbortError: its owner went away')
    expect(events()).toHaveLength(said)
  })
})
