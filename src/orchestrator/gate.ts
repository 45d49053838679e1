/**
 * Owns what a pause holds back: whoever comes to a shut gate waits until it opens, in the order they came.
 */
import { orAborted } from './abort.ts'

export interface Gate {
  isShut(): boolean
  shut(): void
  /** Does what was put off, then lets everybody through. */
  open(): void
  /** Now, or when it opens. */
  when(action: () => void): void
  /** Resolves when it is open. Rejects with the signal's reason when that is aborted. */
  passed(signal: AbortSignal): Promise<void>
}

export function createGate(): Gate {
  let isShut = false
  let opened = Promise.resolve()
  let resolveOpened = (): void => {}
  let putOff: (() => void)[] = []

  /** Shut again before whoever waited came to it, it holds them as well. */
  async function passed(signal: AbortSignal): Promise<void> {
    if (!isShut) return
    await orAborted(signal, () => opened)
    await passed(signal)
  }

  return {
    isShut: () => isShut,

    shut() {
      if (isShut) return
      isShut = true
      opened = new Promise((resolve) => {
        resolveOpened = resolve
      })
    },

    open() {
      if (!isShut) return
      isShut = false
      const actions = putOff
      putOff = []
      for (const action of actions) action()
      resolveOpened()
    },

    when(action) {
      if (isShut) putOff.push(action)
      else action()
    },

    passed,
  }
}
