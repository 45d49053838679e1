/**
 * Owns damage to files at random places while the browser is dead: what changes a read is reported, at the start or
 * by the full check. Fault F2, SPEC W7. Every damage is done to a fresh copy of the same whole profile.
 */
import { rm, truncate } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLEAN, createHistory, isClean } from './history.ts'
import type { History, Verdict } from './history.ts'
import { isOver, reasonOf } from './measurement.ts'
import type { Measurement, Slice } from './measurement.ts'
import type { Healed, Opened } from './page/protocol.ts'
import { copyStored, databaseFiles, flipByte, newProfile, originFiles, sizeOf, zeroPage } from './profile.ts'
import type { StoredFile } from './profile.ts'
import { startSession } from './session.ts'
import type { Place } from './session.ts'
import { hash, randomOf } from './workload.ts'

/** Lives of the browser whose writing is damaged, and how long each writes. */
const LIVES = 5
const LIFE_MS = 600
/** What a person would do with a page that does not start, before giving up. */
const STARTS = 3

const KINDS = ['flip', 'zero', 'cut'] as const

export interface DamageLine {
  copy: 'database' | 'journal'
  kind: (typeof KINDS)[number]
  /** The file's name and size, and where it was damaged. */
  file: string
  size: number
  at: number
  opened: Opened | null
  verified: Healed | null
  /** Of everything read back, after whatever was healed. */
  verdict: Verdict
  /** `unread`: nothing that is read differs, and nothing was said. */
  outcome: 'at the start' | 'by the full check' | 'unread' | 'silent'
  /** Starts that failed, which is a report as well, and what the first of them said. */
  failedStarts: number
  error: string | null
}

async function runDamage(slice: Slice<DamageLine>): Promise<void> {
  const { binary, url, mode, seed } = slice
  const profile = await newProfile()
  const whole = `${profile}.whole`
  const place: Place = { binary, url, profile, mode }
  try {
    const history = createHistory(hash(`${seed}/damage/${slice.from}`))
    await writeWhole(place, history)
    await copyStored(profile, whole)
    for (let done = slice.from; !isOver(slice, done); done += 1) {
      await copyStored(whole, profile)
      await slice.onLine(await damageOnce(place, history, hash(`${seed}/damage/${done}`)))
    }
  } finally {
    await Promise.all(
      [profile, whole].map((path) => rm(path, { recursive: true, force: true, maxRetries: 5 })),
    )
  }
}

/** A profile that was killed a few times and then closed in peace, all of it read back once. */
async function writeWhole(place: Place, history: History): Promise<void> {
  const { durability } = place.mode
  for (let generation = 1; generation <= LIVES; generation += 1) {
    const session = await startSession(place)
    await session.open()
    history.judge(await session.readBack())
    history.generation = generation
    await session.write({ seed: history.seed, generation, durability, paceMs: null }, (word) => {
      if (word.kind === 'acknowledged') history.acknowledge(word.acknowledged)
    })
    await sleep(LIFE_MS)
    await session.kill()
  }
  const session = await startSession(place)
  await session.open()
  const stored = await session.readBack()
  history.judge(stored)
  history.acknowledge({
    logs: stored.logs.map(({ log, events }) => ({ log, sequence: events.length })),
    commands: stored.commands,
    quarantine: stored.quarantine.map(({ id }) => id),
  })
  await session.chromium.quit()
}

async function damageOnce(place: Place, history: History, seed: number): Promise<DamageLine> {
  const { profile } = place
  const random = randomOf(seed)
  const kind = KINDS[random.below(KINDS.length)] ?? 'flip'
  const [databases, journals] = await Promise.all([databaseFiles(profile), originFiles(profile)])
  // Half of the places in each copy, wherever bytes are.
  const copy = journals.length > 0 && random.below(2) === 1 ? 'journal' : 'database'
  const { file, at } = placeIn(copy === 'journal' ? journals : databases, random.below)
  if (kind === 'flip') await flipByte(file.path, at)
  else if (kind === 'zero') await zeroPage(file.path, at)
  else await truncate(file.path, at)
  const name = file.path.slice(file.path.lastIndexOf('/') + 1)
  const damaged = { copy, kind, file: name, size: file.size, at } as const
  return { ...damaged, ...(await lookAt(place, history)) }
}

function placeIn(
  files: readonly StoredFile[],
  below: (limit: number) => number,
): { file: StoredFile; at: number } {
  let at = below(sizeOf(files))
  for (const file of files) {
    if (at < file.size) return { file, at }
    at -= file.size
  }
  throw new Error('There is nothing to damage.')
}

type Look = Omit<DamageLine, 'copy' | 'kind' | 'file' | 'size' | 'at'>

async function lookAt(place: Place, history: History): Promise<Look> {
  const session = await startSession(place)
  const look: Look = {
    opened: null,
    verified: null,
    verdict: CLEAN,
    outcome: 'at the start',
    failedStarts: 0,
    error: null,
  }
  try {
    while (look.opened === null && look.failedStarts < STARTS) {
      try {
        look.opened = await session.open()
        look.verdict = history.judge(await session.readBack())
      } catch (error) {
        look.opened = null
        look.failedStarts += 1
        look.error ??= reasonOf(error)
        await session.reload()
      }
    }
    if (look.opened === null || look.failedStarts > 0 || isNoticed(look.opened)) return look
    const differs = !isClean(look.verdict)
    look.verified = await session.verify()
    look.verdict = history.judge(await session.readBack())
    look.outcome = isHealed(look.verified) ? 'by the full check' : differs ? 'silent' : 'unread'
    return look
  } finally {
    await session.kill()
  }
}

const isHealed = ({ restored, copied, damagedBytes, rebuilt, reportedLost }: Healed): boolean =>
  restored + copied + damagedBytes + rebuilt + reportedLost > 0

const isNoticed = (opened: Opened): boolean => isHealed(opened) || opened.vanished || opened.health !== 'ok'

export const damage: Measurement<DamageLine> = {
  test: 'damage',
  n: 500,
  run: runDamage,
  fault: (line) =>
    line.outcome === 'silent' || !isClean(line.verdict) || line.opened === null ? line : null,
  summarize(_mode, lines) {
    const count = (wanted: (line: DamageLine) => boolean): number => lines.filter(wanted).length
    const copies = (['database', 'journal'] as const).flatMap((copy) => {
      const own = (outcome: DamageLine['outcome']) =>
        count((line) => line.copy === copy && line.outcome === outcome)
      return [
        [`${copy}: damaged`, count((line) => line.copy === copy)],
        [`${copy}: reported at the start`, own('at the start')],
        [`${copy}: reported by the full check`, own('by the full check')],
        [`${copy}: nothing that is read differs`, own('unread')],
        [`${copy}: **changed and not reported**`, own('silent')],
      ] as const
    })
    return {
      ...Object.fromEntries(copies),
      lost: lines.reduce((sum, { verdict }) => sum + verdict.lost, 0),
      changed: lines.reduce((sum, { verdict }) => sum + verdict.changed, 0),
      failedStarts: count(({ failedStarts }) => failedStarts > 0),
      errors: count(({ opened }) => opened === null),
    }
  },
}
