/** Order, repeats, holding, gaps, keys and cursors of one stream. SPEC F1–F3, A3. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Offered, StreamCursor } from '../../src/core/intake.ts'
import { INTAKE_LIMITS, createStreamIntake } from '../../src/core/intake.ts'
import type { Position } from '../../src/core/ids.ts'
import { property } from '../support/property.ts'

const contiguous = { id: 's', contiguous: true, first: 1, kind: 'live' } as const
const loose = { ...contiguous, contiguous: false }

const open = (from?: StreamCursor, info: typeof contiguous | typeof loose = contiguous) => {
  const intake = createStreamIntake<string>(info, from)
  const offer = (position: Position, now = 0) => intake.offer({ position, item: `#${position}` }, now)
  return { ...intake, offer }
}

const ready = (...positions: Position[]) => ({ kind: 'ready', items: positions.map((each) => `#${each}`) })
const held = { kind: 'held' }
const duplicate = { kind: 'duplicate' }

describe('a contiguous stream', () => {
  test('F2 what is next in line passes at once', () => {
    const { offer, cursor } = open()
    expect([offer(1), offer(2), offer(3)]).toEqual([ready(1), ready(2), ready(3)])
    expect(cursor().position).toBe(3)
  })

  test('F2 a stream may begin anywhere', () => {
    const intake = createStreamIntake<string>({ ...contiguous, first: 0 })
    expect(intake.cursor().position).toBe(-1)
    expect(intake.offer({ position: 0, item: 'zero' }, 0)).toEqual({ kind: 'ready', items: ['zero'] })
  })

  test('F1 a repeat is a duplicate, whether it passed or still waits', () => {
    const { offer } = open()
    expect([offer(1), offer(1), offer(3), offer(3)]).toEqual([ready(1), duplicate, held, duplicate])
  })

  test('F3 arrivals wait for a missing one and then pass in order', () => {
    const intake = open()
    expect([intake.offer(3), intake.offer(2), intake.offer(5)]).toEqual([held, held, held])
    expect(intake.held()).toBe(3)
    expect(intake.offer(1)).toEqual(ready(1, 2, 3))
    expect(intake.offer(4)).toEqual(ready(4, 5))
    expect([intake.held(), intake.dueAt()]).toEqual([0, null])
  })

  test('A3 an empty place keeps its turn', () => {
    const intake = createStreamIntake<undefined>(contiguous)
    intake.offer({ position: 2, item: undefined }, 0)
    intake.offer({ position: 1, item: undefined }, 0)
    expect([intake.cursor().position, intake.held()]).toEqual([2, 0])
  })

  test('F3 a gap is given up after one second, not before', () => {
    const intake = open()
    intake.offer(3, 100)
    expect(intake.dueAt()).toBe(100 + INTAKE_LIMITS.wait)
    expect(intake.expire(99 + INTAKE_LIMITS.wait)).toBeNull()
    expect(intake.expire(100 + INTAKE_LIMITS.wait)).toEqual({ gap: { from: 1, to: 2 }, items: ['#3'] })
    expect(intake.expire(1e9)).toBeNull()
    expect(intake.cursor()).toMatchObject({ position: 3, gaps: [[1, 2]] })
  })

  test('F3 the second starts with the first arrival that waits', () => {
    const intake = open()
    intake.offer(3, 100)
    intake.offer(4, 900)
    expect(intake.dueAt()).toBe(1_100)
  })

  test('F3 what still waits after a gap, waits a second of its own', () => {
    const intake = open()
    intake.offer(3, 0)
    intake.offer(6, 0)
    expect(intake.expire(1_000)).toEqual({ gap: { from: 1, to: 2 }, items: ['#3'] })
    expect(intake.dueAt()).toBe(2_000)
    expect(intake.expire(2_000)).toEqual({ gap: { from: 4, to: 5 }, items: ['#6'] })
  })

  test('F3 a gap is given up at once when 1,000 wait, and not at 999', () => {
    const intake = open()
    for (let at = 2; at <= INTAKE_LIMITS.held; at += 1) intake.offer(at, 50)
    expect([intake.held(), intake.expire(51)]).toEqual([INTAKE_LIMITS.held - 1, null])
    intake.offer(INTAKE_LIMITS.held + 1, 51)
    expect(intake.dueAt()).toBe(50)
    expect(intake.expire(51)).toMatchObject({
      gap: { from: 1, to: 1 },
      items: { length: INTAKE_LIMITS.held },
    })
  })

  test('A3 a late filler passes once and takes its place out of the gap', () => {
    const intake = open()
    intake.offer(6, 0)
    intake.expire(1_000)
    expect(intake.offer(3)).toEqual(ready(3))
    expect(intake.cursor().gaps).toEqual([
      [1, 2],
      [4, 5],
    ])
    expect([intake.offer(3), intake.offer(4), intake.offer(5), intake.offer(4)]).toEqual([
      duplicate,
      ready(4),
      ready(5),
      duplicate,
    ])
    expect(intake.cursor().gaps).toEqual([[1, 2]])
  })

  test('A3 a jump too far is refused with a reason and changes nothing', () => {
    const intake = open()
    const before = intake.cursor()
    expect(intake.offer(INTAKE_LIMITS.jump + 1)).toMatchObject({
      kind: 'refused',
      reason: expect.any(String),
    })
    expect([intake.cursor(), intake.held()]).toEqual([before, 0])
    expect(intake.offer(INTAKE_LIMITS.jump)).toEqual(held)
  })
})

describe('a stream with holes', () => {
  test('F2 any higher number passes, anything else is a repeat', () => {
    const { offer } = open(undefined, loose)
    expect([offer(5), offer(90_000), offer(90_000), offer(6)]).toEqual([
      ready(5),
      ready(90_000),
      duplicate,
      duplicate,
    ])
  })
})

describe('keys', () => {
  test('F1 a key passes once, and does not move the numbers', () => {
    const { offer, cursor } = open()
    expect([offer('done:t:1'), offer('done:t:1'), offer(1)]).toEqual([ready('done:t:1'), duplicate, ready(1)])
    expect(cursor()).toEqual({ stream: 's', position: 1, gaps: [], keys: ['done:t:1'] })
  })

  test('F1 a number and a key of the same spelling are two', () => {
    const { offer } = open()
    expect([offer(1), offer('1')]).toEqual([ready(1), ready('1')])
  })

  test('F1 the last 512 keys are known, the one before is forgotten', () => {
    const { offer, cursor } = open()
    for (let at = 0; at <= INTAKE_LIMITS.keys; at += 1) offer(`k${at}`)
    expect(cursor().keys).toHaveLength(512)
    expect([offer('k1'), offer('k512'), offer('k0')]).toEqual([duplicate, duplicate, ready('k0')])
  })
})

type Step = { offer: Position } | { wait: number } | { restart: true }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 30 }).map((offer) => ({ offer })) },
  { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c').map((offer) => ({ offer })) },
  { weight: 2, arbitrary: fc.constantFrom(300, 1_000).map((wait) => ({ wait })) },
  { weight: 1, arbitrary: fc.constant({ restart: true as const }) },
)

/** The stream told naively: what was seen, what was given up, what waits. */
class Model {
  passed = new Set<Position>()
  waiting = new Map<number, number>()
  head = 0
  since: number | null = null

  offer(at: Position, now: number): Offered<string> {
    if (this.passed.has(at) || (typeof at === 'number' && (this.waiting.has(at) || at < 1)))
      return { kind: 'duplicate' }
    if (typeof at === 'string' || at <= this.head) return this.pass([at])
    this.waiting.set(at, now)
    if (at !== this.head + 1) {
      this.since ??= now
      return { kind: 'held' }
    }
    return this.pass(this.drain(now))
  }

  expire(now: number) {
    if (this.since === null || now < this.since + 1_000) return null
    const from = this.head + 1
    const to = Math.min(...this.waiting.keys()) - 1
    this.head = to
    return { gap: { from, to }, items: this.pass(this.drain(now)).items }
  }

  private drain(now: number): number[] {
    const next: number[] = []
    while (this.waiting.delete(this.head + 1)) next.push((this.head += 1))
    this.since = this.waiting.size === 0 ? null : now
    return next
  }

  private pass(positions: Position[]) {
    for (const each of positions) this.passed.add(each)
    return { kind: 'ready' as const, items: positions.map((each) => `#${each}`) }
  }
}

property(
  'F1-F3 any arrivals, waits and restarts from the cursor behave as the model says',
  fc.array(step, { maxLength: 60 }),
  (steps) => {
    const model = new Model()
    let intake = open()
    let now = 0
    for (const each of steps) {
      if ('offer' in each) expect(intake.offer(each.offer, now)).toEqual(model.offer(each.offer, now))
      if ('wait' in each) {
        now += each.wait
        expect(intake.expire(now)).toEqual(model.expire(now))
      }
      if ('restart' in each) {
        // What waited was not committed: the source will send it again.
        intake = open(JSON.parse(JSON.stringify(intake.cursor())))
        model.waiting.clear()
        model.since = null
      }
      expect([intake.held(), intake.cursor().position]).toEqual([model.waiting.size, model.head])
    }
  },
  400,
)

property(
  'H1 an intake made again from its stored cursor answers as the old one does',
  fc.tuple(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 20 })),
  ([before, after]) => {
    const old = open()
    let now = 0
    const play = (intake: typeof old, steps: Step[]) =>
      steps.map((each) => {
        if ('wait' in each) now += each.wait
        return 'offer' in each ? intake.offer(each.offer, now) : intake.expire(now)
      })
    play(old, before)
    now += 1_000
    while (old.expire((now += 1_000)) !== null);
    const renewed = open(JSON.parse(JSON.stringify(old.cursor())))
    const start = now
    const answers = play(old, after)
    now = start
    expect(play(renewed, after)).toEqual(answers)
    expect(renewed.cursor()).toEqual(old.cursor())
  },
)
