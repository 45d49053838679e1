/**
 * Owns the runs in use: one record per log, their tool calls, a bounded tail of events, what is durable, and
 * which in-flight rows nobody has confirmed yet. The event path is plain code on the original state; its cost
 * does not depend on how much history there is. SPEC P1.
 */
import type { UnknownAction } from '@reduxjs/toolkit'
import type { LogChange } from '../core/accept.ts'
import type { LogRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import {
  commandChanged,
  committed,
  confirmed,
  decided,
  earlierEventsLoaded,
  eventsReceived,
  hydrated,
  opened,
  rebased,
  recordsLoaded,
  scopeClosed,
  subscribed,
} from './actions.ts'
import type { Hydration, Opened } from './actions.ts'
import { settleCommands } from './commandStates.ts'
import type { RunsState } from './runsState.ts'
import { evict, keepTail, upsertById } from './windows.ts'

const initialState: RunsState = {
  epoch: 0,
  records: {},
  toolCalls: {},
  tails: {},
  persisted: {},
  unconfirmed: {},
  subscribers: {},
  commands: {},
}

/** A plain reducer: Immer would walk and freeze every record of every frame. */
export function runsReducer(state: RunsState = initialState, action: UnknownAction): RunsState {
  if (eventsReceived.match(action)) {
    const next = applyChanges(state, action.payload.changes)
    return { ...next, commands: settleCommands(next.commands, action.payload.changes) }
  }
  if (decided.match(action)) {
    const { changes } = action.payload
    return markPersisted(applyChanges(state, changes), changes.map(headOf))
  }
  if (committed.match(action)) return evict(markPersisted(state, action.payload.persisted))
  if (hydrated.match(action)) return hydrate(state, action.payload)
  if (recordsLoaded.match(action)) return load(state, action.payload.records)
  if (rebased.match(action)) return replace(state, action.payload.record)
  if (opened.match(action)) return open(state, action.payload)
  if (earlierEventsLoaded.match(action)) {
    const { log, events } = action.payload
    const tail = state.tails[log] ?? []
    const first = tail[0]?.sequence ?? Number.POSITIVE_INFINITY
    const earlier = events.filter((event) => event.sequence < first)
    return { ...state, tails: { ...state.tails, [log]: [...earlier, ...tail] } }
  }
  if (confirmed.match(action)) {
    return { ...state, unconfirmed: without(state.unconfirmed, action.payload.logs) }
  }
  if (subscribed.match(action)) {
    const { log, by } = action.payload
    const count = (state.subscribers[log] ?? 0) + by
    const others = without(state.subscribers, [log])
    return { ...state, subscribers: count > 0 ? { ...others, [log]: count } : others }
  }
  if (commandChanged.match(action)) {
    return { ...state, commands: { ...state.commands, [action.payload.id]: action.payload } }
  }
  // Logging out, switching workspaces: nothing of the old scope stays behind.
  if (scopeClosed.match(action)) return { ...initialState, epoch: state.epoch + 1 }
  return state
}

function hydrate(state: RunsState, { epoch, records, commands }: Hydration): RunsState {
  if (epoch < state.epoch) return state
  const known = { ...state.commands }
  for (const command of commands) known[command.id] ??= command
  return { ...load(state, records), epoch, commands: known }
}

function open(state: RunsState, { log, events, toolCalls }: Opened): RunsState {
  if (state.records[log] === undefined) return state
  const tail = state.tails[log] ?? []
  const first = tail[0]?.sequence ?? Number.POSITIVE_INFINITY
  const earlier = events.filter((event) => event.sequence < first)
  const calls = upsertById(toolCalls, state.toolCalls[log]?.calls ?? [])
  return {
    ...state,
    tails: { ...state.tails, [log]: keepTail(earlier, tail, persistedOf(state, log)) },
    toolCalls: { ...state.toolCalls, [log]: { calls, complete: true } },
  }
}

function applyChanges(state: RunsState, changes: readonly LogChange[]): RunsState {
  if (changes.length === 0) return state
  const records = { ...state.records }
  const tails = { ...state.tails }
  const toolCalls = { ...state.toolCalls }
  for (const change of changes) {
    const { log, record, events } = change
    const isNew = records[log] === undefined
    records[log] = record
    tails[log] = keepTail(tails[log] ?? [], events, persistedOf(state, log))
    if (record.entity === 'run') {
      const table = toolCalls[log] ?? { calls: [], complete: isNew }
      toolCalls[log] = { ...table, calls: upsertById(table.calls, change.toolCalls) }
    }
  }
  // Whoever sends events of a run vouches for it.
  const unconfirmed = without(
    state.unconfirmed,
    changes.map((change) => change.log),
  )
  return { ...state, records, tails, toolCalls, unconfirmed }
}

/** Adds records from disk; those in memory that are as new or newer stay. */
function load(state: RunsState, incoming: readonly LogRecord[]): RunsState {
  let next = state
  for (const record of incoming) {
    const known = next.records[record.log]
    if (known !== undefined && lifecycleOf(known).lastSequence >= lifecycleOf(record).lastSequence) continue
    next = replace(next, record)
  }
  return next
}

function replace(state: RunsState, record: LogRecord): RunsState {
  const { log } = record
  const { status, lastSequence } = lifecycleOf(record)
  const next = {
    ...state,
    records: { ...state.records, [log]: record },
    persisted: { ...state.persisted, [log]: lastSequence },
    tails: { ...state.tails, [log]: [] },
    unconfirmed: isSettled(status)
      ? without(state.unconfirmed, [log])
      : { ...state.unconfirmed, [log]: true as const },
  }
  if (record.entity === 'workflow') return next
  const calls = record.toolCalls.toSorted((a, b) => a.startedAt - b.startedAt)
  const complete = calls.length >= record.telemetry.toolCount
  return { ...next, toolCalls: { ...state.toolCalls, [log]: { calls, complete } } }
}

function markPersisted(state: RunsState, persisted: readonly { log: LogId; sequence: number }[]): RunsState {
  if (persisted.length === 0) return state
  const next = { ...state.persisted }
  for (const { log, sequence } of persisted) next[log] = Math.max(next[log] ?? 0, sequence)
  return { ...state, persisted: next }
}

const headOf = (change: LogChange): { log: LogId; sequence: number } => ({
  log: change.log,
  sequence: lifecycleOf(change.record).lastSequence,
})

const persistedOf = (state: RunsState, log: LogId): number => state.persisted[log] ?? 0

function without<Key extends string, Value>(
  table: Readonly<Record<Key, Value>>,
  keys: readonly Key[],
): Readonly<Record<Key, Value>> {
  if (!keys.some((key) => Object.hasOwn(table, key))) return table
  const next = { ...table }
  for (const key of keys) delete next[key]
  return next
}
