/** How a row says that its status is known. */
import { expect, test } from 'vitest'
import { describeEvidence } from '../../src/core/evidence.ts'
import type { EvidenceFacts } from '../../src/core/evidence.ts'
import { NAMES, SETTLED } from './support/matrix.ts'

const NOW = 1_700_000_000_000
const facts = (more: Partial<EvidenceFacts> = {}): EvidenceFacts => ({
  status: 'running',
  inferred: false,
  unconfirmed: false,
  ownerGone: false,
  confirmedAt: null,
  lastEventAt: NOW - 4_200,
  heartbeatAt: null,
  stream: 'local:0198c1d2-aaaa',
  now: NOW,
  ...more,
})

test.each([
  [{}, 'Confirmed by its owner 0198c1d2…, last event 4 s ago.', 4_200],
  [{ stream: null }, 'Confirmed by its owner, last event 4 s ago.', 4_200],
  [
    { heartbeatAt: NOW - 300 },
    'Confirmed by its owner 0198c1d2…, last event 4 s ago, heartbeat just now.',
    300,
  ],
  [
    { confirmedAt: NOW - 61_000, lastEventAt: NOW - 7_200_000 },
    'Confirmed by its owner 0198c1d2… 1 min ago, last event 2 h ago.',
    61_000,
  ],
  [
    { unconfirmed: true, lastEventAt: NOW - 200_000_000 },
    'Not confirmed: nobody has said yet that it is still alive, last event 2 d ago.',
    200_000_000,
  ],
  [
    { unconfirmed: true, lastEventAt: null },
    'Not confirmed: nobody has said yet that it is still alive.',
    null,
  ],
  [
    { status: 'awaiting_user', unconfirmed: true, ownerGone: true, lastEventAt: NOW - 200_000_000 },
    'Its owner is gone; it goes on from its checkpoint when it is answered or resumed. Last event 2 d ago.',
    200_000_000,
  ],
  [
    { status: 'paused', unconfirmed: true, ownerGone: true, lastEventAt: null },
    'Its owner is gone; it goes on from its checkpoint when it is answered or resumed.',
    null,
  ],
  [
    { status: 'paused', ownerGone: true, lastEventAt: null, heartbeatAt: NOW - 2_000 },
    'Its owner is gone; it goes on from its checkpoint when it is answered or resumed. Heartbeat 2 s ago.',
    2_000,
  ],
  [{ status: 'failed' }, 'Its owner said how it ended.', 4_200],
  [{ status: 'interrupted', inferred: true }, 'Concluded here: its owner never said how it ended.', 4_200],
  // An owner whose clock runs ahead.
  [{ lastEventAt: NOW + 9_000 }, 'Confirmed by its owner 0198c1d2…, last event just now.', 0],
] as [Partial<EvidenceFacts>, string, number | null][])('%j: %s', (more, sentence, ageMs) => {
  expect(describeEvidence(facts(more))).toMatchObject({ sentence, ageMs })
})

test('every row in flight is confirmed, not, or without an owner; every settled one told or concluded', () => {
  for (const status of NAMES) {
    const { kind: ownerless } = describeEvidence(facts({ status, unconfirmed: true, ownerGone: true }))
    expect([status, ownerless]).toEqual([status, SETTLED.includes(status) ? 'settled' : 'gone'])
    for (const yes of [true, false]) {
      const { kind } = describeEvidence(facts({ status, inferred: yes, unconfirmed: yes }))
      const expected = SETTLED.includes(status)
        ? yes
          ? 'inferred'
          : 'settled'
        : yes
          ? 'unconfirmed'
          : 'confirmed'
      expect([status, kind]).toEqual([status, expected])
    }
  }
})
