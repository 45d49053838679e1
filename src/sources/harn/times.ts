/**
 * Owns reading harn's times. Its text fields hold at least six encodings; each is told by its own shape, and what has
 * none of them is unknown (null), never now and never a guess.
 */

/** Outside 2000–2100 a number is a duration, a counter or noise. The ledger refuses such times as well. */
const EARLIEST = Date.UTC(2000, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)

/** When a file holds no time at all, its events stand here: a constant, so that the same file gives the same events. */
export const NO_TIME = EARLIEST + 1

/** RFC 3339, Unix seconds (whole or fractional), Unix milliseconds, UUIDv7; as text or number. All else is null. */
export function toEpochMs(raw: unknown): number | null {
  if (typeof raw === 'number') return fromNumber(raw)
  if (typeof raw !== 'string' || raw.length > 64) return null
  const text = raw.trim()
  if (/^\d{1,16}(?:\.\d{1,12})?$/.test(text)) return fromNumber(Number(text))
  return fromUuid(text) ?? fromRfc3339(text)
}

function fromNumber(value: number): number | null {
  // Seconds of these years have ten digits, milliseconds twelve or thirteen: no number is both.
  return inRange(value) ?? inRange(value * 1_000)
}

function inRange(ms: number): number | null {
  const whole = Math.floor(ms)
  return Number.isFinite(ms) && whole > EARLIEST && whole < LATEST ? whole : null
}

/** The first 48 bits of a UUIDv7 are milliseconds; of other UUIDs they mean nothing. */
function fromUuid(text: string): number | null {
  const [, high, low] =
    /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(text) ?? []
  return high === undefined || low === undefined ? null : inRange(Number.parseInt(high + low, 16))
}

const RFC_3339 =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,12}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))$/

function fromRfc3339(text: string): number | null {
  const [, date, time, fraction = '', , sign, hours = '0', minutes = '0'] = RFC_3339.exec(text) ?? []
  if (date === undefined || time === undefined || Number(hours) > 23 || Number(minutes) > 59) return null
  const ms = Date.parse(`${date}T${time}Z`)
  // `Date.parse` rolls the 30th of February over into March: only a date that reads back the same exists.
  if (!Number.isFinite(ms) || new Date(ms).toISOString().slice(0, 19) !== `${date}T${time}`) return null
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
  return inRange(ms + Number(fraction.slice(0, 3).padEnd(3, '0')) - offset)
}

/** Sorts by time, unknown ones last; equal ones by id, numbers in ids by value (`run:node:2` before `run:node:10`). */
export function byTimeThenId<Item>(at: (item: Item) => number | null, id: (item: Item) => string) {
  return (a: Item, b: Item): number => {
    const [one, other] = [at(a) ?? Number.POSITIVE_INFINITY, at(b) ?? Number.POSITIVE_INFINITY]
    if (one !== other) return one < other ? -1 : 1
    return compareIds(id(a), id(b))
  }
}

/** By time where all are known; otherwise the order they were written in is the better evidence. */
export function inTimeOrder<Item>(
  items: readonly Item[],
  at: (item: Item) => number | null,
  id: (item: Item) => string,
): readonly Item[] {
  return items.some((item) => at(item) === null) ? items : items.toSorted(byTimeThenId(at, id))
}

/** The same everywhere: no locale takes part. */
export function compareIds(a: string, b: string): number {
  const [ones, others] = [a.split(/(\d+)/), b.split(/(\d+)/)]
  for (let at = 0; at < Math.min(ones.length, others.length); at += 1) {
    const [one = '', other = ''] = [ones[at], others[at]]
    if (one === other) continue
    const difference = at % 2 === 1 ? Number(one) - Number(other) : 0
    return difference !== 0 ? difference : one < other ? -1 : 1
  }
  return ones.length - others.length
}
