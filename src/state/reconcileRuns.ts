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
import { decide } from './decide.ts'
import type { Runtime } from './runtime.ts'
import { selectWorkflowRuns } from './selectors.ts'

export async function reconcileRuns(runtime: Runtime): Promise<void> {
  const asked = Object.values(runtime.getState().runs.records).filter(
    (record) => !isSettled(lifecycleOf(record).status),
  )
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

/** Asks every source; one that knows the run decides, one that fails says nothing. */
async function gatherEvidence(
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
async function readCheckpoints(
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
