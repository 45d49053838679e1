/**
 * Owns the proof that nothing is paid twice: trials one after the other in one browser, each judged, and first of all
 * one that nobody disturbs. One line a trial.
 */
import { rm } from 'node:fs/promises'
import { backEndOf, newProfile } from '../kill/profile.ts'
import type { Binary } from '../kill/chromium.ts'
import type { BackEnd } from '../kill/modes.ts'
import { serveHost } from './host.ts'
import type { Host } from './host.ts'
import { makeBed } from './lives.ts'
import type { Bed } from './lives.ts'
import { CHILDREN } from './page/definition.ts'
import { runTrial } from './trial.ts'
import type { Hit, TrialEnd } from './trial.ts'
import { nameOf, planOf, undisturbedPlan } from './trials.ts'
import type { TrialKind, TrialPlan, Undisturbed } from './trials.ts'
import { judge } from './verdict.ts'

export interface TrialLine {
  trial: string
  kind: TrialKind | 'undisturbed'
  policy: string | null
  hits: readonly Hit[]
  /** Commands by verb and how they ended. */
  commands: Readonly<Record<string, number>>
  calls: number
  /** Children that were run more than once. */
  again: number
  /** Entries a person agreed to, and times the policy was loosened. */
  agreed: number
  loosened: number
  /** Of those, about failed children. */
  gaveWay: number
  /** What the library refused on the way, and how often. */
  refusals: Readonly<Record<string, number>>
  ms: number
  faults: readonly string[]
}

export interface Proof {
  binary: Binary
  backEnd: BackEnd
  seed: number
  /** Kinds of the trials, by number. */
  kinds: readonly TrialKind[]
  from: number
  /** Epoch milliseconds after which no further trial begins. */
  until: number
  onLine(line: TrialLine): Promise<void> | void
}

/** Trials a profile lives through before a fresh one. */
const TRIALS_PER_PROFILE = 12

/** @throws Error when the harness itself failed. */
export async function runProof(proof: Proof): Promise<void> {
  const { kinds, seed, until, onLine } = proof
  const host = await serveHost()
  try {
    let undisturbed: Undisturbed | null = null
    for (let from = proof.from; from < kinds.length && Date.now() < until; from += TRIALS_PER_PROFILE) {
      await inProfile(proof, host, async (bed) => {
        undisturbed ??= await runUndisturbed(host, bed, seed)
        const last = Math.min(from + TRIALS_PER_PROFILE, kinds.length)
        for (let number = from; number < last && Date.now() < until; number += 1) {
          const kind = kinds[number] ?? 'page dies'
          await onLine(await runOne(host, bed, planOf(seed, number, kind, undisturbed), kind))
        }
      })
    }
  } finally {
    await host.close()
  }
}

async function inProfile(
  { binary, backEnd }: Proof,
  { url }: Host,
  work: (bed: Bed) => Promise<void>,
): Promise<void> {
  const profile = await newProfile()
  const bed = await makeBed({ binary, backEnd, profile, url })
  try {
    await work(bed)
    const found = await backEndOf(profile)
    if (found !== backEnd) throw new Error(`The databases are ${found ?? 'nowhere'}, not ${backEnd}.`)
  } finally {
    await bed.end()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** What all others are held against. @throws Error when not even that is as it should be. */
async function runUndisturbed(host: Host, bed: Bed, seed: number): Promise<Undisturbed> {
  const plan = undisturbedPlan(seed)
  const end = await runTrial(host, bed, plan)
  const faults = [...judge(host, plan, end), ...twice(host, plan)]
  if (faults.length > 0) throw new Error(`An undisturbed run is not as it should be: ${faults.join(' ')}`)
  const { stored, workedMs: ms } = end
  return {
    events: stored.events.length + stored.children.reduce((sum, child) => sum + child.events.length, 0),
    ms,
  }
}

/** Without deaths every call is made exactly once. */
function twice(host: Host, { id }: TrialPlan): string[] {
  const seen = new Set<string>()
  return host.calls(`${id}.`).flatMap(({ run, step }) => {
    const key = `${run} ${step}`
    if (seen.has(key)) return [`${key} was called twice.`]
    seen.add(key)
    return []
  })
}

async function runOne(host: Host, bed: Bed, plan: TrialPlan, kind: TrialKind): Promise<TrialLine> {
  const of = { trial: plan.id, kind, policy: plan.failures === null ? null : nameOf(plan.failures.policy) }
  try {
    const end = await runTrial(host, bed, plan)
    return { ...of, ...figuresOf(host, plan, end), faults: judge(host, plan, end) }
  } catch (error) {
    // A run that cannot be brought to its end is a result, too.
    await bed.clear()
    const faults = [error instanceof Error ? error.message : String(error)]
    return { ...of, ...NO_FIGURES, faults }
  }
}

const NO_FIGURES = {
  hits: [],
  commands: {},
  calls: 0,
  again: 0,
  agreed: 0,
  loosened: 0,
  gaveWay: 0,
  refusals: {},
  ms: 0,
}

function figuresOf(host: Host, plan: TrialPlan, end: TrialEnd) {
  const { hits, seen, stored, ms } = end
  const own = stored.commands.filter(({ log }) => log === `w:${plan.id}` || log.startsWith(`r:${plan.id}.`))
  const commands: Record<string, number> = {}
  for (const { verb, state } of own) commands[`${verb} ${state}`] = (commands[`${verb} ${state}`] ?? 0) + 1
  return {
    hits,
    commands,
    calls: host.calls(`${plan.id}.`).length,
    again: stored.children.filter(({ attempt }) => attempt > 1).length,
    agreed: seen.agreed.size,
    loosened: seen.loosened,
    gaveWay: seen.gaveWay,
    refusals: seen.refusals,
    ms,
  }
}

/** Whether the page died with some of the children finished and some not. */
export const isInTheMiddle = ({ found }: Hit): boolean => found.finished > 0 && found.finished < CHILDREN
