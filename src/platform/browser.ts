/**
 * Owns the touch with the platform's globals: the clock, timers, randomness and Web Locks, each as a port of
 * the core. Works in pages, in workers and in Node; what is missing there says so instead of guessing.
 */
import type { Clock, Ids, Locks } from '../core/ports.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, ms) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

export const randomIds: Ids = { next: randomUuid }

/**
 * Locks shared by all pages and workers of the origin. Where the platform has none (Node 20, insecure
 * pages), holding does nothing and `held` answers null: nobody's death can be concluded.
 */
export function webLocks(): Locks {
  const manager = lockManager()
  if (manager === null) return { hold: async () => () => {}, held: async () => null }
  return {
    hold: (name, { steal, signal, onLost } = {}) =>
      new Promise((granted, refused) => {
        let held = false
        const whileHeld = () =>
          new Promise<void>((release) => {
            held = true
            granted(() => release())
          })
        const options = { ...(steal !== undefined && { steal }), ...(signal !== undefined && { signal }) }
        manager.request(name, options, whileHeld).catch((error: unknown) => {
          // Once granted, the only way to fail is to be robbed.
          if (held) onLost?.()
          else refused(error as Error)
        })
      }),
    async held() {
      const { held } = await manager.query()
      return new Set((held ?? []).flatMap(({ name }) => (name === undefined ? [] : [name])))
    },
  }
}

function lockManager(): LockManager | null {
  // The DOM types promise both; Node 20 has no navigator, insecure pages have no locks.
  const { navigator } = globalThis as { navigator?: { locks?: LockManager } }
  return navigator?.locks ?? null
}

/** `crypto.randomUUID` exists in secure contexts only; plain http on a local network is not one. */
function randomUuid(): string {
  const { randomUUID } = crypto as { randomUUID?: () => string }
  if (randomUUID !== undefined) return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
