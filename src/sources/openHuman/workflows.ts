/**
 * Owns what a row of the core's `workflow_runs` says: its phases, its children and how it stands. Only differences to
 * what the ledger knows are told, for the core sends the whole row again each time.
 */
import type { Json, WorkflowRecord } from '../../core/entities.ts'
import type { RawEvent } from '../../core/events.ts'
import { isUsableId, runLog, workflowLog } from '../../core/ids.ts'
import type { Trigger } from '../../core/status.ts'
import { isSettled } from '../../core/status.ts'
import { idOf, keyOf, known, lineOf, timeOf, WORKFLOWS_STREAM } from './envelope.ts'
import type { Told } from './envelope.ts'
import { isBegunAnew } from './rows.ts'
import { isOver, writtenAt } from './rowsRead.ts'
import type { Definition, PhaseState, WorkflowRow } from './rowsRead.ts'
import type { OpenHumanStatus } from './views.ts'

type Row = WorkflowRow

export function tellWorkflow(row: Row, record: WorkflowRecord | null, definition: Definition | null): Told {
  const isNew = record?.registered !== true
  const begun = record !== null && isBegunAnew(row, record.workflow)
  // After its end nothing moves but by a new attempt.
  const isOpen = record === null || begun || !isSettled(record.workflow.status)
  const phases = isOpen ? phaseChanges(row, record, begun) : []
  const events = [
    ...(isNew ? [registered(row, definition)] : []),
    ...(begun ? [attempt(row, record)] : []),
    ...phases.flatMap(({ name, state }) => phase(row, name, state)),
    ...links(row, record),
    ...status(row, record, begun),
  ]
  return { stream: WORKFLOWS_STREAM, events }
}

function registered(row: Row, definition: Definition | null): RawEvent {
  const { input, status: stands } = row
  const payload = {
    definitionId: row.definitionId ?? 'unknown',
    ...known({
      title: lineOf(definition?.name),
      definition,
      parentThreadId: idOf(row.parentThreadId),
      startedAt: timeOf(row.startedAt),
    }),
    phases: declared(row, definition),
    input: input ?? null,
    origin: { source: 'openhuman' },
    // One that is over already was at work before: its phases are told of that time.
    status: isOver(row) ? 'running' : (stands ?? 'pending'),
  }
  return fact(row, 'workflow.registered', 'registered', payload, timeOf(row.startedAt))
}

/** In the order of the definition, then those it does not name. */
function declared(row: Row, definition: Definition | null): object[] {
  const planned = (definition?.phases ?? []).map(({ name, description, agentIds, dependsOn }) => ({
    name,
    description: lineOf(description) ?? null,
    agentIds: agentIds ?? [],
    dependsOn: dependsOn ?? [],
  }))
  const names = new Set(planned.map(({ name }) => name))
  const others = Object.keys(row.phaseStates ?? {}).filter((name) => !names.has(name))
  return [...planned, ...others.map((name) => ({ name, agentIds: [], dependsOn: [] }))].slice(0, 200)
}

function attempt(row: Row, { workflow }: WorkflowRecord): RawEvent {
  const payload = { trigger: 'resumed_by_user', attempt: workflow.attempt + 1, status: row.status }
  return fact(row, 'workflow.attempt_started', 'attempt', payload)
}

interface Change {
  name: string
  state: PhaseState
}

/** A new attempt has every phase before it again. */
function phaseChanges(row: Row, record: WorkflowRecord | null, begun: boolean): readonly Change[] {
  return Object.entries(row.phaseStates ?? {})
    .map(([name, state]) => ({ name, state }))
    .filter(({ name, state }) => {
      const phase = begun ? undefined : record?.workflow.phases.find((each) => each.name === name)
      return state.status != null && state.status !== (phase?.status ?? 'pending')
    })
}

function phase(row: Row, name: string, state: PhaseState): readonly RawEvent[] {
  const payload = { phase: name, to: state.status, ...known({ reason: lineOf(state.reason) }) }
  // A phase can be pending again, so the same words are another fact at another time.
  const at = fact(row, 'phase.transitioned', `phase-${String(writtenAt(row))}`, payload)
  const outputs = state.status === 'completed' ? (state.outputs ?? []) : []
  return [at, ...outputs.flatMap((output, index) => told(row, name, output, index))]
}

type Output = NonNullable<PhaseState['outputs']>[number]

/** What a child put out is all that is told of it; one of a newer core, which names none, goes by its place. */
function told(row: Row, name: string, output: Output, index: number): readonly RawEvent[] {
  const runId = childIdOf(row, name, output, index)
  const text = textOf(output.output)
  if (runId === undefined) {
    const value = { phase: name, index, agentId: output.agentId ?? null, output: lineOf(text) ?? null }
    return [fact(row, 'foreign', 'output', { source: 'openhuman', name: 'phase_output', value })]
  }
  const child = {
    kind: 'workflow_child',
    workflowRunId: row.id,
    phase: name,
    ...known({ agentId: lineOf(output.agentId), parentThreadId: idOf(row.parentThreadId) }),
    origin: { source: 'openhuman' },
  }
  const end = {
    to: 'completed',
    trigger: 'result_received',
    ...known({ summary: lineOf(text), output: text }),
  }
  return [
    { ...fact(row, 'run.observed', `child-${runId}`, child), log: runLog(runId) },
    { ...fact(row, 'run.transitioned', `result-${runId}`, end), log: runLog(runId) },
  ]
}

const childIdOf = (row: Row, name: string, output: Output, index: number): string | undefined =>
  idOf(output.orchestrationId) ?? idOf(`${row.id}:${name}:${index + 1}`)

const textOf = (output: Json | undefined): string | undefined =>
  output === undefined || output === null || output === ''
    ? undefined
    : typeof output === 'string'
      ? output
      : JSON.stringify(output)

function links(row: Row, record: WorkflowRecord | null): readonly RawEvent[] {
  const shown = Object.entries(row.phaseStates ?? {}).flatMap(([name, { status: stands, outputs }]) =>
    stands === 'completed' ? (outputs ?? []).map((output, index) => childIdOf(row, name, output, index)) : [],
  )
  // The ids a newer core lists are in nothing else that it tells.
  const listed = row.revision == null ? (row.childRunIds ?? []) : []
  const children = new Set([...listed, ...shown].filter((id) => id !== undefined).filter(isUsableId))
  for (const child of record?.workflow.childRunIds ?? []) children.delete(child)
  return [...children].map((childRunId) => fact(row, 'run.linked', 'child', { childRunId }))
}

const TRIGGER: Readonly<Partial<Record<OpenHumanStatus, Trigger>>> = {
  completed: 'result_received',
  failed: 'errored',
  cancelled: 'user_terminated',
  interrupted: 'user_terminated',
}

/** Summary and end are taken from a row that is over: one in flight again still has those of the time before. */
function status(row: Row, record: WorkflowRecord | null, begun: boolean): readonly RawEvent[] {
  const { status: to } = row
  if (to == null || begun) return []
  const lifecycle = record?.workflow
  const over = isOver(row)
  if (lifecycle === undefined) {
    if (!over) return []
  } else if (isSettled(lifecycle.status)) {
    if (!over || !lifecycle.inferred) return []
  } else if (to === lifecycle.status || to === 'pending') return []
  const summary = row.summary ?? undefined
  const end = known({
    summary: lineOf(summary),
    output: to === 'completed' ? summary : undefined,
    error: to === 'failed' ? lineOf(summary) : undefined,
  })
  const payload = { to, trigger: TRIGGER[to] ?? 'spawn', ...(over && end) }
  return [fact(row, 'workflow.transitioned', `status-${String(writtenAt(row))}`, payload)]
}

function fact(row: Row, type: string, what: string, payload: object, at: number | null = null): RawEvent {
  const ended = type === 'workflow.transitioned' && isOver(row) ? timeOf(row.completedAt) : null
  const timestamp = at ?? ended ?? writtenAt(row) ?? 0
  return { log: workflowLog(row.id), type, payload, timestamp, position: keyOf(what, row.id, payload) }
}
