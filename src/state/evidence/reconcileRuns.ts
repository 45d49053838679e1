/**
 * Owns asking the owners of runs and acting on their word: alive is confirmed, gone is settled as inferred or, where
 * the run kept what it goes on from, left without an owner; alive after all begins anew, anything else changes
 * nothing. SPEC C1–C3.
 */
import { lifecycleOf } from '../../core/entities.ts'
import type { LogRecord } from '../../core/entities.ts'
import { reconcile } from '../../core/reconcile.ts'
import type { LogId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import { confirmed, foundGone } from '../actions.ts'
import { decide, eachOf } from '../decide.ts'
import { gatherEvidence, readCheckpoints } from './ask.ts'
import { catchUp, movedOf } from '../tabs/follow.ts'
import type { Runtime } from '../runtime.ts'
import { selectWorkflowRuns } from '../selectors/selectors.ts'
import { at, keysOf, valuesOf } from '../table.ts'

export async function reconcileRuns(runtime: Runtime): Promise<void> {
  const { getState, clock, dispatch } = runtime
  await refreshOthers(runtime)
  const asked = valuesOf(getState().runs.records)
    .filter(isOpenToWord)
    // Runs before workflow runs, and always in the same order.
    .toSorted((one, other) => (one.log < other.log ? -1 : 1))
  if (asked.length === 0) return
  const evidence = await gatherEvidence(runtime, asked)

  const judged = asked.filter((record) => isTelling(record, evidence.get(record.log)?.kind))
  const gone = judged.filter(({ log }) => evidence.get(log)?.kind === 'gone')
  const checkpoints = await readCheckpoints(runtime, gone)
  const heads = new Map(judged.map((record) => [record.log, lifecycleOf(record).lastSequence]))
  const kept = new Set<LogId>()
  if (judged.length > 0)
    await decide(
      runtime,
      judged.map(({ log }) => log),
      eachOf((record) => {
        kept.delete(record.log)
        // Touched after the question was asked: the answer is about something that is no more (C2).
        if (lifecycleOf(record).lastSequence !== heads.get(record.log)) return null
        const hasCheckpoint = checkpoints.has(record.log)
        const about = evidence.get(record.log) ?? { kind: 'unknown' }
        const childSeenAt = childSeen(runtime, record)
        const event = reconcile({ record, evidence: about, hasCheckpoint, childSeenAt }, clock.now())
        if (event === null && about.kind === 'gone') kept.add(record.log)
        return event
      }),
    )
  const orphans = [...kept].filter((log) => isNewOrphan(runtime, log, heads.get(log)))
  if (orphans.length > 0) dispatch(foundGone({ logs: orphans }))
  const alive = asked.filter(({ log }) => evidence.get(log)?.kind === 'live').map(({ log }) => log)
  if (alive.length > 0) dispatch(confirmed({ logs: alive, at: clock.now() }))
}

/** In flight as far as we know, or ended as far as we only concluded. */
function isOpenToWord(record: LogRecord): boolean {
  const { status, inferred } = lifecycleOf(record)
  return !isSettled(status) || inferred
}

/** Whether that word could change the record: an end of what is in flight, life in what is not. */
const isTelling = (record: LogRecord, kind: string | undefined): boolean =>
  kind === (isSettled(lifecycleOf(record).status) ? 'live' : 'gone')

/** Not known as one, and not heard of since its owner was asked. */
function isNewOrphan({ getState }: Runtime, log: LogId, head: number | undefined): boolean {
  const { records, gone } = getState().runs
  const record = at(records, log)
  return record !== undefined && at(gone, log) === undefined && lifecycleOf(record).lastSequence === head
}

/** Another tab may have written about what we show, its own runs and ours, and died before it said so. */
async function refreshOthers(runtime: Runtime): Promise<void> {
  const { records, followed } = runtime.getState().runs
  const inFlight = valuesOf(records).filter((record) => !isSettled(lifecycleOf(record).status))
  const logs = new Set([...inFlight.map(({ log }) => log), ...keysOf(followed)])
  await catchUp(runtime, await movedOf(runtime, [...logs]))
}

function childSeen({ getState }: Runtime, record: LogRecord): number | null {
  if (record.entity !== 'workflow') return null
  const seen = selectWorkflowRuns(getState(), record.workflow.id).map(({ run }) => run.updatedAt)
  return seen.length === 0 ? null : Math.max(...seen)
}
