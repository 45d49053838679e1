/** Owns what a page can leave behind in its last moment: short texts in the origin's own storage. */
import type { SyncStore } from '../core/ports.ts'

/** Workers and Node have none. */
export const pageSyncStore: SyncStore = {
  put(key, text) {
    try {
      storage()?.setItem(key, text)
    } catch {
      // Full: the page is going, and what could be done was tried.
    }
  },
  list(prefix) {
    const kept = storage()
    const keys = kept === null ? [] : Object.keys(kept).filter((key) => key.startsWith(prefix))
    return new Map(keys.map((key) => [key, kept?.getItem(key) ?? '']))
  },
  delete(key) {
    storage()?.removeItem(key)
  },
}

/** Asking for it throws where a person has forbidden it. */
function storage(): Storage | null {
  try {
    return (globalThis as { localStorage?: Storage }).localStorage ?? null
  } catch {
    return null
  }
}
