/**
 * Owns the names that come from an orchestrator's epoch, one life of it: its event stream, and the lock
 * that says it is alive.
 */
import type { StreamInfo } from './events.ts'

const STREAM = 'local:'

/** The one stream of all events an orchestrator emits in its life. */
export const streamOf = (epoch: string): StreamInfo => ({
  id: `${STREAM}${epoch}`,
  contiguous: true,
  first: 1,
  kind: 'live',
})

/** The epoch a stream belongs to; null for streams of other sources. */
export const epochOf = (stream: string | null): string | null =>
  stream?.startsWith(STREAM) === true ? stream.slice(STREAM.length) : null

/** Held by whoever drives the runs of an epoch: while it is held, they have an owner. */
export const epochLock = (epoch: string): string => `run-ledger:epoch:${epoch}`
