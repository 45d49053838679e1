/** Frames for tests of the journal: arbitrary ones, and a story with known figures. */
import fc from 'fast-check'
import type { LogId } from '../../../src/core/ids.ts'
import { contentRef } from '../../../src/core/ids.ts'
import type { JournalFrame } from '../../../src/ledger/journal/port.ts'

export const EMPTY_JOURNAL_FRAME: JournalFrame = {
  stamp: null,
  net: 0,
  segments: [],
  blobs: [],
  cursors: [],
  commands: [],
  quarantine: [],
  tombstones: [],
}

export const blobOf = (log: LogId): string => contentRef(log, 'live', 1, 'content')

/** The `batch`th write: `count` events of one log, with a result. */
export function told(batch: number, log: LogId = 'r:a', count = 2, note = 'x'): JournalFrame {
  const first = (batch - 1) * count + 1
  const events = Array.from({ length: count }, (_, index) => ({ sequence: first + index, note }))
  return {
    ...EMPTY_JOURNAL_FRAME,
    stamp: { batch, events: batch * count },
    net: count,
    segments: [{ log, first, last: first + count - 1, body: JSON.stringify(events) }],
    blobs: [{ ref: blobOf(log), text: `${note} of ${log} – ✓ ${batch}` }],
    cursors: [{ stream: 'live', position: batch, gaps: [], keys: [] }],
  }
}

export function deletes(batch: number, log: LogId, events: number): JournalFrame {
  return {
    ...EMPTY_JOURNAL_FRAME,
    stamp: { batch, events: 0 },
    net: -events,
    tombstones: [{ log, at: 1_800_000_000_000, batch }],
  }
}

/** Lone surrogates, byte order marks and our own markers included. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('', '\uFEFF', '\uD800', 'ÿRLJ', '\0\0\0\0', 'x'.repeat(3_000)),
)
const count = fc.nat(1_000_000)
const log = text.map((id): LogId => `r:${id}`)

const command = fc.record({
  id: text,
  log,
  verb: fc.constantFrom('start', 'stop', 'answer'),
  payload: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as null),
  idempotencyKey: text,
  attempt: count,
  sender: text,
  state: fc.constantFrom('queued', 'applied'),
  createdAt: count,
  expiresAt: count,
  settledAt: fc.option(count),
  detail: fc.option(text),
})

export const anyFrame: fc.Arbitrary<JournalFrame> = fc.record({
  stamp: fc.option(fc.record({ batch: count, events: count })),
  net: fc.integer({ min: -1_000, max: 1_000 }),
  segments: fc.array(fc.record({ log, first: count, last: count, body: text }), { maxLength: 4 }),
  blobs: fc.array(fc.record({ ref: text, text }), { maxLength: 3 }),
  cursors: fc.array(
    fc.record({
      stream: text,
      position: count,
      gaps: fc.array(fc.tuple(count, count), { maxLength: 2 }),
      keys: fc.array(text, { maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
  commands: fc.array(command, { maxLength: 2 }),
  quarantine: fc.array(
    fc.record({
      id: text,
      stream: text,
      position: fc.oneof(fc.constant(null), count, text),
      reason: text,
      raw: text,
      at: count,
    }),
    { maxLength: 2 },
  ),
  tombstones: fc.array(fc.record({ log, at: count, batch: count }), { maxLength: 2 }),
})
