/**
 * Owns stores without room: a disk filled to the last byte, or a quota, in the middle of writing; then room again.
 * Nothing acknowledged is lost, it is said, and writing goes on without a reload. Faults F4, F5.
 */
import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CLEAN, createHistory, isClean } from './history.ts'
import type { Verdict } from './history.ts'
import { histogramOf, percentilesOf } from './figures.ts'
import { isOver, reasonOf } from './measurement.ts'
import type { Measurement, Slice } from './measurement.ts'
import type { Word } from './page/protocol.ts'
import { startSession } from './session.ts'
import type { Place, Session } from './session.ts'
import { hash } from './workload.ts'

const DISK = '60m'
const QUOTA = 3 * 1024 * 1024
const ROOMY = 1024 * 1024 * 1024
const PACE_MS = 20
/** How long the store stays full after it was first said. */
const FULL_MS = 1_000
const DEADLINE_MS = 60_000
const CHUNKS = [1024 * 1024, 4_096, 256]

export interface FullLine {
  /** From a store that is full to the ledger saying so; null when it never did. */
  saidAfterMs: number | null
  said: string | null
  /** From room to the next receipt. */
  recoveredAfterMs: number | null
  acknowledged: number
  verdict: Verdict
  error: string | null
}

/** How a store runs out of room, and gets some again. */
interface Shortage {
  /** Before the page is opened. */
  before(session: Session): Promise<void>
  /** Called again and again until the ledger has noticed. */
  fill(session: Session): Promise<void>
  free(session: Session): Promise<void>
}

async function runFull(slice: Slice<FullLine>, shortageOn: (folder: string) => Shortage): Promise<void> {
  const disk = await mountDisk()
  try {
    for (let done = slice.from; !isOver(slice, done); done += 1) {
      const profile = join(disk, `profile-${done}`)
      const { binary, url, mode, seed } = slice
      const place: Place = { binary, url, profile, mode }
      await slice.onLine(await fillOnce(place, shortageOn(disk), hash(`${seed}/full/${done}`)))
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    }
  } finally {
    await run('umount', ['-l', disk])
    await rm(disk, { recursive: true, force: true })
  }
}

async function fillOnce(place: Place, shortage: Shortage, seed: number): Promise<FullLine> {
  const { mode } = place
  const history = createHistory(seed)
  const line: FullLine = {
    saidAfterMs: null,
    said: null,
    recoveredAfterMs: null,
    acknowledged: 0,
    verdict: CLEAN,
    error: null,
  }
  let session = await startSession(place)
  try {
    await shortage.before(session)
    await session.open()
    history.generation = 1
    const heard = { health: null as string | null, receipts: 0 }
    const hear = (word: Word): void => {
      if (word.kind === 'health') heard.health = word.error
      if (word.kind !== 'acknowledged') return
      history.acknowledge(word.acknowledged)
      heard.receipts += 1
    }
    await session.write({ seed, generation: 1, durability: mode.durability, paceMs: PACE_MS }, hear)
    const filled = performance.now()
    line.saidAfterMs = await until(
      () => heard.health !== null,
      () => shortage.fill(session),
      filled,
    )
    line.said = heard.health
    await sleep(FULL_MS)
    const before = heard.receipts
    const freed = performance.now()
    await shortage.free(session)
    line.recoveredAfterMs = await until(
      () => heard.receipts > before && heard.health === null,
      async () => {},
      freed,
    )
    await sleep(FULL_MS)
    await session.kill()
    line.acknowledged = history.acknowledged()
    session = await startSession(place)
    await session.open()
    line.verdict = history.judge(await session.readBack())
  } catch (error) {
    line.error = reasonOf(error)
  } finally {
    await shortage.free(session).catch(() => {})
    await session.kill()
  }
  return line
}

/** Milliseconds since `from` when it came true; null when it did not in time. */
async function until(
  isTrue: () => boolean,
  meanwhile: () => Promise<void>,
  from: number,
): Promise<number | null> {
  while (performance.now() - from < DEADLINE_MS) {
    await meanwhile()
    if (isTrue()) return Math.round(performance.now() - from)
    await sleep(20)
  }
  return null
}

/** The disk keeps being full: what the browser gives back is taken at once. */
function diskShortage(folder: string): Shortage {
  const ballast = join(folder, 'ballast')
  return {
    before: async () => {},
    async fill() {
      for (const size of CHUNKS) {
        while (await fits(ballast, size));
      }
    },
    free: () => rm(ballast, { force: true }),
  }
}

/** A write that does not fit may still leave a part of itself: all the better. */
const fits = (path: string, size: number): Promise<boolean> =>
  appendFile(path, Buffer.alloc(size, 1)).then(
    () => true,
    () => false,
  )

function quotaShortage(): Shortage {
  const allow = async ({ cdp, page }: Session, quotaSize: number): Promise<void> => {
    const { origin } = new URL(page.url())
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize })
  }
  return {
    before: (session) => allow(session, QUOTA),
    fill: async () => {},
    free: (session) => allow(session, ROOMY),
  }
}

const run = promisify(execFile)

/** A small disk of our own. @throws Error where this process may not mount one */
async function mountDisk(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'run-ledger-disk-'))
  await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder])
  return folder
}

function measurementOf(test: string, shortageOn: (folder: string) => Shortage): Measurement<FullLine> {
  return {
    test,
    n: 50,
    run: (slice) => runFull(slice, shortageOn),
    fault: (line) =>
      line.error !== null || line.recoveredAfterMs === null || !isClean(line.verdict) ? line : null,
    summarize(_mode, lines) {
      const times = (of: (line: FullLine) => number | null) =>
        percentilesOf([histogramOf(lines.flatMap((line) => of(line) ?? []))])
      const sum = (of: (line: FullLine) => number): number => lines.reduce((all, line) => all + of(line), 0)
      return {
        acked: sum(({ acknowledged }) => acknowledged),
        lost: sum(({ verdict }) => verdict.lost),
        gaps: sum(({ verdict }) => verdict.gaps),
        changed: sum(({ verdict }) => verdict.changed),
        neverSaid: lines.filter(({ saidAfterMs }) => saidAfterMs === null).length,
        neverRecovered: lines.filter(({ recoveredAfterMs }) => recoveredAfterMs === null).length,
        saidMs: times(({ saidAfterMs }) => saidAfterMs),
        recoveredMs: times(({ recoveredAfterMs }) => recoveredAfterMs),
        errors: lines.filter(({ error }) => error !== null).length,
      }
    },
  }
}

export const diskFull = measurementOf('disk-full', diskShortage)
export const quota = measurementOf('quota', quotaShortage)
