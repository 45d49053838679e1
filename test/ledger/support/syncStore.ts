/** Owns a synchronous store in memory; all pages of an origin see the same. */
import type { SyncStore } from '../../../src/core/ports.ts'

export interface MemorySyncStore extends SyncStore {
  texts: Map<string, string>
}

export function memorySyncStore(): MemorySyncStore {
  const texts = new Map<string, string>()
  return {
    texts,
    put: (key, text) => void texts.set(key, text),
    list: (prefix) => new Map([...texts].filter(([key]) => key.startsWith(prefix))),
    delete: (key) => void texts.delete(key),
  }
}
