/**
 * Owns time as a person sees it: ages that go on without any event, and when they were last here, so that the next
 * visit knows what happened in between.
 */
import type { Dispatch } from '@reduxjs/toolkit'
import { onPageLeaving } from '../platform/page.ts'
import type { Runtime } from './runtime.ts'
import { presenceNoted } from './viewPrefsSlice.ts'

const MINUTE = 60_000

export const presenceApi = (runtime: Runtime) => ({
  /** The time, as this ledger has it. */
  now: (): number => runtime.clock.now(),
  /** Tells the time every so often until the returned function is called. */
  watchTime: (everyMs: number, tell: (now: number) => void): (() => void) =>
    every(runtime, everyMs, () => tell(runtime.clock.now())),
  /** Notes when the person is here until the returned function is called; by the provider, while it is mounted. */
  watchPresence: (store: { dispatch: Dispatch }): (() => void) => watchPresence(runtime, store.dispatch),
})

/** `dispatch` of the store on screen, which may be there before the ledger is booted. */
function watchPresence(runtime: Runtime, dispatch: Dispatch): () => void {
  const { clock, life } = runtime
  const note = (): void => void dispatch(presenceNoted(clock.now()))
  // A page that crashes cannot say when: a minute is near enough.
  const noteSeen = (): void => {
    if (life.isVisible()) note()
  }
  noteSeen()
  const stopTimer = every(runtime, MINUTE, noteSeen)
  // It is hidden now, and was seen until now.
  const stopWatching = onPageLeaving({ soon: note, now: () => {} })
  return () => {
    stopTimer()
    stopWatching()
  }
}

function every({ clock }: Runtime, ms: number, work: () => void): () => void {
  let cancel = clock.setTimeout(again, ms)
  function again(): void {
    cancel = clock.setTimeout(again, ms)
    work()
  }
  return () => cancel()
}
