/**
 * Owns what one frame gathers before it is folded: a source's raw values as items with a place in their
 * stream, and everything that was refused, with its reason. SPEC A1, A3.
 */
import type { LogChange } from '../../core/accept.ts'
import { prepare } from '../../core/content.ts'
import type { Prepared } from '../../core/content.ts'
import { decodeEvent } from '../../core/decode.ts'
import type { SourceEvent, StreamInfo, TransientEvent } from '../../core/events.ts'
import type { Position } from '../../core/ids.ts'
import type { Gap } from '../../core/intake.ts'
import type { Clock } from '../../core/ports.ts'
import { createRedaction } from '../../core/redaction.ts'
import type { Redaction } from '../../core/redaction.ts'
import { isSettled } from '../../core/status.ts'
import type { QuarantineEntry } from '../../ledger/copies.ts'
import type { Durability } from '../../ledger/port.ts'
import type { Frame } from '../actions.ts'
import type { RunsState } from '../runsState.ts'
import { at } from '../table.ts'
import { COMPARED } from './repeats.ts'
import type { Repeat } from './repeats.ts'

/** Characters of a refused input that are kept. */
export const RAW_KEPT = 4_000

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
  /** Taken for repeats, and not yet compared with what came first. */
  repeats: Repeat[]
}

export function newGathered(received: number): Gathered {
  return {
    events: [],
    transient: [],
    quarantine: [],
    streams: new Set(),
    counts: { received, duplicates: 0 },
    repeats: [],
  }
}

/** Whether the store has it: its log's latest events are in memory. */
export const isTaken = (tails: RunsState['tails'], { event: { log, stream, position } }: Prepared): boolean =>
  (at(tails, log) ?? []).some((each) => each.stream === stream && each.position === position)

/** Puts refused inputs aside, each with a name of its own: two pages may refuse something at the same moment. */
export function createQuarantine(options: { clock: Clock; redaction: Redaction; page: string }) {
  const { clock, redaction, page } = options
  let refusals = 0
  return (into: Gathered, stream: string, position: Position | null, reason: string, raw: unknown): void => {
    const at = clock.now()
    refusals += 1
    const id = `${at}:${String(refusals).padStart(9, '0')}:${page}`
    into.quarantine.push({ id, stream, position, reason, raw: redaction.raw(raw, RAW_KEPT), at })
  }
}

/** Counted; and kept, up to a number, to be compared with what came first. */
export function repeated(into: Gathered, item: Item, raw: unknown): void {
  into.counts.duplicates += 1
  if (item.kind !== 'event' || into.repeats.length >= COMPARED) return
  into.repeats.push({ prepared: item.prepared, raw })
}

export interface TakenItem {
  position: Position | null
  item: Item
  refused: string | null
}

/**
 * Decodes, redacts and prepares, in this order: a text is whole when it is searched for secrets, and cut after.
 * What cannot be used still has its place in the stream. Live pieces are redacted where they are in order.
 */
export function toItem(raw: unknown, stream: StreamInfo, redaction: Redaction = byDefault): TakenItem {
  const decoded = decodeEvent(raw, stream.id)
  if (decoded.kind === 'bad') {
    const { position, reason } = decoded
    return refuse(position === null ? null : redaction.position(position), redaction.text(reason))
  }
  const position = redaction.position(decoded.event.position)
  if (decoded.kind === 'transient') {
    return { position, item: { kind: 'transient', event: decoded.event }, refused: null }
  }
  try {
    const result = prepare(redaction.event(decoded.event))
    return result.ok
      ? { position, item: { kind: 'event', prepared: result.prepared }, refused: null }
      : refuse(position, redaction.text(result.reason))
  } catch (error) {
    // The host's hook is the only thing here that throws.
    return refuse(position, failedBy('redaction failed', error, redaction))
  }
}

const byDefault = createRedaction()

const refuse = (position: Position | null, reason: string): TakenItem => ({
  position,
  item: { kind: 'none' },
  refused: reason,
})

/** Why something was refused that threw. */
export const failedBy = (what: string, error: unknown, redaction: Redaction): string =>
  `${what}: ${redaction.text(error instanceof Error ? error.message : String(error))}`.slice(0, 300)

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

/** What the fold made of it, as the store and the writer take it. */
export function frameOf(
  { events, transient, quarantine, counts }: Gathered,
  { changes, redundant, cursors }: Pick<Frame, 'changes' | 'cursors'> & { redundant: number },
  receivedAt: number,
): Frame {
  return {
    changes,
    transient,
    cursors,
    blobs: events.flatMap(({ blobs }) => blobs),
    contents: events.flatMap(({ contents }) => contents),
    quarantine,
    counts: { ...counts, redundant },
    durability: durabilityOf(changes),
    receivedAt,
  }
}

/** What must not be lost to a power cut is written through to the disk. */
function durabilityOf(changes: readonly LogChange[]): Durability {
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
