/** The bytes of the journal: what goes in comes out, whatever is cut off or flipped. SPEC W6, fault F2. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FOOTER_BYTES, NOTHING, readEnding, readEnvelope, walk } from '../../src/ledger/journal/envelope.ts'
import type { Envelope } from '../../src/ledger/journal/envelope.ts'
import { concat, decodeFrame, encodeFrame, readParts } from '../../src/ledger/journal/frames.ts'
import type { JournalFrame } from '../../src/ledger/journal/port.ts'
import { property } from '../support/property.ts'
import { anyFrame, told } from './support/frames.ts'

/** A file, and where the content of each frame ends. */
function fileOf(frames: readonly JournalFrame[]): {
  bytes: Uint8Array
  starts: number[]
  contentEnds: number[]
} {
  let totals = NOTHING
  const parts = frames.map((frame) => {
    const encoded = encodeFrame(frame, totals, totals.batch)
    totals = encoded.totals
    return encoded.bytes
  })
  const ends = parts.map((_, index) => concat(parts.slice(0, index + 1)).length)
  return {
    bytes: concat(parts),
    starts: parts.map((part, index) => (ends[index] ?? 0) - part.length),
    contentEnds: ends.map((end) => end - FOOTER_BYTES),
  }
}

function frameIn({ head, body }: Envelope): JournalFrame | null {
  const parts = readParts(head, body)
  return parts === null ? null : decodeFrame(parts)
}

const found = (bytes: Uint8Array): readonly (JournalFrame | null)[] => walk(bytes).envelopes.map(frameIn)

property(
  'W6 any frames come back as they were, in order, without damage',
  fc.array(anyFrame, { maxLength: 5 }),
  (frames) => {
    const { bytes } = fileOf(frames)
    expect(found(bytes)).toEqual(frames)
    expect(walk(bytes).holes).toEqual([])
  },
)

property(
  'W6 the last bytes of a file tell its frames, its net and its highest stamp',
  fc.array(anyFrame, { minLength: 1, maxLength: 5 }),
  (frames) => {
    const { bytes } = fileOf(frames)
    expect(readEnding(bytes.subarray(-FOOTER_BYTES))?.totals).toEqual({
      frames: frames.length,
      net: frames.reduce((sum, { net }) => sum + net, 0),
      batch: Math.max(0, ...frames.map(({ stamp }) => stamp?.batch ?? 0)),
    })
  },
)

const story = [told(1), told(2, 'r:b', 3), told(3, 'w:c', 1, 'ÿRLJ'), told(4)]

test('fault F1: a file cut at any byte gives the frames before the cut, and a torn tail', () => {
  const { bytes, starts, contentEnds } = fileOf(story)
  // Behind a frame, and where only a whole footer is missing, no byte is in vain.
  const whole = [0, ...starts.slice(1), ...contentEnds, bytes.length]
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const { envelopes, holes } = walk(bytes.subarray(0, cut))
    expect(envelopes.map(frameIn)).toEqual(story.filter((_, index) => (contentEnds[index] ?? 0) <= cut))
    const kinds = holes.map(({ to, torn }) => ({ to, torn }))
    expect(kinds, `cut at ${cut}`).toEqual(whole.includes(cut) ? [] : [{ to: cut, torn: true }])
  }
})

test('fault F1: zeroes behind the cut are a torn tail, too', () => {
  const { bytes, contentEnds } = fileOf(story)
  for (let cut = 0; cut < bytes.length; cut += 1) {
    const { envelopes, holes } = walk(concat([bytes.subarray(0, cut), new Uint8Array(4_096)]))
    expect(envelopes.length).toBe(contentEnds.filter((end) => end <= cut).length)
    expect(holes.at(-1)).toMatchObject({ to: cut + 4_096, torn: true })
  }
})

test('fault F2: whatever byte is flipped, every other frame is found and the damage is reported', () => {
  const { bytes, starts } = fileOf(story)
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = bytes.slice()
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
    const hit = starts.findLastIndex((start) => start <= at)
    const { envelopes, holes } = walk(damaged)
    const others = envelopes.filter(({ offset }) => offset !== starts[hit]).map(frameIn)
    expect(others, `flipped at ${at}`).toEqual(story.filter((_, index) => index !== hit))
    // The frame whose footer was hit is whole, and nothing else may pass for it.
    for (const envelope of envelopes) expect(story).toContainEqual(frameIn(envelope))
    expect(holes.some(({ from, to, torn }) => from <= at && at < to && !torn)).toBe(true)
  }
})

property(
  'fault F2: whatever range is overwritten, frames outside of it are found',
  fc.record({ from: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 600 }) }),
  ({ from, bytes: noise }) => {
    const { bytes, starts } = fileOf(story)
    const at = from % bytes.length
    const damaged = bytes.slice()
    damaged.set(noise.subarray(0, bytes.length - at), at)
    const ends = [...starts.slice(1), bytes.length]
    const untouched = story.filter(
      (_, index) => (ends[index] ?? 0) <= at || (starts[index] ?? 0) >= at + noise.length,
    )
    expect(found(damaged)).toEqual(expect.arrayContaining(untouched))
  },
)

test('fault F2: lengths from the disk are believed only within the file', () => {
  const { bytes } = fileOf([told(1)])
  const view = new DataView(bytes.buffer)
  for (const at of [8, 12]) {
    const before = view.getUint32(at, true)
    view.setUint32(at, 0xffff_ffff, true)
    expect(readEnvelope(bytes, 0)).toBeNull()
    expect(walk(bytes).envelopes).toEqual([])
    view.setUint32(at, before, true)
  }
  expect(readEnvelope(bytes, 0)).not.toBeNull()
})
