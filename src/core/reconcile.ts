/**
 * Owns what evidence about an in-flight run means: a pure table that returns events, never a write.
 * Unreachable or unsure owners change nothing; settled runs are not judged. SPEC C1, C3.
 */
import type { LogRecord } from './entities.ts'
import { lifecycleOf } from './entities.ts'
import type { SourceEvent } from './events.ts'
import type { Evidence } from './ports.ts'
import type { SettledStatusName } from './status.ts'
import { assertMove, isSettled } from './status.ts'

export interface Judged {
  record: LogRecord
  evidence: Evidence
  /** Whether the record's checkpoint was really saved and reads back. */
  hasCheckpoint: boolean
  /** When a child of it was last heard of; a workflow says little itself while its children work. */
  childSeenAt?: number | null
}

/** The stream our own conclusions are written under. */
export const RECONCILE_STREAM = 'ledger:reconcile'

/** The event that settles what died, or null when there is nothing to say. */
export function reconcile(judged: Judged, timestamp: number): SourceEvent | null {
  const { record, evidence, hasCheckpoint, childSeenAt = null } = judged
  const { status, attempt } = lifecycleOf(record)
  if (evidence.kind !== 'gone' || isSettled(status)) return null
  const to = verdict(record, evidence.exitCode, hasCheckpoint)
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
      reason: reasonFor(to),
      inferred: true,
      ...(childSeenAt !== null && { lastSeenAt: childSeenAt }),
    },
  } as SourceEvent
}

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

function reasonFor(to: SettledStatusName): string {
  return to === 'completed'
    ? 'Its owner exited normally while it was idle.'
    : 'Its owner is gone: the page or process that ran it ended before it did.'
}
