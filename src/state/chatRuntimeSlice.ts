/**
 * Owns what a conversation shows: per thread one row per subagent with its tool rows, live and rehydrated
 * alike, and the live prose that is never stored. Rows are a projection of the run records. SPEC H3.
 */
import type { UnknownAction } from '@reduxjs/toolkit'
import type { LogChange } from '../core/accept.ts'
import type { LogRecord, RunRecord, ToolCall } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { TransientEvent } from '../core/events.ts'
import type { LogId, RunLogId } from '../core/ids.ts'
import { idOfLog, isRunLog, runLog } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import { compareRows, subagentRowId, threadOf, toSubagentRow, toToolRow } from '../core/timeline.ts'
import type { SubagentRow } from '../core/timeline.ts'
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
import { findById, upsertById } from './ingest/places.ts'
import { keepCalls } from './windows.ts'

/** Characters of live prose kept per run. */
export const LIVE_TEXT_CHARS = 8_000

export interface LiveText {
  text: string
  thinking: string
}

/** Tables are keyed by `t:` + thread id and by log id, so that no foreign id is a bare key. */
export type ThreadKey = `t:${string}`

export interface ChatRuntimeState {
  epoch: number
  toolTimelineByThread: Readonly<Record<ThreadKey, readonly SubagentRow[]>>
  liveTextByRun: Readonly<Record<RunLogId, LiveText>>
}

const initialState: ChatRuntimeState = { epoch: 0, toolTimelineByThread: {}, liveTextByRun: {} }

export const threadKey = (threadId: string): ThreadKey => `t:${threadId}`

/** A plain reducer on the event path, like `runsReducer`. */
export function chatRuntimeReducer(
  state: ChatRuntimeState = initialState,
  action: UnknownAction,
): ChatRuntimeState {
  if (eventsReceived.match(action)) {
    const { changes, transient } = action.payload
    return hear(applyChanges(state, changes), transient)
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
  unconfirmed: Unconfirmed = false,
): ChatRuntimeState {
  const records = changes.map((change) => change.record)
  return quieten(putRecords(state, changes, unconfirmed), records)
}

/** A run's record, and those of its calls that its row does not show yet. */
type Told = Pick<LogChange, 'record' | 'toolCalls'>

type Unconfirmed = boolean | 'as it was'

/** Puts the rows of runs in their places, thread by thread; tool rows that were not touched keep their identity. */
function putRecords(
  state: ChatRuntimeState,
  told: readonly Told[],
  unconfirmed: Unconfirmed,
): ChatRuntimeState {
  const changed = new Map<ThreadKey, SubagentRow[]>()
  for (const { record, toolCalls } of told) {
    const thread = record.entity === 'run' ? threadOf(record.run) : null
    if (record.entity !== 'run' || thread === null) continue
    const key = threadKey(thread)
    const known = findById(rowsOf(state, key), subagentRowId(record.run.id))
    const calls = keepCalls(known?.toolCalls ?? [], toolCalls.map(toToolRow))
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

function forget(state: ChatRuntimeState, logs: readonly LogId[]): ChatRuntimeState {
  const runs = new Set(logs.filter(isRunLog).map((log) => subagentRowId(idOfLog(log))))
  if (runs.size === 0) return state
  const threads = Object.entries(state.toolTimelineByThread).map(([key, rows]) => [
    key,
    rows.some(({ id }) => runs.has(id)) ? rows.filter(({ id }) => !runs.has(id)) : rows,
  ])
  return { ...state, toolTimelineByThread: Object.fromEntries(threads) }
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
  return putRecords(state, told, true)
}

function isUpToDate(state: ChatRuntimeState, record: RunRecord): boolean {
  const thread = threadOf(record.run)
  if (thread === null) return true
  const row = findById(rowsOf(state, threadKey(thread)), subagentRowId(record.run.id))
  return row !== undefined && row.sequence >= record.run.lastSequence
}

/** The kept calls in the order they were made, until opening the run brings all of them. */
function inOrder(record: RunRecord): readonly ToolCall[] {
  return record.toolCalls.toSorted((a, b) => a.startedAt - b.startedAt)
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

/** Prose ends with its run. */
function quieten(state: ChatRuntimeState, records: readonly LogRecord[]): ChatRuntimeState {
  const quiet = records.filter(
    (record) => Object.hasOwn(state.liveTextByRun, record.log) && isSettled(lifecycleOf(record).status),
  )
  if (quiet.length === 0) return state
  const liveTextByRun = { ...state.liveTextByRun }
  for (const { log } of quiet) delete liveTextByRun[log as RunLogId]
  return { ...state, liveTextByRun }
}

function hear(state: ChatRuntimeState, events: readonly TransientEvent[]): ChatRuntimeState {
  let liveTextByRun: Record<RunLogId, LiveText> | null = null
  for (const event of events) {
    if (event.type !== 'text.delta') continue
    liveTextByRun ??= { ...state.liveTextByRun }
    const log = event.log as RunLogId
    const before = liveTextByRun[log] ?? { text: '', thinking: '' }
    const { kind, text } = event.payload
    liveTextByRun[log] = { ...before, [kind]: (before[kind] + text).slice(-LIVE_TEXT_CHARS) }
  }
  return liveTextByRun === null ? state : { ...state, liveTextByRun }
}
