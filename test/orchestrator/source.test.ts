import { afterEach, describe, expect, it } from 'vitest'
import { COMMAND_VERBS } from '../../src/core/commands.ts'
import { fingerprintOf } from '../../src/core/contentKey.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { Evidence, Locks } from '../../src/core/ports.ts'
import { orchestratorSource } from '../../src/orchestrator/source.ts'
import type { OrchestratorSource } from '../../src/orchestrator/source.ts'
import { createLockRegistry, memoryLocks } from '../../src/platform/memoryLocks.ts'
import { channel, ends, sink } from './support/channel.ts'
import { agent, command, definition, fold, phase } from './support/harness.ts'

const asker = agent('asker', (context) => context.ask({ prompt: 'Well?', options: [] }))
const startOf = (id: string) =>
  command(`w:${id}`, 'start', {
    definition: definition([phase('a', { agentIds: [id === 'w1' ? 'echo' : 'asker'] })]),
  })

const open: OrchestratorSource[] = []
const kept = <Opened extends { source: OrchestratorSource }>(opened: Opened): Opened => {
  open.push(opened.source)
  return opened
}
afterEach(() => {
  for (const source of open.splice(0)) source.dispose()
})

describe('The local orchestrator as a source', () => {
  it('connects, carries out a command and hands over one contiguous stream', async () => {
    const { source } = kept(channel({ epoch: 'e1' }))
    const into = sink()
    source.connect(into)
    expect(into.statuses).toEqual([{ state: 'connecting', error: null }])
    expect(await source.send(startOf('w1'))).toEqual({ kind: 'delivered' })
    await into.until('workflow.transitioned', 'completed')
    expect(into.statuses.at(-1)).toEqual({ state: 'connected', error: null })
    expect(into.streams[0]).toEqual({ id: 'local:e1', contiguous: true, first: 1, kind: 'live' })
    expect(fold(into.events, 'local:e1').run('w1.a.1').run.status).toBe('completed')
  })

  it('declares its verbs, all of them safe to send twice', () => {
    const { source } = kept(channel())
    expect(source.id).toBe('local')
    expect(source.verbs.map(({ verb }) => verb).toSorted()).toEqual([...COMMAND_VERBS].toSorted())
    expect(source.verbs.every(({ idempotent }) => idempotent)).toBe(true)
  })

  it('names its agents with their fingerprints, also to who asks before it said hello', async () => {
    const configured = { ...agent('configured', () => null), config: { model: 'small' } }
    const { source } = kept(channel({ agents: [configured] }))
    const expected = new Map([
      ['echo', { name: 'Agent echo', fingerprint: fingerprintOf('echo', null) }],
      [
        'configured',
        { name: 'Agent configured', fingerprint: fingerprintOf('configured', { model: 'small' }) },
      ],
    ])
    expect(await source.catalog?.()).toEqual(expected)
    expect(await source.catalog?.()).toEqual(expected)
    source.dispose()
    await expect(source.catalog?.()).rejects.toThrow('was ended')
  })

  it('holds events while nobody is connected, and loses none when another connects', async () => {
    const { source } = kept(channel({ epoch: 'e1', agents: [asker] }))
    await source.send(startOf('w1'))
    const first = sink()
    const disconnect = source.connect(first)
    await first.until('workflow.transitioned', 'completed')
    disconnect()
    await source.send(startOf('w2'))
    // Answers come after the events before them.
    await source.ask([{ log: 'w:w2', stream: 'local:e1' }])
    const second = sink()
    source.connect(second)
    expect(second.events.length).toBeGreaterThan(0)
    await second.until('question.asked')
    expect(second.statuses[0]).toEqual({ state: 'connected', error: null })
    const folded = fold([...first.events, ...second.events], 'local:e1')
    expect(folded.run('w2.a.1').run.status).toBe('awaiting_user')
    const third = sink()
    source.connect(third)
    expect(third.events).toEqual([])
  })

  it('passes on why a command was not carried out', async () => {
    const { source } = kept(channel())
    expect(await source.send(command('w:ghost', 'stop'))).toEqual({
      kind: 'unknownRun',
      reason: 'ghost is not run by this orchestrator.',
    })
    expect(await source.send(command('w:w1', 'start'))).toEqual({
      kind: 'rejected',
      reason: expect.stringContaining('The payload of “start” cannot be used'),
    })
  })

  it('rejects what cannot be sent or read, and goes on', async () => {
    const { source } = kept(channel())
    await expect(source.send(command('w:w1', 'start', { definition: () => {} }))).rejects.toThrow('cloned')
    await expect(source.send(command('w:w1', 'stop', null, { id: '' }))).rejects.toThrow('command.id')
    expect(await source.send(startOf('w1'))).toEqual({ kind: 'delivered' })
  })

  it('sets the pace of its orchestrator', async () => {
    const { source } = kept(channel({ epoch: 'e1' }))
    const into = sink()
    source.connect(into)
    source.setPace(3_600_000)
    await source.send(startOf('w1'))
    await into.until('run.transitioned', 'starting')
    source.setPace(0)
    await into.until('workflow.transitioned', 'completed')
  })
})

describe('Asked what is live', () => {
  it.each<[string, string | null, Locks['held'] | null, Evidence]>([
    ['another epoch whose lock is free', 'local:dead', null, { kind: 'gone', exitCode: null }],
    ['another epoch whose lock is held', 'local:other', null, { kind: 'unknown' }],
    ['another epoch, where locks cannot be known', 'local:dead', async () => null, { kind: 'unknown' }],
    ['a stream of another source', 'openhuman:thread', null, { kind: 'unknown' }],
    ['no stream', null, null, { kind: 'unknown' }],
  ])('it answers for %s', async (_what, stream, held, evidence) => {
    const registry = createLockRegistry()
    await memoryLocks(registry).hold('run-ledger:epoch:other')
    const locks = { ...memoryLocks(registry), ...(held && { held }) }
    const source = orchestratorSource(ends().page, { locks })
    open.push(source)
    expect(await source.ask([{ log: 'r:x', stream }])).toEqual(new Map([['r:x', evidence]]))
  })

  it('the orchestrator itself answers for its own epoch', async () => {
    const { source } = kept(channel({ epoch: 'e1', agents: [asker] }))
    const into = sink()
    source.connect(into)
    await source.send(startOf('w1'))
    await source.send(startOf('w2'))
    await into.until('question.asked')
    const logs: LogId[] = ['w:w1', 'r:w1.a.1', 'w:w2', 'r:w2.a.1', 'r:never']
    const answers = await source.ask([
      ...logs.map((log) => ({ log, stream: 'local:e1' })),
      { log: 'w:old', stream: 'local:e0' },
    ])
    expect([...answers].map(([log, { kind }]) => [log, kind])).toEqual([
      ['w:w1', 'gone'],
      ['r:w1.a.1', 'gone'],
      ['w:w2', 'live'],
      ['r:w2.a.1', 'live'],
      ['r:never', 'gone'],
      ['w:old', 'gone'],
    ])
  })

  it('another page says unknown while the owner lives, and gone when it died', async () => {
    const { source, registry, workerLocks } = kept(channel({ epoch: 'e1' }))
    await source.send(startOf('w1'))
    const other = orchestratorSource(ends().page, { locks: memoryLocks(registry) })
    open.push(other)
    const ask = async () => (await other.ask([{ log: 'w:w1', stream: 'local:e1' }])).get('w:w1')
    expect(await ask()).toEqual({ kind: 'unknown' })
    workerLocks.die()
    expect(await ask()).toEqual({ kind: 'gone', exitCode: null })
  })

  it('rejects when the locks cannot be asked', async () => {
    const locks = { ...memoryLocks(), held: () => Promise.reject(new Error('denied')) }
    const source = orchestratorSource(ends().page, { locks })
    open.push(source)
    await expect(source.ask([{ log: 'w:w1', stream: 'local:e1' }])).rejects.toThrow('denied')
  })
})

describe('An orchestrator that is lost', () => {
  it('before it said hello is disconnected with the reason, and what was asked of it rejects', async () => {
    const { page } = ends()
    const source = orchestratorSource(page, { locks: memoryLocks() })
    const into = sink()
    source.connect(into)
    const sent = source.send(startOf('w1'))
    ;(page as unknown as EventTarget).dispatchEvent(new Event('error'))
    await expect(sent).rejects.toThrow('its script could not be loaded')
    expect(into.statuses.at(-1)).toEqual({
      state: 'disconnected',
      error: 'The orchestrator failed: its script could not be loaded.',
    })
    await expect(source.send(startOf('w1'))).rejects.toThrow('could not be loaded')
    const answers = await source.ask([{ log: 'w:w1', stream: 'local:dead' }])
    expect(answers.get('w:w1')).toEqual({ kind: 'gone', exitCode: null })
  })

  it('is not lost when an agent threw in a stray callback: it holds its lock and goes on', async () => {
    const { source, page } = kept(channel({ epoch: 'e1' }))
    const into = sink()
    source.connect(into)
    await into.untilStatus('connected')
    const stray = Object.assign(new Event('error'), { message: 'Uncaught TypeError: x' })
    ;(page as unknown as EventTarget).dispatchEvent(stray)
    expect(await source.send(startOf('w1'))).toEqual({ kind: 'delivered' })
    expect(into.statuses.at(-1)).toEqual({
      state: 'connected',
      error: 'The orchestrator failed: Uncaught TypeError: x.',
    })
  })

  it('after it said hello is disconnected when it lost its lock, and its runs are gone', async () => {
    const { source, page, workerLocks } = kept(channel({ epoch: 'e1', agents: [asker] }))
    const into = sink()
    source.connect(into)
    await source.send(startOf('w2'))
    workerLocks.die()
    ;(page as unknown as EventTarget).dispatchEvent(new Event('error'))
    expect((await into.untilStatus('disconnected')).error).toContain('The orchestrator failed')
    const answers = await source.ask([{ log: 'w:w2', stream: 'local:e1' }])
    expect(answers.get('w:w2')).toEqual({ kind: 'gone', exitCode: null })
  })

  it('when the other end is closed, everything under way rejects', async () => {
    const { page, worker } = ends()
    const source = orchestratorSource(page, { locks: memoryLocks() })
    const into = sink()
    source.connect(into)
    const sent = source.send(startOf('w1'))
    worker.close?.()
    await expect(sent).rejects.toThrow('has ended')
    expect((await into.untilStatus('disconnected')).error).toBe('The orchestrator has ended.')
  })

  it('when it is disposed of, frees its lock and says no more', async () => {
    const { source, pageLocks } = channel({ epoch: 'e1', agents: [asker] })
    const into = sink()
    source.connect(into)
    await source.send(startOf('w2'))
    expect(await pageLocks.held()).toEqual(new Set(['run-ledger:epoch:e1']))
    await into.until('question.asked')
    const said = into.events.length
    source.dispose()
    source.dispose()
    expect(into.statuses.at(-1)).toEqual({ state: 'disconnected', error: null })
    await expect.poll(() => pageLocks.held()).toEqual(new Set())
    expect(into.events).toHaveLength(said)
  })
})
