/**
 * Owns asking the owners of in-flight runs and acting on their word: alive is confirmed, gone is settled as
 * inferred, anything else changes nothing. SPEC C1–C3.
 */
import { lifecycleOf } from '../core/entities.ts'
import type { LogRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { Evidence, RunQuery } from '../core/ports.ts'
import { reconcile } from '../core/reconcile.ts'
import { isSettled } from '../core/status.ts'
import { confirmed } from './actions.ts'
import { resumeOutbox } from './commands.ts'
import { isFinal } from './commandStates.ts'
import { decide } from './decide.ts'
import { catchUp, movedOf } from './tabs/follow.ts'
import type { Runtime } from './runtime.ts'
import { selectWorkflowRuns } from './selectors.ts'
import { keysOf, valuesOf } from './table.ts'

export async function reconcileRuns(runtime: Runtime): Promise<void> {
  await refreshOthers(runtime)
  const asked = valuesOf(runtime.getState().runs.records)
    .filter((record) => !isSettled(lifecycleOf(record).status))
    // Runs before workflow runs, and always in the same order.
    .toSorted((one, other) => (one.log < other.log ? -1 : 1))
  if (asked.length === 0) return
  const evidence = await gatherEvidence(runtime, asked)

  const alive = asked.filter(({ log }) => evidence.get(log)?.kind === 'live').map(({ log }) => log)
  if (alive.length > 0) runtime.dispatch(confirmed({ logs: alive }))

  const gone = asked.filter(({ log }) => evidence.get(log)?.kind === 'gone')
  const checkpoints = await readCheckpoints(runtime, gone)
  const heads = new Map(gone.map((record) => [record.log, lifecycleOf(record).lastSequence]))
  await decide(
    runtime,
    gone.map(({ log }) => log),
    (record) => {
      // Touched after the question was asked: the answer is about something that is no more (C2).
      if (lifecycleOf(record).lastSequence !== heads.get(record.log)) return null
      const hasCheckpoint = checkpoints.has(record.log)
      const about = evidence.get(record.log) ?? { kind: 'unknown' }
      const childSeenAt = childSeen(runtime, record)
      return reconcile({ record, evidence: about, hasCheckpoint, childSeenAt }, runtime.clock.now())
    },
  )
}

/** How long to wait before asking again about runs that nobody vouched for; the last one repeats. */
const ASK_AGAIN_MS = [250, 1_000, 3_000, 10_000, 30_000] as const

/**
 * Asks again while there are unconfirmed runs: the worker of a page that was just reloaded may hold its lock
 * a moment longer, and another tab that owns a run may be closed at any time. Gives back how to stop.
 */
export function keepAsking(runtime: Runtime): () => void {
  let stopped = false
  let cancel = (): void => {}
  const wait = (round: number): void => {
    const ms = ASK_AGAIN_MS[Math.min(round, ASK_AGAIN_MS.length - 1)] ?? 0
    cancel = runtime.clock.setTimeout(() => void ask(round), ms)
  }
  const ask = async (round: number): Promise<void> => {
    const waiting = isWaiting(runtime)
    // An owner that cannot be asked, or a store that cannot be read, is asked again like all others.
    if (waiting) await reconcileRuns(runtime).catch(() => {})
    if (waiting) await resumeOutbox(runtime).catch(() => {})
    if (!stopped) wait(waiting ? round + 1 : ASK_AGAIN_MS.length)
  }
  wait(0)
  return () => {
    stopped = true
    cancel()
  }
}

/** Whether there are runs or commands whose owner or sender may be gone. */
function isWaiting({ getState, page }: Runtime): boolean {
  const { unconfirmed, followed, commands } = getState().runs
  if (keysOf(unconfirmed).length > 0 || keysOf(followed).length > 0) return true
  return Object.values(commands).some(
    (command) => !isFinal(command) && (command.sender !== page || command.state === 'queued'),
  )
}

/** Another tab may have written what we show: its word on its own runs is on the disk. */
async function refreshOthers(runtime: Runtime): Promise<void> {
  const { unconfirmed, followed } = runtime.getState().runs
  const logs = [...keysOf(unconfirmed), ...keysOf(followed)]
  await catchUp(runtime, await movedOf(runtime, logs))
}

/** Asks every source; one that knows the run decides, one that fails says nothing. */
export async function gatherEvidence(
  { sources }: Runtime,
  records: readonly LogRecord[],
): Promise<ReadonlyMap<LogId, Evidence>> {
  const queries = records.map((record): RunQuery => ({
    log: record.log,
    stream: record.bindings.at(-1)?.stream ?? null,
  }))
  const evidence = new Map<LogId, Evidence>()
  const answers = await Promise.allSettled(sources.map((source) => source.ask(queries)))
  for (const answer of answers) {
    if (answer.status === 'rejected') continue
    for (const [log, word] of answer.value) {
      const known = evidence.get(log)
      if (known === undefined || rank(word) > rank(known)) evidence.set(log, word)
    }
  }
  return evidence
}

/** Seen alive beats seen dead, and either beats not knowing. */
function rank(evidence: Evidence): number {
  return evidence.kind === 'live' ? 2 : evidence.kind === 'gone' ? 1 : 0
}

function childSeen({ getState }: Runtime, record: LogRecord): number | null {
  if (record.entity !== 'workflow') return null
  const seen = selectWorkflowRuns(getState(), record.workflow.id).map(({ run }) => run.updatedAt)
  return seen.length === 0 ? null : Math.max(...seen)
}

/** Logs whose checkpoint was really saved and reads back. */
export async function readCheckpoints(
  { ledger }: Runtime,
  records: readonly LogRecord[],
): Promise<ReadonlySet<LogId>> {
  const found = await Promise.all(
    records.map(async (record) => {
      const checkpoint = record.entity === 'run' ? record.run.checkpoint : null
      if (checkpoint === null) return null
      const { ref } = checkpoint.state
      if (ref === null) return record.log
      const blob = await ledger.readBlob(ref).catch(() => null)
      return blob === null ? null : record.log
    }),
  )
  return new Set(found.filter((log) => log !== null))
}
