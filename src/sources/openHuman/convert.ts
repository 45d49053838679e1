/**
 * Owns the way from one message of the socket to the events it is (`convertFact.ts`); what follows from it is told in
 * its turn's order (`convertFollow.ts`). Nothing is thrown and nothing is dropped: what has no place is handed over to
 * be refused.
 */
import { hashOf } from '../../core/contentKey.ts'
import type { RawEvent, StreamInfo } from '../../core/events.ts'
import { isTransientType } from '../../core/events.ts'
import { factsOf } from './convertFact.ts'
import { isOfRun, noteStanding, openingOf } from './convertFollow.ts'
import { proseStream, turnStream, UNPLACED_STREAM } from './identity.ts'
import type { Message, Unplaced } from './identity.ts'
import { hear } from './turns.ts'
import type { Turn, TurnMemory } from './turns.ts'
import { readFields } from './wire.ts'

export interface Converted {
  stream: StreamInfo
  events: readonly RawEvent[]
}

/** What one message tells at once, and whether something may follow from it. */
export interface Told extends Converted {
  isNew: boolean
}

/** Null for the second name of a message that was heard under its first. */
export function tellMessage(raw: unknown, message: Message, turn: Turn, memory: TurnMemory): Told | null {
  if (!turn.isKnown && !isOfRun(message)) {
    const why = 'It names a request that is not known to be a turn, and says nothing of a run.'
    const [refused] = unplaced(raw, { name: message.name, form: message.form, why }, message.at)
    return refused === undefined ? null : { ...refused, isNew: false }
  }
  const facts = factsOf(message)
  if (message.seq === null && facts.every(({ type }) => isTransientType(type)))
    return piece(message, turn, facts)
  const heard = hear(turn, message)
  if (heard === 'alias') return null
  if (heard === 'new') noteStanding(message, memory)
  const events = [...openingOf(message, turn), ...facts]
  return { stream: turnStream(turn.requestId), events, isNew: heard === 'new' }
}

/** Nothing tells a piece of prose without a number from the same words said again: each one counts. */
function piece(message: Message, turn: Turn, facts: readonly RawEvent[]): Told {
  const opening = openingOf(message, turn)
  if (opening.length > 0) return { stream: turnStream(turn.requestId), events: opening, isNew: false }
  const events = facts.map((fact) => ({ ...fact, position: `piece:${turn.pieces}` }))
  turn.pieces += 1
  return { stream: proseStream(turn.requestId), events, isNew: false }
}

/** Told of a thread or of the app, and of no run: the list of what is ignored, each without loss to a run. */
const OF_NO_RUN = new Set([
  // Signs of life of a core that is at no turn.
  'inference_heartbeat',
  // The composer's queue of messages that are not sent yet.
  'queue_item_queued',
  'queue_item_delivered',
  'queue_item_removed',
  // A thread's own notes, read by their own RPCs.
  'task_board_updated',
  'thread_todos_changed',
  'thread_goal_updated',
  'thread_goal_cleared',
  'memory_activity',
])

export function unplaced(raw: unknown, { name, why }: Unplaced, now: number): readonly Converted[] {
  if (OF_NO_RUN.has(name)) return []
  const message = readFields(raw) ?? { value: typeof raw === 'string' ? raw.slice(0, 1_000) : typeof raw }
  const { ts: _ts, ...content } = message
  const event: RawEvent = {
    // No log is called so: the ledger refuses it, keeps it, counts it and shows it.
    log: 'none',
    type: `openhuman.${name}`,
    payload: { why, message },
    timestamp: now,
    position: `${name}:${hashOf(content)}`,
  }
  return [{ stream: UNPLACED_STREAM, events: [event] }]
}
