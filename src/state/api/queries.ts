/**
 * Owns what may be asked of the ledger's endpoints: OpenHuman's names, filters and limits, checked before anything
 * is read. What is wrong with a question is said, never guessed around.
 */
import type { RunKind } from '../../core/entities.ts'
import { RUN_KINDS } from '../../core/entities.ts'
import { isUsableId, runLog, workflowLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { RunStatusName, WorkflowStatusName } from '../../core/status.ts'
import { RUN_STATUSES, WORKFLOW_STATUSES } from '../../core/status.ts'
import type { ListPosition, RecordFilter } from '../../ledger/port.ts'

/** As plain JSON, so that it can be kept in the store. */
export interface QueryFailure {
  kind: /** The question makes no sense: a limit, a cursor, a filter. */
    | 'invalid'
    /** Nothing has this id. */
    | 'not-found'
    /** The store could not be opened, and nothing is in memory either. */
    | 'unavailable'
    /** The store did not answer; asking again may help. */
    | 'failed'
  message: string
}

export interface AgentRunQuery {
  status?: RunStatusName
  kind?: RunKind
  parentRunId?: string
  parentThreadId?: string
  /** Runs a page; default 50, at most 500. */
  limit?: number
}

export interface WorkflowRunQuery {
  definitionId?: string
  status?: WorkflowStatusName
  parentThreadId?: string
  /** Runs a page; default 50, at most 500. */
  limit?: number
}

/** Of one run or one workflow run. */
export type RunEventQuery = ({ runId: string } | { workflowRunId: string }) & {
  /** Default `latest`: the newest events first. `ascending` begins at the start. */
  order?: EventOrder
  /** Only events behind this one. */
  afterSequence?: number
  /** Events a page; default 100, at most 1,000. */
  limit?: number
}
export type EventOrder = 'ascending' | 'latest'

/** Where a page of a list continues. */
export interface ListCursor {
  sortAt: number
  id: string
}
export type EventCursor = { after: number } | { before: number }

export const LIST_LIMIT = { usual: 50, most: 500 }
export const EVENT_LIMIT = { usual: 100, most: 1_000 }

type Rule = { takes: string; test: (value: unknown) => boolean }

const oneOf = (names: readonly string[]): Rule => ({
  takes: `one of ${names.join(', ')}`,
  test: (value) => typeof value === 'string' && names.includes(value),
})
const whole = (from: number, to: number): Rule => ({
  takes: `a whole number from ${from} to ${to}`,
  test: (value) => Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to,
})
const ID: Rule = { takes: 'an id', test: (value) => typeof value === 'string' && isUsableId(value) }
const SEQUENCE = whole(0, Number.MAX_SAFE_INTEGER)

const AGENT_RUNS: Record<keyof AgentRunQuery, Rule> = {
  status: oneOf(RUN_STATUSES),
  kind: oneOf(RUN_KINDS),
  parentRunId: ID,
  parentThreadId: ID,
  limit: whole(1, LIST_LIMIT.most),
}
const WORKFLOW_RUNS: Record<keyof WorkflowRunQuery, Rule> = {
  definitionId: ID,
  status: oneOf(WORKFLOW_STATUSES),
  parentThreadId: ID,
  limit: whole(1, LIST_LIMIT.most),
}
const RUN_EVENTS: Record<string, Rule> = {
  runId: ID,
  workflowRunId: ID,
  order: oneOf(['ascending', 'latest'] satisfies EventOrder[]),
  afterSequence: SEQUENCE,
  limit: whole(1, EVENT_LIMIT.most),
}

export const invalid = (message: string): QueryFailure => ({ kind: 'invalid', message })

export function checkAgentRuns(query: AgentRunQuery, cursor: ListCursor | null): QueryFailure | null {
  return check(query, AGENT_RUNS) ?? checkListCursor(cursor)
}

export function checkWorkflowRuns(query: WorkflowRunQuery, cursor: ListCursor | null): QueryFailure | null {
  return check(query, WORKFLOW_RUNS) ?? checkListCursor(cursor)
}

export function checkRunEvents(query: RunEventQuery, cursor: EventCursor | null): QueryFailure | null {
  const named = Number('runId' in query) + Number('workflowRunId' in query)
  if (named !== 1) return invalid('Name one run: either runId or workflowRunId.')
  return check(query, RUN_EVENTS) ?? (cursor === null ? null : checkEventCursor(cursor))
}

export function checkId(query: { id: string }): QueryFailure | null {
  return check(query, { id: ID }) ?? ('id' in query ? null : invalid('Name the run: id.'))
}

function checkListCursor(cursor: ListCursor | null): QueryFailure | null {
  return cursor === null || (Number.isSafeInteger(cursor.sortAt) && ID.test(cursor.id))
    ? null
    : invalid('The cursor of a list is {sortAt, id}, as a page gave it.')
}

function checkEventCursor(cursor: EventCursor): QueryFailure | null {
  const sequence = 'after' in cursor ? cursor.after : cursor.before
  return SEQUENCE.test(sequence) ? null : invalid('The cursor of events is {after} or {before} a sequence.')
}

function check(query: object, rules: Record<string, Rule>): QueryFailure | null {
  for (const [name, value] of Object.entries(query)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) return invalid(`There is no filter "${name}".`)
    if (value !== undefined && !rule.test(value)) {
      return invalid(`${name} takes ${rule.takes}, not ${JSON.stringify(value) ?? typeof value}.`)
    }
  }
  return null
}

export function agentRunFilter({ status, kind, parentRunId, parentThreadId }: AgentRunQuery): RecordFilter {
  return {
    entity: 'run',
    ...(status !== undefined && { status }),
    ...(kind !== undefined && { kind }),
    ...(parentRunId !== undefined && { parent: parentRunId }),
    ...(parentThreadId !== undefined && { thread: parentThreadId }),
  }
}

export function workflowRunFilter({ definitionId, status, parentThreadId }: WorkflowRunQuery): RecordFilter {
  return {
    entity: 'workflow',
    ...(definitionId !== undefined && { kind: definitionId }),
    ...(status !== undefined && { status }),
    ...(parentThreadId !== undefined && { thread: parentThreadId }),
  }
}

export const eventLog = (query: RunEventQuery): LogId =>
  'runId' in query ? runLog(query.runId) : workflowLog(query.workflowRunId)

export const logOf = (entity: RecordFilter['entity'], id: string): LogId =>
  entity === 'run' ? runLog(id) : workflowLog(id)

export const positionAt = (entity: RecordFilter['entity'], { sortAt, id }: ListCursor): ListPosition => ({
  sortAt,
  log: logOf(entity, id),
})
