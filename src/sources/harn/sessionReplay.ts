/**
 * Owns going through a session step by step: pages of its events behind a cursor, and what runs were like after any of
 * them. Pure; nothing is remembered between two steps. harn-agentd C2 16.
 */
import type { HarnEvent } from './facts.ts'
import { foldEvents } from './importRun.ts'
import type { HarnEntities } from './importRun.ts'

export interface ReplayPage {
  events: readonly HarnEvent[]
  /** What the next page comes after; null when this was the last one. */
  next: number | null
}

/** Events behind the cursor, which counts events from 1; 0 is before all of them. */
export function replayPage(events: readonly HarnEvent[], after: number, limit: number): ReplayPage {
  const end = Math.min(after + limit, events.length)
  return { events: events.slice(after, end), next: end < events.length ? end : null }
}

/** The runs as they were after the first `steps` events. */
export const replayTo = (events: readonly HarnEvent[], steps: number): HarnEntities =>
  foldEvents(events.slice(0, Math.max(0, steps))).entities
