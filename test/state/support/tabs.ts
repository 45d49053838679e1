/**
 * Owns several tabs of one browser in one process: real ledgers over one database, one registry of locks, one
 * line between them, one core. A tab can freeze, thaw, be closed, and die with everything it had in its hands.
 */
import type { Channels, Clock, Locks } from '../../../src/core/ports.ts'
import { indexedDbLedger } from '../../../src/ledger/indexedDb.ts'
import { memoryContentStore } from '../../../src/ledger/contentStore.ts'
import type { Ledger } from '../../../src/ledger/port.ts'
import { createLockRegistry, memoryLocks } from '../../../src/platform/memoryLocks.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'
import { sharedCore } from '../../../src/testing/sharedCore.ts'
import type { SharedCore } from '../../../src/testing/sharedCore.ts'
import { newScope, openPage } from './page.ts'
import type { ScriptedSource } from '../../../src/testing/scriptedSource.ts'
import type { Page } from './page.ts'

export interface Tab extends Page {
  name: number
  visible: boolean
  /** Seen by a person again, or running again. */
  back(): void
  /** The browser says that it stops the tab now. */
  sleep(): void
  freeze(): void
  thaw(): void
  /** What the core sends does not arrive until told otherwise. */
  stall(stalled: boolean): void
  isRunning(): boolean
  isAlive(): boolean
  close(): Promise<void>
}

export interface Browser {
  scope: string
  core: SharedCore
  ledger: Ledger
  tabs: readonly Tab[]
  open(): Promise<Tab>
  /** Messages between tabs get lost until told otherwise. */
  deaf: boolean
  /** Somebody else on the line: an extension, another version of this code. */
  shout(message: unknown): void
  /** Lets time pass and work be done. */
  pass(ms: number): Promise<void>
  end(): Promise<void>
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Work of one tab: runs now, waits while it is frozen, never runs once it is dead. */
function createGate() {
  let state: 'running' | 'frozen' | 'dead' = 'running'
  let waiting: (() => void)[] = []
  const pass = (work: () => void): void => {
    if (state === 'running') work()
    else if (state === 'frozen') waiting.push(work)
  }
  return {
    pass,
    open: (): Promise<void> => new Promise((resolve) => pass(resolve)),
    isRunning: () => state === 'running',
    isAlive: () => state !== 'dead',
    freeze() {
      if (state === 'running') state = 'frozen'
    },
    thaw() {
      if (state !== 'frozen') return
      state = 'running'
      const works = waiting
      waiting = []
      for (const work of works) work()
    },
    die() {
      state = 'dead'
      waiting = []
    },
  }
}
type Gate = ReturnType<typeof createGate>

const AT_ONCE: ReadonlySet<string | symbol> = new Set(['onClosed', 'opening', 'writeLetter'])

/** Nothing a stopped tab asked for is begun, and nothing it is told arrives. */
function gatedLedger(ledger: Ledger, gate: Gate): Ledger {
  return new Proxy(ledger, {
    get(target, key, receiver) {
      const value: unknown = Reflect.get(target, key, receiver)
      // What answers at once asks nobody.
      if (typeof value !== 'function' || AT_ONCE.has(key)) return value
      return async (...args: unknown[]) => {
        await gate.open()
        const settled = await Promise.allSettled([(value as (...all: unknown[]) => unknown)(...args)])
        await gate.open()
        const [result] = settled
        if (result.status === 'rejected') throw result.reason
        return result.value
      }
    },
  })
}

/** `locks: false`: a browser without them, where nobody can know who else is connected. */
export function openBrowser(options: { locks: boolean } = { locks: true }): Browser {
  const scope = newScope()
  const base = manualClock()
  const registry = createLockRegistry()
  const core = sharedCore()
  const lines = new Map<string, Set<(message: unknown) => void>>()
  const tabs: Tab[] = []
  const onlooker = indexedDbLedger({ scope, clock: base })

  const channelsOf =
    (gate: Gate): Channels =>
    (name, hear) => {
      const line = lines.get(name) ?? new Set()
      lines.set(name, line)
      const listen = (message: unknown): void => gate.pass(() => hear(message))
      line.add(listen)
      return {
        post(message) {
          const copy = structuredClone(message)
          if (browser.deaf || !gate.isRunning()) return
          for (const each of line) if (each !== listen) setImmediate(() => each(copy))
        },
        close: () => line.delete(listen),
      }
    }

  const clockOf = (gate: Gate): Clock => ({
    now: base.now,
    monotonic: base.monotonic,
    setTimeout: (callback, ms) => base.setTimeout(() => gate.pass(callback), ms),
  })

  const locksOf = (gate: Gate): Locks & { die(): void } => {
    const locks = memoryLocks(registry)
    if (!options.locks) return { hold: async () => () => {}, held: async () => null, die: () => {} }
    return {
      ...locks,
      async hold(name, request = {}) {
        const { onLost = () => {} } = request
        const release = await locks.hold(name, { ...request, onLost: () => gate.pass(onLost) })
        await gate.open()
        return release
      },
    }
  }

  async function open(): Promise<Tab> {
    const gate = createGate()
    const clock = clockOf(gate)
    const locks = locksOf(gate)
    const ledger = gatedLedger(indexedDbLedger({ scope, clock: base }), gate)
    let [back, sleep] = [(): void => {}, (): void => {}]
    const line = createGate()
    const connection = core.source((arrival) => setImmediate(() => line.pass(() => gate.pass(arrival))))
    let hangUp = (): void => {}
    const page = openPage(scope, {
      storage: { ledger, journal: null, content: memoryContentStore() },
      source: {
        ...connection,
        connect: (sink) => (hangUp = connection.connect(sink)),
      } as ScriptedSource,
      clock,
      locks,
      channels: channelsOf(gate),
      frames: (work) => {
        let cancelled = false
        queueMicrotask(() => gate.pass(() => (cancelled ? undefined : work())))
        return () => {
          cancelled = true
        }
      },
      life: {
        isVisible: () => tab.visible,
        watch(on) {
          ;[back, sleep] = [on.back, on.frozen]
          return () => {}
        },
      },
    })
    const tab: Tab = {
      ...page,
      name: tabs.length,
      visible: true,
      back: () => gate.pass(back),
      sleep: () => gate.pass(sleep),
      freeze: gate.freeze,
      thaw() {
        gate.thaw()
        if (gate.isRunning()) back()
      },
      stall: (stalled) => (stalled ? line.freeze() : line.thaw()),
      isRunning: gate.isRunning,
      isAlive: gate.isAlive,
      die() {
        gate.die()
        hangUp()
        locks.die()
      },
      async close() {
        const closing = page.ledger.dispose()
        await until(closing)
        gate.die()
        locks.die()
      },
    }
    tabs.push(tab)
    await until(tab.boot())
    return tab
  }

  /** Time does not pass by itself. */
  async function until(work: Promise<void>): Promise<void> {
    const progress = { done: false }
    void work.finally(() => {
      progress.done = true
    })
    for (let step = 0; step < 2_000 && !progress.done; step += 1) {
      await turn()
      if (step % 10 === 9) await base.advance(20)
    }
    if (!progress.done) throw new Error('A tab does not get done.')
    await work
  }

  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 50) {
      await base.advance(50)
      for (let each = 0; each < 20; each += 1) await turn()
    }
  }

  const browser: Browser = {
    scope,
    core,
    ledger: onlooker,
    tabs,
    open,
    deaf: false,
    shout(message) {
      for (const line of lines.values()) for (const listen of line) listen(message)
    },
    pass,
    async end() {
      for (const tab of tabs) {
        tab.thaw()
        if (tab.isAlive()) await tab.close()
      }
      await onlooker.close()
    },
  }
  return browser
}
