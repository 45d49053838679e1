/**
 * Owns the five ways a page ends without the browser being killed. What was queued some milliseconds before is
 * there afterwards: the page's last write is one transaction, committed at once. Fault F16.
 */
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHistory, isClean } from './history.ts'
import type { History, Verdict } from './history.ts'
import { isOver } from './measurement.ts'
import type { Measurement, Slice } from './measurement.ts'
import type { Head, StoredLog, Word } from './page/protocol.ts'
import { newProfile } from './profile.ts'
import { startSession } from './session.ts'
import type { Place, Session } from './session.ts'
import { hash, randomOf } from './workload.ts'

/** Events queued this long before the exit are promised; younger ones are reported. */
export const PROMISED_MS = 16
/** Between appends: a page at work, not a page at its limit, whose queue would be as long as the disk is slow. */
const PACE_MS = 8
const EARLIEST_EXIT = 150
const LATEST_EXIT = 500
const EXIT_DEADLINE_MS = 5_000

export const EXITS = [
  'tab closed',
  'closed with unload handlers',
  'navigated',
  'browser closed',
  'renderer crashed',
] as const
export type Exit = (typeof EXITS)[number]

export interface ExitLine {
  exit: Exit
  exitedAfterMs: number
  /** Events handed to the writer, as far as was heard. */
  queued: number
  /** Of those queued at least `PROMISED_MS` before the exit, how many are gone. */
  promisedLost: number
  /** Age at the exit of the oldest event that is gone; null when none is. */
  oldestLostMs: number | null
  verdict: Verdict
}

interface Queued {
  heads: readonly Head[]
  /** When the harness heard of it: a little after it was queued, so the age is on the safe side. */
  at: number
}

/** The kinds take turns in one profile. */
async function runExits(run: Slice<ExitLine>): Promise<void> {
  const { binary, url, mode, seed } = run
  const profile = await newProfile()
  const place: Place = { binary, url, profile, mode }
  const history = createHistory(hash(`${seed}/exits/${run.from}`))
  let session = await startSession(place)
  try {
    await session.open()
    for (let done = run.from; !isOver(run, done); done += 1) {
      const exit = EXITS[done % EXITS.length] ?? 'tab closed'
      history.generation += 1
      const { queued, exitedAt, exitedAfterMs } = await writeAndLeave(run, session, history, { exit, done })
      session = exit === 'browser closed' ? await startSession(place) : await session.another()
      await session.open()
      const stored = await session.readBack()
      const verdict = history.judge(stored)
      await run.onLine({ exit, exitedAfterMs, ...missing(queued, stored.logs, exitedAt), verdict })
      if (!isClean(verdict)) throw new Error(`The profile is of no more use: ${JSON.stringify(verdict)}`)
    }
  } finally {
    await session.kill()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function writeAndLeave(
  { mode, seed }: Slice<ExitLine>,
  session: Session,
  history: History,
  { exit, done }: { exit: Exit; done: number },
): Promise<{ queued: readonly Queued[]; exitedAt: number; exitedAfterMs: number }> {
  const exitedAfterMs =
    EARLIEST_EXIT + randomOf(hash(`${seed}/exit/${done}`)).below(LATEST_EXIT - EARLIEST_EXIT)
  const queued: Queued[] = []
  const hear = (word: Word): void => {
    if (word.kind === 'acknowledged') history.acknowledge(word.acknowledged)
    if (word.kind === 'queued') queued.push({ heads: word.heads, at: performance.now() })
  }
  const { generation } = history
  await session.write({ seed: history.seed, generation, durability: mode.durability, paceMs: PACE_MS }, hear)
  await sleep(exitedAfterMs)
  const exitedAt = performance.now()
  await leave(session, exit)
  return { queued, exitedAt, exitedAfterMs }
}

/** Resolves when the page is gone. */
async function leave({ page, cdp, chromium }: Session, exit: Exit): Promise<void> {
  const closed = page.waitForEvent('close', { timeout: EXIT_DEADLINE_MS })
  const isClosing = exit === 'tab closed' || exit === 'closed with unload handlers'
  if (!isClosing) closed.catch(() => {})
  switch (exit) {
    case 'tab closed':
    case 'closed with unload handlers':
      await page.close({ runBeforeUnload: exit === 'closed with unload handlers' })
      await closed
      break
    case 'navigated':
      await page.goto('about:blank')
      break
    case 'browser closed':
      await chromium.quit()
      break
    case 'renderer crashed': {
      const crashed = page.waitForEvent('crash', { timeout: EXIT_DEADLINE_MS })
      // Never answers.
      cdp.send('Page.crash').catch(() => {})
      await crashed
      break
    }
  }
}

function missing(
  queued: readonly Queued[],
  stored: readonly StoredLog[],
  exitedAt: number,
): Pick<ExitLine, 'queued' | 'promisedLost' | 'oldestLostMs'> {
  const stands = new Map(stored.map(({ log, events }) => [log, events.length]))
  const found = { queued: 0, promisedLost: 0, oldestLostMs: null as number | null }
  for (const { heads, at } of queued) {
    for (const { log, first, sequence } of heads) {
      const lost = sequence - Math.max(first - 1, stands.get(log) ?? 0)
      found.queued += sequence - first + 1
      if (lost <= 0) continue
      found.oldestLostMs = Math.max(found.oldestLostMs ?? 0, Math.round(exitedAt - at))
      if (exitedAt - at >= PROMISED_MS) found.promisedLost += lost
    }
  }
  return found
}

export const exits: Measurement<ExitLine> = {
  test: 'exits',
  n: 20 * EXITS.length,
  run: runExits,
  fault: (line) => (line.promisedLost > 0 || !isClean(line.verdict) ? line : null),
  summarize(_mode, lines) {
    const byExit = EXITS.map((exit) => {
      const own = lines.filter((line) => line.exit === exit)
      const lost = own.reduce((sum, { promisedLost }) => sum + promisedLost, 0)
      const oldest = Math.max(0, ...own.map(({ oldestLostMs }) => oldestLostMs ?? 0))
      return [exit, `${own.length} exits, ${lost} promised events lost, oldest lost ${oldest} ms`]
    })
    const sum = (of: (line: ExitLine) => number): number => lines.reduce((all, line) => all + of(line), 0)
    return {
      queued: sum(({ queued }) => queued),
      promisedLost: sum(({ promisedLost }) => promisedLost),
      lost: sum(({ verdict }) => verdict.lost),
      ...Object.fromEntries(byExit),
    }
  },
}
