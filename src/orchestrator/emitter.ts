/**
 * Owns the way out: one stream of events with positions 1, 2, 3…, checked before they get one, handed over
 * together once per tick. What is emitted here is never refused by a ledger.
 */
import type { z } from 'zod'
import { prepare } from '../core/content.ts'
import { decodeEvent } from '../core/decode.ts'
import type { eventSchemas, EventType, RawEvent, transientSchemas } from '../core/events.ts'
import type { LogId } from '../core/ids.ts'
import type { Clock } from '../core/ports.ts'

type Schemas = typeof eventSchemas & typeof transientSchemas
type Payload<Type extends keyof Schemas> = z.input<Schemas[Type]>

export interface Emitter {
  /**
   * Emits one event.
   * @throws UnrecordableError when a ledger would refuse it; then nothing was emitted.
   */
  emit<Type extends keyof Schemas>(log: LogId, type: Type, payload: Payload<Type>): void
  /** Hands over at once what waits for the end of the tick; gives back the last position. */
  flush(): number
  /** Emits nothing from now on. */
  close(): void
}

/** An event that no log can hold: too large, or not what its type says. */
export class UnrecordableError extends Error {
  override readonly name = 'UnrecordableError'

  constructor(type: EventType | keyof typeof transientSchemas, reason: string) {
    super(`This cannot be recorded as ${type}: ${reason}.`)
  }
}

export function createEmitter(
  stream: string,
  clock: Clock,
  deliver: (events: readonly RawEvent[]) => void,
): Emitter {
  let position = 0
  let closed = false
  let batch: RawEvent[] = []

  function flush(): void {
    const events = batch
    batch = []
    if (!closed && events.length > 0) deliver(events)
  }

  return {
    emit(log, type, payload) {
      if (closed) return
      const raw: RawEvent = { log, type, payload, timestamp: clock.now(), position: position + 1 }
      const checked = check(raw, stream)
      if (!checked.ok) throw new UnrecordableError(type, checked.reason)
      position += 1
      // The checked copy: what an agent does to its own objects later changes nothing.
      if (batch.push({ ...raw, payload: checked.payload }) === 1) queueMicrotask(flush)
    },

    flush() {
      flush()
      return position
    },

    close() {
      closed = true
    },
  }
}

function check(
  raw: RawEvent,
  stream: string,
): { ok: true; payload: unknown } | { ok: false; reason: string } {
  const decoded = decodeEvent(raw, stream)
  if (decoded.kind === 'bad') return { ok: false, reason: decoded.reason }
  if (decoded.kind === 'event') {
    const prepared = prepare(decoded.event)
    if (!prepared.ok) return prepared
  }
  return { ok: true, payload: decoded.event.payload }
}
