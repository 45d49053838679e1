/**
 * Owns what a conversation shows and run records do not say: which runs are in a thread, one row per subagent with
 * its tool rows, live and rehydrated alike, and what streams and is never stored (`chatRuntime/heard.ts`). What
 * OpenHuman calls its chat runtime is derived from it (`selectors/chatRuntime.ts`). SPEC H3.
 */
import type { UnknownAction } from '@reduxjs/toolkit'
import type { LogChange } from '../core/accept.ts'
import type { LogRecord, RunRecord, ToolCall } from '../core/entities.ts'
import type { TransientEvent } from '../core/events.ts'
import type { LogId, RunLogId } from '../core/ids.ts'
import { idOfLog, isRunLog, runLog } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import { compareRows, subagentRowId, threadOf, toSubagentRow, toToolRow } from '../core/timeline.ts'
import { byIssue } from '../core/toolCalls.ts'
import type { SubagentRow, ToolRow } from '../core/timeline.ts'
import {
  confirmed,
  decided,
  eventsReceived,
  followed,
  foundGone,
  hydrated,
  logsDeleted,
  opened,
  rebased,
  recordsLoaded,
  scopeClosed,
} from './actions.ts'
import { forgetHeard, hearFrame, NOTHING_HEARD } from './chatRuntime/heard.ts'
import type { Heard } from './chatRuntime/heard.ts'
import { findById, upsertById } from './ingest/places.ts'
import { keepCalls } from './windows.ts'

export type { LiveText } from './chatRuntime/heard.ts'

/** Tables are keyed by `t:` + thread id and by log id, so that no foreign id is a bare key. */
export type ThreadKey = `t:${string}`

/** A run that belongs to a thread. The same object as long as the run is there: what is derived of it hangs on it. */
export interface ThreadRun {
  id: RunLogId
}

export interface ChatRuntimeState extends Heard {
  epoch: number
  toolTimelineByThread: Readonly<Record<ThreadKey, readonly SubagentRow[]>>
  /** Turns and whatever else runs in a thread, in the order they were heard of. */
  runsByThread: Readonly<Record<ThreadKey, readonly ThreadRun[]>>
}

const initialState: ChatRuntimeState = {
  epoch: 0,
  toolTimelineByThread: {},
  runsByThread: {},
  ...NOTHING_HEARD,
}

export const threadKey = (threadId: string): ThreadKey => `t:${threadId}`

/** A plain reducer on the event path, like `runsReducer`. */
export function chatRuntimeReducer(
  state: ChatRuntimeState = initialState,
  action: UnknownAction,
): ChatRuntimeState {
  if (eventsReceived.match(action)) {
    const { changes, transient } = action.payload
    return applyChanges(state, changes, false, transient)
  }
  // A decision of ours is no sign of life.
  if (decided.match(action)) return applyChanges(state, action.payload.changes, 'as it was')
  if (followed.match(action)) {
    return confirm(applyChanges(state, action.payload.changes, 'as it was'), action.payload.alive)
  }
  if (hydrated.match(action)) {
    const { epoch, records } = action.payload
    return epoch < state.epoch ? state : { ...load(state, records), epoch }
  }
  if (recordsLoaded.match(action)) return load(state, action.payload.records)
  if (logsDeleted.match(action)) return forget(state, action.payload.logs)
  if (rebased.match(action))
    return putRecords(state, [{ record: action.payload.record, toolCalls: [] }], true)
  if (opened.match(action)) return complete(state, action.payload.log, action.payload.toolCalls)
  if (confirmed.match(action)) return confirm(state, action.payload.logs)
  if (foundGone.match(action)) return confirm(state, action.payload.logs, false)
  if (scopeClosed.match(action)) return { ...initialState, epoch: state.epoch + 1 }
  return state
}

function applyChanges(
  state: ChatRuntimeState,
  changes: readonly LogChange[],
  unconfirmed: Unconfirmed,
  transient: readonly TransientEvent[] = [],
): ChatRuntimeState {
  return hearFrame(putRecords(state, changes, unconfirmed), changes, transient)
}

/** A run's record, and those of its calls that its row does not show yet. */
type Told = Pick<LogChange, 'record' | 'toolCalls'>

type Unconfirmed = boolean | 'as it was'

/** Puts the rows of runs in their places, thread by thread; tool rows that were not touched keep their identity. */
function putRecords(
  before: ChatRuntimeState,
  told: readonly Told[],
  unconfirmed: Unconfirmed,
): ChatRuntimeState {
  const state = enlist(before, told)
  const changed = new Map<ThreadKey, SubagentRow[]>()
  for (const { record, toolCalls } of told) {
    const thread = record.entity === 'run' ? threadOf(record.run) : null
    if (record.entity !== 'run' || thread === null) continue
    const key = threadKey(thread)
    const known = findById(rowsOf(state, key), subagentRowId(record.run.id))
    const earlier = known?.toolCalls ?? callsBefore(record, toolCalls)
    const calls = keepCalls(earlier, toolCalls.map(toToolRow))
    const isUnsure = unconfirmed === 'as it was' ? (known?.unconfirmed ?? false) : unconfirmed
    const row = toSubagentRow(record, thread, calls, isUnsure && !isSettled(record.run.status))
    const rows = changed.get(key)
    if (rows === undefined) changed.set(key, [row])
    else rows.push(row)
  }
  if (changed.size === 0) return state
  const toolTimelineByThread = { ...state.toolTimelineByThread }
  for (const [key, rows] of changed) toolTimelineByThread[key] = putRows(rowsOf(state, key), rows)
  return { ...state, toolTimelineByThread }
}

/** Notes which thread runs belong to; a run never leaves its thread. */
function enlist(state: ChatRuntimeState, told: readonly Told[]): ChatRuntimeState {
  const added = new Map<ThreadKey, Map<RunLogId, ThreadRun>>()
  for (const { record } of told) {
    if (record.entity !== 'run' || record.run.parentThreadId === null) continue
    const key = threadKey(record.run.parentThreadId)
    if (findById(state.runsByThread[key] ?? [], record.log) !== undefined) continue
    const runs = added.get(key) ?? new Map<RunLogId, ThreadRun>()
    added.set(key, runs.set(record.log, { id: record.log }))
  }
  if (added.size === 0) return state
  const runsByThread = { ...state.runsByThread }
  for (const [key, runs] of added) runsByThread[key] = upsertById(runsByThread[key] ?? [], [...runs.values()])
  return { ...state, runsByThread }
}

function forget(state: ChatRuntimeState, logs: readonly LogId[]): ChatRuntimeState {
  const runs = new Set(logs.filter(isRunLog))
  if (runs.size === 0) return state
  const rows = new Set([...runs].map((log) => subagentRowId(idOfLog(log))))
  return {
    ...forgetHeard(state, [...runs]),
    toolTimelineByThread: withoutItems(state.toolTimelineByThread, rows),
    runsByThread: withoutItems(state.runsByThread, runs),
  }
}

function withoutItems<Item extends { id: string }>(
  threads: Readonly<Record<ThreadKey, readonly Item[]>>,
  gone: ReadonlySet<string>,
): Readonly<Record<ThreadKey, readonly Item[]>> {
  const next = Object.entries(threads).map(([key, items]) => [
    key,
    items.some(({ id }) => gone.has(id)) ? items.filter(({ id }) => !gone.has(id)) : items,
  ])
  return Object.fromEntries(next)
}

/** New rows nearly always belong at the end. */
function putRows(rows: readonly SubagentRow[], changed: readonly SubagentRow[]): readonly SubagentRow[] {
  const next = upsertById(rows, changed)
  const end = next.slice(Math.max(0, rows.length - 1))
  const isInOrder = end.every((row, index) => compareRows(end[index - 1] ?? row, row) <= 0)
  return isInOrder ? next : next.toSorted(compareRows)
}

const rowsOf = (state: ChatRuntimeState, key: ThreadKey): readonly SubagentRow[] =>
  state.toolTimelineByThread[key] ?? []

/** Rows from disk. What is in memory stays unless the disk has moved on, as when another tab writes. */
function load(state: ChatRuntimeState, records: readonly LogRecord[]): ChatRuntimeState {
  const told = records.flatMap((record) =>
    record.entity !== 'run' || isUpToDate(state, record) ? [] : { record, toolCalls: inOrder(record) },
  )
  return putRecords(enlist(state, records.map(toldOf)), told, true)
}

function isUpToDate(state: ChatRuntimeState, record: RunRecord): boolean {
  const thread = threadOf(record.run)
  if (thread === null) return true
  const row = findById(rowsOf(state, threadKey(thread)), subagentRowId(record.run.id))
  return row !== undefined && row.sequence >= record.run.lastSequence
}

const toldOf = (record: LogRecord): Told => ({ record, toolCalls: [] })

/** What a run had called before its thread was known. */
function callsBefore(record: RunRecord, touched: readonly ToolCall[]): readonly ToolRow[] {
  const ids = new Set(touched.map(({ id }) => id))
  return inOrder(record).flatMap((call) => (ids.has(call.id) ? [] : [toToolRow(call)]))
}

/** The kept calls in the order they were made, until opening the run brings all of them. */
function inOrder(record: RunRecord): readonly ToolCall[] {
  return record.toolCalls.toSorted(byIssue)
}

/** All tool rows of an opened run; rows already here are as new or newer. */
function complete(state: ChatRuntimeState, log: LogId, calls: readonly ToolCall[]): ChatRuntimeState {
  return mapRows(state, (row) => {
    if (runLog(row.runId) !== log) return row
    return { ...row, toolCalls: keepCalls(calls.map(toToolRow), row.toolCalls) }
  })
}

/** Somebody drives these, or nobody does any more. */
function confirm(state: ChatRuntimeState, logs: readonly LogId[], isAlive = true): ChatRuntimeState {
  const named = new Set(logs)
  return mapRows(state, (row) =>
    row.unconfirmed === isAlive && named.has(runLog(row.runId)) ? { ...row, unconfirmed: !isAlive } : row,
  )
}

function mapRows(state: ChatRuntimeState, change: (row: SubagentRow) => SubagentRow): ChatRuntimeState {
  const threads = { ...state.toolTimelineByThread }
  let changed = false
  for (const key of Object.keys(threads) as ThreadKey[]) {
    const rows = threads[key] ?? []
    const next = rows.map(change)
    if (next.every((row, index) => row === rows[index])) continue
    threads[key] = next
    changed = true
  }
  return changed ? { ...state, toolTimelineByThread: threads } : state
}
