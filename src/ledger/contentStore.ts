/**
 * Owns the content store: whole documents, prompts and tool traffic by reference, on localForage. Nothing
 * that a result depends on lives here; a reference that does not resolve reads as missing.
 */
import localforage from 'localforage'
import type { ContentStore } from '../core/ports.ts'

/** One store per scope, apart from the ledger's database. */
export function localForageContentStore(scope: string): ContentStore {
  const store = localforage.createInstance({
    name: `run-ledger-content:${scope}`,
    storeName: 'content',
    // localStorage would be filled by one document, and shared with the host.
    driver: localforage.INDEXEDDB,
  })
  return {
    put: async (ref, text) => {
      await store.setItem(ref, text)
    },
    get: async (ref) => {
      const text: unknown = await store.getItem(ref)
      return typeof text === 'string' ? text : null
    },
    delete: (ref) => store.removeItem(ref),
    keys: () => store.keys(),
  }
}

export function memoryContentStore(): ContentStore {
  const texts = new Map<string, string>()
  return {
    put: async (ref, text) => {
      texts.set(ref, text)
    },
    get: async (ref) => texts.get(ref) ?? null,
    delete: async (ref) => {
      texts.delete(ref)
    },
    keys: async () => [...texts.keys()],
  }
}
