/**
 * The whole of Run Ledger: a scripted source, every step of the pipeline, the store, the disk. `unstored` leaves
 * out the disk only, so that the difference is persistence.
 */
import { configureStore, isAction } from '@reduxjs/toolkit'
import type { Middleware, Store } from '@reduxjs/toolkit'
import { browserStorage, committed, createRunLedger, eventsReceived, memoryStorage } from '../ledger.ts'
import { liveStream, pageSyncStore, randomIds, scriptedSource, systemClock, webLocks } from '../ledger.ts'
import type { RunLedger, RunLedgerState, ScriptedSource, Storage } from '../ledger.ts'
import type { OpenSubject, Watcher } from '../subject.ts'

export const SCOPE = 'bench'
export const STREAM = liveStream('bench')

export interface Ours {
  runs: RunLedger
  store: Store<RunLedgerState>
  source: ScriptedSource
  storage: Storage
}

/** A ledger on the origin's disk, not booted. A bench in memory by accident would be a lie, so it throws. */
export function assemble(storage: Storage = onDisk(), watching: readonly Middleware[] = []): Ours {
  const source = scriptedSource()
  const runs = createRunLedger({ scope: SCOPE, source, storage })
  const store = configureStore({
    reducer: runs.reducers,
    middleware: (defaults) => defaults(runs.checks).prepend(runs.middleware).concat(watching),
  }) as unknown as Store<RunLedgerState>
  return { runs, store, source, storage }
}

export function onDisk(): Storage {
  return browserStorage({
    scope: SCOPE,
    writer: randomIds.next(),
    clock: systemClock,
    locks: webLocks(),
    syncStore: pageSyncStore,
    onFallback: (error) => {
      throw error
    },
  })
}

/** Boots and waits until events flow. */
export async function ready({ runs, store }: Ours, thread?: string): Promise<void> {
  await runs.boot(store, thread === undefined ? {} : { thread })
  const { phase, health } = store.getState().ledger
  if (phase !== 'ready' || health.state !== 'ok')
    throw new Error(`boot: ${JSON.stringify({ phase, health })}`)
}

export const openOurs =
  ({ stored }: { stored: boolean }): OpenSubject =>
  async (watcher) => {
    const counts: FrameCounts = { dispatches: 0, inOneFrame: 0, crowdedFrames: 0 }
    const progress = new Progress(watcher)
    const storage = stored ? timed(onDisk(), watcher, progress) : unstored()
    const ours = assemble(storage, [observe(progress, counts)])
    await ready(ours)
    return {
      take: (events) => ours.source.emit(STREAM, events),
      async idle() {
        await ours.runs.whenIdle()
        const { health } = ours.store.getState().ledger
        if (health.state !== 'ok') throw new Error(`health: ${JSON.stringify(health)}`)
      },
      facts: () => ({ ...counts }),
    }
  }

type FrameCounts = {
  dispatches: number
  /** The most that fell into one animation frame. */
  inOneFrame: number
  /** Frames with more than one. */
  crowdedFrames: number
}

/** Counts how many dispatches of events fell into one animation frame, and tells what the ledger committed. */
function observe(progress: Progress, counts: FrameCounts): Middleware {
  let frame = -1
  let inFrame = 0
  return () => (next) => (action) => {
    if (isAction(action) && committed.match(action)) progress.reached(1, action.payload.persisted)
    if (isAction(action) && eventsReceived.match(action)) {
      const now = Number(document.timeline.currentTime ?? 0)
      inFrame = now === frame ? inFrame + 1 : 1
      frame = now
      counts.dispatches += 1
      counts.inOneFrame = Math.max(counts.inOneFrame, inFrame)
      if (inFrame === 2) counts.crowdedFrames += 1
    }
    return next(action)
  }
}

/** Adds up how far each copy is. Frames are written in order, so what is durable is the beginning of what came. */
class Progress {
  readonly #watcher: Watcher
  readonly #copies = new Map<number, { heads: Map<string, number>; total: number }>()

  constructor(watcher: Watcher) {
    this.#watcher = watcher
  }

  reached(copies: number, logs: readonly { log: string; sequence: number }[]): void {
    const copy = this.#copies.get(copies) ?? { heads: new Map<string, number>(), total: 0 }
    this.#copies.set(copies, copy)
    for (const { log, sequence } of logs) {
      copy.total += sequence - (copy.heads.get(log) ?? 0)
      copy.heads.set(log, sequence)
    }
    this.#watcher.durable(copy.total, copies)
  }
}

/** The same storage; the time of each write is told, and when it is in the second copy, too. */
function timed(storage: Storage, watcher: Watcher, progress: Progress): Storage {
  const { ledger, content } = storage
  let journal: Storage['journal'] = null
  return {
    ledger: overriding(ledger, {
      async write(batch) {
        const began = performance.now()
        const receipt = await ledger.write(batch)
        watcher.commit(performance.now() - began)
        return receipt
      },
    }),
    get journal() {
      const current = storage.journal
      if (current === null) return null
      journal ??= overriding(current, {
        async append(frame) {
          await current.append(frame)
          progress.reached(
            2,
            frame.segments.map(({ log, last }) => ({ log, sequence: last })),
          )
        },
      })
      return journal
    },
    content,
  }
}

/** Storage that keeps nothing of what is written. */
function unstored(): Storage {
  const { ledger, journal, content } = memoryStorage()
  const write = async () => ({ stamp: { batch: 0, events: 0 }, segments: [] })
  return { ledger: overriding(ledger, { write }), journal, content }
}

/** `target`, but for `own`. */
function overriding<Target extends object>(target: Target, own: Partial<Target>): Target {
  return new Proxy(target, {
    get: (_, name) => Reflect.get(Object.hasOwn(own, name) ? own : target, name) as unknown,
  })
}
