/**
 * Owns the one clock all timers on screen share: a single interval, running only while something live is
 * shown.
 */
import { useSyncExternalStore } from 'react'

const TICK_MS = 1_000

const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | null = null

function tick(): void {
  now = Date.now()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === null) {
    now = Date.now()
    timer = setInterval(tick, TICK_MS)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }
}

const subscribeToNothing = (): (() => void) => () => {}

/** Epoch milliseconds that advance every second while `active`, and stand still otherwise. */
export function useNow(active: boolean): number {
  return useSyncExternalStore(active ? subscribe : subscribeToNothing, () => (active ? now : 0))
}

/** The time at this moment, where nothing has to tick. */
export const currentTime = (): number => Date.now()
