/**
 * Owns hearing of a run: who sends its events, its heartbeats or knows it vouches for it, and leaves the time. And
 * hearing that nobody will any more.
 */
import type { TransientEvent } from '../../core/events.ts'
import type { LogId } from '../../core/ids.ts'
import type { RunsState } from '../runsState.ts'
import { at, put, without } from '../table.ts'

/** How precisely it is known when a run was last heard of: a table that changes with every frame costs too much. */
const HEARD_MS = 1_000

/** Whoever sends events of a run, or knows it, vouches for it. `when`: 0 when that is not known here. */
export function heardOf(state: RunsState, logs: readonly LogId[], when: number): RunsState {
  if (logs.length === 0) return state
  return {
    ...state,
    unconfirmed: without(state.unconfirmed, logs),
    gone: without(state.gone, logs),
    followed: without(state.followed, logs),
    confirmedAt: later(state.confirmedAt, logs, when),
  }
}

/** In flight, known to have no owner: not confirmed either, until somebody is heard of. */
export function orphaned(state: RunsState, logs: readonly LogId[]): RunsState {
  const entries = logs.map((log) => [log, true] as const)
  return {
    ...state,
    gone: put(state.gone, entries),
    unconfirmed: put(state.unconfirmed, entries),
    followed: without(state.followed, logs),
  }
}

function later(
  table: RunsState['confirmedAt'],
  logs: readonly LogId[],
  when: number,
): RunsState['confirmedAt'] {
  const due = when === 0 ? [] : logs.filter((log) => when - (at(table, log) ?? 0) >= HEARD_MS)
  return due.length === 0
    ? table
    : put(
        table,
        due.map((log) => [log, when]),
      )
}

/** A heartbeat is a word of the owner like any other; it is kept for nothing else. */
export function hearBeats(state: RunsState, transient: readonly TransientEvent[], when: number): RunsState {
  const beating = transient.flatMap(({ type, log }) => (type === 'heartbeat' ? log : []))
  if (beating.length === 0) return state
  return { ...heardOf(state, beating, when), heartbeatAt: later(state.heartbeatAt, beating, when) }
}
