import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MessagePortLike } from '../../src/orchestrator/protocol.ts'
import { orchestratorSource } from '../../src/orchestrator/source.ts'
import { memoryLocks } from '../../src/platform/memoryLocks.ts'
import { sink } from './support/channel.ts'
import { command, definition, fold, phase } from './support/harness.ts'

let outDir = ''

beforeAll(async () => {
  outDir = await mkdtemp(join(tmpdir(), 'run-ledger-worker-'))
  // Node 20 reads no TypeScript, and a thread does not go through the test runner.
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: join(import.meta.dirname, 'support/workerEntry.ts'),
      outDir,
      rolldownOptions: { output: { entryFileNames: 'worker.mjs' } },
    },
  })
}, 30_000)

afterAll(() => rm(outDir, { recursive: true, force: true }))

function startThread() {
  const { port1, port2 } = new MessageChannel()
  const thread = new Worker(join(outDir, 'worker.mjs'), {
    workerData: { port: port2 },
    transferList: [port2],
  })
  // Node types the listeners of its ports by event name; they are the same methods.
  const source = orchestratorSource(port1 as unknown as MessagePortLike, { locks: memoryLocks() })
  const into = sink()
  source.connect(into)
  return { thread, source, into }
}

describe('An orchestrator in a thread of its own', () => {
  it('runs a workflow, and its stream folds as everywhere', async () => {
    const { thread, source, into } = startThread()
    const payload = {
      definition: definition([phase('a', { agentIds: ['echo', 'echo'] })]),
      input: 'over there',
    }
    expect(await source.send(command('w:w1', 'start', payload))).toEqual({ kind: 'delivered' })
    await into.until('workflow.transitioned', 'completed')
    const stream = into.streams[0]?.id ?? ''
    expect(stream).toMatch(/^local:[0-9a-f-]{36}$/)
    expect(fold(into.events, stream).run('w1.a.2').run.output?.preview).toBe('over there')
    expect(await source.ask([{ log: 'w:w1', stream }])).toEqual(
      new Map([['w:w1', { kind: 'gone', exitCode: null }]]),
    )
    source.dispose()
    await thread.terminate()
  })

  it('that dies in the middle of its work is seen to be lost', async () => {
    const { thread, source, into } = startThread()
    const payload = { definition: definition([phase('a', { agentIds: ['exit'] })]) }
    await source.send(command('w:w1', 'start', payload)).catch(() => {})
    expect((await into.untilStatus('disconnected')).error).toBe('The orchestrator has ended.')
    await expect(source.send(command('w:w1', 'stop'))).rejects.toThrow('has ended')
    await thread.terminate()
  })
})
