/**
 * Owns a run's status in OpenHuman's words: one way, total, never a second truth. Its rows in a conversation are
 * `toRowStatus`'s (`core/timeline.ts`).
 */
import type { RunStatusName } from '../../core/status.ts'

/** What `agent_runs.status` may be. */
export const OPEN_HUMAN_STATUSES = [
  'pending',
  'running',
  'awaiting_user',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'interrupted',
] as const
export type OpenHumanStatus = (typeof OPEN_HUMAN_STATUSES)[number]

/** OpenHuman has no word for a process that is being connected to, nor for one that waits for its next prompt. */
export function toOpenHumanStatus(status: RunStatusName): OpenHumanStatus {
  switch (status) {
    case 'starting':
      return 'pending'
    case 'idle':
      return 'running'
    default:
      return status
  }
}
