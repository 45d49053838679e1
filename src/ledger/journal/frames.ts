/**
 * Owns how a frame becomes bytes and comes back: a small JSON head with the length of every text, and the texts as
 * UTF-8 behind it. Bodies of segments arrive as JSON and are never parsed here. Pure, without a file.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { LogId } from '../../core/ids.ts'
import type { StreamCursor } from '../../core/intake.ts'
import type { QuarantineEntry, Stamp, Tombstone } from '../copies.ts'
import { KIND, seal } from './envelope.ts'
import type { Totals } from './envelope.ts'
import type { FrameHead, JournalFrame } from './port.ts'

/** Bytes of a text in the body; negative when it is kept as a JSON string, since UTF-8 holds no lone surrogate. */
type TextLength = number

/** The head as it lies on disk; texts follow in the order of segments, blobs, quarantine. */
export interface StoredHead {
  stamp: Stamp | null
  /** The writer's highest stamp before this frame: where a frame without one stands. */
  after: number
  net: number
  segments: readonly (readonly [log: LogId, first: number, last: number, length: TextLength])[]
  blobs: readonly (readonly [ref: string, length: TextLength])[]
  quarantine: readonly (readonly [id: string, length: TextLength])[]
  cursors: readonly StreamCursor[]
  commands: readonly RunCommand[]
  tombstones: readonly Tombstone[]
}

/** A frame taken apart: what is needed to tell what it holds, and its texts in one piece. */
export interface Parts {
  head: StoredHead
  body: Uint8Array
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Matches only surrogates that are half of nothing. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** The number of the write a frame belongs to, or follows. */
export const orderOf = ({ stamp, after }: Pick<StoredHead, 'stamp' | 'after'>): number =>
  stamp?.batch ?? after

export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value))
}

/** @throws SyntaxError */
export function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes))
}

/** The frame as it goes to disk, behind what `before` counts. */
export function encodeFrame(
  frame: JournalFrame,
  before: Totals,
  after: number,
): { bytes: Uint8Array; totals: Totals } {
  const { head, texts } = takeApart(frame, after)
  const totals = plus(before, head)
  return { bytes: seal(KIND.frame, encodeJson(head), texts, totals), totals }
}

export function plus(totals: Totals, { net, stamp }: Pick<StoredHead, 'net' | 'stamp'>): Totals {
  return {
    frames: totals.frames + 1,
    net: totals.net + net,
    batch: Math.max(totals.batch, stamp?.batch ?? 0),
  }
}

function takeApart(frame: JournalFrame, after: number): { head: StoredHead; texts: Uint8Array[] } {
  const texts: Uint8Array[] = []
  const put = (text: string): TextLength => {
    const isWhole = !LONE_SURROGATE.test(text)
    const bytes = encoder.encode(isWhole ? text : JSON.stringify(text))
    texts.push(bytes)
    return isWhole ? bytes.length : -bytes.length
  }
  const { stamp, net, cursors, commands, tombstones } = frame
  // In the order in which `readTexts` takes them.
  const segments = frame.segments.map(({ log, first, last, body }) => [log, first, last, put(body)] as const)
  const blobs = frame.blobs.map(({ ref, text }) => [ref, put(text)] as const)
  const quarantine = frame.quarantine.map((entry) => [entry.id, put(JSON.stringify(entry))] as const)
  return { head: { stamp, after, net, segments, blobs, quarantine, cursors, commands, tombstones }, texts }
}

/** The head and body of a stored frame; null when they are none of ours or do not fit each other. */
export function readParts(head: Uint8Array, body: Uint8Array): Parts | null {
  try {
    const stored = decodeJson(head) as StoredHead
    return bodyLength(stored) === body.length ? { head: stored, body } : null
  } catch {
    return null
  }
}

const lengthsOf = (head: StoredHead): TextLength[] => [
  ...head.segments.map(([, , , length]) => length),
  ...head.blobs.map(([, length]) => length),
  ...head.quarantine.map(([, length]) => length),
]

/** Bytes of all texts of a frame. */
export function bodyLength(head: StoredHead): number {
  return lengthsOf(head).reduce((sum, length) => sum + Math.abs(length), 0)
}

/** @throws SyntaxError when a text is not what its head says */
export function decodeFrame({ head, body }: Parts): JournalFrame {
  let at = 0
  const take = (length: TextLength): string => {
    const text = decoder.decode(body.subarray(at, (at += Math.abs(length))))
    return length < 0 ? (JSON.parse(text) as string) : text
  }
  const { stamp, net, cursors, commands, tombstones } = head
  const segments = head.segments.map(([log, first, last, length]) => ({
    log,
    first,
    last,
    body: take(length),
  }))
  const blobs = head.blobs.map(([ref, length]) => ({ ref, text: take(length) }))
  const quarantine = head.quarantine.map(([, length]) => JSON.parse(take(length)) as QuarantineEntry)
  return { stamp, net, segments, blobs, quarantine, cursors, commands, tombstones }
}

export function toFrameHead(head: StoredHead, at: FrameHead['at']): FrameHead {
  const { stamp, net, cursors, commands, tombstones } = head
  const segments = head.segments.map(([log, first, last]) => ({ log, first, last }))
  const blobs = head.blobs.map(([ref]) => ref)
  const quarantine = head.quarantine.map(([id]) => id)
  return { at, stamp, net, segments, blobs, quarantine, cursors, commands, tombstones }
}

/** The frame without the texts `keep` refuses; asked in the order of the body. Its `net` stays. */
export function withoutTexts(
  { head, body }: Parts,
  keeps: { segment(log: LogId): boolean; blob(ref: string): boolean },
): Parts {
  const kept: Uint8Array[] = []
  let at = 0
  const passes = (length: TextLength, keep: boolean): boolean => {
    const text = body.subarray(at, (at += Math.abs(length)))
    if (keep) kept.push(text)
    return keep
  }
  const segments = head.segments.filter(([log, , , length]) => passes(length, keeps.segment(log)))
  const blobs = head.blobs.filter(([ref, length]) => passes(length, keeps.blob(ref)))
  const quarantine = head.quarantine.filter(([, length]) => passes(length, true))
  return { head: { ...head, segments, blobs, quarantine }, body: concat(kept) }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
