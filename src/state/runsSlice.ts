/**
 * Owns the runs in use: one record per log, their tool calls, a bounded tail of events, what is durable, and
 * which in-flight rows nobody has confirmed yet. The event path is plain code on the original state; its cost
 * does not depend on how much history there is. SPEC P1.
 */
import type { UnknownAction } from '@reduxjs/toolkit'
import type { LogChange } from '../core/accept.ts'
import type { LogRecord, RunEvent, RunRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import { byIssue } from '../core/toolCalls.ts'
import {
  commandChanged,
  committed,
  confirmed,
  decided,
  earlierEventsLoaded,
  eventsReceived,
  followed,
  foundGone,
  hydrated,
  listed,
  logsDeleted,
  opened,
  rebased,
  recordsLoaded,
  scopeClosed,
  subscribed,
} from './actions.ts'
import type { Followed, Hydration, Opened } from './actions.ts'
import { isDecided, isFinal, settleCommands } from './commands/states.ts'
import { hearBeats, heardOf, orphaned } from './evidence/heard.ts'
import type { RunsState, ToolCallTable } from './runsState.ts'
import { at, emptyTable, put, without } from './table.ts'
import { evict, keepCalls, keepTail } from './windows.ts'

const initialState: RunsState = {
  epoch: 0,
  records: emptyTable(),
  toolCalls: emptyTable(),
  tails: emptyTable(),
  persisted: emptyTable(),
  unconfirmed: emptyTable(),
  gone: emptyTable(),
  followed: emptyTable(),
  confirmedAt: emptyTable(),
  heartbeatAt: emptyTable(),
  subscribers: {},
  listed: {},
  commands: {},
}

/** A plain reducer: Immer would walk and freeze every record of every frame. */
export function runsReducer(state: RunsState = initialState, action: UnknownAction): RunsState {
  if (eventsReceived.match(action)) {
    const { changes, transient, receivedAt } = action.payload
    const next = hearBeats(applyChanges(state, changes), transient, receivedAt)
    const heard = heardOf(
      next,
      changes.map(({ log }) => log),
      receivedAt,
    )
    return { ...heard, commands: settleCommands(heard.commands, changes) }
  }
  if (decided.match(action)) {
    const { changes } = action.payload
    return markPersisted(applyChanges(state, changes), changes.map(headOf))
  }
  if (followed.match(action)) return follow(state, action.payload)
  if (committed.match(action)) {
    const { persisted, transitions } = action.payload
    const next = markPersisted(state, persisted)
    // Only settled runs are let go, so only a commit that settles one makes it worth looking for them.
    return transitions.some(({ to }) => isSettled(to)) ? evict(next) : next
  }
  if (hydrated.match(action)) return hydrate(state, action.payload)
  if (recordsLoaded.match(action)) return load(state, action.payload.records)
  if (logsDeleted.match(action)) return forget(state, action.payload.logs)
  if (rebased.match(action)) return replace(state, [action.payload.record])
  if (opened.match(action)) return open(state, action.payload)
  if (earlierEventsLoaded.match(action)) {
    const { log, events } = action.payload
    const tail = at(state.tails, log) ?? []
    const earlier = before(tail, events)
    // Between the disk and the tail there may be events on their way to the disk: no holes.
    const last = earlier.at(-1)?.sequence ?? 0
    if (tail[0] !== undefined && last + 1 !== tail[0].sequence) return state
    return { ...state, tails: put(state.tails, [[log, [...earlier, ...tail]]]) }
  }
  if (confirmed.match(action)) {
    return heardOf(state, action.payload.logs, action.payload.at)
  }
  if (foundGone.match(action)) return orphaned(state, action.payload.logs)
  if (listed.match(action)) {
    return { ...state, listed: Object.fromEntries(action.payload.logs.map((log) => [log, true])) }
  }
  if (subscribed.match(action)) {
    const { logs, by } = action.payload
    const subscribers = { ...state.subscribers }
    for (const log of logs) {
      const count = (subscribers[log] ?? 0) + by
      if (count > 0) subscribers[log] = count
      else delete subscribers[log]
    }
    return { ...state, subscribers }
  }
  if (commandChanged.match(action)) {
    // Its orchestrator's event came while the receipt was written, and that is the better word.
    const known = Object.hasOwn(state.commands, action.payload.id)
      ? state.commands[action.payload.id]
      : undefined
    if (known !== undefined && isDecided(known) && !isFinal(action.payload)) return state
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

function forget(state: RunsState, logs: readonly LogId[]): RunsState {
  const gone = new Set(logs)
  const commands = Object.entries(state.commands).filter(([, { log }]) => !gone.has(log))
  return {
    ...state,
    records: without(state.records, logs),
    toolCalls: without(state.toolCalls, logs),
    tails: without(state.tails, logs),
    persisted: without(state.persisted, logs),
    unconfirmed: without(state.unconfirmed, logs),
    gone: without(state.gone, logs),
    followed: without(state.followed, logs),
    confirmedAt: without(state.confirmedAt, logs),
    heartbeatAt: without(state.heartbeatAt, logs),
    commands: Object.fromEntries(commands),
  }
}

/** What is on the disk already; whoever wrote it vouches for what is in flight. */
function follow(state: RunsState, { changes, alive, commands }: Followed): RunsState {
  const moved = heardOf(markPersisted(applyChanges(state, changes), changes.map(headOf)), alive, 0)
  const known = { ...settleCommands(moved.commands, changes) }
  for (const command of commands) known[command.id] = command
  return {
    ...moved,
    followed: put(
      moved.followed,
      alive.map((log) => [log, true]),
    ),
    commands: known,
  }
}

function open(state: RunsState, { log, events, toolCalls }: Opened): RunsState {
  if (at(state.records, log) === undefined) return state
  const tail = at(state.tails, log) ?? []
  const calls = keepCalls(toolCalls, at(state.toolCalls, log)?.calls ?? [])
  const kept = keepTail(before(tail, events), tail, persistedOf(state, log))
  return {
    ...state,
    tails: put(state.tails, [[log, kept]]),
    toolCalls: put(state.toolCalls, [[log, { calls, complete: true }]]),
  }
}

/** The events that come before a tail. */
function before(tail: readonly RunEvent[], events: readonly RunEvent[]): readonly RunEvent[] {
  const first = tail[0]?.sequence ?? Number.POSITIVE_INFINITY
  return events.filter((event) => event.sequence < first)
}

function applyChanges(state: RunsState, changes: readonly LogChange[]): RunsState {
  if (changes.length === 0) return state
  const tailOf = ({ log, events }: LogChange): readonly RunEvent[] =>
    keepTail(at(state.tails, log) ?? [], events, persistedOf(state, log))
  const callsOf = ({ log, toolCalls }: LogChange): ToolCallTable => {
    const table = at(state.toolCalls, log) ?? { calls: [], complete: at(state.records, log) === undefined }
    return { ...table, calls: keepCalls(table.calls, toolCalls) }
  }
  // A new run has no calls yet, and we know that we know all of them.
  const called = changes.filter(
    ({ log, record, toolCalls }) =>
      record.entity === 'run' && (toolCalls.length > 0 || at(state.toolCalls, log) === undefined),
  )
  const settled = changes.flatMap(({ log, record }) => (isSettled(lifecycleOf(record).status) ? log : []))
  return {
    ...state,
    // What has ended needs nobody to vouch for it.
    unconfirmed: without(state.unconfirmed, settled),
    gone: without(state.gone, settled),
    followed: without(state.followed, settled),
    records: put(
      state.records,
      changes.map(({ log, record }) => [log, record]),
    ),
    tails: put(
      state.tails,
      changes.map((change) => [change.log, tailOf(change)]),
    ),
    toolCalls: put(
      state.toolCalls,
      called.map((change) => [change.log, callsOf(change)]),
    ),
  }
}

/** Adds records from disk; those in memory that are as new or newer stay. */
function load(state: RunsState, incoming: readonly LogRecord[]): RunsState {
  const newer = incoming.filter((record) => {
    const known = at(state.records, record.log)
    return known === undefined || lifecycleOf(known).lastSequence < lifecycleOf(record).lastSequence
  })
  return replace(state, newer)
}

function replace(state: RunsState, records: readonly LogRecord[]): RunsState {
  if (records.length === 0) return state
  const settled = records.filter((record) => isSettled(lifecycleOf(record).status))
  const inFlight = records.filter((record) => !isSettled(lifecycleOf(record).status))
  const runs = records.filter((record) => record.entity === 'run')
  const logs = records.map(({ log }) => log)
  return {
    ...state,
    records: put(
      state.records,
      records.map((record) => [record.log, record]),
    ),
    persisted: put(
      state.persisted,
      records.map((record) => [record.log, lifecycleOf(record).lastSequence]),
    ),
    tails: put(
      state.tails,
      logs.map((log) => [log, []]),
    ),
    toolCalls: put(
      state.toolCalls,
      runs.map((record) => [record.log, keptCalls(record)]),
    ),
    followed: without(state.followed, logs),
    // Whoever wrote that may drive it.
    gone: without(state.gone, logs),
    unconfirmed: put(
      without(
        state.unconfirmed,
        settled.map(({ log }) => log),
      ),
      inFlight.map(({ log }) => [log, true]),
    ),
  }
}

function keptCalls({ toolCalls, telemetry }: RunRecord): ToolCallTable {
  const calls = toolCalls.toSorted(byIssue)
  return { calls, complete: calls.length >= telemetry.toolCount }
}

function markPersisted(state: RunsState, persisted: readonly { log: LogId; sequence: number }[]): RunsState {
  if (persisted.length === 0) return state
  const heads = persisted.map(
    ({ log, sequence }) => [log, Math.max(persistedOf(state, log), sequence)] as const,
  )
  return { ...state, persisted: put(state.persisted, heads) }
}

const headOf = (change: LogChange): { log: LogId; sequence: number } => ({
  log: change.log,
  sequence: lifecycleOf(change.record).lastSequence,
})

const persistedOf = (state: RunsState, log: LogId): number => at(state.persisted, log) ?? 0
