/**
 * Owns our runs in agentd's words, for what was written against agentd: `execution_state`, `status`, `activity`. Total,
 * one way, never stored and never read back. DESIGN 2.
 */
import type { AgentRun } from '../../core/entities.ts'
import type { RunStatusName } from '../../core/status.ts'
import type { AgentdState } from './states.ts'

export type AgentdLegacyStatus = 'pending' | 'running' | 'stopped' | 'failed'
/** agentd itself has only the first two, and says `idle` where it does not know. */
export type AgentdActivity = 'busy' | 'idle' | 'unknown'

type Viewed = Pick<AgentRun, 'status'> | { status: RunStatusName }

export function toExecutionState(run: Viewed): AgentdState {
  const status: RunStatusName = run.status
  switch (status) {
    case 'pending':
    case 'starting':
    case 'idle':
    case 'failed':
      return status
    case 'running':
    // Tools wait for their approval in the middle of a turn.
    case 'awaiting_user':
      return 'busy'
    case 'paused':
      return 'suspended'
    case 'completed':
    case 'cancelled':
      return 'stopped'
    case 'interrupted':
      return 'failed'
  }
}

export function toLegacyStatus(run: Viewed): AgentdLegacyStatus {
  const state = toExecutionState(run)
  switch (state) {
    case 'pending':
    case 'stopped':
    case 'failed':
      return state
    case 'starting':
    case 'idle':
    case 'busy':
    case 'suspended':
      return 'running'
  }
}

/**
 * `isConfirmed`: false for a run read from the disk that nobody vouched for since, as the ledger's `unconfirmed` says.
 * What it was doing is not known then, and not idle.
 */
export function toActivity(run: Viewed, isConfirmed = true): AgentdActivity {
  if (!isConfirmed) return 'unknown'
  const state = toExecutionState(run)
  switch (state) {
    case 'busy':
    case 'idle':
      return state
    // Held: agentd's sources do not decide which of the two that is.
    case 'suspended':
    case 'pending':
    case 'starting':
    case 'stopped':
    case 'failed':
      return 'unknown'
  }
}
