// A served orchestrator and its source at the two ends of a real channel, and a sink that keeps all it gets.
import { MessageChannel } from 'node:worker_threads'
import { vi } from 'vitest'
import type { RawEvent, StreamInfo } from '../../../src/core/events.ts'
import type { Locks, SourceSink, SourceStatus } from '../../../src/core/ports.ts'
import type { Agent } from '../../../src/orchestrator/agent.ts'
import type { MessagePortLike } from '../../../src/orchestrator/protocol.ts'
import { orchestratorSource } from '../../../src/orchestrator/source.ts'
import { serveOrchestrator } from '../../../src/orchestrator/worker.ts'
import { randomIds, systemClock } from '../../../src/platform/browser.ts'
import { createLockRegistry, memoryLocks } from '../../../src/platform/memoryLocks.ts'
import { echo } from './agents.ts'

export function sink() {
  const statuses: SourceStatus[] = []
  const events: RawEvent[] = []
  const streams: StreamInfo[] = []
  const port: SourceSink = {
    receive(stream, received) {
      streams.push(stream)
      events.push(...(received as readonly RawEvent[]))
    },
    status: (status) => statuses.push(status),
    position: async () => null,
    durable: async () => {},
    record: async () => null,
    read: async (ref) => (ref.startsWith('doc:') ? `the text of ${ref}` : null),
  }
  return {
    ...port,
    statuses,
    events,
    streams,
    until: (type: string, to?: string) =>
      vi.waitFor(() => {
        const found = events.find(
          (event) =>
            event.type === type && (to === undefined || (event.payload as { to?: string }).to === to),
        )
        if (found === undefined) throw new Error(`no ${type} ${to ?? ''} yet`)
        return found
      }),
    untilStatus: (state: SourceStatus['state']) =>
      vi.waitFor(() => {
        const found = statuses.findLast((status) => status.state === state)
        if (found === undefined) throw new Error(`never ${state}`)
        return found
      }),
  }
}

export interface Ends {
  page: MessagePortLike
  worker: MessagePortLike
}

export function ends(): Ends {
  const { port1, port2 } = new MessageChannel()
  // Node types the listeners of its ports by event name, as the DOM does; they are the same methods.
  return { page: port1 as unknown as MessagePortLike, worker: port2 as unknown as MessagePortLike }
}

export function channel(options: { agents?: readonly Agent[]; epoch?: string; workerLocks?: Locks } = {}) {
  const registry = createLockRegistry()
  const { page, worker } = ends()
  const workerLocks = memoryLocks(registry)
  const pageLocks = memoryLocks(registry)
  const served = serveOrchestrator({
    agents: [echo, ...(options.agents ?? [])],
    scope: worker,
    clock: systemClock,
    locks: options.workerLocks ?? workerLocks,
    ids: options.epoch === undefined ? randomIds : { next: () => options.epoch ?? '' },
  })
  const source = orchestratorSource(page, { locks: pageLocks })
  return { registry, page, worker, workerLocks, pageLocks, served, source }
}
