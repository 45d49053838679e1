/**
 * Owns a page that is connected to a core: the real source over real HTTP and a bare emitter, in a real store.
 */
import { expect, vi } from 'vitest'
import type { memoryStorage } from '../../../../src/index.ts'
import type { LogRecord, RunRecord, WorkflowRecord } from '../../../../src/index.ts'
import type { LogId } from '../../../../src/index.ts'
import { jsonRpc, openHumanSource } from '../../../../src/sources/openHuman/index.ts'
import type { OpenHumanOptions } from '../../../../src/sources/openHuman/index.ts'
import { at } from '../../../../src/state/table.ts'
import { manualClock } from '../../../../src/testing/manualClock.ts'
import { newScope, openPage } from '../../../state/support/page.ts'
import type { RpcDouble } from './rpcDouble.ts'

const NOON = Date.UTC(2026, 5, 10, 12)
/** Seconds after noon, as the core writes a time. */
export const at12 = (seconds: number): string => new Date(NOON + seconds * 1_000).toISOString()

type Listener = (...args: unknown[]) => void

export function emitter(id = 's-1') {
  const listeners = new Map<string, Set<Listener>>()
  const of = (event: string): Set<Listener> => {
    const known = listeners.get(event) ?? new Set()
    listeners.set(event, known)
    return known
  }
  return {
    id,
    connected: true,
    on: (event: string, listener: Listener) => of(event).add(listener),
    off: (event: string, listener: Listener) => of(event).delete(listener),
    emit(event: string, ...args: unknown[]) {
      for (const listener of of(event)) listener(...args)
    },
  }
}

interface Options extends Partial<Omit<OpenHumanOptions, 'socket'>> {
  scope?: string
  storage?: ReturnType<typeof memoryStorage>
}

export async function openHumanPage(
  core: RpcDouble,
  { scope = newScope(), storage, ...options }: Options = {},
) {
  const clock = manualClock(NOON + 60_000)
  const socket = emitter()
  // Time stands still while a call is on its way: no deadline passes by itself.
  const source = openHumanSource({ socket, rpc: jsonRpc(core.url), clock, ...options })
  const page = openPage(scope, { source: source as never, clock, ...(storage && { storage }) })
  await page.boot()

  const record = (log: LogId): LogRecord | undefined => at(page.state().runs.records, log)
  return {
    ...page,
    scope,
    clock,
    socket,
    core: source,
    run: (id: string): RunRecord => record(`r:${id}`) as RunRecord,
    workflow: (id: string): WorkflowRecord => record(`w:${id}`) as WorkflowRecord,
    /** A message of the live stream. */
    say(event: string, fields: object) {
      const envelope = { event, client_id: 's-1', thread_id: 'thread-4', request_id: 'req-9f2' }
      socket.emit(event, { ...envelope, ...fields })
    },
    /** Lets time pass until it holds. */
    until: (check: () => void | Promise<void>): Promise<void> =>
      vi.waitFor(
        async () => {
          await clock.advance(500)
          await page.ledger.whenIdle()
          await check()
        },
        { timeout: 8_000, interval: 5 },
      ),
    /** Lets the next rounds of polling come and go. */
    async rounds(count: number) {
      const before = core.named('run_ledger_list').length
      await vi.waitFor(
        async () => {
          await clock.advance(1_000)
          await page.ledger.whenIdle()
          expect(core.named('run_ledger_list').length).toBeGreaterThanOrEqual(before + count)
        },
        { timeout: 8_000, interval: 5 },
      )
      await page.ledger.whenIdle()
    },
    async events(log: LogId) {
      await page.ledger.whenIdle()
      const records = record(log)
      return records === undefined
        ? 0
        : (records.entity === 'run' ? records.run : records.workflow).lastSequence
    },
  }
}

/** A turn, and a child of it, as the core writes their rows. */
export const turnRow = (fields: object = {}) => ({
  id: 'req-9f2',
  kind: 'background_agent',
  parentRunId: null,
  parentThreadId: 'thread-4',
  agentId: 'orchestrator',
  status: 'running',
  promptRef: 'thread:thread-4:request:req-9f2',
  metadata: { clientId: 's-1', source: 'web_channel', schemaVersion: 1 },
  telemetry: null,
  startedAt: at12(0),
  updatedAt: at12(1),
  completedAt: null,
  ...fields,
})

export const childRow = (fields: object = {}) => ({
  id: 'sub-7c1',
  kind: 'worker_thread',
  parentRunId: 'req-9f2',
  parentThreadId: 'thread-4',
  agentId: 'researcher',
  status: 'running',
  workerThreadId: 'worker-88',
  metadata: { mode: 'typed', promptChars: 212, displayName: 'Researcher', parentCallId: 'call_3' },
  telemetry: null,
  startedAt: at12(2),
  updatedAt: at12(3),
  completedAt: null,
  ...fields,
})

export const toolEvents = (runId: string, count: number, from = 1): object[] =>
  Array.from({ length: count }, (_, index) => {
    const call = Math.floor(index / 2)
    const isStart = index % 2 === 0
    return {
      runId,
      sequence: from + index,
      eventType: isStart ? 'subagent_tool_call_started' : 'subagent_tool_call_completed',
      payload: {
        callId: `cc-${call}`,
        toolName: 'web_fetch',
        iteration: 1,
        ...(!isStart && { success: true, outputChars: 6, elapsedMs: 310 }),
      },
      timestamp: at12(3),
    }
  })
