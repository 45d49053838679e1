/** The harness alone: what it costs is taken off the others. */
import type { OpenSubject } from '../subject.ts'

export const openNone: OpenSubject = async (watcher) => {
  let taken = 0
  return {
    take(events) {
      taken += events.length
      watcher.durable(taken, 0)
    },
    idle: async () => {},
    facts: () => ({}),
  }
}
