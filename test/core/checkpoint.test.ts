/** Checkpoints read back whole and of the right work, or say why not. SPEC R1. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/core/checkpoint.ts'
import type { CheckpointState, HistoryEntry } from '../../src/core/checkpoint.ts'
import { hashOf } from '../../src/core/contentKey.ts'
import type { Json } from '../../src/core/entities.ts'
import { property } from '../support/property.ts'

const json = fc
  .jsonValue({ maxDepth: 2, noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json)
const called = { callId: fc.string(), name: fc.string(), argsHash: fc.string() }
const entry: fc.Arbitrary<HistoryEntry> = fc.oneof(
  fc.record({ kind: fc.constant('tool' as const), ...called, result: json }),
  fc.record({ kind: fc.constant('toolFailed' as const), ...called, failure: fc.string() }),
  fc.record({ kind: fc.constant('answer' as const), questionId: fc.string(), answer: json }),
  fc.record({ kind: fc.constant('followUp' as const), message: fc.string() }),
)
const state: fc.Arbitrary<CheckpointState> = fc.record({
  runId: fc.constant('one'),
  agentId: fc.constant('researcher'),
  contentKey: fc.constant('k'),
  attempt: fc.integer({ min: 1, max: 9 }),
  iteration: fc.nat(9),
  history: fc.array(entry, { maxLength: 4 }),
  questionId: fc.option(fc.string()),
})
const WHOLE: CheckpointState = {
  runId: 'one',
  agentId: 'researcher',
  contentKey: 'k',
  attempt: 1,
  iteration: 2,
  history: [{ kind: 'tool', callId: 'c1', name: 'read', argsHash: 'h', result: { text: 'found' } }],
  questionId: 'q1',
}
const MINE = { runId: 'one', agentId: 'researcher', contentKey: 'k' }

property(
  'what was kept is what reads back',
  state,
  (kept) => {
    expect(decodeCheckpoint(encodeCheckpoint(kept), MINE)).toEqual({ ok: true, state: kept })
  },
  60,
)

property(
  'a damaged one never passes, wherever it is damaged',
  fc.tuple(fc.nat(), fc.nat(255)),
  ([at, sign]) => {
    const text = encodeCheckpoint(WHOLE)
    const place = at % text.length
    const damaged = text.slice(0, place) + String.fromCodePoint(sign) + text.slice(place + 1)
    const read = decodeCheckpoint(damaged, MINE)
    // A sign may become itself, or another spelling of the same.
    if (read.ok) expect(read.state).toEqual(WHOLE)
    else expect(read.reason).toMatch(/^Its checkpoint .*\.$/u)
  },
)

property('one cut short never passes', fc.nat(), (at) => {
  const text = encodeCheckpoint(WHOLE)
  expect(decodeCheckpoint(text.slice(0, at % text.length), MINE).ok).toBe(false)
})

const enveloped = (inner: Json): string =>
  JSON.stringify({ checkpoint: 1, digest: hashOf(inner), state: inner })
const { history: _, ...incomplete } = WHOLE

test.each([
  ['another run', encodeCheckpoint({ ...WHOLE, runId: 'two' }), 'Its checkpoint belongs to two.'],
  [
    'another agent',
    encodeCheckpoint({ ...WHOLE, agentId: 'writer' }),
    'Its checkpoint is of the agent writer, not of researcher.',
  ],
  ['other inputs', encodeCheckpoint({ ...WHOLE, contentKey: 'other' }), 'Its checkpoint is of other inputs.'],
  ['another orchestrator', '{"version":3}', 'Its checkpoint is not one of this orchestrator.'],
  ['nobody', 'nothing', 'Its checkpoint cannot be read.'],
  ['a state without history', enveloped(incomplete), 'Its checkpoint is not complete.'],
  [
    'a depth beyond all walks',
    `{"checkpoint":1,"digest":"","state":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    /^Its checkpoint .*\.$/u,
  ],
])('one of %s says so', (_name, text, reason) => {
  const read = decodeCheckpoint(text, MINE)
  expect(read.ok ? '' : read.reason).toMatch(reason)
})

test('what the run does not know is not asked', () => {
  expect(
    decodeCheckpoint(encodeCheckpoint(WHOLE), { runId: 'one', agentId: null, contentKey: null }).ok,
  ).toBe(true)
})
