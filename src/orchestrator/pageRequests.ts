/**
 * Owns what an orchestrator in a worker asks its page: the texts its agents work on, which the page has wherever its
 * ledger is kept, and whether what was told is on the disk.
 */
import type { ContentReader } from '../core/ports.ts'
import type { ToPage, ToWorker } from './protocol.ts'

export interface PageRequests extends ContentReader {
  /** Resolves when everything up to that position is durable. */
  durable(position: number): Promise<void>
  /** Takes the page's answer. */
  answered(message: Extract<ToWorker, { kind: 'text' | 'durable' }>): void
}

interface Waiting<Value> {
  resolve(value: Value): void
  reject(error: Error): void
}

export function pageRequests(
  send: (message: Extract<ToPage, { kind: 'read' | 'keep' }>) => void,
): PageRequests {
  const reads = new Map<number, Waiting<string | null>>()
  const keeps = new Map<number, Waiting<void>>()
  let asked = 0
  return {
    get: (ref) =>
      new Promise((resolve, reject) => {
        asked += 1
        reads.set(asked, { resolve, reject })
        send({ kind: 'read', readId: asked, ref })
      }),
    durable: (position) =>
      new Promise((resolve, reject) => {
        asked += 1
        keeps.set(asked, { resolve, reject })
        send({ kind: 'keep', keepId: asked, position })
      }),
    answered(message) {
      const { error } = message
      if (message.kind === 'text') {
        const read = reads.get(message.readId)
        reads.delete(message.readId)
        if (error === null) read?.resolve(message.text)
        else read?.reject(new Error(error))
        return
      }
      const keep = keeps.get(message.keepId)
      keeps.delete(message.keepId)
      if (error === null) keep?.resolve()
      else keep?.reject(new Error(error))
    },
  }
}
