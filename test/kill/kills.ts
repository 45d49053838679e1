/**
 * Owns the kill loop: write, SIGKILL, perhaps damage one copy, come back, judge; on in the same profile, so
 * that histories survive many kills. One line per kill.
 */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { histogramOf } from './figures.ts'
import type { Histogram } from './figures.ts'
import { CLEAN, createHistory, isClean } from './history.ts'
import type { History, Verdict } from './history.ts'
import { isOver, reasonOf } from './measurement.ts'
import type { Slice } from './measurement.ts'
import { copiesOf } from './modes.ts'
import type { Mode } from './modes.ts'
import type { Healed, Opened, Upgrade, Word } from './page/protocol.ts'
import { backEndOf, copyStored, damageJournal, newProfile, wipeDatabases } from './profile.ts'
import { startSession } from './session.ts'
import type { Place, Session } from './session.ts'
import { hash, randomOf } from './workload.ts'
import type { Random } from './workload.ts'

/** Milliseconds into the write loop. */
const EARLIEST_KILL = 100
const LATEST_KILL = 600
const KILLS_PER_PROFILE = 25
/** A profile that holds this many events has been through enough; reading it back would take over. */
const EVENTS_PER_PROFILE = 40_000
/** Injections of each kind in a full run. */
const INJECTIONS = 20

export type Injection = 'wipe' | 'journal'

/** How a kill was done. */
interface Death {
  kill: number
  /** Kills this profile had been through, this one included. */
  age: number
  seed: number
  killedAfterMs: number
  receipts: number
  /** Events acknowledged between the start before and this kill. */
  acknowledged: number
  injected: Injection | null
  damage: string | null
  latency: Histogram
  /** Why there is no verdict, or none to trust. */
  error: string | null
}

/** What was found afterwards. */
interface Return {
  /** The database was made anew on a used profile. */
  wiped: boolean
  /** Chromium's reason for a wipe of its own. */
  dataLoss: string | null
  /** What the ledger says of its start; null when there was none. */
  opened: Omit<Opened, 'upgrades'> | null
  /** The full comparison after the journal was damaged: a start looks at its ends only. */
  verified: Healed | null
  verdict: Verdict
}

export type KillLine = Death & Return

/** @throws Error when the browser does not use the back end asked for. */
export async function runKills(slice: Slice<KillLine>): Promise<void> {
  let done = slice.from
  while (!isOver(slice, done)) done = await spendProfile(slice, done)
}

/** Which copy is damaged after this kill. Never both: what is damaged is healed before the next one. */
export function injectionAt(kill: number, kills: number): Injection | null {
  const total = 2 * Math.min(INJECTIONS, Math.floor(kills / 5))
  const slot = Math.floor((kill * total) / kills)
  if (slot === Math.floor(((kill - 1) * total) / kills)) return null
  return slot % 2 === 1 ? 'wipe' : 'journal'
}

/** Kills a fresh profile until it has served its time. */
async function spendProfile(run: Slice<KillLine>, from: number): Promise<number> {
  const { binary, url, mode } = run
  const profile = await newProfile()
  const copy = `${profile}.before`
  const place: Place = { binary, url, profile, mode }
  const history = createHistory(hash(`${run.seed}/${from}`))
  let done = from
  let session = await startSession(place)
  try {
    const opened = await session.open()
    expectCopies(mode, opened)
    for (let age = 1; age <= KILLS_PER_PROFILE && !isOver(run, done); age += 1) {
      done += 1
      history.generation = age
      const death = await killOnce(run, session, history, { kill: done, age, profile })
      await expectBackEnd(mode, profile, death)
      if (run.evidence !== null) await copyStored(profile, copy)
      session = await startSession(place)
      const line = await comeBack(session, history, death)
      await run.onLine(line)
      if (line.error !== null || !isClean(line.verdict)) {
        const kept = join(run.evidence ?? '', `${mode.name}-${run.seed}-${done}`)
        if (run.evidence !== null) await cp(copy, kept, { recursive: true })
        break
      }
      if (history.stored() >= EVENTS_PER_PROFILE) break
    }
  } finally {
    await session.kill()
    await Promise.all(
      [profile, copy].map((path) => rm(path, { recursive: true, force: true, maxRetries: 5 })),
    )
  }
  return done
}

async function killOnce(
  { mode, seed, n }: Slice<KillLine>,
  session: Session,
  history: History,
  { kill, age, profile }: { kill: number; age: number; profile: string },
): Promise<Death> {
  const random = randomOf(hash(`${seed}/kill/${kill}`))
  const killedAfterMs = EARLIEST_KILL + random.below(LATEST_KILL - EARLIEST_KILL)
  const before = history.acknowledged()
  const latencies: number[] = []
  const failures: string[] = []
  const hear = (word: Word): void => {
    if (word.kind === 'failed') failures.push(word.error)
    if (word.kind !== 'acknowledged') return
    history.acknowledge(word.acknowledged)
    latencies.push(word.ms)
  }
  const writing = { seed: history.seed, generation: age, durability: mode.durability, paceMs: null }
  await session.write(writing, hear)
  await sleep(killedAfterMs)
  await session.kill()
  const injected = mode.journal ? injectionAt(kill, n) : null
  const damage = await inject(injected, profile, random)
  return {
    kill,
    age,
    seed: history.seed,
    killedAfterMs,
    receipts: latencies.length,
    acknowledged: history.acknowledged() - before,
    injected,
    damage,
    latency: histogramOf(latencies),
    error: failures[0] ?? null,
  }
}

async function inject(injection: Injection | null, profile: string, random: Random): Promise<string | null> {
  if (injection === 'wipe') return wipeDatabases(profile)
  if (injection === 'journal') return damageJournal(profile, random)
  return null
}

/** Opens the profile again and looks. A ledger that cannot be opened is a result, too. */
async function comeBack(session: Session, history: History, death: Death): Promise<KillLine> {
  try {
    const { upgrades, ...opened } = await session.open()
    const anew = upgrades.find(isNewLedger)
    const wiped = anew !== undefined
    // What is not mended now would meet the next wipe: both copies hit, one after the other.
    const verified = death.injected === 'journal' ? await session.verify() : null
    const verdict = history.judge(await session.readBack())
    return { ...death, wiped, dataLoss: anew?.message ?? null, opened, verified, verdict }
  } catch (error) {
    return { ...death, ...NEVER_BACK, error: death.error ?? reasonOf(error) }
  }
}

const NEVER_BACK: Return = {
  wiped: false,
  dataLoss: null,
  opened: null,
  verified: null,
  verdict: CLEAN,
}

/** Only the ledger's own database; its neighbours come and go. */
const isNewLedger = ({ name, oldVersion }: Upgrade): boolean =>
  name.startsWith('run-ledger:') && oldVersion === 0

function expectCopies(mode: Mode, { copies }: Opened): void {
  if (copies !== copiesOf(mode)) throw new Error(`${mode.name} opened with ${copies} copies.`)
}

/** A flag the browser no longer knows is ignored without a word: only the files tell. */
async function expectBackEnd({ backEnd }: Mode, profile: string, death: Death): Promise<void> {
  const found = await backEndOf(profile)
  if (death.injected === 'wipe' || found === backEnd) return
  throw new Error(`The databases are ${found ?? 'nowhere'}, not ${backEnd}.`)
}
