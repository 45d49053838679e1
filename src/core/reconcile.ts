/**
 * Owns what evidence about a run means: a pure table that returns an event, never a write. A dead owner settles what is
 * in flight, a live one takes back an end that we only concluded; an owner that is unreachable or unsure changes
 * nothing. SPEC C1, C3.
 */
import type { LogRecord } from './entities.ts'
import { lifecycleOf } from './entities.ts'
import type { SourceEvent } from './events.ts'
import type { Evidence } from './ports.ts'
import type { SettledStatusName } from './status.ts'
import { assertMove, isSettled } from './status.ts'

export interface Judged {
  record: LogRecord
  /** Undefined: nobody could be asked, or the question failed. */
  evidence: Evidence | undefined
  /** Whether its checkpoint was really saved and reads back; of a workflow run, that of a child which waits. */
  hasCheckpoint: boolean
  /** When a child of it was last heard of; a workflow says little itself while its children work. */
  childSeenAt?: number | null
}

/** The stream our own conclusions are written under. */
export const RECONCILE_STREAM = 'ledger:reconcile'

/** What is concluded, or null when there is nothing to say. The same record and evidence give the same event. */
export function reconcile(judged: Judged, timestamp: number): SourceEvent | null {
  const { record, evidence } = judged
  const { status, inferred } = lifecycleOf(record)
  if (evidence?.kind === 'gone')
    return isSettled(status) ? null : settled(judged, evidence.exitCode, timestamp)
  if (evidence?.kind === 'live') return isSettled(status) && inferred ? revived(record, timestamp) : null
  return null
}

function settled(judged: Judged, exitCode: number | null, timestamp: number): SourceEvent | null {
  const { record, hasCheckpoint, childSeenAt = null } = judged
  const { status, attempt } = lifecycleOf(record)
  const to = verdict(record, exitCode, hasCheckpoint)
  if (to === null) return null
  assertMove(status, to, 'reconciliation')
  return {
    log: record.log,
    // One conclusion per attempt: reconciling twice is the same event.
    position: `${record.log}:${attempt}`,
    stream: RECONCILE_STREAM,
    timestamp,
    type: record.entity === 'run' ? 'run.transitioned' : 'workflow.transitioned',
    payload: {
      to,
      trigger: 'reconciliation',
      reason: reasonFor(record, to),
      inferred: true,
      ...(childSeenAt !== null && { lastSeenAt: childSeenAt }),
    },
  } as SourceEvent
}

/** A settled attempt stays settled: what lives on is the next one, driven by the streams that drove it before. */
function revived(record: LogRecord, timestamp: number): SourceEvent {
  const { attempt } = lifecycleOf(record)
  return {
    log: record.log,
    position: `${record.log}:${attempt}:live`,
    stream: RECONCILE_STREAM,
    timestamp,
    type: record.entity === 'run' ? 'run.attempt_started' : 'workflow.attempt_started',
    payload: {
      trigger: 'reconciliation',
      attempt: attempt + 1,
      status: stillAsks(record) ? 'awaiting_user' : 'running',
    },
  } as SourceEvent
}

/** A question nobody seemed to wait for any more is open again with its run. */
const stillAsks = (record: LogRecord): boolean =>
  record.entity === 'run' &&
  record.questions.some(({ state, attempt }) => state === 'unknown' && attempt === record.run.attempt)

function verdict(
  record: LogRecord,
  exitCode: number | null,
  hasCheckpoint: boolean,
): SettledStatusName | null {
  const { status } = lifecycleOf(record)
  switch (status) {
    case 'pending':
    case 'starting':
    case 'running':
      return 'interrupted'
    case 'idle':
      return exitCode === 0 ? 'completed' : 'interrupted'
    case 'awaiting_user':
    case 'paused':
      return hasCheckpoint ? null : 'interrupted'
    default:
      return null
  }
}

function reasonFor({ entity }: LogRecord, to: SettledStatusName): string {
  if (to === 'completed') return 'Its owner exited normally while it was idle.'
  const lost = 'Its owner is gone: the page or process that ran it ended before it did.'
  return entity === 'workflow' ? `${lost} It can be resumed.` : lost
}
