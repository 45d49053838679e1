/**
 * Owns what a person may ask of a run just now, and if not, why not, in a sentence. Pure and total: every verb on every
 * run and workflow run in every state. What the orchestrator makes of it is its own word.
 */
import type { CommandVerb } from './commands.ts'
import type { LogRecord, Question, RunRecord } from './entities.ts'
import { lifecycleOf } from './entities.ts'
import type { Capture } from './redaction.ts'
import type { RunStatusName, SettledStatusName } from './status.ts'
import { isSettled } from './status.ts'

/**
 * Whether somebody drives the run: `confirmed` since we asked or by its events; `unconfirmed` when its owner is away or
 * was not asked yet; `gone` when it is known that nobody does.
 */
export type Ownership = 'confirmed' | 'unconfirmed' | 'gone'

/** All that decides it. */
export interface Situation {
  /** Of the ledger: nothing is asked of a run before it is `ready`. */
  phase: 'closed' | 'opening' | 'hydrating' | 'reconciling' | 'ready'
  entity: LogRecord['entity']
  /** Null: no such run is known here. */
  record: LogRecord | null
  ownership: Ownership
  /** What the connected sources can carry out. */
  verbs: ReadonlySet<CommandVerb>
  /** What they say of verbs that none of them can. */
  cannot?: Readonly<Partial<Record<CommandVerb, string>>>
  /** Whether its checkpoint reads back; null while that is being looked up. */
  hasCheckpoint: boolean | null
  /** Those the answer could be meant for. */
  openQuestions: readonly Pick<Question, 'expiresAt'>[]
  /** With `none` no text is kept that a run could go on with. */
  capture: Capture
  now: number
}

/** A situation in which the run is known. */
interface Known extends Situation {
  status: RunStatusName
}

/** Null: it may be asked. */
export function whyNot(verb: CommandVerb, situation: Situation): string | null {
  const { phase, entity, record, ownership, verbs } = situation
  if (phase !== 'ready') return 'Still loading.'
  if (verb === 'start') return startRefusal(situation)
  if (record === null) return 'This run is not known here.'
  const known = { ...situation, status: lifecycleOf(record).status }
  const refusal = entity === 'run' ? runRefusal(verb, known) : workflowRefusal(verb, known)
  if (refusal !== null) return refusal
  // What nobody drives is settled here: that takes no one.
  const isOurs = verb === 'stop' && ownership === 'gone'
  if (isOurs || verbs.has(verb)) return null
  return situation.cannot?.[verb] ?? `No connected source can ${words(verb)} it.`
}

/** Whether resuming it means reading a plan first; a workflow run that its owner paused simply goes on. */
export function resumesByPlan({ entity, record, ownership }: Situation): boolean {
  if (entity !== 'workflow' || record === null) return false
  const { status } = lifecycleOf(record)
  return status !== 'completed' && (isSettled(status) || ownership === 'gone')
}

function startRefusal({ entity, record, verbs }: Situation): string | null {
  if (entity === 'run') return 'Only workflows are started; their agents come with them.'
  if (record !== null) return 'It was started already.'
  return verbs.has('start') ? null : 'No connected source can start a workflow.'
}

function runRefusal(verb: CommandVerb, known: Known): string | null {
  switch (verb) {
    case 'stop':
      return stopRefusal(known)
    case 'pause':
      return pauseRefusal(known)
    case 'resume':
      return runResumeRefusal(known)
    case 'retry':
      return retryRefusal(known)
    case 'answer':
      return answerRefusal(known)
    case 'follow_up':
      return followUpRefusal(known)
    case 'start':
      return startRefusal(known)
  }
}

function workflowRefusal(verb: CommandVerb, known: Known): string | null {
  switch (verb) {
    case 'stop':
      return stopRefusal(known)
    case 'pause':
      return pauseRefusal(known)
    case 'resume':
      return workflowResumeRefusal(known)
    case 'retry':
      return 'A workflow is not retried but resumed, by a plan.'
    case 'answer':
      return 'A workflow asks nothing itself: answer the agent that asked.'
    case 'follow_up':
      return 'A workflow takes no follow-up: send it to one of its agents.'
    case 'start':
      return startRefusal(known)
  }
}

const stopRefusal = ({ status }: Known): string | null => (isSettled(status) ? alreadyOver(status) : null)

function pauseRefusal({ status, ownership }: Known): string | null {
  if (isSettled(status)) return alreadyOver(status)
  if (status === 'paused') return 'It is paused already.'
  if (ownership === 'gone') return 'Its owner is gone: nothing is at work that could pause.'
  if (ownership === 'unconfirmed') return UNCONFIRMED
  return status === 'pending' || status === 'starting' ? NOT_BEGUN : null
}

function runResumeRefusal(known: Known): string | null {
  const { status, ownership } = known
  if (status === 'completed') return FINISHED
  if (status === 'failed' || status === 'cancelled') return `It is ${status}: retry it instead.`
  if (status === 'interrupted') return checkpointRefusal(known) ?? null
  if (ownership === 'unconfirmed') return UNCONFIRMED
  const waits = status === 'paused' || status === 'awaiting_user'
  if (ownership === 'gone') return waits ? checkpointRefusal(known) : LOST
  if (status === 'paused') return null
  return status === 'awaiting_user' ? 'It waits for an answer.' : goingOn(status)
}

function workflowResumeRefusal(known: Known): string | null {
  const { status, ownership, capture } = known
  if (status === 'completed') return FINISHED
  if (isSettled(status) || ownership === 'gone') return capture === 'none' ? NOT_KEPT : null
  if (ownership === 'unconfirmed') return UNCONFIRMED
  if (status === 'paused') return null
  return status === 'awaiting_user' ? 'One of its agents waits for an answer.' : goingOn(status)
}

function retryRefusal({ status, capture }: Known): string | null {
  if (status === 'completed') return 'It has finished: what is done is not done again.'
  if (!isSettled(status)) return 'It has not ended yet: stop it first.'
  return capture === 'none' ? NOT_KEPT : null
}

function answerRefusal(known: Known): string | null {
  const { status, ownership, openQuestions, now } = known
  if (isSettled(status)) return alreadyOver(status)
  if (openQuestions.length === 0) return 'It asks nothing just now.'
  const isExpired = openQuestions.every(({ expiresAt }) => expiresAt !== null && expiresAt <= now)
  if (isExpired) return 'The time to answer is over.'
  // While its owner is away the answer waits for it in the outbox.
  return ownership === 'gone' ? checkpointRefusal(known) : null
}

function followUpRefusal({ status, ownership, capture }: Known): string | null {
  if (status === 'completed') return capture === 'none' ? NOT_KEPT : null
  if (isSettled(status)) return `It is ${status}: retry it instead.`
  if (status === 'awaiting_user') return 'It waits for an answer first.'
  if (status === 'paused') return 'It is paused: resume it first.'
  if (ownership === 'gone') return LOST
  if (ownership === 'unconfirmed') return UNCONFIRMED
  return status === 'running' || status === 'idle' ? null : NOT_BEGUN
}

/** Nobody drives it, so it can only go on from what it kept of itself. */
function checkpointRefusal({ hasCheckpoint, capture }: Known): string | null {
  if (capture === 'none') return NOT_KEPT
  if (hasCheckpoint === null) return 'Still looking for its checkpoint.'
  return hasCheckpoint
    ? null
    : 'Nobody drives it any more and it kept no checkpoint that can be used: start it afresh.'
}

const UNCONFIRMED = 'Nobody has confirmed that it is still alive.'
const LOST = 'Nobody drives it any more: it is being settled as interrupted.'
const NOT_BEGUN = 'It has not begun yet.'
const FINISHED = 'It has finished: nothing is left to resume.'
const NOT_KEPT = 'Its texts are not kept here, so there is nothing it could go on with.'

const alreadyOver = (status: SettledStatusName): string => `It is ${status} already.`

const goingOn = (status: RunStatusName): string =>
  status === 'pending' || status === 'starting' ? NOT_BEGUN : 'It is at work already.'

const words = (verb: CommandVerb): string => (verb === 'follow_up' ? 'send a follow-up to' : verb)

/**
 * What a stop does beyond the run itself; null when there is nothing to say. `children`: what the run or workflow run
 * launched, at any depth.
 */
export function consequenceOfStop(record: LogRecord, children: readonly RunRecord[]): string | null {
  if (isSettled(lifecycleOf(record).status)) return null
  const going = children.filter(({ run }) => !isSettled(run.status))
  if (going.length === 0) return null
  const questions = going.reduce((sum, each) => sum + openOf(each), 0)
  const kept = children.filter(({ run }) => run.status === 'completed').length
  return [
    `Stops ${counted(going.length, 'agent that is', 'agents that are')} at work`,
    ...(questions > 0
      ? [`${counted(questions, 'open question', 'open questions')} will not be answered`]
      : []),
    ...(kept > 0 ? [`${counted(kept, 'finished result is', 'finished results are')} kept`] : []),
  ]
    .join('; ')
    .concat('.')
}

const openOf = ({ questions }: RunRecord): number => questions.filter(({ state }) => state === 'open').length

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`
