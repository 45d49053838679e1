/**
 * Owns the work nobody waits for: small segments joined, unused texts swept, dead streams forgotten, the journal
 * packed, and deletion by policy where the host has one. One tab at a time, one bounded step per idle moment, and
 * none while events flow.
 */
import { scopeName } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import type { SettledStatusName } from '../../core/status.ts'
import type { RetentionPolicy } from '../../ledger/retention.ts'
import type { Commit } from '../../ledger/delivery.ts'
import type { Idle } from '../../platform/idle.ts'
import { forgetDeadStreams } from './streams.ts'
import { sweepContent } from './sweep.ts'
import { previewRetention, prune } from './retention.ts'
import type { Runtime } from '../runtime.ts'

/** After the start and after a run settled, so that what follows at once is done first. */
const DELAY_MS = 5_000
/** How long nothing may have arrived before a step. */
const QUIET_MS = 1_000
/** Rows folded and written in one step. */
const ROWS_AT_ONCE = 32
/** Newest settled logs looked at once a page. */
const LOOKED_AT = 50
const SETTLED: readonly SettledStatusName[] = ['completed', 'failed', 'cancelled', 'interrupted']
/** Commits of a log in flight before its older segments are joined. */
const COMMITS_OF_LIVE = 64
/** Segments of a log in flight that stay as they are: whoever writes it may be about to say them again. */
const KEPT_OF_LIVE = 16

export interface HousekeepingOptions {
  idle: Idle
  /** Absent: nothing is ever deleted by itself. */
  policy?: RetentionPolicy
  /** Idle work of other parts, done once a page: each yields between bounded steps. */
  chores?: readonly ((runtime: Runtime) => AsyncGenerator<void, number>)[]
}

/** What one round did, in numbers. */
export interface HousekeepingReport {
  segmentsJoined: number
  textsSwept: number
  streamsForgotten: number
  treesDeleted: number
}

export interface Housekeeping {
  /** Hears what was written: which logs settled, and which grow. */
  noticed(commit: Pick<Commit, 'persisted' | 'transitions'>): void
  /** A round follows as soon as the page is idle. */
  schedule(): void
  /** One round, now; null when another tab is at it. */
  round(): Promise<HousekeepingReport | null>
  stop(): void
}

export function createHousekeeping(runtime: Runtime, options: HousekeepingOptions): Housekeeping {
  const { clock, locks, scope } = runtime
  const lock = `run-ledger:${scopeName(scope)}:housekeeping`
  const settled = new Set<LogId>()
  const commits = new Map<LogId, number>()
  let isFirst = true
  let stopped = false
  let cancel: (() => void) | null = null
  let running: Promise<unknown> | null = null

  function schedule(): void {
    if (stopped || cancel !== null) return
    cancel = clock.setTimeout(() => {
      cancel = null
      // A round that fails is tried again after the next run.
      running ??= round()
        .catch(() => null)
        .finally(() => {
          running = null
        })
    }, DELAY_MS)
  }

  async function round(): Promise<HousekeepingReport | null> {
    // Waiting would only do the same again; the other tab sees the same disk.
    if ((await locks.held())?.has(lock) === true) return null
    const release = await locks.hold(lock)
    try {
      return await work()
    } finally {
      release()
    }
  }

  async function work(): Promise<HousekeepingReport> {
    const report = { segmentsJoined: 0, textsSwept: 0, streamsForgotten: 0, treesDeleted: 0 }
    await steps(catchUp(runtime))
    if (isFirst) for (const log of await newestSettled(runtime)) settled.add(log)
    for (const log of settled) report.segmentsJoined += await join(log, 0)
    for (const log of growing()) report.segmentsJoined += await join(log, KEPT_OF_LIVE)
    if (options.policy !== undefined && (await quiet())) {
      report.treesDeleted = (await prune(runtime, await previewRetention(runtime, options.policy))).trees
    }
    report.textsSwept = await steps(sweepContent(runtime))
    if (await quiet()) report.streamsForgotten = await forgetDeadStreams(runtime)
    if (isFirst) for (const chore of options.chores ?? []) await steps(chore(runtime))
    isFirst = false
    return report
  }

  /** Joins the small segments of a log, a step per idle moment. */
  async function join(log: LogId, keep: number): Promise<number> {
    let removed = 0
    for (let from: number | null = 0; from !== null;) {
      if (!(await quiet())) return removed
      const step: { removed: number; next: number | null } = await runtime.ledger.mergeSegments(log, {
        from,
        keep,
      })
      removed += step.removed
      from = step.next
    }
    settled.delete(log)
    commits.delete(log)
    return removed
  }

  const growing = (): readonly LogId[] =>
    [...commits].flatMap(([log, count]) => (count >= COMMITS_OF_LIVE ? [log] : []))

  /** Runs a job that yields between its steps; 0 when it was not finished. */
  async function steps(job: AsyncGenerator<void, number>): Promise<number> {
    for (;;) {
      if (!(await quiet())) return 0
      const step = await job.next()
      if (step.done === true) return step.value
    }
  }

  /** Waits for an idle moment in which nothing has arrived for a while. False once stopped. */
  async function quiet(): Promise<boolean> {
    for (;;) {
      if (stopped) return false
      const before = runtime.getState().ledger.received
      await options.idle()
      if (stopped) return false
      if (runtime.getState().ledger.received === before) return true
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, QUIET_MS))
    }
  }

  return {
    noticed({ persisted, transitions }) {
      for (const { log } of persisted) commits.set(log, (commits.get(log) ?? 0) + 1)
      for (const { log, to } of transitions) {
        if (isSettled(to)) settled.add(log)
        else settled.delete(log)
      }
      if (settled.size > 0 || growing().length > 0) schedule()
    },
    schedule,
    round,
    stop() {
      stopped = true
      cancel?.()
      cancel = null
    },
  }
}

/** What was left behind its events so that writing them was cheap: the next start finds it done. */
async function* catchUp({ ledger }: Runtime): AsyncGenerator<void, number> {
  while ((await ledger.catchUp(ROWS_AT_ONCE)) > 0) yield
  return 0
}

async function newestSettled({ ledger }: Runtime): Promise<readonly LogId[]> {
  const newest = (['workflow', 'run'] as const).flatMap((entity) =>
    SETTLED.map((status) => ({ entity, status, limit: LOOKED_AT })),
  )
  return (await ledger.listRecords(...newest)).map(({ log }) => log)
}
