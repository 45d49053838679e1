/**
 * Owns what the browser says about the room it gives us: how much is used, whether it may clear it by itself, and
 * asking it not to. Every answer may be missing; null is never a yes.
 */

export interface Device {
  /** Bytes of the whole origin, as the browser reckons. Says nothing about real room: never a reason not to write. */
  estimate(): Promise<{ usage: number; quota: number } | null>
  /** Whether the browser keeps the data until the person clears it; null when it does not say. */
  persisted(): Promise<boolean | null>
  /** Asks the browser to keep the data. Some browsers ask the person. */
  persist(): Promise<boolean | null>
}

export const browserDevice: Device = {
  async estimate() {
    const { usage, quota } = (await attempt((storage) => storage.estimate?.())) ?? {}
    return usage === undefined || quota === undefined ? null : { usage, quota }
  },
  persisted: () => attempt((storage) => storage.persisted?.()),
  persist: () => attempt((storage) => storage.persist?.()),
}

/** The DOM types promise all of it; insecure pages, workers and Node have less. */
async function attempt<Answer>(
  ask: (storage: Partial<StorageManager>) => Promise<Answer> | undefined,
): Promise<Answer | null> {
  const { navigator } = globalThis as { navigator?: { storage?: Partial<StorageManager> } }
  try {
    return navigator?.storage === undefined ? null : ((await ask(navigator.storage)) ?? null)
  } catch {
    return null
  }
}
