/**
 * Owns what one frame gathers before it is folded: a source's raw values as items with a place in their
 * stream, and everything that was refused, with its reason. SPEC A1, A3.
 */
import type { LogChange } from '../core/accept.ts'
import { prepare } from '../core/content.ts'
import type { Prepared } from '../core/content.ts'
import { decodeEvent } from '../core/decode.ts'
import type { SourceEvent, StreamInfo, TransientEvent } from '../core/events.ts'
import type { Position } from '../core/ids.ts'
import type { Gap } from '../core/intake.ts'
import { isSettled } from '../core/status.ts'
import type { Durability, QuarantineEntry } from '../ledger/port.ts'

const RAW_KEPT = 4_000

export type Item =
  | { kind: 'event'; prepared: Prepared }
  | { kind: 'transient'; event: TransientEvent }
  | { kind: 'none' }

export interface Gathered {
  events: Prepared[]
  transient: TransientEvent[]
  quarantine: QuarantineEntry[]
  streams: Set<string>
  counts: { received: number; duplicates: number }
}

export function newGathered(received: number): Gathered {
  return {
    events: [],
    transient: [],
    quarantine: [],
    streams: new Set(),
    counts: { received, duplicates: 0 },
  }
}

export function take(into: Gathered, item: Item): void {
  if (item.kind === 'event') into.events.push(item.prepared)
  else if (item.kind === 'transient') into.transient.push(item.event)
}

/** Decodes and prepares; what cannot be used still has its place in the stream. */
export function toItem(
  raw: unknown,
  stream: StreamInfo,
): { position: Position | null; item: Item; refused: string | null } {
  const decoded = decodeEvent(raw, stream.id)
  if (decoded.kind === 'bad') {
    return { position: decoded.position, item: { kind: 'none' }, refused: decoded.reason }
  }
  const { position } = decoded.event
  if (decoded.kind === 'transient') {
    return { position, item: { kind: 'transient', event: decoded.event }, refused: null }
  }
  const result = prepare(decoded.event)
  return result.ok
    ? { position, item: { kind: 'event', prepared: result.prepared }, refused: null }
    : { position, item: { kind: 'none' }, refused: result.reason }
}

export function gapBefore(next: SourceEvent, stream: string, gap: Gap): Prepared {
  const { log, timestamp } = next
  const position = `gap:${stream}:${gap.from}`
  const event: SourceEvent = {
    log,
    timestamp,
    stream,
    position,
    type: 'log.gap',
    payload: { stream, ...gap },
  }
  return { event, blobs: [], contents: [] }
}

/** What must not be lost to a power cut is written through to the disk. */
export function durabilityOf(changes: readonly LogChange[]): Durability {
  const strict = changes.some(
    ({ events, transitions }) =>
      transitions.some((each) => isSettled(each.to)) || events.some((event) => STRICT_TYPES.has(event.type)),
  )
  return strict ? 'strict' : 'relaxed'
}

const STRICT_TYPES = new Set([
  'question.asked',
  'question.settled',
  'checkpoint.saved',
  'artifact.recorded',
  'control.settled',
])

export function toRawText(raw: unknown): string {
  try {
    return (JSON.stringify(raw) ?? String(raw)).slice(0, RAW_KEPT)
  } catch (error) {
    return `(not JSON: ${error instanceof Error ? error.message : 'unreadable'})`
  }
}
