// Owns the filled stores of the history and boot parts.
import { openTab } from './browser.mjs'
import { filledProfile } from './profiles.mjs'

/** For what a store does when nobody waits. */
const IDLE_MS = 20_000

/** A tenth of the events is one run's. @param {boolean} quick */
export const sizesOf = (quick) => ({
  small: { runs: 100, events: 10_000 },
  large: quick ? { runs: 1_000, events: 100_000 } : { runs: 10_000, events: 1_000_000 },
})

/**
 * The profile with this store, filled now if it is not yet; to be copied, never opened.
 * @param {{ store: string, size: { runs: number, events: number }, run: string, code: string, port: number }} options
 */
export function filled({ store, size, run, code, port }) {
  return filledProfile({
    code,
    run,
    name: `${store}-${size.runs}-${size.events}`,
    async make(profile) {
      const began = performance.now()
      const tab = await openTab({ profile, port, subject: store })
      try {
        const events = await tab.call('fill', { store, size })
        const seconds = (performance.now() - began) / 1_000
        console.log(`  filled ${store}: ${events} events in ${seconds.toFixed(1)} s`)
        await tab.call('pause', IDLE_MS)
      } finally {
        await tab.close()
      }
    },
  })
}
