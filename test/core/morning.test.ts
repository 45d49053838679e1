/** The morning view: each run in one group at most, by what it needs. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MORNING_GROUPS, groupMorning, groupOf } from '../../src/core/morning.ts'
import type { MorningGroupName, MorningItem, MorningQuestion } from '../../src/core/morning.ts'
import type { RunStatusName } from '../../src/core/status.ts'
import { openingStatus } from '../../src/core/status.ts'
import { property } from '../support/property.ts'
import { NAMES, SETTLED } from './support/matrix.ts'

const LEFT = 1_000
const NOW = 5_000
const WHEN = { leftAt: LEFT, now: NOW }

interface Shape {
  status: RunStatusName
  inferred?: boolean
  sortAt?: number
  unconfirmed?: boolean
  ownerGone?: boolean
  questions?: readonly MorningQuestion[]
  resumability?: MorningItem['resumability']
}

function item({ status, inferred = false, sortAt = 2_000, ...rest }: Shape, name = 'one'): MorningItem {
  return {
    log: `w:${name}`,
    lifecycle: { status: openingStatus(status), inferred, sortAt, updatedAt: sortAt },
    unconfirmed: false,
    ownerGone: false,
    questions: [],
    resumability: 'no',
    ...rest,
  }
}

const open = { askedAt: 900, expiresAt: null, answerable: true }

describe('one group each', () => {
  test.each([
    ['waits for an answer that reaches someone', { status: 'awaiting_user', questions: [open] }, 'needs_you'],
    [
      'waits, owner gone, its checkpoint is there',
      { status: 'awaiting_user', unconfirmed: true, questions: [open], resumability: 'safe' },
      'needs_you',
    ],
    [
      'was cut off while a child of it waits',
      { status: 'interrupted', inferred: true, questions: [open], resumability: 'not-safe' },
      'needs_you',
    ],
    [
      'waits, and nobody would get the answer',
      { status: 'awaiting_user', unconfirmed: true, questions: [{ ...open, answerable: false }] },
      'unclear',
    ],
    [
      'waits, and the time to answer is over',
      { status: 'paused', unconfirmed: true, questions: [{ ...open, expiresAt: NOW }], resumability: 'safe' },
      'safe_to_resume',
    ],
    [
      'was paused by its person, owner gone, its plan is safe',
      { status: 'paused', unconfirmed: true, ownerGone: true, resumability: 'safe' },
      'safe_to_resume',
    ],
    [
      'was paused by its person, owner gone, its plan needs a word',
      { status: 'paused', unconfirmed: true, ownerGone: true, resumability: 'not-safe' },
      'lost_owner',
    ],
    [
      'was paused by its person, owner gone, its plan is not made yet',
      { status: 'paused', unconfirmed: true, ownerGone: true, resumability: 'unknown' },
      'lost_owner',
    ],
    [
      'waits, owner gone, and can be answered',
      {
        status: 'awaiting_user',
        unconfirmed: true,
        ownerGone: true,
        questions: [open],
        resumability: 'not-safe',
      },
      'needs_you',
    ],
    [
      'waits, owner gone, and nobody would get the answer',
      {
        status: 'awaiting_user',
        unconfirmed: true,
        ownerGone: true,
        questions: [{ ...open, answerable: false }],
      },
      'lost_owner',
    ],
    ['is at work', { status: 'running' }, null],
    ['is paused by its person', { status: 'paused' }, null],
    ['may be at work', { status: 'running', unconfirmed: true }, 'unclear'],
    [
      'was cut off, its plan is not made yet',
      { status: 'interrupted', resumability: 'unknown' },
      'lost_owner',
    ],
    ['was cut off, its plan is safe', { status: 'interrupted', resumability: 'safe' }, 'safe_to_resume'],
    [
      'was cut off long ago, its plan is safe',
      { status: 'interrupted', sortAt: 1, resumability: 'safe' },
      'safe_to_resume',
    ],
    ['was cut off, its plan needs a look', { status: 'interrupted', resumability: 'not-safe' }, 'unclear'],
    ['was cut off for good just now', { status: 'interrupted', inferred: true }, 'lost_owner'],
    ['was cut off for good before', { status: 'interrupted', inferred: true, sortAt: LEFT }, null],
    ['finished meanwhile', { status: 'completed' }, 'finished'],
    ['finished before', { status: 'completed', sortAt: LEFT }, null],
    ['failed meanwhile, by its word', { status: 'failed', resumability: 'safe' }, 'finished'],
    ['failed before', { status: 'failed', sortAt: 500, resumability: 'safe' }, null],
    ['was stopped by its owner meanwhile', { status: 'cancelled', resumability: 'safe' }, 'finished'],
    ['was stopped here by its person', { status: 'cancelled', inferred: true, resumability: 'safe' }, null],
    ['ended as we concluded', { status: 'completed', inferred: true }, 'lost_owner'],
    // Imported: it is over, so what it asked is history.
    ['is over, with questions in its history', { status: 'completed', sortAt: 1, questions: [open] }, null],
  ] as [string, Shape, MorningGroupName | null][])('%s', (_what, shape, group) => {
    expect(groupOf(item(shape), WHEN)).toBe(group)
    const { groups, total } = groupMorning([item(shape)], WHEN)
    expect(groups.filter(({ items }) => items.length > 0).map(({ name }) => name)).toEqual(
      group === null ? [] : [group],
    )
    expect(total).toBe(group === null ? 0 : 1)
  })
})

test('who does not know when they left has no news, but still what waits', () => {
  const times = { leftAt: null, now: NOW }
  expect(groupOf(item({ status: 'completed' }), times)).toBeNull()
  expect(groupOf(item({ status: 'interrupted', inferred: true }), times)).toBeNull()
  expect(groupOf(item({ status: 'awaiting_user', questions: [open] }), times)).toBe('needs_you')
  expect(groupOf(item({ status: 'interrupted', resumability: 'safe' }), times)).toBe('safe_to_resume')
})

test('the group that waits longest is first in its group, and is what the oldest wait is', () => {
  const waiting = (name: string, askedAt: number) =>
    item(
      {
        status: 'awaiting_user',
        questions: [
          { ...open, askedAt: 4_000 },
          { ...open, askedAt },
        ],
      },
      name,
    )
  const { groups, oldestWaitSince } = groupMorning(
    [waiting('b', 800), waiting('a', 300), waiting('c', 300)],
    WHEN,
  )
  expect(groups[0]?.items.map(({ log }) => log)).toEqual(['w:a', 'w:c', 'w:b'])
  expect(oldestWaitSince).toBe(300)
  expect(groupMorning([item({ status: 'completed' })], WHEN).oldestWaitSince).toBeNull()
})

const time = fc.integer({ min: 0, max: 6_000 })
const question = fc.record({ askedAt: time, expiresAt: fc.option(time), answerable: fc.boolean() })
const items = fc
  .array(
    fc.record({
      status: fc.constantFrom(...NAMES),
      inferred: fc.boolean(),
      sortAt: time,
      unconfirmed: fc.boolean(),
      ownerGone: fc.boolean(),
      questions: fc.array(question, { maxLength: 3 }),
      resumability: fc.constantFrom('safe' as const, 'not-safe' as const, 'no' as const, 'unknown' as const),
    }),
    { maxLength: 12 },
  )
  .map((shapes) => shapes.map((shape, index) => item(shape, String(index))))

property(
  'every run is in one group or none, whatever the order it comes in',
  fc.tuple(items, fc.option(time)),
  ([list, leftAt]) => {
    const when = { leftAt, now: NOW }
    const morning = groupMorning(list, when)
    expect(morning.groups.map(({ name }) => name)).toEqual(MORNING_GROUPS)
    const logs = morning.groups.flatMap(({ items: own }) => own.map(({ log }) => log))
    expect(new Set(logs).size).toBe(logs.length)
    expect(logs.toSorted()).toEqual(
      list
        .filter((each) => groupOf(each, when) !== null)
        .map(({ log }) => log)
        .toSorted(),
    )
    expect(morning.total).toBe(logs.length)
    expect(Object.values(morning.counts).reduce((sum, count) => sum + count, 0)).toBe(logs.length)
    expect(groupMorning(list.toReversed(), when)).toEqual(morning)
    for (const { name, items: own } of morning.groups) {
      for (const { lifecycle, unconfirmed, ownerGone, resumability, questions } of own) {
        const isOver = SETTLED.includes(lifecycle.status)
        if (name === 'finished') expect(isOver && !lifecycle.inferred).toBe(true)
        if (name === 'needs_you') expect(questions.some((each) => each.answerable)).toBe(true)
        if (name === 'safe_to_resume') expect(resumability).toBe('safe')
        // Nothing that its owner drives is taken for lost.
        if (name !== 'needs_you') expect(isOver || unconfirmed || ownerGone).toBe(true)
        if (name === 'unclear' && !isOver) expect(ownerGone).toBe(false)
      }
    }
  },
)
