/**
 * Owns what would become of one child by itself: by its status, what is known of its owner, what it kept, and the
 * policy. Whether its work is needed at all is for `layout.ts`. SPEC R1, R3.
 */
import { isSettled } from '../status.ts'
import type { RunStatusName } from '../status.ts'
import type { PlanEntry, ResumeChild, ResumeWorld } from './plan.ts'
import type { Permission, ResumePolicy } from './policy.ts'
import { rule } from './policy.ts'

export type Fate = Pick<
  PlanEntry,
  'action' | 'reason' | 'message' | 'attempt' | 'fromCheckpoint' | 'canAgree'
>

export interface Terms {
  policy: ResumePolicy
  agreed: ReadonlySet<string>
  /** Whether the workflow took note of the run. */
  isLinked(runId: string): boolean
}

/** Characters of a foreign error that a message repeats. */
const ERROR_SHOWN = 200

/** How the policy and the person's word are asked, for one world. */
export function termsOf({ record, policy, agreed }: ResumeWorld): Terms {
  const { childRunIds } = record.workflow
  const linked = new Set(childRunIds)
  // A list that is full does not say who is missing from it.
  const isFull = childRunIds.length >= CHILDREN_LISTED
  return { policy, agreed: new Set(agreed), isLinked: (runId) => isFull || linked.has(runId) }
}

/** As many as a workflow's record names. */
const CHILDREN_LISTED = 1_000

/** What becomes of a child whose work is needed as it is. */
export function fateOf(child: ResumeChild, terms: Terms): Fate {
  const { run } = child.record
  if (run.status === 'completed') return finished(child, terms)
  return (
    driven(child) ??
    unclear(child, terms) ??
    waiting(child) ??
    (terms.agreed.has(run.id) ? again(child, 'agreed', 'A person agreed') : cutOff(child, terms))
  )
}

/** What becomes of a child whose work is another now: `why` names what changed. */
export function replacedFate(child: ResumeChild, why: string, terms: Terms): Fate {
  const held = driven(child) ?? unclear(child, terms)
  if (held?.action === 'await') {
    const message = `It is still at work on what it was given before (${why}). It can be replaced once it is stopped.`
    return blockedFate('live', message, held.attempt)
  }
  if (held !== null) return held
  const beginning = begins(terms.policy, terms.agreed.has(child.record.run.id))
  if (beginning !== null) return { ...BLOCKED, ...beginning }
  const message = `Its work is another now (${why}): a new run takes its place.`
  return { action: 'relaunch', reason: 'changed', message, ...NEW_RUN }
}

/** What becomes of work that was never begun. */
export function missingFate(policy: ResumePolicy, isAgreed: boolean): Fate {
  const held = begins(policy, isAgreed)
  if (held !== null) return { ...BLOCKED, ...held }
  return { action: 'relaunch', reason: 'missing', message: 'It was never begun; it is launched.', ...NEW_RUN }
}

const NEW_RUN = { attempt: null, fromCheckpoint: false, canAgree: false } as const
const BLOCKED = { action: 'blocked', attempt: null, fromCheckpoint: false } as const

/** Blocked for a reason that no policy and no person can lift now. */
export const blockedFate = (reason: PlanEntry['reason'], message: string, attempt: number | null): Fate => ({
  ...BLOCKED,
  reason,
  message,
  attempt,
  canAgree: false,
})

/** Why a new run may not be made; null when it may. */
function begins(
  { missing }: ResumePolicy,
  isAgreed: boolean,
): Pick<Fate, 'reason' | 'message' | 'canAgree'> | null {
  return isAgreed ? null : heldBack(missing, 1, 'It was never begun.')
}

/** What a permission says against it; null when nothing. `state`: what is the case, as a sentence. */
function heldBack(
  permission: Permission,
  attempt: number,
  state: string,
): Pick<Fate, 'reason' | 'message' | 'canAgree'> | null {
  const ruling = rule(permission, attempt)
  if (ruling.kind === 'allowed') return null
  if (ruling.kind === 'ask')
    return { reason: 'asks', message: `${state} A person has to agree first.`, canAgree: true }
  return { reason: 'not-allowed', message: `${state} ${ruling.why}`, canAgree: !ruling.isFinal }
}

const LOST = {
  missing: 'its result cannot be read any more',
  redacted: 'its result held what looks like a secret, which is not kept',
  none: 'it handed no result on',
} as const

function finished(child: ResumeChild, { policy, agreed, isLinked }: Terms): Fate {
  const { record, result } = child
  const { id, attempt } = record.run
  const isAgreed = agreed.has(id)
  if (result.kind !== 'found') {
    const lost = LOST[result.kind]
    if (isAgreed) return again(child, 'agreed', `It is finished, but ${lost}. A person agreed`)
    const message = `It is finished, but ${lost}. It is not done again unless a person agrees.`
    return { ...BLOCKED, reason: 'result-missing', message, attempt, canAgree: true }
  }
  const kept = { action: 'reuse', attempt, fromCheckpoint: false, canAgree: false } as const
  if (isLinked(id))
    return { ...kept, reason: 'completed', message: 'It is finished; its result is used as it is.' }
  const state = 'It is finished with a result that its workflow never took note of.'
  const held = isAgreed ? null : heldBack(policy.orphan, attempt, state)
  // Agreeing costs nothing here: what is there is used, never bought again.
  if (held !== null) return { ...BLOCKED, ...held, attempt, canAgree: true }
  return { ...kept, reason: 'orphan', message: `${state} The result is used.` }
}

/** Somebody drives it, or may do so. */
function driven({ record: { run }, evidence }: ResumeChild): Fate | null {
  const present = { attempt: run.attempt, fromCheckpoint: false, canAgree: false } as const
  if (evidence.kind === 'live' && (!isSettled(run.status) || run.inferred)) {
    const isAsking = run.status === 'awaiting_user'
    const message = isAsking ? 'It waits for an answer, and its owner is there.' : 'It is at work already.'
    return { ...present, action: 'await', reason: isAsking ? 'question' : 'live', message }
  }
  if (evidence.kind !== 'unknown' || isSettled(run.status)) return null
  const message = 'It cannot be told whether it is still at work: its owner cannot be reached.'
  return { ...present, action: 'blocked', reason: 'owner-unreachable', message }
}

/** It may have changed something outside, and nobody knows. */
function unclear(child: ResumeChild, { policy, agreed }: Terms): Fate | null {
  const { record, dangling } = child
  const { id, attempt } = record.run
  if (dangling.length === 0 || agreed.has(id)) return null
  const calls = [...new Set(dangling)].map((name) => `“${name}”`).join(', ')
  const state = `A call of ${calls} began and never reported its end: what it did is not known.`
  const held = heldBack(policy.unknown, attempt + 1, state)
  if (held === null) return null
  return { ...BLOCKED, ...held, reason: 'unknown-outcome', attempt }
}

/** It waits for a person, and kept everything it needs to go on. */
function waiting({ record: { run }, checkpoint }: ResumeChild): Fate | null {
  if (checkpoint.kind !== 'usable') return null
  const present = { action: 'await', attempt: run.attempt, fromCheckpoint: true, canAgree: false } as const
  if (run.status === 'awaiting_user') {
    const message = 'It waits for an answer, and goes on from its checkpoint when it has one.'
    return { ...present, reason: 'question', message }
  }
  if (run.status !== 'paused') return null
  const message = 'It was paused; resuming the workflow wakes it, and it goes on from its checkpoint.'
  return { ...present, reason: 'paused', message }
}

/** It ended without a result, or lost its owner. */
function cutOff(child: ResumeChild, { policy }: Terms): Fate {
  const { record, checkpoint, dangling } = child
  const { run } = record
  const { attempt } = run
  const status: RunStatusName = run.status
  if (checkpoint.kind === 'unusable') {
    const message = `${checkpoint.why} It can be started afresh if a person agrees.`
    return { ...BLOCKED, reason: 'checkpoint-unusable', message, attempt, canAgree: true }
  }
  const hasFailed = status === 'failed'
  const state = hasFailed ? failure(run.error ?? run.reason) : (ENDED[status] ?? 'It was cut off')
  // An unknown outcome was ruled on already, and overrides.
  const permission = hasFailed ? policy.failed : policy.interrupted
  const held = dangling.length > 0 ? null : heldBack(permission, attempt + 1, `${state}.`)
  if (held !== null) return { ...BLOCKED, ...held, attempt }
  return again(child, hasFailed ? 'failed' : 'interrupted', state)
}

/** The next attempt. `why`: what is the case, without the period. */
function again({ record, checkpoint }: ResumeChild, reason: Fate['reason'], why: string): Fate {
  const attempt = record.run.attempt + 1
  const fromCheckpoint = checkpoint.kind === 'usable'
  const how = fromCheckpoint
    ? `goes on from its checkpoint as attempt ${attempt}`
    : `begins attempt ${attempt}`
  return {
    action: 'relaunch',
    reason,
    message: `${why}: it ${how}.`,
    attempt,
    fromCheckpoint,
    canAgree: false,
  }
}

const ENDED: Partial<Record<RunStatusName, string>> = {
  cancelled: 'It was stopped',
  interrupted: 'It was cut off',
  pending: 'It lost its owner before it began',
  starting: 'It lost its owner before it began',
  running: 'It lost its owner while it was at work',
  idle: 'It lost its owner while it was idle',
  awaiting_user: 'It lost its owner while it waited for an answer',
  paused: 'It lost its owner while it was paused',
}

function failure(error: string | null): string {
  const [first = ''] = (error ?? '').trim().split('\n')
  const shown = first.length > ERROR_SHOWN ? `${first.slice(0, ERROR_SHOWN)}…` : first.replace(/[.\s]+$/u, '')
  return shown === '' ? 'It failed' : `It failed (${shown})`
}
