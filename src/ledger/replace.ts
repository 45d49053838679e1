/**
 * Owns what takes an event's place when the event itself cannot be kept: nothing is skipped, the sequence stays
 * contiguous, and what is missing says so. DESIGN 4.
 */
import type { RunEvent } from '../core/entities.ts'

/** Characters of one event as JSON that every back end takes (Chromium's SQLite store refuses 127 MiB). */
const STORABLE = 16 * 1024 * 1024

/** Events a full disk may do without: what they told is in the live view, and the run's course is kept. */
const BULK = new Set([
  'tool.started',
  'tool.finished',
  'iteration.started',
  'foreign',
  'transcript.compacted',
])

const isReplaced = ({ type, payload }: RunEvent): boolean => type === 'foreign' && payload.source === 'ledger'

/** Bulk events without their payload; the same array when there are none. */
export function stripBulk(events: readonly RunEvent[]): readonly RunEvent[] {
  const isBulk = (event: RunEvent): boolean => BULK.has(event.type) && !isReplaced(event)
  return events.some(isBulk)
    ? events.map((event) => (isBulk(event) ? standIn(event, 'stripped') : event))
    : events
}

/** Events without those that no store can take; the same array when all can be stored. */
export function replacePoison(events: readonly RunEvent[]): readonly RunEvent[] {
  return events.every(isStorable)
    ? events
    : events.map((event) => (isStorable(event) ? event : standIn(event, 'quarantined')))
}

function standIn(event: RunEvent, name: 'stripped' | 'quarantined'): RunEvent {
  return { ...event, type: 'foreign', payload: { source: 'ledger', name, value: { type: event.type } } }
}

function isStorable(event: RunEvent): boolean {
  try {
    return JSON.stringify(event).length <= STORABLE
  } catch {
    return false
  }
}
