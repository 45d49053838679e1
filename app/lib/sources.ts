/**
 * Owns who does the work: agents in a worker of this page, or an OpenHuman core when the app was started beside one
 * (`npm run start:openhuman`).
 */
import { io } from 'socket.io-client'
import type { Source } from 'run-ledger'
import { orchestratorSource, webLocks } from 'run-ledger/orchestrator'
import { jsonRpc, openHumanSource } from 'run-ledger/sources/openHuman'

export interface Orchestrator {
  /** Histories of different orchestrators are kept apart. */
  scope: string
  source: Source
  setPace(ms: number): void
  /** Only of an OpenHuman core. */
  openHuman: OpenHuman | null
}

export interface OpenHuman {
  /** A chat message, as a person writes it. */
  write(threadId: string, text: string): Promise<void>
}

export function orchestratorOf(openHumanUrl: string | undefined): Orchestrator {
  return openHumanUrl === undefined || openHumanUrl === '' ? inWorker() : atCore(openHumanUrl)
}

function inWorker(): Orchestrator {
  const worker = new Worker(new URL('../orchestrator.worker.ts', import.meta.url), { type: 'module' })
  const source = orchestratorSource(worker, { locks: webLocks() })
  return { scope: 'demo', source, setPace: (ms) => source.setPace(ms), openHuman: null }
}

function atCore(url: string): Orchestrator {
  const rpc = jsonRpc(`${url}/rpc`)
  const socket = io(url)
  const send = (threadId: string, text: string) =>
    rpc('openhuman.channel_web_chat', {
      client_id: socket.id ?? 'run-ledger',
      thread_id: threadId,
      message: text,
    })
  const source = openHumanSource({ socket, rpc, send, instance: url })
  return { scope: 'openhuman', source, setPace: () => {}, openHuman: source }
}
