/** Owns one trial: a person works with a page that dies at chosen moments and comes back, until the run is complete. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from './host.ts'
import type { Bed, Death, Life } from './lives.ts'
import type { StoredWorkflow } from './page/protocol.ts'
import { createPerson } from './person.ts'
import type { Found, Person, Seen } from './person.ts'
import type { Kill, Moment, TrialPlan } from './trials.ts'

/** A trial that is not done by then never will be. */
const DEADLINE_MS = 90_000

/** How one death hit. */
export interface Hit {
  death: Death
  moment: Moment
  /** What was there once the page was back, before anybody did anything. */
  found: Found
}

export interface TrialEnd {
  hits: readonly Hit[]
  seen: Seen
  stored: StoredWorkflow
  /** Of the first life, without its start; of interest when there was no other. */
  workedMs: number
  ms: number
}

/** @throws Error when it does not come to an end, with what was seen last. */
export async function runTrial(host: Host, bed: Bed, plan: TrialPlan): Promise<TrialEnd> {
  const began = Date.now()
  const person = createPerson(host, plan, began + DEADLINE_MS)
  if (plan.failures !== null) host.failing(plan.id, plan.failures.items, plan.failures.times)
  const hits: Hit[] = []
  let dead: Kill[] = []
  /** Another death may come before anybody could look: what is found then is what both left. */
  person.looked = (found) => {
    hits.push(...dead.map((kill) => ({ ...kill, found })))
    dead = []
  }
  const kills = [...plan.kills]
  let life = await bed.birth()
  for (;;) {
    const kill = kills.shift()
    const isFirst = kills.length + 1 === plan.kills.length
    const isAlive = await live(life, person, kill, isFirst)
    person.hear(life)
    if (isAlive || kill === undefined) break
    await life.die(kill.death)
    dead.push(kill)
    life = await bed.birth()
  }
  const stored = await person.read(life)
  await life.die('closed')
  return { hits, seen: person.seen(), stored, workedMs: person.workedMs(), ms: Date.now() - began }
}

/** True when the run came to its end in this life. */
async function live(life: Life, person: Person, kill: Kill | undefined, isFirst: boolean): Promise<boolean> {
  const { moment } = kill ?? {}
  const struck = (async (): Promise<false> => {
    if (moment === undefined) return new Promise(() => {})
    if (moment.kind === 'events') await life.durable(moment.events)
    // The first life begins with the run, the others with the page.
    else if (isFirst) await life.ready().then(() => sleep(moment.ms))
    else await sleep(moment.ms)
    return false
  })()
  const driven = person.drive(life).then((): true => true)
  driven.catch(() => {})
  struck.catch(() => {})
  const isDone = await Promise.race([driven, struck])
  // A first kill that comes too late strikes a finished run.
  return isDone && !(isFirst && kill !== undefined)
}
