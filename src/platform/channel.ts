/**
 * Owns the line between the pages of an origin, on BroadcastChannel. Where the platform has none, nothing is
 * ever heard: what others wrote is then found by looking at the disk.
 */
import type { Channels } from '../core/ports.ts'

export const broadcastChannels: Channels = (name, hear) => {
  const { BroadcastChannel: Line } = globalThis as { BroadcastChannel?: typeof BroadcastChannel }
  if (Line === undefined) return { post: () => {}, close: () => {} }
  const line = new Line(name)
  line.addEventListener('message', ({ data }) => hear(data))
  return {
    post: (message) => line.postMessage(message),
    close: () => line.close(),
  }
}
