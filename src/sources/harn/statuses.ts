/**
 * Owns what harn's status words mean here. A word we do not know, or none, is unknown: never completed, never running.
 */
import type { RunStatusName } from '../../core/status.ts'
import { isSettled } from '../../core/status.ts'

const MEANING: ReadonlyMap<string, RunStatusName> = new Map([
  ['pending', 'pending'],
  ['running', 'running'],
  ['progressed', 'running'],
  ['resumed', 'running'],
  // It waits for its host's next input, not for a person's answer.
  ['awaiting', 'idle'],
  ['awaiting_input', 'idle'],
  ['paused', 'paused'],
  ['suspended', 'paused'],
  ['complete', 'completed'],
  ['completed', 'completed'],
  ['success', 'completed'],
  ['verified', 'completed'],
  ['failed', 'failed'],
  ['failure', 'failed'],
  ['error', 'failed'],
  ['cancelled', 'cancelled'],
  ['canceled', 'cancelled'],
  ['stopped', 'cancelled'],
])

/** The status a word of harn's means; null when it is none we know, or none at all. */
export const harnStatus = (word: string | null | undefined): RunStatusName | null =>
  MEANING.get((word ?? '').trim().toLowerCase()) ?? null

const BAD_OUTCOMES = new Set(['failure', 'failed', 'error'])

/** A stage that says completed with a failed outcome has failed; its outcome is the more exact word. */
export function stageStatus(word: string | null, outcome: string | null): RunStatusName | null {
  const status = harnStatus(word)
  const isBad = BAD_OUTCOMES.has((outcome ?? '').toLowerCase())
  return isBad && (status === 'completed' || status === null) ? 'failed' : status
}

export interface StatusFact {
  to: RunStatusName
  inferred?: true
  reason?: string
}

/**
 * How a status is told to the fold. Unknown has no status of its own: it is shown as interrupted, marked as our
 * conclusion, with the reason; the owner's own word replaces it whenever a file has it.
 */
export function statusFact(status: RunStatusName | null, word: string | null, what: string): StatusFact {
  if (status !== null) return { to: status }
  const reason =
    word === null || word === ''
      ? `The file does not say how this ${what} ended.`
      : `The file gives this ${what} the status “${word.slice(0, 100)}”, which is not known here.`
  return { to: 'interrupted', inferred: true, reason }
}

export const isOver = (status: RunStatusName | null): boolean => status !== null && isSettled(status)
