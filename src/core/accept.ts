/**
 * Owns acceptance: decoded, ordered, deduplicated events in; per touched log the accepted events with their
 * sequence and attempt, the record after them, the tool calls and the status changes out. The one fold used
 * live, at boot, in imports and in tests. Pure. SPEC F1–F4, F6.
 */
import type { Lifecycle, LogRecord, RunEvent, RunRecord, ToolCall } from './entities.ts'
import { lifecycleOf } from './entities.ts'
import type { EventType, SourceEvent } from './events.ts'
import { isEventType } from './events.ts'
import { draftRun, foldRun, sealRun } from './foldRun.ts'
import type { RunDraft } from './foldRun.ts'
import { draftWorkflow, foldWorkflow, newWorkflowRecord } from './foldWorkflow.ts'
import type { WorkflowDraft } from './foldWorkflow.ts'
import { isRunLog } from './ids.ts'
import type { LogId, RunLogId, WorkflowLogId } from './ids.ts'
import { attemptOf } from './lifecycle.ts'
import { newRunRecord } from './newRun.ts'
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
  /** Whether anything lists are served from is other than it was at `base`; true for a new log. */
  relisted: boolean
}

export interface Acceptance {
  changes: readonly LogChange[]
  /** Repair events that told us nothing new: counted, not appended. */
  redundant: number
}

/** A change in the making: the record is a draft of our own, folded in place. */
interface OpenChange {
  log: LogId
  before: LogRecord | undefined
  draft: LogDraft
  events: RunEvent[]
  touched: Map<string, ToolCall>
  transitions: Transition[]
}

type LogDraft = RunDraft | WorkflowDraft

/**
 * Accepts a batch on top of the records `current` knows, which stay as they are: each touched one is copied
 * once a batch. `isRepair` tells which streams only count when they change something.
 */
export function accept(
  current: (log: LogId) => LogRecord | undefined,
  events: readonly SourceEvent[],
  isRepair: (stream: string) => boolean = () => false,
): Acceptance {
  const open = new Map<LogId, OpenChange>()
  let redundant = 0

  for (const event of events) {
    let change = open.get(event.log)
    const known = change?.draft ?? current(event.log)
    if (known !== undefined && isRepair(event.stream) && isOldNews(known, event)) {
      redundant += 1
      continue
    }
    if (change === undefined) {
      change = openChange(event, known)
      open.set(event.log, change)
    }
    append(change, event)
  }
  return { changes: [...open.values()].map(close), redundant }
}

/**
 * Folds stored events again: the record as the writer stored it, and every tool call of the run, including
 * those the record no longer keeps. SPEC W2, H3.
 */
export function refold(
  events: readonly RunEvent[],
  from?: LogRecord,
): { record: LogRecord; toolCalls: readonly ToolCall[] } | null {
  const [first] = events
  if (first === undefined) return from === undefined ? null : { record: from, toolCalls: [] }
  const draft = from === undefined ? newDraft(first.log, first.timestamp) : draftOf(from)
  const touched = new Map<string, ToolCall>()
  for (const event of events) {
    fold(draft, toSourceEvent(event), touched)
    stamp(draft, event.sequence, event.timestamp)
  }
  return { record: seal(draft, from), toolCalls: [...touched.values()] }
}

/** They change no record, so a record cannot tell whether they are known: their place in their stream does. */
const ON_TIMELINE_ONLY: ReadonlySet<EventType> = new Set<EventType>([
  'transcript.compacted',
  'handoff.recorded',
  'control.requested',
  'control.settled',
  'log.gap',
  'foreign',
])

/** Only repair streams pay for the comparison: a list read again tells thousands of rows nothing new. */
function isOldNews(record: LogRecord, event: SourceEvent): boolean {
  if (ON_TIMELINE_ONLY.has(event.type)) return false
  const after = draftOf(record)
  fold(after, event, new Map())
  return JSON.stringify(after) === JSON.stringify(record)
}

function fold(draft: LogDraft, event: SourceEvent, touched: Map<string, ToolCall>): void {
  if (draft.entity === 'run') foldRun(draft, event, touched)
  else foldWorkflow(draft, event)
}

function newDraft(log: LogId, timestamp: number): LogDraft {
  return isRunLog(log)
    ? draftRun(newRunRecord(log as RunLogId, timestamp))
    : draftWorkflow(newWorkflowRecord(log as WorkflowLogId, timestamp))
}

const draftOf = (record: LogRecord): LogDraft =>
  record.entity === 'run' ? draftRun(record) : draftWorkflow(record)

/** The record a draft has become. */
function seal(draft: LogDraft, before: LogRecord | undefined): LogRecord {
  return draft.entity === 'run' ? sealRun(draft, before as RunRecord | undefined) : draft
}

function openChange({ log, timestamp }: SourceEvent, before: LogRecord | undefined): OpenChange {
  const draft = before === undefined ? newDraft(log, timestamp) : draftOf(before)
  return { log, before, draft, events: [], touched: new Map(), transitions: [] }
}

function append(change: OpenChange, event: SourceEvent): void {
  const { draft } = change
  const { lastSequence, status, attempt: attemptBefore, inferred } = lifecycleOf(draft)
  const sequence = lastSequence + 1
  fold(draft, event, change.touched)
  stamp(draft, sequence, event.timestamp)
  const now = lifecycleOf(draft)
  const { log, type, payload, timestamp, stream, position } = event
  // An event that opens an attempt belongs to the attempt it opens.
  const attempt = attemptOf(draft.bindings, stream, now.attempt)
  change.events.push({ log, sequence, type, payload, timestamp, attempt, stream, position })
  const isFirst = lastSequence === 0
  const moved = status !== now.status || attemptBefore !== now.attempt || inferred !== now.inferred
  if (isFirst || moved) change.transitions.push(toTransition(log, isFirst ? null : status, now))
}

const toTransition = (log: LogId, from: RunStatusName | null, now: Lifecycle): Transition => ({
  log,
  attempt: now.attempt,
  from,
  to: now.status,
  trigger: now.trigger,
  inferred: now.inferred,
  sequence: now.lastSequence,
})

/** Every accepted event advances the head and the update time; time never runs backwards. */
function stamp(draft: LogDraft, sequence: number, timestamp: number): void {
  const lifecycle = lifecycleOf(draft)
  lifecycle.lastSequence = sequence
  lifecycle.updatedAt = Math.max(lifecycle.updatedAt, timestamp)
}

function close({ log, before, draft, events, touched, transitions }: OpenChange): LogChange {
  const base = before === undefined ? 0 : lifecycleOf(before).lastSequence
  const record = seal(draft, before)
  const toolCalls = [...touched.values()]
  return { log, base, record, events, toolCalls, transitions, relisted: isRelisted(before, record) }
}

/** What lists are filtered and ordered by changes rarely; an index that stays as it was need not be written. */
function isRelisted(before: LogRecord | undefined, after: LogRecord): boolean {
  if (before === undefined) return true
  const was = listedBy(before)
  return listedBy(after).some((value, index) => value !== was[index])
}

function listedBy(record: LogRecord): readonly unknown[] {
  const { sortAt, status } = lifecycleOf(record)
  if (record.entity === 'workflow') {
    return [sortAt, status, record.workflow.parentThreadId, record.workflow.definitionId]
  }
  const { kind, parentThreadId, workflowRunId, parentRunId } = record.run
  return [sortAt, status, parentThreadId, kind, workflowRunId, parentRunId]
}

/** Stored events went through the decoder when they were accepted; a type from a newer version is foreign. */
export function toSourceEvent(event: RunEvent): SourceEvent {
  const { log, timestamp, stream, position, payload } = event
  const type: EventType = isEventType(event.type) ? event.type : 'foreign'
  return { log, timestamp, stream, position, type, payload } as SourceEvent
}
