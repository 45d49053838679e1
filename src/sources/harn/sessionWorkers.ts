/** Owns what harn says of its workers, in the words of our statuses. */
import type { RunStatusName } from '../../core/status.ts'

export interface WorkerStanding {
  to: RunStatusName
  reason: string | null
}

/** The event names what happened and is trusted before the status, which is what it was turned into. */
export function workerStatus(event: string | null, status: string | null): WorkerStanding | null {
  const word = (event === null ? undefined : WORD_OF.get(event)) ?? status
  return word === null ? null : (STANDINGS.get(word) ?? null)
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

const STANDINGS: ReadonlyMap<string, WorkerStanding> = new Map([
  ['running', { to: 'running', reason: null }],
  ['progressed', { to: 'running', reason: null }],
  // It waits for its host's next input, not for a person's answer.
  ['awaiting_input', { to: 'idle', reason: 'It waits for its next input.' }],
  ['awaiting', { to: 'idle', reason: 'It waits for its next input.' }],
  ['suspended', { to: 'paused', reason: 'It was suspended.' }],
  ['completed', { to: 'completed', reason: null }],
  ['failed', { to: 'failed', reason: null }],
  ['stopped', { to: 'cancelled', reason: 'It was stopped.' }],
  ['cancelled', { to: 'cancelled', reason: null }],
  ['canceled', { to: 'cancelled', reason: null }],
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
