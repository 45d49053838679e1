/**
 * Owns how a run begins: as a new one, as the next attempt of a known one, or as one that goes on where another
 * owner left it.
 */
import type { CheckpointState, HistoryEntry } from '../core/checkpoint.ts'
import type { AgentTask } from './agent.ts'

export type Opening =
  /** `replayOf`: the run it takes the place of. */
  | { kind: 'new'; attempt: 1; kept: null; replayOf: string | null }
  /** With what is kept of an earlier attempt, from there. */
  | { kind: 'attempt'; attempt: number; kept: CheckpointState | null }
  /** The same attempt: it stays as it is, paused for its worker, until it is answered or resumed. */
  | { kind: 'continue'; attempt: number; kept: CheckpointState }

export const newRun = (replayOf: string | null): Opening => ({
  kind: 'new',
  attempt: 1,
  kept: null,
  replayOf,
})

/** What the worker was told before its first step. */
export const openingEntries = ({ kept }: Opening, { followUps }: AgentTask): readonly HistoryEntry[] =>
  kept?.history ?? followUps.map((message) => ({ kind: 'followUp', message, call: 0 }))

/** The words that opened the attempt a checkpoint is of. */
export const openingWords = (kept: CheckpointState): readonly string[] =>
  kept.history.flatMap((entry) => (entry.kind === 'followUp' && entry.call === 0 ? [entry.message] : []))
