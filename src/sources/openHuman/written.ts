/**
 * Owns what a person writes: the core's messages never repeat it, but its answer names the turn that it begins. What
 * was written is that turn's prompt, told once something else is: a message that waits in a queue begins nothing.
 */
import type { LogRecord } from '../../core/entities.ts'
import type { RawEvent } from '../../core/events.ts'
import { isUsableId, runLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { Clock } from '../../core/ports.ts'
import { put } from './latest.ts'
import { fieldOf, unwrap } from './rpc.ts'
import type { SendMessage } from './verbs.ts'

/** Turns nothing was heard of yet, and turns that something was heard of last. */
const TURNS_KEPT = 100

export interface WrittenOptions {
  send: SendMessage
  clock: Clock
  record(log: LogId): Promise<LogRecord | null>
  tell(event: RawEvent): void
}

export interface Written {
  send: SendMessage
  /** Something was told of the run. */
  heard(log: LogId): void
}

export function rememberWritten({ send, clock, record, tell }: WrittenOptions): Written {
  const waiting = new Map<LogId, RawEvent>()
  /** A short turn may be over before the answer came, and before the ledger knows it. */
  const recent = new Map<LogId, true>()

  function heard(log: LogId): void {
    put(recent, log, true, TURNS_KEPT)
    const event = waiting.get(log)
    if (event === undefined) return
    waiting.delete(log)
    tell(event)
  }

  return {
    async send(threadId, text) {
      const answered = await send(threadId, text)
      const requestId = fieldOf(unwrap(answered), 'request_id')
      if (typeof requestId !== 'string' || !isUsableId(requestId)) return answered
      const log = runLog(requestId)
      const payload = { prompt: text }
      const event = { log, type: 'run.observed', payload, timestamp: clock.now(), position: requestId }
      // It may be heard of while the ledger is asked.
      put(waiting, log, event, TURNS_KEPT)
      if (recent.has(log) || (await record(log)) !== null) heard(log)
      return answered
    },
    heard,
  }
}
