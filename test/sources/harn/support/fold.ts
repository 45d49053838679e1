/** Imported events as a ledger takes them in: by identity, then by the fold. */
import { accept } from '../../../../src/core/accept.ts'
import { decodeEvent } from '../../../../src/core/decode.ts'
import type { LogRecord } from '../../../../src/core/entities.ts'
import { eventIdentity } from '../../../../src/core/ids.ts'
import type { HarnEvent } from '../../../../src/sources/harn/facts.ts'

export function folded(events: readonly HarnEvent[]): LogRecord[] {
  const known = new Set<string>()
  const fresh = events.flatMap(({ stream, event }) => {
    const identity = eventIdentity({ stream, position: event.position })
    if (known.has(identity)) return []
    known.add(identity)
    const decoded = decodeEvent(event, stream)
    return decoded.kind === 'event' ? [decoded.event] : []
  })
  return accept(() => undefined, fresh).changes.map(({ record }) => record)
}
