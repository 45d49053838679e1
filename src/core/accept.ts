/**
 * Owns acceptance: decoded, ordered, deduplicated events in; per touched log the accepted events with their
 * sequence and attempt, the record after them, the tool calls and the status changes out. The one fold used
 * live, at boot, in imports and in tests. Pure. SPEC F1–F4, F6.
 */
import type { LogRecord, RunEvent, ToolCall } from './entities.ts'
import { lifecycleOf } from './entities.ts'
import type { EventType, SourceEvent } from './events.ts'
import { isEventType } from './events.ts'
import { foldRun, newRunRecord } from './foldRun.ts'
import { foldWorkflow, newWorkflowRecord } from './foldWorkflow.ts'
import { isRunLog } from './ids.ts'
import type { LogId, RunLogId, WorkflowLogId } from './ids.ts'
import { attemptOf } from './lifecycle.ts'
import type { RunStatusName, Trigger } from './status.ts'

/** A status change, as told to the host's listeners once it is durable. */
export interface Transition {
  log: LogId
  attempt: number
  from: RunStatusName | null
  to: RunStatusName
  trigger: Trigger | null
  inferred: boolean
  sequence: number
}

/** What one batch did to one log. */
export interface LogChange {
  log: LogId
  /** Sequence of the log before the batch; 0 for a new log. */
  base: number
  record: LogRecord
  events: readonly RunEvent[]
  /** Calls as they are after the batch, in order of first touch. */
  toolCalls: readonly ToolCall[]
  transitions: readonly Transition[]
}

export interface Acceptance {
  changes: readonly LogChange[]
  /** Repair events that told us nothing new: counted, not appended. */
  redundant: number
}

interface OpenChange {
  log: LogId
  base: number
  record: LogRecord
  events: RunEvent[]
  toolCalls: Map<string, ToolCall>
  transitions: Transition[]
}

/**
 * Accepts a batch on top of the records `current` knows. `isRepair` tells which streams only count when
 * they change something.
 */
export function accept(
  current: (log: LogId) => LogRecord | undefined,
  events: readonly SourceEvent[],
  isRepair: (stream: string) => boolean = () => false,
): Acceptance {
  const open = new Map<LogId, OpenChange>()
  let redundant = 0

  for (const event of events) {
    const change = open.get(event.log) ?? begin(event.log, current(event.log))
    const before = change?.record ?? newRecord(event.log, event.timestamp)
    const step = fold(before, event)
    if (change !== undefined && isRepair(event.stream) && isSame(step.record, before)) {
      redundant += 1
      continue
    }
    const target = change ?? emptyChange(event.log, before)
    open.set(event.log, target)
    append(target, event, before, step)
  }
  return {
    changes: [...open.values()].map((change) => ({ ...change, toolCalls: [...change.toolCalls.values()] })),
    redundant,
  }
}

/**
 * Folds stored events again: the record as the writer stored it, and every tool call of the run, including
 * those the record no longer keeps. SPEC W2, H3.
 */
export function refold(
  events: readonly RunEvent[],
  from?: LogRecord,
): { record: LogRecord; toolCalls: readonly ToolCall[] } | null {
  let record = from
  const toolCalls = new Map<string, ToolCall>()
  for (const event of events) {
    const before = record ?? newRecord(event.log, event.timestamp)
    const step = fold(before, toSourceEvent(event))
    record = stamp(step.record, event.sequence, event.timestamp)
    for (const call of step.toolCalls) toolCalls.set(call.id, call)
  }
  return record === undefined ? null : { record, toolCalls: [...toolCalls.values()] }
}

/** Only repair streams pay for the comparison: a list read again tells thousands of rows nothing new. */
function isSame(after: LogRecord, before: LogRecord): boolean {
  return after === before || JSON.stringify(after) === JSON.stringify(before)
}

/** The attempt an event would be accepted into. */
function attemptFor(record: LogRecord, stream: string): number {
  return attemptOf(record.bindings, stream, lifecycleOf(record).attempt)
}

function fold(record: LogRecord, event: SourceEvent): { record: LogRecord; toolCalls: readonly ToolCall[] } {
  if (record.entity === 'run') return foldRun(record, event)
  return { record: foldWorkflow(record, event), toolCalls: [] }
}

function newRecord(log: LogId, timestamp: number): LogRecord {
  return isRunLog(log)
    ? newRunRecord(log as RunLogId, timestamp)
    : newWorkflowRecord(log as WorkflowLogId, timestamp)
}

function begin(log: LogId, record: LogRecord | undefined): OpenChange | undefined {
  return record === undefined ? undefined : emptyChange(log, record)
}

function emptyChange(log: LogId, record: LogRecord): OpenChange {
  const base = lifecycleOf(record).lastSequence
  return { log, base, record, events: [], toolCalls: new Map(), transitions: [] }
}

function append(
  change: OpenChange,
  event: SourceEvent,
  before: LogRecord,
  step: { record: LogRecord; toolCalls: readonly ToolCall[] },
): void {
  const sequence = lifecycleOf(before).lastSequence + 1
  const after = stamp(step.record, sequence, event.timestamp)
  const { log, type, payload, timestamp, stream, position } = event
  // An event that opens an attempt belongs to the attempt it opens.
  const attempt = attemptFor(after, stream)
  change.events.push({ log, sequence, type, payload, timestamp, attempt, stream, position })
  for (const call of step.toolCalls) change.toolCalls.set(call.id, call)
  const moved = statusChange(before, after, sequence)
  if (moved !== null) change.transitions.push(moved)
  change.record = after
}

function statusChange(before: LogRecord, after: LogRecord, sequence: number): Transition | null {
  const old = lifecycleOf(before)
  const now = lifecycleOf(after)
  const isFirst = old.lastSequence === 0
  const changed = old.status !== now.status || old.attempt !== now.attempt || old.inferred !== now.inferred
  if (!isFirst && !changed) return null
  const { attempt, status: to, trigger, inferred } = now
  return { log: after.log, attempt, from: isFirst ? null : old.status, to, trigger, inferred, sequence }
}

/** Every accepted event advances the head and the update time; time never runs backwards. */
function stamp(record: LogRecord, sequence: number, timestamp: number): LogRecord {
  const { updatedAt } = lifecycleOf(record)
  const head = { lastSequence: sequence, updatedAt: Math.max(updatedAt, timestamp) }
  return record.entity === 'run'
    ? { ...record, run: { ...record.run, ...head } }
    : { ...record, workflow: { ...record.workflow, ...head } }
}

/** Stored events went through the decoder when they were accepted; a type from a newer version is foreign. */
export function toSourceEvent(event: RunEvent): SourceEvent {
  const { log, timestamp, stream, position, payload } = event
  const type: EventType = isEventType(event.type) ? event.type : 'foreign'
  return { log, timestamp, stream, position, type, payload } as SourceEvent
}
