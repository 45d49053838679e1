/** Owns what harn says of its workers, in the words of our statuses. */
import type { RunStatusName } from '../../core/status.ts'
import { harnStatus } from './statuses.ts'

export interface WorkerStanding {
  to: RunStatusName
  reason: string | null
}

/** The event names what happened and is trusted before the status, which is what it was turned into. */
export function workerStatus(event: string | null, status: string | null): WorkerStanding | null {
  const word = (event === null ? undefined : WORD_OF.get(event)) ?? status
  const to = harnStatus(word)
  return word === null || to === null ? null : { to, reason: REASONS.get(word) ?? null }
}

const WORD_OF: ReadonlyMap<string, string> = new Map([
  ['WorkerSpawned', 'running'],
  ['WorkerProgressed', 'progressed'],
  ['WorkerWaitingForInput', 'awaiting_input'],
  ['WorkerSuspended', 'suspended'],
  ['WorkerResumed', 'running'],
  ['WorkerCompleted', 'completed'],
  ['WorkerFailed', 'failed'],
  ['WorkerStopped', 'stopped'],
  ['WorkerCancelled', 'cancelled'],
])

/** What happened to the worker, where the status alone does not say. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['awaiting_input', 'It waits for its next input.'],
  ['awaiting', 'It waits for its next input.'],
  ['suspended', 'It was suspended.'],
  ['stopped', 'It was stopped.'],
])

/** How a delegated run ended. An outcome we do not know is an end all the same. */
export function workerEnd(outcome: string, reason: string | null): WorkerStanding {
  const to = ENDS.get(outcome)
  if (to === undefined) return { to: 'interrupted', reason: reason ?? `It ended as "${outcome}".` }
  return { to, reason: reason ?? (outcome === 'timeout' ? 'It took too long.' : null) }
}

const ENDS: ReadonlyMap<string, RunStatusName> = new Map([
  ['success', 'completed'],
  ['failure', 'failed'],
  ['timeout', 'failed'],
  ['cancellation', 'cancelled'],
])
