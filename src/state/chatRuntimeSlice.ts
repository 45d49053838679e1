/**
 * Owns what a conversation shows: per thread one row per subagent with its tool rows, live and rehydrated
 * alike, and the live prose that is never stored. Rows are a projection of the run records. SPEC H3.
 */
import type { UnknownAction } from '@reduxjs/toolkit'
import type { LogRecord, RunRecord, ToolCall } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { TransientEvent } from '../core/events.ts'
import type { LogId, RunLogId } from '../core/ids.ts'
import { runLog } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import { compareRows, subagentRowId, threadOf, toSubagentRow, toToolRow } from '../core/timeline.ts'
import type { SubagentRow } from '../core/timeline.ts'
import {
  confirmed,
  decided,
  eventsReceived,
  hydrated,
  opened,
  rebased,
  recordsLoaded,
  scopeClosed,
} from './actions.ts'
import { upsertById } from './windows.ts'

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
    const withRows = changes.reduce(
      (next, { record, toolCalls }) => putRecord(next, record, toolCalls, false),
      state,
    )
    return hear(
      quieten(
        withRows,
        changes.map((change) => change.record),
      ),
      transient,
    )
  }
  if (decided.match(action)) {
    const { changes } = action.payload
    const next = changes.reduce(
      (each, { record, toolCalls }) => putRecord(each, record, toolCalls, false),
      state,
    )
    return quieten(
      next,
      changes.map((change) => change.record),
    )
  }
  if (hydrated.match(action)) {
    const { epoch, records } = action.payload
    return epoch < state.epoch ? state : { ...load(state, records), epoch }
  }
  if (recordsLoaded.match(action)) return load(state, action.payload.records)
  if (rebased.match(action)) return putRecord(state, action.payload.record, [], true)
  if (opened.match(action)) return complete(state, action.payload.log, action.payload.toolCalls)
  if (confirmed.match(action)) return confirm(state, action.payload.logs)
  if (scopeClosed.match(action)) return { ...initialState, epoch: state.epoch + 1 }
  return state
}

/** Puts a run's row in its place; tool rows that were not touched keep their identity. */
function putRecord(
  state: ChatRuntimeState,
  record: LogRecord,
  touched: readonly ToolCall[],
  unconfirmed: boolean,
): ChatRuntimeState {
  if (record.entity !== 'run') return state
  const thread = threadOf(record.run)
  if (thread === null) return state
  const key = threadKey(thread)
  const rows = state.toolTimelineByThread[key] ?? []
  const id = subagentRowId(record.run.id)
  const index = rows.findLastIndex((row) => row.id === id)
  const toolCalls = upsertById(rows[index]?.toolCalls ?? [], touched.map(toToolRow))
  const row = toSubagentRow(record, thread, toolCalls, unconfirmed && !isSettled(record.run.status))
  const next = [...rows]
  if (index >= 0) next[index] = row
  else next.splice(placeOf(rows, row), 0, row)
  return { ...state, toolTimelineByThread: { ...state.toolTimelineByThread, [key]: next } }
}

/** Rows from disk. What is in memory stays unless the disk has moved on, as when another tab writes. */
function load(state: ChatRuntimeState, records: readonly LogRecord[]): ChatRuntimeState {
  let next = state
  for (const record of records) {
    if (record.entity !== 'run' || isUpToDate(next, record)) continue
    next = putRecord(next, record, inOrder(record), true)
  }
  return next
}

function isUpToDate(state: ChatRuntimeState, record: RunRecord): boolean {
  const thread = threadOf(record.run)
  if (thread === null) return true
  const id = subagentRowId(record.run.id)
  const row = (state.toolTimelineByThread[threadKey(thread)] ?? []).find((each) => each.id === id)
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
    return { ...row, toolCalls: upsertById(calls.map(toToolRow), row.toolCalls) }
  })
}

function confirm(state: ChatRuntimeState, logs: readonly LogId[]): ChatRuntimeState {
  const alive = new Set(logs)
  return mapRows(state, (row) =>
    row.unconfirmed && alive.has(runLog(row.runId)) ? { ...row, unconfirmed: false } : row,
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

/** New rows nearly always belong at the end. */
function placeOf(rows: readonly SubagentRow[], row: SubagentRow): number {
  return rows.findLastIndex((each) => compareRows(each, row) < 0) + 1
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
