/** Owns which trials there are: when and how the page dies in each, and what fails by itself, all by seed and number. */
import type { Permission } from '../../src/core/resume/policy.ts'
import { hash, randomOf } from '../kill/workload.ts'
import type { Random } from '../kill/workload.ts'
import type { Death } from './lives.ts'
import { ITEMS } from './page/definition.ts'

/** When the page dies: once so many events are durable in its life, or so long after it began. */
export type Moment = { kind: 'events'; events: number } | { kind: 'ms'; ms: number }

export interface Kill {
  moment: Moment
  death: Death
}

export interface Injected {
  items: readonly string[]
  /** The first searches of each that fail. */
  times: number
  policy: Permission
}

export interface TrialPlan {
  id: string
  seed: number
  kills: readonly Kill[]
  failures: Injected | null
}

export type TrialKind = 'page dies' | 'browser killed' | 'policy'

/** What an undisturbed run is like on this machine now. */
export interface Undisturbed {
  events: number
  ms: number
}

const DEATHS: readonly Death[] = ['crashed', 'closed', 'reloaded']
/** Times the page of one trial dies at most. */
const MOST_KILLS = 3
/** Three researchers whose first searches fail. */
const FAILING: readonly string[] = [1, 4, 6].map((index) => ITEMS[index] ?? '')
/** Searches of a failing researcher that fail: more than `upTo` allows, so that a person is asked in the end. */
const FAILURES = 3
const POLICIES: readonly Permission[] = ['never', { upTo: 3 }, 'always', 'ask']

export const nameOf = (policy: Permission): string =>
  typeof policy === 'string' ? policy : `up to ${policy.upTo}`

/** Kinds of all trials of a whole run. */
export const WHOLE: readonly TrialKind[] = [
  ...Array.from({ length: 50 }, (): TrialKind => 'page dies'),
  ...Array.from({ length: 10 }, (): TrialKind => 'browser killed'),
  ...Array.from({ length: 12 }, (): TrialKind => 'policy'),
]

/** The trial of that number; with nothing that kills or fails when there is no kind. */
export function planOf(seed: number, number: number, kind: TrialKind, undisturbed: Undisturbed): TrialPlan {
  const random = randomOf(hash(`${seed}/trial/${number}`))
  const kills = 1 + random.below(MOST_KILLS)
  return {
    id: `t${seed}-${number}`,
    seed: hash(`${seed}/${number}`),
    kills: Array.from({ length: kills }, (_, index) =>
      killOf(random, kind, number + index, index, undisturbed),
    ),
    failures: kind === 'policy' ? failuresOf(number) : null,
  }
}

export const undisturbedPlan = (seed: number): TrialPlan => ({
  id: `t${seed}-whole`,
  seed,
  kills: [],
  failures: null,
})

function failuresOf(number: number): Injected {
  return { items: FAILING, times: FAILURES, policy: POLICIES[number % POLICIES.length] ?? 'ask' }
}

function killOf(random: Random, kind: TrialKind, turn: number, index: number, whole: Undisturbed): Kill {
  const death = kind === 'browser killed' ? 'browser killed' : (DEATHS[turn % DEATHS.length] ?? 'crashed')
  return { death, moment: momentOf(random, index === 0 ? whole : half(whole)) }
}

/** By what became durable, or by time, which also hits a page that starts, thinks or waits for a person. */
function momentOf(random: Random, { events, ms }: Undisturbed): Moment {
  return random.below(2) === 0
    ? { kind: 'events', events: 1 + random.below(events) }
    : { kind: 'ms', ms: random.below(ms) }
}

/** Later lives have less to do. */
const half = ({ events, ms }: Undisturbed): Undisturbed => ({
  events: Math.ceil(events / 2),
  ms: Math.ceil(ms / 2),
})
