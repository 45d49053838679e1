/**
 * A page hurt at every single point of its life: forty events through the whole pipeline, each call to IndexedDB and
 * each of its answers a place where it can end. `RUN_LEDGER_RUNS=20` takes every case instead of a sample.
 * Faults F1, F3–F7. SPEC W1, W2, W6.
 */
import { expect, test } from 'vitest'
import { seeded } from '../../src/testing/conformance/samples.ts'
import { hurtAt, pointsOf } from './support/exhaustive.ts'
import type { Outcome } from './support/exhaustive.ts'
import type { Injury, Point } from './support/faultIdb.ts'

const SAMPLE = 150
const runs = Number(process.env['RUN_LEDGER_RUNS'] ?? 1)
const seed = Number((process.env['RUN_LEDGER_SEED'] ?? '').split('/')[0] || 7)

const ERRORS = ['none', 'quota', 'unknown', 'hang'] as const
type ErrorName = (typeof ERRORS)[number]

function injuryOf(error: ErrorName, landed: boolean): Injury {
  switch (error) {
    case 'none':
      return { kind: 'die', landed }
    case 'hang':
      return { kind: 'hang', landed }
    case 'quota':
      return { kind: 'abort', name: 'QuotaExceededError', landed }
    case 'unknown':
      return { kind: 'abort', name: 'UnknownError', landed }
  }
}

/** What the person must have been told of a write that failed. */
const SAID: Record<ErrorName, string | null> = {
  none: null,
  quota: 'full',
  unknown: 'recovering',
  hang: 'recovering',
}

interface Case {
  number: number
  error: ErrorName
  landed: boolean
}

function casesOf(points: readonly Point[]): readonly Case[] {
  const all = points.flatMap(({ number }) =>
    ERRORS.flatMap((error) => [true, false].map((landed): Case => ({ number, error, landed }))),
  )
  if (runs >= 20) return all
  const random = seeded(seed)
  const wanted = new Set<Case>()
  while (wanted.size < Math.min(SAMPLE * runs, all.length)) wanted.add(random.pick(all))
  return [...wanted]
}

const told = (point: Point, error: ErrorName, { health }: Outcome): boolean => {
  const state = SAID[error]
  return state === null || point.mode !== 'readwrite' || health.includes(state)
}

test(
  'fault F1 F4 F5 F6: hurt at any point, landed or not, a page loses nothing acknowledged, and says so',
  { timeout: 900_000 },
  async () => {
    const points = await pointsOf()
    expect(points.length).toBeGreaterThan(300)
    const prototype = Reflect.ownKeys(Object.prototype)
    const failures: string[] = []
    for (const { number, error, landed } of casesOf(points)) {
      const point = points[number - 1]
      const name = `point ${number} (${point?.kind} ${point?.what}, ${point?.mode}), ${error}, ${landed ? 'landed' : 'not landed'}`
      try {
        const outcome = await hurtAt(number, injuryOf(error, landed))
        if (!told(outcome.hit, error, outcome))
          failures.push(`${name}: only ${outcome.health.join(', ')} was said`)
      } catch (cause) {
        failures.push(`${name}: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}`)
      }
    }

    expect(failures.slice(0, 60)).toEqual([])
    expect(Reflect.ownKeys(Object.prototype)).toEqual(prototype)
  },
)
