/**
 * Owns the bytes around everything in a journal file: a header that vouches for its lengths, a checksum over what
 * it holds, and a footer with the running totals of the file, so that a file's state is read from its last forty
 * bytes. Finds every whole envelope whatever happened to the bytes between.
 */
// The whole module: Node finds no names in this one.
import crc32 from 'crc-32'

/** What an envelope holds; on disk, so the numbers stay. */
export const KIND = { frame: 1, manifest: 2, block: 3, trailer: 4 } as const
export type Kind = (typeof KIND)[keyof typeof KIND]

/** What a file holds up to the end of an envelope. */
export interface Totals {
  frames: number
  /** Sum of the frames' `net`. */
  net: number
  /** Highest stamp; 0 when no frame has one. */
  batch: number
}

export const NOTHING: Totals = { frames: 0, net: 0, batch: 0 }

export interface Envelope {
  kind: Kind
  offset: number
  head: Uint8Array
  body: Uint8Array
  /** Behind the body, where the footer is. */
  contentEnd: number
}

/** A range of bytes that holds nothing whole. */
export interface Hole {
  from: number
  to: number
  /** What a browser leaves that is killed while it writes; anything else is damage. */
  torn: boolean
}

/** The state of a file as its end tells it. */
export interface Ending {
  totals: Totals
  kind: Kind
  /** Of the last envelope's content: tells files of one name and length apart. */
  crc: number
}

// 0xff and 0xfe occur nowhere in UTF-8, so no text can look like the begin or end of an envelope.
const MAGIC = [0xff, 0x52, 0x4c, 0x4a] as const
const END = 0xfe4a4c52
const VERSION = 1
/** magic 4, kind 1, version 1, zero 2, head length 4, body length 4, CRC of head and body 4, CRC of these 4. */
export const HEADER_BYTES = 24
/** envelope length 4, kind 4, CRC of head and body 4, frames 4, net 8, batch 8, CRC of these 4, end mark 4. */
export const FOOTER_BYTES = 40

const crcOf = (bytes: Uint8Array): number => crc32.buf(bytes)

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** One envelope as it goes to disk. */
export function seal(kind: Kind, head: Uint8Array, texts: readonly Uint8Array[], totals: Totals): Uint8Array {
  const bodyLength = texts.reduce((sum, { length }) => sum + length, 0)
  const contentEnd = HEADER_BYTES + head.length + bodyLength
  const bytes = new Uint8Array(contentEnd + FOOTER_BYTES)
  bytes.set(head, HEADER_BYTES)
  let at = HEADER_BYTES + head.length
  for (const text of texts) {
    bytes.set(text, at)
    at += text.length
  }
  const crc = crcOf(bytes.subarray(HEADER_BYTES, contentEnd))
  const view = viewOf(bytes)
  bytes.set(MAGIC)
  bytes[4] = kind
  bytes[5] = VERSION
  view.setUint32(8, head.length, true)
  view.setUint32(12, bodyLength, true)
  view.setInt32(16, crc, true)
  view.setInt32(20, crcOf(bytes.subarray(0, 20)), true)
  view.setUint32(contentEnd, bytes.length, true)
  view.setUint32(contentEnd + 4, kind, true)
  view.setInt32(contentEnd + 8, crc, true)
  view.setUint32(contentEnd + 12, totals.frames, true)
  view.setFloat64(contentEnd + 16, totals.net, true)
  view.setFloat64(contentEnd + 24, totals.batch, true)
  view.setInt32(contentEnd + 32, crcOf(bytes.subarray(contentEnd, contentEnd + 32)), true)
  view.setUint32(contentEnd + 36, END, true)
  return bytes
}

interface Header {
  kind: Kind
  headEnd: number
  contentEnd: number
  crc: number
}

/** A header that is whole; what it announces may still be cut off or damaged. */
function readHeader(bytes: Uint8Array, offset: number): Header | null {
  if (offset + HEADER_BYTES > bytes.length || MAGIC.some((byte, index) => bytes[offset + index] !== byte)) {
    return null
  }
  const view = viewOf(bytes)
  if (view.getInt32(offset + 20, true) !== crcOf(bytes.subarray(offset, offset + 20))) return null
  const kind = kindOf(bytes[offset + 4])
  if (kind === null || bytes[offset + 5] !== VERSION) return null
  const headEnd = offset + HEADER_BYTES + view.getUint32(offset + 8, true)
  return {
    kind,
    headEnd,
    contentEnd: headEnd + view.getUint32(offset + 12, true),
    crc: view.getInt32(offset + 16, true),
  }
}

const kindOf = (byte: number | undefined): Kind | null =>
  Object.values(KIND).find((kind) => kind === byte) ?? null

/** The envelope that begins at `offset`; null when there is none, or not a whole one. The footer may be missing. */
export function readEnvelope(bytes: Uint8Array, offset: number): Envelope | null {
  const header = readHeader(bytes, offset)
  // A length from disk is believed only within the file.
  if (header === null || header.contentEnd > bytes.length) return null
  const { kind, headEnd, contentEnd, crc } = header
  if (crcOf(bytes.subarray(offset + HEADER_BYTES, contentEnd)) !== crc) return null
  return {
    kind,
    offset,
    head: bytes.subarray(offset + HEADER_BYTES, headEnd),
    body: bytes.subarray(headEnd, contentEnd),
    contentEnd,
  }
}

/** What the last bytes of a file say; null when they are not a whole footer. */
export function readEnding(end: Uint8Array): Ending | null {
  const at = end.length - FOOTER_BYTES
  if (at < 0) return null
  const view = viewOf(end)
  const kind = kindOf(view.getUint32(at + 4, true))
  if (kind === null || view.getUint32(at + 36, true) !== END) return null
  if (view.getInt32(at + 32, true) !== crcOf(end.subarray(at, at + 32))) return null
  const totals = {
    frames: view.getUint32(at + 12, true),
    net: view.getFloat64(at + 16, true),
    batch: view.getFloat64(at + 24, true),
  }
  return { kind, totals, crc: view.getInt32(at + 8, true) }
}

/** Every whole envelope of a file, in order, and the ranges that hold none. Reads every byte. */
export function walk(bytes: Uint8Array): { envelopes: readonly Envelope[]; holes: readonly Hole[] } {
  const envelopes: Envelope[] = []
  const holes: Hole[] = []
  let at = 0
  while (at < bytes.length) {
    const envelope = readEnvelope(bytes, at)
    if (envelope === null) {
      const to = nextEnvelope(bytes, at + 1)
      holes.push({ from: at, to, torn: to === bytes.length && isTorn(bytes, at, envelopes.at(-1)) })
      at = to
      continue
    }
    envelopes.push(envelope)
    const end = envelope.contentEnd + FOOTER_BYTES
    const hasFooter = end <= bytes.length && readEnding(bytes.subarray(envelope.offset, end)) !== null
    at = hasFooter ? end : envelope.contentEnd
  }
  return { envelopes, holes }
}

function nextEnvelope(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(MAGIC[0], from); at !== -1; at = bytes.indexOf(MAGIC[0], at + 1)) {
    if (readEnvelope(bytes, at) !== null) return at
  }
  return bytes.length
}

/** Whether the rest of a file from `at` is the beginning of something, or room that was never filled. */
function isTorn(bytes: Uint8Array, at: number, before: Envelope | undefined): boolean {
  const rest = bytes.length - at
  if (bytes.subarray(-4).every((byte) => byte === 0)) return true
  const isCutFooter = before?.contentEnd === at && rest < FOOTER_BYTES
  if (isCutFooter) return true
  const isCutHeader =
    rest < HEADER_BYTES && MAGIC.every((byte, index) => index >= rest || bytes[at + index] === byte)
  return isCutHeader || (readHeader(bytes, at)?.contentEnd ?? 0) > bytes.length
}
