/**
 * Owns reading agentd's rows: agents (`GET /agents`), of servers with and without `execution_state`, and what is waiting
 * for an approval (`GET /approvals`). A row says what its server knew when it was written, so it fills and settles, and
 * never walks a run back. SPEC A1, A2.
 */
import { toPlainJson } from '../../core/bounds.ts'
import { hashOf } from '../../core/contentKey.ts'
import type { RawEvent, StreamInfo } from '../../core/events.ts'
import { isUsableId, runLog } from '../../core/ids.ts'
import type { RunLogId } from '../../core/ids.ts'
import { readStateFact, registrationOf } from './convert.ts'
import { isAgentdState, isEnded, statusOf, triggerOf } from './states.ts'
import type { AgentdState, StateFact } from './states.ts'
import type { Fields } from './wire.ts'
import { isFields, stringIn, toEpochMs } from './wire.ts'

export const LIST_STREAM: StreamInfo = { id: 'agentd:list', contiguous: false, first: 1, kind: 'repair' }

export interface AgentRow {
  id: string
  log: RunLogId
  fact: StateFact
  /** The state is the owner's word; false for one concluded from `status`, which agentd writes too early. */
  isCertain: boolean
  createdAt: number | null
  updatedAt: number | null
  fields: Fields
  /** Of all it says: the same row again has the same. */
  hash: string
}

export function readRow(value: unknown): AgentRow | null {
  const plain = toPlainJson(value)
  if (!plain.ok || !isFields(plain.value)) return null
  const fields = plain.value
  const id = fields['id']
  if (typeof id !== 'string' || !isUsableId(id)) return null
  const { state, isCertain } = backfilled(fields)
  return {
    id,
    log: runLog(id),
    fact: readStateFact(state, fields),
    isCertain,
    createdAt: toEpochMs(fields['created_at']),
    updatedAt: toEpochMs(fields['updated_at']),
    fields,
    hash: hashOf(fields),
  }
}

/**
 * The state of a row, also of one written before there were any. A migration fills the column with `pending`, so that
 * word counts only beside a `status` that agrees. `running` is at least started; `busy` was told, and an `idle` beside it
 * is what the server says of every agent it has lost sight of.
 */
function backfilled(fields: Fields): { state: AgentdState; isCertain: boolean } {
  const { execution_state: state, status, activity } = fields
  const isDefault = state === 'pending' && status !== undefined && status !== 'pending'
  if (isAgentdState(state) && !isDefault) return { state, isCertain: true }
  // Stopped is written at a shutdown that leaves the session running, failed when a session could not be looked up.
  if (status === 'stopped' || status === 'failed') return { state: status, isCertain: false }
  if (status === 'running') return { state: activity === 'busy' ? 'busy' : 'starting', isCertain: false }
  return { state: 'pending', isCertain: false }
}

/** Makes the agent's stream the run's own, so that it is known whom to ask about it. */
export const announce = ({ id, log, createdAt }: AgentRow, readAt: number): RawEvent => ({
  log,
  type: 'run.registered',
  payload: { ...registrationOf(id), ...(createdAt !== null && { startedAt: createdAt }) },
  timestamp: createdAt ?? readAt,
  position: 'agent',
})

export function observe(row: AgentRow, readAt: number): RawEvent {
  const { log, fact, isCertain, createdAt, updatedAt, fields, hash } = row
  const name = stringIn(fields, 'name')
  const ended = isEnded(fact.state)
  return {
    log,
    type: 'run.observed',
    payload: {
      kind: 'background_agent',
      ...(name !== null && { agentName: name }),
      ...(createdAt !== null && { startedAt: createdAt }),
      status: statusOf(fact),
      trigger: fact.trigger ?? (ended ? triggerOf(fact) : 'imported'),
      ...(ended && fact.error !== null && { error: fact.error }),
      ...(ended && !isCertain && { inferred: true }),
      metadata: metadataOf(fields),
    },
    timestamp: updatedAt ?? createdAt ?? readAt,
    position: `row:${row.id}:${hash}`,
  }
}

/** The next attempt of a run that its owner had ended for good: the row of an agent that runs again. */
export const restart = ({ log, fact, updatedAt }: AgentRow, attempt: number, readAt: number): RawEvent => ({
  log,
  type: 'run.attempt_started',
  payload: { trigger: 'restart', attempt, status: statusOf(fact) },
  timestamp: updatedAt ?? readAt,
  position: `restart:${attempt}`,
})

const TOLD = new Set([
  'id',
  'name',
  'status',
  'execution_state',
  'activity',
  'created_at',
  'updated_at',
  'config',
])

/** All the row says and no field of a run holds. The environment of its process may hold keys, and is nobody's here. */
function metadataOf(fields: Fields): Fields {
  const config = isFields(fields['config']) ? fields['config'] : {}
  const { env: _, ...settings } = config
  const others = Object.entries(fields).filter(([name]) => !TOLD.has(name))
  return { ...Object.fromEntries(others), ...(Object.keys(settings).length > 0 && { config: settings }) }
}
