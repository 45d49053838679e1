/**
 * Owns a status change that we decide: checked against the table in the transaction that writes it, together with what
 * the workflow run's own log must say of it. SPEC C1, F4.
 */
import type { LogRecord, RunRecord, WorkflowRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { SourceEvent } from '../core/events.ts'
import { idOfLog, workflowLog } from '../core/ids.ts'
import type { LogId } from '../core/ids.ts'
import type { RunStatusName, Trigger } from '../core/status.ts'
import { assertMove, isSettled } from '../core/status.ts'
import { confirmed } from './actions.ts'
import { decide } from './decide.ts'
import type { Stored } from './decide.ts'
import { readUnsettled } from './evidence/ask.ts'
import type { Runtime } from './runtime.ts'
import { at } from './table.ts'

/** The stream of what is decided here. */
export const DECISIONS_STREAM = 'ledger:decisions'

export interface Move {
  log: LogId
  to: RunStatusName
  trigger: Trigger
  reason?: string
  /** Nothing happens to a run that is not, or no longer, of this status or attempt. */
  expect?: { status?: RunStatusName; attempt?: number }
}

/** There is nothing of that run that could be changed. */
export class UnknownRunError extends Error {
  override readonly name = 'UnknownRunError'
}

/**
 * Moves a run that this host drives itself, durable before it is visible. Of several who try the same move exactly
 * one has `moved`; for the others the run is there already.
 * @throws IllegalTransitionError when the table forbids it, UnknownRunError, LedgerError. Nothing was written then.
 */
export async function transition(runtime: Runtime, move: Move): Promise<{ moved: boolean }> {
  const { log, to } = move
  const logs = await concerned(runtime, move)
  const now = runtime.clock.now()
  const changes = await decide(runtime, logs, (records) => {
    const record = records.get(log)
    if (record === undefined) throw new UnknownRunError(`There is no run ${idOfLog(log)} here.`)
    const { status, attempt } = lifecycleOf(record)
    const { expect = {} } = move
    if ((expect.status ?? status) !== status || (expect.attempt ?? attempt) !== attempt) return null
    assertMove(status, to, move.trigger)
    if (status === to) return null
    const said = moveEvent(record, { to, trigger: move.trigger, reason: move.reason ?? null }, now)
    return { events: [said, ...echoesOf(records, record, move, now)] }
  })
  const moved = changes.some((change) => change.log === log)
  // Who moves it drives it.
  if (moved && !isSettled(to)) runtime.dispatch(confirmed({ logs: [log], at: now }))
  return { moved }
}

/** Our event of a status change. Its place says what it was decided upon, so the same decision is the same event. */
export function moveEvent(
  record: LogRecord,
  fact: { to: RunStatusName; trigger: Trigger; reason: string | null; inferred?: true; lastSeenAt?: number },
  timestamp: number,
): SourceEvent {
  return {
    ...placeOf(record),
    timestamp,
    type: record.entity === 'run' ? 'run.transitioned' : 'workflow.transitioned',
    payload: fact,
  } as SourceEvent
}

function placeOf(record: LogRecord): Pick<SourceEvent, 'log' | 'stream'> & { position: string } {
  const { attempt, lastSequence } = lifecycleOf(record)
  return { log: record.log, stream: DECISIONS_STREAM, position: `${attempt}.${lastSequence}` }
}

/** The run, its workflow run, and where it matters who else waits, the workflow's other runs. */
async function concerned({ getState, ledger }: Runtime, { log, to }: Move): Promise<readonly LogId[]> {
  const record = at(getState().runs.records, log) ?? (await ledger.readRecords([log])).get(log)
  const workflow = record?.entity === 'run' ? record.run.workflowRunId : null
  if (record === undefined || workflow === null) return [log]
  const isAboutWaiting = to === 'awaiting_user' || lifecycleOf(record).status === 'awaiting_user'
  const others = isAboutWaiting ? await readUnsettled(ledger, { workflow }) : []
  return [...new Set([log, ...others.map((other) => other.log), workflowLog(workflow)])]
}

/** What the workflow run says of a move of one of its runs: that it has it, that it works, that it waits. */
function echoesOf(
  records: Stored,
  child: LogRecord,
  { to, trigger }: Move,
  timestamp: number,
): SourceEvent[] {
  const workflow =
    child.entity === 'run' ? records.get(workflowLog(child.run.workflowRunId ?? '')) : undefined
  if (child.entity !== 'run' || workflow?.entity !== 'workflow') return []
  const { position, ...place } = placeOf(workflow)
  const said: Pick<SourceEvent, 'type' | 'payload'>[] = []
  if (!workflow.workflow.childRunIds.includes(child.run.id)) {
    said.push({ type: 'run.linked', payload: { childRunId: child.run.id } })
  }
  const status = workflowStatus(records, workflow, child, to)
  if (status !== null) said.push({ type: 'workflow.transitioned', payload: { to: status, trigger } })
  const phase = workflow.workflow.phases.find(({ name }) => name === child.run.phase)
  if (isAtWork(to) && phase?.status === 'pending') {
    said.push({ type: 'phase.transitioned', payload: { phase: phase.name, to: 'running' } })
  }
  return said.map(
    (each, index) => ({ ...place, ...each, position: `${position}.${index}`, timestamp }) as SourceEvent,
  )
}

const isAtWork = (status: RunStatusName): boolean => status === 'starting' || status === 'running'

/** The workflow run's next status; null when it stays. */
function workflowStatus(
  records: Stored,
  { workflow }: WorkflowRecord,
  child: RunRecord,
  to: RunStatusName,
): 'running' | 'awaiting_user' | null {
  if (workflow.status === 'pending') return isAtWork(to) ? 'running' : null
  const waits = [...records.values()].some(
    (each) => each.log !== child.log && each.entity === 'run' && each.run.status === 'awaiting_user',
  )
  if (workflow.status === 'running') return to === 'awaiting_user' ? 'awaiting_user' : null
  const isOver = workflow.status === 'awaiting_user' && to !== 'awaiting_user' && !waits
  return isOver && child.run.status === 'awaiting_user' ? 'running' : null
}
