/**
 * Owns what a page is to these tests: a real store over a real ledger on fake-indexeddb, that can be closed
 * properly or die without a word, and opened again.
 */
import { configureStore } from '@reduxjs/toolkit'
import type { EnhancedStore, Middleware, UnknownAction } from '@reduxjs/toolkit'
import type { RunLedgerState } from '../../../src/index.ts'
import { createRunLedger } from '../../../src/index.ts'
import type { RunLedgerOptions } from '../../../src/index.ts'
import { createLockRegistry, memoryLocks } from '../../../src/platform/memoryLocks.ts'
import type { LockRegistry, MemoryLocks } from '../../../src/platform/memoryLocks.ts'
import { liveStream, scriptedSource } from '../../../src/testing/scriptedSource.ts'
import type { ScriptedSource } from '../../../src/testing/scriptedSource.ts'

export const START = Date.UTC(2026, 1, 1, 9)

export interface Page {
  /** Ends without a word: the locks it held are free, what it had not written is gone. */
  die(): void
  store: EnhancedStore
  ledger: ReturnType<typeof createRunLedger>
  source: ScriptedSource
  actions: UnknownAction[]
  state(): RunLedgerState
  boot(options?: { thread?: string }): Promise<void>
}

const registries = new Map<string, LockRegistry>()

/** Pages of one scope see each other's locks, as tabs do. */
function locksOf(scope: string): MemoryLocks {
  const registry = registries.get(scope) ?? createLockRegistry()
  registries.set(scope, registry)
  return memoryLocks(registry)
}

let scopes = 0
export const newScope = (): string => `scope ${(scopes += 1)}`

/** Frames at once: these tests are about order, not about screens. */
const nextMicrotask = (work: () => void): (() => void) => {
  let cancelled = false
  queueMicrotask(() => {
    if (!cancelled) work()
  })
  return () => {
    cancelled = true
  }
}

export function openPage(
  scope: string,
  options: Partial<RunLedgerOptions> & { source?: ScriptedSource } = {},
): Page {
  const source = options.source ?? scriptedSource()
  const locks = locksOf(scope)
  const ledger = createRunLedger({ frames: nextMicrotask, locks, ...options, scope, source })
  const actions: UnknownAction[] = []
  const record: Middleware = () => (next) => (action) => {
    actions.push(action as UnknownAction)
    return next(action)
  }
  const store = configureStore({
    reducer: ledger.reducers,
    middleware: (getDefault) =>
      getDefault(ledger.checks).prepend(ledger.middleware).concat(ledger.api.middleware, record),
  })
  return {
    ledger,
    store,
    source,
    die: () => locks.die(),
    actions,
    state: () => store.getState(),
    boot: (bootOptions) => ledger.boot(store, bootOptions),
  }
}

export interface Script {
  stream: ReturnType<typeof liveStream>
  /** The next event of the stream. */
  event(log: string, type: string, payload: object): object
}

/** Writes events of one contiguous stream with running positions and times. */
export function script(stream = 'live:1', from = 1): Script {
  let position = from
  return {
    stream: liveStream(stream),
    event(log, type, payload) {
      const at = position
      position += 1
      return { log, type, payload, timestamp: START + at * 1_000, position: at }
    },
  }
}

/** A workflow with one researcher in the middle of its work. */
export function research({ event }: Script, id = 'wf1', thread = 't1'): object[] {
  const run = `r:${id}.research.1`
  return [
    event(`w:${id}`, 'workflow.registered', {
      definitionId: 'research',
      title: 'Research',
      parentThreadId: thread,
      input: { question: 'Why?' },
      phases: [{ name: 'research', agentIds: ['researcher'], dependsOn: [] }],
    }),
    event(`w:${id}`, 'workflow.transitioned', { to: 'running', trigger: 'spawn' }),
    event(`w:${id}`, 'phase.transitioned', { phase: 'research', to: 'running' }),
    event(`w:${id}`, 'run.linked', { childRunId: `${id}.research.1` }),
    event(run, 'run.registered', {
      kind: 'workflow_child',
      workflowRunId: id,
      phase: 'research',
      parentThreadId: thread,
      agentId: 'researcher',
      agentName: 'Researcher',
    }),
    event(run, 'run.transitioned', { to: 'running', trigger: 'spawn' }),
    event(run, 'tool.started', { callId: 'c1', name: 'search', args: '{"q":"why"}' }),
    event(run, 'tool.finished', { callId: 'c1', status: 'completed', output: '3 hits', elapsedMs: 12 }),
    event(run, 'tool.started', { callId: 'c2', name: 'read_passage', args: '{}' }),
  ]
}
