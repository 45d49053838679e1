/**
 * Owns run status: the names, the table of legal moves, what "settled" means, and the five buckets.
 * `RunStatus` is branded so that no other file can make one up: a status is read from a record or
 * obtained here, by judging a fact (mirrored) or checking a decision (ours). SPEC S1–S4.
 */

export const RUN_STATUSES = [
  'pending',
  'starting',
  'running',
  'idle',
  'awaiting_user',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'interrupted',
] as const

export type RunStatusName = (typeof RUN_STATUSES)[number]

declare const brand: unique symbol
type Branded<Name extends string> = Name & { readonly [brand]: 'RunStatus' }

/** A status that went through this file. Compares with plain names, cannot be written from one. */
export type RunStatus = { [Name in RunStatusName]: Branded<Name> }[RunStatusName]

/** Workflow runs use the same statuses and the same table, without `starting` and `idle`. */
export const WORKFLOW_STATUSES = RUN_STATUSES.filter(
  (name): name is WorkflowStatusName => name !== 'starting' && name !== 'idle',
)
export type WorkflowStatusName = Exclude<RunStatusName, 'starting' | 'idle'>

export type SettledStatusName = 'completed' | 'failed' | 'cancelled' | 'interrupted'

/** Why a status changed; stored with every transition so that a reloaded row can explain itself. */
export const TRIGGERS = [
  'spawn',
  'connected',
  'disconnected',
  'prompt_received',
  'result_received',
  'context_cleared',
  'question_asked',
  'answered',
  'paused_by_user',
  'resumed_by_user',
  'user_terminated',
  'process_exited',
  'process_crashed',
  'errored',
  'restart',
  'reconciliation',
  'imported',
] as const
export type Trigger = (typeof TRIGGERS)[number]

const MOVES: Record<RunStatusName, readonly RunStatusName[]> = {
  pending: ['starting', 'running', 'failed', 'cancelled', 'interrupted'],
  starting: ['running', 'idle', 'failed', 'cancelled', 'interrupted'],
  running: ['idle', 'awaiting_user', 'paused', 'completed', 'failed', 'cancelled', 'interrupted'],
  idle: ['running', 'paused', 'completed', 'failed', 'cancelled', 'interrupted'],
  awaiting_user: ['running', 'paused', 'failed', 'cancelled', 'interrupted'],
  paused: ['running', 'idle', 'awaiting_user', 'failed', 'cancelled', 'interrupted'],
  completed: [],
  failed: [],
  cancelled: [],
  interrupted: [],
}

/** Statuses a run only passes on its way up: meeting one again later is a walk back, never a fact. */
const OPENING: readonly RunStatusName[] = ['pending', 'starting']

export function isSettled(status: RunStatusName): status is SettledStatusName {
  return MOVES[status].length === 0
}

export function canMove(from: RunStatusName, to: RunStatusName): boolean {
  return MOVES[from].includes(to)
}

/** The status an attempt opens with. The only way to get a status without a predecessor. */
export function openingStatus(name: RunStatusName | undefined): RunStatus {
  return (name ?? 'pending') as RunStatus
}

export interface StatusFact {
  to: RunStatusName
  /** True when we concluded it (reconciliation, disconnect, import) instead of hearing it from the owner. */
  inferred: boolean
}

export type Verdict =
  | { kind: 'moved'; status: RunStatus; irregular: boolean }
  /** The run is there already: a no-op. */
  | { kind: 'same' }
  /** Too late or a walk back: stored and counted, moves nothing. */
  | { kind: 'late' }

/**
 * Judges a mirrored fact about the current attempt. Sources drop events, so a skipped step is accepted
 * and marked irregular; what we inferred obeys the table and yields to the owner's own settled fact.
 */
export function judge(current: { status: RunStatus; inferred: boolean }, fact: StatusFact): Verdict {
  const { status, inferred } = current
  const owned = !fact.inferred
  if (isSettled(status)) {
    const replaces = inferred && owned && isSettled(fact.to)
    if (replaces) return { kind: 'moved', status: fact.to as RunStatus, irregular: false }
    return { kind: status === fact.to ? 'same' : 'late' }
  }
  if (status === fact.to) return { kind: 'same' }
  if (canMove(status, fact.to)) return { kind: 'moved', status: fact.to as RunStatus, irregular: false }
  if (fact.inferred || OPENING.includes(fact.to)) return { kind: 'late' }
  return { kind: 'moved', status: fact.to as RunStatus, irregular: true }
}

/** A move we wanted to make and may not. Nothing was written. */
export class IllegalTransitionError extends Error {
  override readonly name = 'IllegalTransitionError'
  readonly from: RunStatusName
  readonly to: RunStatusName
  readonly trigger: Trigger

  constructor(from: RunStatusName, to: RunStatusName, trigger: Trigger) {
    super(`A run that is ${from} cannot become ${to} (${trigger}).`)
    this.from = from
    this.to = to
    this.trigger = trigger
  }
}

/**
 * Checks a move that we decide ourselves (commands, reconciliation, the local orchestrator).
 * @throws IllegalTransitionError when the table does not allow it.
 */
export function assertMove(from: RunStatusName, to: RunStatusName, trigger: Trigger): void {
  if (from !== to && !canMove(from, to)) throw new IllegalTransitionError(from, to, trigger)
}

export const BUCKETS = ['needs_input', 'working', 'completed', 'failed', 'stopped'] as const
export type Bucket = (typeof BUCKETS)[number]

/** The group a run is listed under. `hasQuestion` decides where a paused run belongs. */
export function bucketOf(status: RunStatusName, hasQuestion: boolean): Bucket {
  switch (status) {
    case 'awaiting_user':
      return 'needs_input'
    case 'paused':
      return hasQuestion ? 'needs_input' : 'stopped'
    case 'pending':
    case 'starting':
    case 'running':
    case 'idle':
      return 'working'
    case 'completed':
      return 'completed'
    case 'failed':
      return 'failed'
    case 'cancelled':
    case 'interrupted':
      return 'stopped'
  }
}
