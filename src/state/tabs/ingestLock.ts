/**
 * Owns who is connected to a source that pages share: the holder of its lock, and nobody else. A page that ends
 * frees the lock; a frozen one is robbed, but only by a page that a person looks at. Saves work and keeps the
 * order of talking clear; that no event is lost or doubled does not depend on it. SPEC T2.
 */
import type { Clock, Locks } from '../../core/ports.ts'

const PING_MS = 500
/** Unanswered pings after which the holder counts as frozen: two seconds. */
const SILENT_PINGS = 4

export interface Seat {
  /** Whether this page is the one that is connected. */
  isTaken(): boolean
  /** The holder said something. */
  heard(): void
  /** Lets the seat go for now, as a page that stops running. */
  leave(): void
  /** Gets in line again. */
  comeBack(): void
}

export function takeSeat(options: {
  name: string
  locks: Locks
  clock: Clock
  isVisible: () => boolean
  /** Asks the holder whether it runs. */
  ping: () => void
  /** Connects; gives back how to disconnect. */
  sit: () => () => void
}): Seat {
  const { name, locks, clock, isVisible, ping, sit } = options
  let stand: (() => void) | null = null
  /** Our place in the queue for the lock; null while seated or away. */
  let waiting: AbortController | null = null
  let cancelPing = (): void => {}
  let silent = 0

  function request(steal: boolean): void {
    waiting?.abort()
    const place = new AbortController()
    waiting = place
    const isOurs = (): boolean => waiting === place
    const how = steal ? { steal: true } : { signal: place.signal }
    locks.hold(name, { ...how, onLost: () => robbed(place) }).then(
      (release) => (isOurs() ? seated(release) : release()),
      // The platform refuses locks to this page: others may have them, so it follows.
      () => {},
    )
    watch()
  }

  let present: AbortController | null = null

  function seated(release: () => void): void {
    present = waiting
    waiting = null
    cancelPing()
    const disconnect = sit()
    stand = () => {
      stand = null
      present = null
      disconnect()
      release()
    }
  }

  /** This page was away for too long: it follows now. */
  function robbed(place: AbortController): void {
    if (present !== place) return
    stand?.()
    request(false)
  }

  /** Looks after the holder while this page waits. */
  function watch(): void {
    cancelPing()
    silent = 0
    const look = (): void => {
      cancelPing = clock.setTimeout(look, PING_MS)
      if (!isVisible()) {
        silent = 0
        return
      }
      if (silent >= SILENT_PINGS) {
        request(true)
        return
      }
      silent += 1
      ping()
    }
    cancelPing = clock.setTimeout(look, PING_MS)
  }

  request(false)
  return {
    isTaken: () => stand !== null,
    heard: () => {
      silent = 0
    },
    leave() {
      cancelPing()
      waiting?.abort()
      waiting = null
      stand?.()
    },
    comeBack() {
      if (stand === null && waiting === null) request(false)
    },
  }
}
