/** Owns what the agentd tests fold with: raw events through the real border into the real fold. */
import { expect } from 'vitest'
import { accept } from '../../../src/core/accept.ts'
import { decodeEvent } from '../../../src/core/decode.ts'
import type { LogRecord, RunRecord } from '../../../src/core/entities.ts'
import type { RawEvent, SourceEvent } from '../../../src/core/events.ts'
import type { LogId } from '../../../src/core/ids.ts'

export const AT = Date.UTC(2026, 2, 21, 9)
export const LOG = 'r:a1'

let position = 0
/** An event of the agent, after all others. */
export function told(type: string, payload: object, log: LogId = LOG): RawEvent {
  position += 1
  return { log, type, payload, timestamp: AT + position, position }
}

export function decoded(raw: unknown, stream = 'agentd:a1'): SourceEvent {
  const result = decodeEvent(raw, stream)
  expect(result).toMatchObject({ kind: 'event' })
  if (result.kind !== 'event') throw new Error('not an event')
  return result.event
}

/** The run after the events. */
export function foldRaw(events: readonly unknown[], from?: RunRecord, stream = 'agentd:a1'): RunRecord {
  const { changes } = accept(
    () => from as LogRecord | undefined,
    events.map((raw) => decoded(raw, stream)),
  )
  const record = changes[0]?.record ?? from
  if (record?.entity !== 'run') throw new Error('no run')
  return record
}
