/**
 * Owns locks within one process, for Node and tests: instances that share a registry see each other like
 * tabs of one origin, and each can die and lose all it held.
 */
import type { Locks } from '../core/ports.ts'

/** Who holds a lock and who waits for it, by name. */
export type LockRegistry = Map<string, { holder: Holder; queue: Waiting[] }>

interface Holder {
  owner: symbol
  lost: () => void
}

interface Waiting extends Holder {
  grant: () => void
}

export interface MemoryLocks extends Locks {
  /** What the platform does when a tab or worker dies. */
  die(): void
}

export const createLockRegistry = (): LockRegistry => new Map()

export function memoryLocks(registry: LockRegistry = createLockRegistry()): MemoryLocks {
  const owner = Symbol('holder')

  function release(name: string, holder: Holder): void {
    const lock = registry.get(name)
    // Released before, or lost with its owner: the lock may be another's by now.
    if (lock?.holder !== holder) return
    const next = lock.queue.shift()
    if (next === undefined) {
      registry.delete(name)
      return
    }
    lock.holder = next
    next.grant()
  }

  return {
    hold: (name, { steal = false, signal, onLost = () => {} } = {}) =>
      new Promise((resolve, reject) => {
        const grant = (): void => resolve(() => release(name, holder))
        const holder: Waiting = { owner, grant, lost: onLost }
        const lock = registry.get(name)
        if (lock === undefined) {
          registry.set(name, { holder, queue: [] })
          grant()
          return
        }
        if (steal) {
          const robbed = lock.holder
          lock.holder = holder
          grant()
          robbed.lost()
          return
        }
        lock.queue.push(holder)
        signal?.addEventListener('abort', () => {
          lock.queue = lock.queue.filter((waiting) => waiting !== holder)
          reject(signal.reason as Error)
        })
      }),

    held: async () => new Set(registry.keys()),

    die() {
      for (const [name, lock] of registry) {
        lock.queue = lock.queue.filter((waiting) => waiting.owner !== owner)
        if (lock.holder.owner === owner) release(name, lock.holder)
      }
    },
  }
}
