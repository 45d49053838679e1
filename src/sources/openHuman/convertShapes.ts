/**
 * Owns what converting a message gives: events in the making, and events with their place.
 */
import type { EventType, RawEvent, TransientType } from '../../core/events.ts'
import type { LogId, Position } from '../../core/ids.ts'
import type { Message } from './identity.ts'
import type { Fields } from './wire.ts'

/** One event of a run, without its place in a stream. */
export interface Fact {
  log: LogId
  type: EventType | TransientType
  payload: Fields
}

export const at = (message: Message, position: Position, { log, type, payload }: Fact): RawEvent => ({
  log,
  type,
  payload,
  timestamp: message.at,
  position,
})

/** What is no fact of a run, kept as it came. */
export const foreign = (name: string, value: Fields): Fields => ({ source: 'openhuman', name, value })
