/**
 * Owns the page's rhythm: when the next frame is, when the page is about to go, and when it is back. All work
 * without a document, for workers, Node and tests.
 */

/**
 * Schedules work for the next frame; gives back how to cancel it. `behind`: more waits than a frame holds, so the
 * work waits for what else the page has to do, and not for the screen.
 */
export type Frames = (work: () => void, behind?: boolean) => () => void

/**
 * Animation frames while the page is visible. A hidden page has none, and its timers are clamped to a second
 * or more; a message to oneself is not.
 */
export const pageFrames: Frames = (work, behind = false) => {
  if (!behind && typeof document !== 'undefined' && document.visibilityState === 'visible') {
    let cancelFrame = (): void => {}
    // A frame can fail to come (covered window, hidden in between); the timer makes sure.
    const timer = setTimeout(() => run(), 100)
    const run = (): void => {
      clearTimeout(timer)
      cancelFrame()
      work()
    }
    const frame = requestAnimationFrame(run)
    cancelFrame = () => cancelAnimationFrame(frame)
    return () => {
      clearTimeout(timer)
      cancelFrame()
    }
  }
  const { port1, port2 } = new MessageChannel()
  const close = (): void => {
    port1.close()
    port2.close()
  }
  port1.addEventListener('message', () => {
    close()
    work()
  })
  port1.start()
  port2.postMessage(null)
  return close
}

/**
 * Watches for the page's last moments. `soon`: it may be about to go, and there may be time for an ordinary
 * write. `now`: it goes or freezes with this event; only what is issued at once has a chance.
 */
export function onPageLeaving({ soon, now }: { soon: () => void; now: () => void }): () => void {
  if (typeof document === 'undefined') return () => {}
  const hidden = (): void => {
    if (document.visibilityState === 'hidden') soon()
  }
  document.addEventListener('visibilitychange', hidden)
  // Some milliseconds ahead of `pagehide`, and often enough for a whole transaction.
  globalThis.addEventListener('beforeunload', soon)
  document.addEventListener('freeze', now)
  globalThis.addEventListener('pagehide', now)
  return () => {
    document.removeEventListener('visibilitychange', hidden)
    globalThis.removeEventListener('beforeunload', soon)
    document.removeEventListener('freeze', now)
    globalThis.removeEventListener('pagehide', now)
  }
}

export interface PageLife {
  /** Whether a person can see the page now. */
  isVisible(): boolean
  /**
   * `back`: the page is seen again, or goes on after it was frozen. `frozen`: it stops running now. `stored`: it may
   * be kept as it is for a person who comes back; whoever holds a lock is not kept. `restored`: it was, and runs.
   */
  watch(on: Record<'back' | 'frozen' | 'stored' | 'restored', () => void>): () => void
}

export const pageLife: PageLife = {
  isVisible: () => typeof document === 'undefined' || document.visibilityState === 'visible',

  watch({ back, frozen, stored, restored }) {
    if (typeof document === 'undefined') return () => {}
    const seen = (): void => {
      if (document.visibilityState === 'visible') back()
    }
    const gone = ({ persisted }: PageTransitionEvent): void => {
      if (persisted) stored()
    }
    const shown = ({ persisted }: PageTransitionEvent): void => {
      if (persisted) restored()
    }
    document.addEventListener('visibilitychange', seen)
    document.addEventListener('freeze', frozen)
    document.addEventListener('resume', back)
    globalThis.addEventListener('pagehide', gone)
    globalThis.addEventListener('pageshow', shown)
    return () => {
      document.removeEventListener('visibilitychange', seen)
      document.removeEventListener('freeze', frozen)
      document.removeEventListener('resume', back)
      globalThis.removeEventListener('pagehide', gone)
      globalThis.removeEventListener('pageshow', shown)
    }
  },
}
