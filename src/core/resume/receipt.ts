/**
 * Owns the receipt of a resume: what its plan said about each piece of work, against what became of it. Told from the
 * plan that is kept and the children as they are; pure.
 */
import type { RunRecord, WorkflowRecord } from '../entities.ts'
import { isSettled } from '../status.ts'
import type { RunStatusName } from '../status.ts'
import { byPlace } from './match.ts'
import type { PlanEntry } from './plan.ts'

export const RECEIPT_OUTCOMES = [
  /** Its result was used as it is. */
  'kept',
  /** The same run, as its next attempt. */
  'relaunched',
  /** A run of its own. */
  'new',
  /** The same attempt went on. */
  'continued',
  /** Nothing was done with it. */
  'left',
  /** The workflow has not come to it, or never will in this attempt. */
  'not-reached',
] as const
export type ReceiptOutcome = (typeof RECEIPT_OUTCOMES)[number]

export interface ReceiptEntry {
  planned: PlanEntry
  outcome: ReceiptOutcome
  /** The run that did or does it; null when there is none. */
  runId: string | null
  attempt: number | null
  /** How it stands now. */
  status: RunStatusName | null
  isUnderWay: boolean
  /** Whether it is what the plan said, as far as things have come. */
  asPlanned: boolean
  /** A sentence. */
  message: string
}

export interface ResumeReceipt {
  /** Attempt of the workflow it is about. */
  attempt: number
  entries: readonly ReceiptEntry[]
  /** Runs that were begun in this attempt and are in no entry. */
  unplanned: readonly { runId: string; phase: string | null; agentId: string | null; status: RunStatusName }[]
  counts: Readonly<Record<ReceiptOutcome, number>>
  underWay: number
  /** Nothing went differently and nothing was begun that the plan did not name. */
  asPlanned: boolean
}

export function receiptOf(
  record: WorkflowRecord,
  planned: readonly PlanEntry[],
  children: readonly RunRecord[],
): ResumeReceipt {
  const byId = new Map(children.map((child) => [child.run.id, child]))
  const begun = newRuns(record, planned, children)
  const found = planned.map((entry) => ({ entry, fresh: begun.take(entry) }))
  // What nobody's key names goes to who comes first, after those that are told by their key or by what they replay.
  const entries = found.map(({ entry, fresh }) =>
    became(record, entry, byId.get(entry.runId ?? '') ?? null, fresh ?? begun.takeAny(entry)),
  )
  // A list of items that was still to come is one entry, however many it had.
  const open = new Set(planned.filter(isOpen).map(placeOf))
  const unplanned = begun
    .left()
    .filter(({ run }) => !open.has(placeOf(run)))
    .map(({ run }) => ({ runId: run.id, phase: run.phase, agentId: run.agentId, status: run.status }))
  const count = (outcome: ReceiptOutcome): number => entries.filter((each) => each.outcome === outcome).length
  return {
    attempt: record.workflow.attempt,
    entries,
    unplanned,
    counts: {
      kept: count('kept'),
      relaunched: count('relaunched'),
      new: count('new'),
      continued: count('continued'),
      left: count('left'),
      'not-reached': count('not-reached'),
    },
    underWay: entries.filter(({ isUnderWay }) => isUnderWay).length,
    asPlanned: unplanned.length === 0 && entries.every(({ asPlanned }) => asPlanned),
  }
}

const isOpen = ({ runId, contentKey, action }: PlanEntry): boolean =>
  runId === null && contentKey === null && action === 'await'

const placeOf = ({ phase, agentId }: { phase: string | null; agentId: string | null }): string =>
  JSON.stringify([phase, agentId])

/** Runs that began in this attempt of the workflow, to be given to the entries they are the work of. */
function newRuns(
  { workflow, bindings }: WorkflowRecord,
  planned: readonly PlanEntry[],
  children: readonly RunRecord[],
) {
  const known = new Set(planned.map(({ runId }) => runId))
  const stream = bindings.at(-1)?.stream
  // One owner drives one attempt, and its clock is the only one asked.
  const isNew = ({ run, bindings: [first] }: RunRecord): boolean =>
    !known.has(run.id) && first?.stream === stream && run.createdAt >= workflow.startedAt
  const left = new Set(children.filter(isNew).toSorted((a, b) => byPlace({ record: a }, { record: b })))
  const first = (fits: (run: RunRecord['run']) => boolean): RunRecord | null => {
    for (const child of left) {
      if (!fits(child.run)) continue
      left.delete(child)
      return child
    }
    return null
  }
  return {
    take: ({ runId, contentKey, phase, agentId }: PlanEntry): RunRecord | null =>
      (runId === null ? null : first(({ origin }) => origin?.replayOf === runId)) ??
      (runId === null && contentKey !== null
        ? first((run) => run.contentKey === contentKey && run.phase === phase && run.agentId === agentId)
        : null),
    takeAny: ({ runId, contentKey, phase, agentId }: PlanEntry): RunRecord | null =>
      runId === null && contentKey === null
        ? first((run) => run.phase === phase && run.agentId === agentId)
        : null,
    left: (): readonly RunRecord[] => [...left],
  }
}

function became(
  record: WorkflowRecord,
  planned: PlanEntry,
  child: RunRecord | null,
  fresh: RunRecord | null,
): ReceiptEntry {
  const { action, reason } = planned
  const isReached = hasReached(record, planned.phase)
  const mayStillCome = reason === 'upstream' || !isSettled(record.workflow.status)
  const told = (
    outcome: ReceiptOutcome,
    about: RunRecord | null,
    asPlanned: boolean,
    message: string,
  ): ReceiptEntry => {
    const status = about?.run.status ?? null
    const isUnderWay = status !== null && outcome !== 'kept' && outcome !== 'left' && !isSettled(status)
    const attempt = about?.run.attempt ?? null
    const runId = about?.run.id ?? null
    return { planned, outcome, runId, attempt, status, isUnderWay, asPlanned, message }
  }
  if (fresh !== null) {
    const isMeant = action === 'relaunch' && (reason === 'changed' || reason === 'missing')
    const wasOpen = action === 'await' && reason === 'upstream'
    const how = child === null ? 'was begun' : 'took its place'
    const as = `A new run (${planned.agentName}: “${planned.task}”) ${how}; ${standing(fresh)}.`
    return told('new', fresh, isMeant || wasOpen, isMeant || wasOpen ? as : `Otherwise than planned: ${as}`)
  }
  if (child === null) {
    if (action === 'blocked') return told('left', null, true, 'It was left, as planned.')
    return told('not-reached', null, mayStillCome, notReached(record))
  }
  const { attempt } = child.run
  if (
    reason !== 'changed' &&
    attempt > (action === 'relaunch' ? (planned.attempt ?? 1) - 1 : (planned.attempt ?? 1))
  ) {
    const isMeant = action === 'relaunch' || (action === 'await' && reason === 'upstream')
    const as = `It was relaunched as attempt ${attempt}; ${standing(child)}.`
    return told('relaunched', child, isMeant, isMeant ? as : `Otherwise than planned: ${as}`)
  }
  if (action === 'reuse') return told('kept', child, true, 'Its result was kept.')
  if (action === 'blocked') return told('left', child, true, 'It was left, as planned.')
  if (action === 'relaunch' || reason === 'upstream') {
    const isKept = reason === 'upstream' && isReached && child.run.status === 'completed'
    if (isKept)
      return told('kept', child, true, 'What comes before it came out the same: its result was kept.')
    return told('not-reached', child, mayStillCome, notReached(record))
  }
  return told('continued', child, true, `It went on in attempt ${attempt}; ${standing(child)}.`)
}

/** Whether the attempt came to the end of a phase. */
const hasReached = ({ workflow }: WorkflowRecord, phase: string): boolean =>
  workflow.phases.some(({ name, status }) => name === phase && status === 'completed')

const notReached = ({ workflow }: WorkflowRecord): string =>
  isSettled(workflow.status) ? 'The workflow did not come to it.' : 'The workflow has not come to it yet.'

function standing({ run }: RunRecord): string {
  switch (run.status as RunStatusName) {
    case 'completed':
      return 'it is finished'
    case 'failed':
      return 'it failed'
    case 'cancelled':
      return 'it was stopped'
    case 'interrupted':
      return 'it was cut off'
    case 'awaiting_user':
      return 'it waits for an answer'
    case 'paused':
      return 'it is paused'
    default:
      return 'it is still going'
  }
}
