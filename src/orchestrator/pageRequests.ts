/**
 * Owns how agents read documents from a worker: they ask the page, which has them wherever its ledger is kept.
 */
import type { ContentReader } from '../core/ports.ts'
import type { ToPage, ToWorker } from './protocol.ts'

export interface PageContent extends ContentReader {
  /** Takes the page's answer. */
  answered(message: Extract<ToWorker, { kind: 'text' }>): void
}

export function pageContent(send: (message: Extract<ToPage, { kind: 'read' }>) => void): PageContent {
  const waiting = new Map<number, { resolve(text: string | null): void; reject(error: Error): void }>()
  let reads = 0
  return {
    get: (ref) =>
      new Promise((resolve, reject) => {
        reads += 1
        waiting.set(reads, { resolve, reject })
        send({ kind: 'read', readId: reads, ref })
      }),
    answered({ readId, text, error }) {
      const read = waiting.get(readId)
      waiting.delete(readId)
      if (error === null) read?.resolve(text)
      else read?.reject(new Error(error))
    },
  }
}
