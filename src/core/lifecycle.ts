/**
 * Owns attempts and how a status fact changes a lifecycle (agent and workflow runs alike). SPEC F4: settled
 * is final within an attempt, except that the owner's settled fact replaces what we inferred.
 */
import type { AttemptSummary, Binding, Lifecycle, Notes, Text } from './entities.ts'
import { isOurStream } from './ids.ts'
import type { RunStatusName, Trigger } from './status.ts'
import { isSettled, judge, openingStatus } from './status.ts'

const ATTEMPTS_KEPT = 20
const BINDINGS_KEPT = 8

export const NO_NOTES: Notes = { irregular: 0, late: 0, refused: 0 }

export interface TransitionFact {
  to: RunStatusName
  trigger: Trigger
  reason?: string | null | undefined
  error?: string | null | undefined
  summary?: string | null | undefined
  output?: Text | null | undefined
  result?: Text | null | undefined
  inferred?: boolean | undefined
  /** With `inferred`: when the run or a child of it was last heard of. */
  lastSeenAt?: number | null | undefined
}

/** A lifecycle at the start of its first attempt. */
export function newLifecycle(timestamp: number, status: RunStatusName | undefined): Lifecycle {
  return {
    attempt: 1,
    attempts: [],
    status: openingStatus(status),
    inferred: false,
    trigger: 'spawn',
    reason: null,
    summary: null,
    error: null,
    output: null,
    result: null,
    startedAt: timestamp,
    updatedAt: timestamp,
    sortAt: timestamp,
    completedAt: endOf(status, timestamp),
    lastSequence: 0,
  }
}

export interface Outcome<L extends Lifecycle> {
  lifecycle: L
  moved: boolean
  notes: Notes
}

/** Applies a status fact to the attempt it belongs to. */
export function transition<L extends Lifecycle>(
  lifecycle: L,
  notes: Notes,
  fact: TransitionFact,
  attempt: number,
  timestamp: number,
): Outcome<L> {
  if (attempt !== lifecycle.attempt) {
    return { lifecycle: settleEarlier(lifecycle, fact, attempt, timestamp), moved: false, notes: late(notes) }
  }
  const verdict = judge(lifecycle, { to: fact.to, inferred: fact.inferred ?? false })
  if (verdict.kind === 'late') return { lifecycle, moved: false, notes: late(notes) }
  if (verdict.kind === 'same') return { lifecycle, moved: false, notes }
  const settled = isSettled(verdict.status)
  // What we only concluded ended, at the latest, when we last heard of it: a night is not run time.
  const endedAt = fact.inferred === true ? Math.max(lifecycle.updatedAt, fact.lastSeenAt ?? 0) : timestamp
  return {
    lifecycle: {
      ...lifecycle,
      ...outcome(lifecycle, fact),
      status: verdict.status,
      inferred: settled && fact.inferred === true,
      trigger: fact.trigger,
      reason: fact.reason ?? null,
      sortAt: timestamp,
      completedAt: settled ? endedAt : null,
    },
    moved: true,
    notes: verdict.irregular ? { ...notes, irregular: notes.irregular + 1 } : notes,
  }
}

/** Opens the next attempt: its own clock, nothing stale from the one before. */
export function openAttempt<L extends Lifecycle>(
  lifecycle: L,
  opening: { trigger: Trigger; attempt?: number | undefined; status?: RunStatusName | undefined },
  timestamp: number,
): L | null {
  const attempt = opening.attempt ?? lifecycle.attempt + 1
  if (attempt <= lifecycle.attempt) return null
  return {
    ...lifecycle,
    attempt,
    attempts: [...lifecycle.attempts, summarize(lifecycle)].slice(-ATTEMPTS_KEPT),
    status: openingStatus(opening.status ?? 'pending'),
    inferred: false,
    trigger: opening.trigger,
    reason: null,
    summary: null,
    error: null,
    output: null,
    result: null,
    startedAt: timestamp,
    sortAt: timestamp,
    completedAt: endOf(opening.status, timestamp),
  }
}

/** The attempt an event of `stream` belongs to: the one its stream opened last, else the current one. */
export function attemptOf(bindings: readonly Binding[], stream: string, current: number): number {
  for (let index = bindings.length - 1; index >= 0; index -= 1) {
    const binding = bindings[index]
    if (binding?.stream === stream) return binding.attempt
  }
  return current
}

export function bind(bindings: readonly Binding[], stream: string, attempt: number): readonly Binding[] {
  const others = bindings.filter((binding) => binding.stream !== stream)
  return [...others, { stream, attempt }].slice(-BINDINGS_KEPT)
}

/** One that is known and goes on is told of by a stream that was not heard of with it before: it was taken up there. */
export const isAnnouncedAnew = (
  { status }: Pick<Lifecycle, 'status'>,
  bindings: readonly Binding[],
  stream: string,
): boolean => !isSettled(status) && !bindings.some((binding) => binding.stream === stream)

/**
 * Whose an opened attempt is: the stream that announced it. One that we open, since its owner turned out to be alive,
 * is driven by the streams of the attempt that was thought over; ours are never bound.
 */
export function bindOpened(
  bindings: readonly Binding[],
  stream: string,
  { from, to }: { from: number; to: number },
): readonly Binding[] {
  if (!isOurStream(stream)) return bind(bindings, stream, to)
  return bindings.map((binding) => (binding.attempt === from ? { ...binding, attempt: to } : binding))
}

export const late = (notes: Notes): Notes => ({ ...notes, late: notes.late + 1 })

function outcome(
  lifecycle: Lifecycle,
  fact: TransitionFact,
): Pick<Lifecycle, 'summary' | 'error' | 'output' | 'result'> {
  return {
    summary: fact.summary ?? lifecycle.summary,
    error: fact.error ?? null,
    output: fact.output ?? lifecycle.output,
    result: fact.result ?? lifecycle.result,
  }
}

/** A run that is first heard of when it has ended already, ended then at the latest. */
const endOf = (status: RunStatusName | undefined, timestamp: number): number | null =>
  status !== undefined && isSettled(status) ? timestamp : null

function summarize(lifecycle: Lifecycle): AttemptSummary {
  const { attempt, status, inferred, startedAt, completedAt, summary, error } = lifecycle
  return { attempt, status, inferred, startedAt, completedAt, summary, error }
}

/** A late fact about an earlier attempt corrects that attempt's summary under the same rule, nothing else. */
function settleEarlier<L extends Lifecycle>(
  lifecycle: L,
  fact: TransitionFact,
  attempt: number,
  timestamp: number,
): L {
  const index = lifecycle.attempts.findIndex((summary) => summary.attempt === attempt)
  const earlier = lifecycle.attempts[index]
  if (earlier === undefined) return lifecycle
  const verdict = judge(earlier, { to: fact.to, inferred: fact.inferred ?? false })
  if (verdict.kind !== 'moved' || !isSettled(verdict.status)) return lifecycle
  const attempts = [...lifecycle.attempts]
  attempts[index] = {
    ...earlier,
    status: verdict.status,
    inferred: fact.inferred ?? false,
    completedAt: timestamp,
    summary: fact.summary ?? earlier.summary,
    error: fact.error ?? earlier.error,
  }
  return { ...lifecycle, attempts }
}
