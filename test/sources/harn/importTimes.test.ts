/** Time parsing: six encodings in one text field, told by their shape; everything else is unknown. Row 20. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byTimeThenId, NO_TIME, toEpochMs } from '../../../src/sources/harn/times.ts'
import { property } from '../../support/property.ts'

const MS = Date.UTC(2026, 3, 22, 12, 30, 45, 678)
const EARLIEST = Date.UTC(2000, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)

/** Written on its own, so that a mistake in the reader is not made here as well. */
const uuidV7 = (ms: number): string => {
  const hex = ms.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-8def-0123456789ab`
}

describe('harn 20: each encoding is told by its shape', () => {
  test.each([
    ['RFC 3339', '2026-04-22T12:30:45.678Z', MS],
    ['RFC 3339 with an offset', '2026-04-22T14:30:45.678+02:00', MS],
    ['RFC 3339 behind UTC', '2026-04-22T07:00:45.678-05:30', MS],
    ['RFC 3339 with nanoseconds', '2026-04-22T12:30:45.678999999Z', MS],
    ['RFC 3339 without a fraction', '2026-04-22T12:30:45Z', MS - 678],
    ['RFC 3339 in small letters', '2026-04-22t12:30:45.678z', MS],
    ['a leap day', '2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
    ['seconds as text', String(MS / 1_000).slice(0, 10), MS - 678],
    ['seconds as a number', (MS - 678) / 1_000, MS - 678],
    ['fractional seconds', '1776861045.678', MS],
    ['fractional seconds with one digit', '1710000000.100', 1_710_000_000_100],
    ['milliseconds', String(MS), MS],
    ['UUIDv7', uuidV7(MS), MS],
    ['UUIDv7 in capitals', uuidV7(MS).toUpperCase(), MS],
    ['the first millisecond there is', String(EARLIEST + 1), EARLIEST + 1],
    ['a UUIDv7 at the last millisecond there is', uuidV7(LATEST - 1), LATEST - 1],
  ])('%s', (_, raw, expected) => expect(toEpochMs(raw)).toBe(expected))
})

describe('harn 20: what has none of these shapes is unknown, never now', () => {
  test.each([
    ['nothing', null],
    ['an empty text', ''],
    ['free text', 'transition'],
    ['a day that does not exist', '2026-02-30T00:00:00Z'],
    ['a leap day of another year', '2026-02-29T00:00:00Z'],
    ['an hour that does not exist', '2026-04-22T24:00:00Z'],
    ['a leap second', '2026-06-30T23:59:60Z'],
    ['an offset that does not exist', '2026-04-22T12:00:00+24:00'],
    ['a time without an offset', '2026-04-22T12:30:45'],
    ['a date', '2026-04-22'],
    ['a negative number', -1_776_861_045],
    ['a negative text', '-1776861045'],
    ['not a number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a small number', '42'],
    ['a number between seconds and milliseconds', '50000000000'],
    ['microseconds', '1776861045678000'],
    ['a UUIDv4', '550e8400-e29b-41d4-a716-446655440000'],
    ['a UUIDv7 of the year 1970', uuidV7(1_000)],
    ['a UUIDv7 with something before it', `run_${uuidV7(MS)}`],
    ['the year 2100', '2100-01-01T00:00:00Z'],
    ['an object', {}],
    ['a very long text', '1'.repeat(10_000)],
  ])('%s', (_, raw) => expect(toEpochMs(raw)).toBeNull())
})

const encodings = [
  (ms: number) => new Date(ms).toISOString(),
  (ms: number) => String(ms),
  (ms: number) => (ms / 1_000).toFixed(3),
  uuidV7,
]

property(
  'harn 20: mixed encodings sort by time, not as text',
  fc.array(
    fc.record({
      ms: fc.integer({ min: EARLIEST + 1, max: LATEST - 1 }),
      as: fc.nat(encodings.length - 1),
      id: fc.string({ maxLength: 6 }),
    }),
    { minLength: 2, maxLength: 12 },
  ),
  (items) => {
    const written = items.map(({ ms, as, id }) => ({ raw: encodings[as]?.(ms), ms, id }))
    for (const { raw, ms } of written) expect(Math.abs((toEpochMs(raw) ?? 0) - ms)).toBeLessThanOrEqual(1)
    const sorted = written.toSorted(
      byTimeThenId(
        (each) => toEpochMs(each.raw),
        ({ id }) => id,
      ),
    )
    sorted.slice(1).forEach(({ ms }, at) => expect(ms).toBeGreaterThanOrEqual((sorted[at]?.ms ?? 0) - 1))
  },
)

property(
  'A1: any value has a time in range or none',
  fc.oneof(fc.anything(), fc.string(), fc.double()),
  (raw) => {
    const ms = toEpochMs(raw)
    if (ms === null) return
    expect(Number.isSafeInteger(ms)).toBe(true)
    expect(ms).toBeGreaterThan(EARLIEST)
    expect(ms).toBeLessThan(LATEST)
  },
)

test('harn 11: equal times tie by id, numbers in ids by value, unknown times last', () => {
  const items = [
    { id: 'q10', at: 5 },
    { id: 'z', at: null },
    { id: 'q2', at: 5 },
    { id: 'a', at: 7 },
  ]
  const sorted = items.toSorted(
    byTimeThenId(
      (each) => each.at,
      ({ id }) => id,
    ),
  )
  expect(sorted.map(({ id }) => id)).toEqual(['q2', 'q10', 'a', 'z'])
})

test('A2: where no time is known, the time is a constant', () => expect(NO_TIME).toBe(EARLIEST + 1))
