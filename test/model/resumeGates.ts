/**
 * Owns what a page of the resume model touches its browser through: nothing passes once it is dead.
 */
import type { Channels, Locks } from '../../src/core/ports.ts'
import type { Ledger } from '../../src/ledger/port.ts'
import type { MemoryLocks } from '../../src/platform/memoryLocks.ts'
import type { Life } from './resumeHost.ts'

/** Who listens on the lines between pages, by name. */
export type Lines = Map<string, Set<(message: unknown) => void>>

export function gatedChannels(lines: Lines, life: Life): Channels {
  return (name, hear) => {
    const line = lines.get(name) ?? new Set()
    lines.set(name, line)
    const listen = (message: unknown): void => void (life.isAlive && hear(message))
    line.add(listen)
    return {
      post(message) {
        const copy = structuredClone(message)
        if (!life.isAlive) return
        for (const each of line) if (each !== listen) setImmediate(() => each(copy))
      },
      close: () => line.delete(listen),
    }
  }
}

export function gatedLocks(locks: MemoryLocks, life: Life): Locks {
  return {
    async hold(name, request) {
      await life.goOn()
      const release = await locks.hold(name, request)
      // Granted to somebody who is no more: the platform gives it on.
      if (!life.isAlive) release()
      await life.goOn()
      return release
    },
    held: locks.held,
  }
}

/** What answers at once asks nobody. */
const AT_ONCE: ReadonlySet<string | symbol> = new Set(['onClosed', 'opening', 'writeLetter'])

/** Nothing a dead page asked for is begun, and nothing it is told arrives; what is under way ends where it is. */
export function gatedLedger(ledger: Ledger, life: Life): Ledger {
  return new Proxy(ledger, {
    get(target, key, receiver) {
      const value: unknown = Reflect.get(target, key, receiver)
      if (typeof value !== 'function' || AT_ONCE.has(key)) return value
      return async (...args: unknown[]) => {
        await life.goOn()
        const [result] = await Promise.allSettled([(value as (...all: unknown[]) => unknown)(...args)])
        await life.goOn()
        if (result.status === 'rejected') throw result.reason
        return result.value
      }
    },
  })
}
