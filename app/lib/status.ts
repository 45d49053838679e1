/** Owns the words and the tone of a status. An unconfirmed run never reads as running. */
import { isSettled } from 'run-ledger'
import type { Bucket, PhaseStatus, RunStatusName, ToolCallStatus } from 'run-ledger'

export type Tone = 'working' | 'attention' | 'good' | 'bad' | 'quiet'

/** What a row shows: a status, or that nobody has confirmed it. */
export type ShownStatus = RunStatusName | 'unconfirmed'

const RUN_WORDS: Record<ShownStatus, { label: string; tone: Tone }> = {
  pending: { label: 'Pending', tone: 'quiet' },
  starting: { label: 'Starting', tone: 'working' },
  running: { label: 'Running', tone: 'working' },
  idle: { label: 'Idle', tone: 'quiet' },
  awaiting_user: { label: 'Needs you', tone: 'attention' },
  paused: { label: 'Paused', tone: 'attention' },
  completed: { label: 'Completed', tone: 'good' },
  failed: { label: 'Failed', tone: 'bad' },
  cancelled: { label: 'Stopped', tone: 'quiet' },
  interrupted: { label: 'Interrupted', tone: 'bad' },
  unconfirmed: { label: 'Unconfirmed', tone: 'quiet' },
}

export const shownStatus = (status: RunStatusName, unconfirmed: boolean): ShownStatus =>
  unconfirmed ? 'unconfirmed' : status

export const wordsFor = (status: ShownStatus): { label: string; tone: Tone } => RUN_WORDS[status]

const TOOL_TONES: Record<ToolCallStatus, Tone> = {
  running: 'working',
  completed: 'good',
  failed: 'bad',
  cancelled: 'quiet',
  interrupted: 'bad',
  unknown: 'quiet',
}

export const toolTone = (status: ToolCallStatus): Tone => TOOL_TONES[status]

export type ShownPhaseStatus = PhaseStatus | 'unconfirmed' | 'paused' | 'awaiting_user'

interface PhaseOf {
  /** Nobody confirmed its workflow run. */
  unconfirmed: boolean
  workflow: RunStatusName
  /** Of the runs it launched. */
  runs: readonly RunStatusName[]
}

/**
 * A phase is only as sure as its workflow run, and at work only while one of its agents is; one that has ended or
 * not begun needs no confirmation.
 */
export function shownPhaseStatus(
  status: PhaseStatus,
  { unconfirmed, workflow, runs }: PhaseOf,
): ShownPhaseStatus {
  if (status !== 'running') return status
  if (unconfirmed) return 'unconfirmed'
  if (workflow === 'paused') return 'paused'
  const going = runs.filter((run) => !isSettled(run))
  if (going.length === 0 || going.some((run) => run !== 'awaiting_user' && run !== 'paused')) return status
  return going.includes('awaiting_user') ? 'awaiting_user' : 'paused'
}

export const phaseWords = (status: ShownPhaseStatus): { label: string; tone: Tone } =>
  status === 'pending' ? { label: 'Waiting', tone: 'quiet' } : RUN_WORDS[status]

export const BUCKET_NAMES: Record<Bucket, string> = {
  needs_input: 'Needs input',
  working: 'Working',
  completed: 'Completed',
  failed: 'Failed',
  stopped: 'Stopped',
}
