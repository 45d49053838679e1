import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { readToPage, readToWorker } from '../../src/orchestrator/protocol.ts'
import type { MessagePortLike } from '../../src/orchestrator/protocol.ts'
import { orchestratorSource } from '../../src/orchestrator/source.ts'
import { serveOrchestrator } from '../../src/orchestrator/worker.ts'
import { systemClock } from '../../src/platform/browser.ts'
import { createLockRegistry, memoryLocks } from '../../src/platform/memoryLocks.ts'
import { channel, ends, sink } from './support/channel.ts'
import { command, definition, echo, phase } from './support/harness.ts'

const start = command('w:w1', 'start', { definition: definition([phase('a')]) })

/** What arrives at a port. */
function heard(port: MessagePortLike): unknown[] {
  const messages: unknown[] = []
  port.addEventListener('message', ({ data }) => messages.push(data))
  port.start?.()
  return messages
}

function serve(worker: MessagePortLike, locks = memoryLocks()) {
  const ids = { next: () => 'e1' }
  return serveOrchestrator({
    agents: [echo],
    scope: worker,
    clock: systemClock,
    locks,
    ids,
  })
}

describe('A message', () => {
  it('of somebody else is not our business', () => {
    for (const data of [null, 7, 'hello', { kind: 'hello', epoch: 'e' }, { type: 'webpackOk' }]) {
      expect(readToPage(data)).toEqual({ kind: 'foreign' })
      expect(readToWorker(data)).toEqual({ kind: 'foreign' })
    }
  })

  it('of ours that cannot be read is named, with the request it belongs to', () => {
    expect(readToWorker({ runLedger: 2, kind: 'ask', requestId: 3, logs: ['x'] })).toEqual({
      kind: 'bad',
      reason: 'a message that cannot be read: logs.0 not a log id',
      requestId: 3,
    })
    expect(readToPage({ runLedger: 1, kind: 'hello', epoch: 'e' })).toEqual({
      kind: 'bad',
      reason: 'a message of protocol version 1, this is version 2',
      requestId: null,
    })
  })

  it('never throws when it is read, whatever it is', () => {
    const near = fc.record(
      {
        runLedger: fc.constantFrom(1, 2),
        kind: fc.constantFrom('hello', 'events', 'ask', 'command', 'delivery', 'live', 'failed', 'pace', 'x'),
        requestId: fc.anything(),
        epoch: fc.anything(),
        events: fc.anything(),
        command: fc.anything(),
        delivery: fc.anything(),
        logs: fc.array(fc.string()),
      },
      { requiredKeys: ['runLedger'] },
    )
    fc.assert(
      fc.property(fc.oneof(near, fc.anything()), (data) => {
        expect(['message', 'foreign', 'bad']).toContain(readToPage(data).kind)
        expect(['message', 'foreign', 'bad']).toContain(readToWorker(data).kind)
      }),
      { numRuns: 500 },
    )
  })
})

describe('A served orchestrator', () => {
  it('says and emits nothing before it holds the lock of its epoch, and then does what was asked', async () => {
    const registry = createLockRegistry()
    const release = await memoryLocks(registry).hold('run-ledger:epoch:e1')
    const { page, worker } = ends()
    const messages = heard(page)
    const served = serve(worker, memoryLocks(registry))
    page.postMessage({ runLedger: 2, kind: 'command', requestId: 1, command: start })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(messages).toEqual([])
    release()
    await vi.waitFor(() => expect(messages.length).toBeGreaterThan(2))
    expect(messages[0]).toMatchObject({ runLedger: 2, kind: 'hello', epoch: 'e1', agents: [{ id: 'echo' }] })
    expect(messages).toContainEqual({
      runLedger: 2,
      kind: 'delivery',
      requestId: 1,
      delivery: { kind: 'delivered' },
    })
    served.dispose()
  })

  it('does not begin when its lock is refused: others would take its runs for dead', async () => {
    const locks = { ...memoryLocks(), hold: () => Promise.reject(new Error('denied')) }
    const { source } = channel({ workerLocks: locks })
    const into = sink()
    source.connect(into)
    await expect(source.send(start)).rejects.toThrow('The lock of its epoch was refused: denied')
    expect(into.statuses.at(-1)?.state).toBe('disconnected')
  })

  it('answers what it cannot read, ignores what is not for it, and goes on', async () => {
    const { page, worker } = ends()
    const messages = heard(page)
    const served = serve(worker)
    page.postMessage({ some: 'thing' })
    page.postMessage({ runLedger: 2, kind: 'ask', requestId: 4, logs: 'all' })
    page.postMessage({ runLedger: 2, kind: 'pace', ms: 'fast' })
    page.postMessage({ runLedger: 2, kind: 'ask', requestId: 5, logs: ['w:w1'] })
    await vi.waitFor(() => expect(messages).toHaveLength(4))
    expect(messages).toMatchObject([
      { kind: 'hello' },
      { kind: 'failed', requestId: 4 },
      { kind: 'failed', requestId: null },
      { kind: 'live', requestId: 5, live: [] },
    ])
    served.dispose()
  })

  it('frees its lock when it is disposed of while it waits for it', async () => {
    const registry = createLockRegistry()
    const release = await memoryLocks(registry).hold('run-ledger:epoch:e1')
    const { worker } = ends()
    serve(worker, memoryLocks(registry)).dispose()
    release()
    await expect.poll(() => [...registry.keys()]).toEqual([])
  })
})

describe('A source', () => {
  it('is disconnected by a worker of another version', async () => {
    const { page, worker } = ends()
    const source = orchestratorSource(page, { locks: memoryLocks() })
    const into = sink()
    source.connect(into)
    worker.postMessage({ runLedger: 1, kind: 'hello', epoch: 'e1' })
    expect(await into.untilStatus('disconnected')).toEqual({
      state: 'disconnected',
      error: 'The orchestrator sent a message of protocol version 1, this is version 2.',
    })
  })

  it('takes no harm from nonsense after hello, and says that there was some', async () => {
    const { page, worker } = ends()
    const source = orchestratorSource(page, { locks: memoryLocks() })
    const into = sink()
    source.connect(into)
    const sent = source.send(start)
    worker.postMessage({ runLedger: 2, kind: 'hello', epoch: 'e1', agents: [] })
    worker.postMessage({ runLedger: 2, kind: 'events', events: 'none' })
    worker.postMessage({ runLedger: 2, kind: 'delivery', requestId: 99, delivery: { kind: 'delivered' } })
    worker.postMessage({ runLedger: 2, kind: 'delivery', requestId: 1, delivery: { kind: 'maybe' } })
    await expect(sent).rejects.toThrow('cannot be read: delivery')
    expect(into.statuses.at(-1)).toMatchObject({
      state: 'connected',
      error: expect.stringContaining('events'),
    })
    source.dispose()
    worker.close?.()
  })
})
