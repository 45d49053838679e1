/**
 * Owns how much Redux holds: the tail of each log, the tool calls of each run, the settled runs kept. A run
 * with anything not yet durable is never let go. SPEC P1.
 */
import type { LogRecord, RunEvent } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import { isSettled } from '../core/status.ts'
import { upsertById } from './ingest/places.ts'
import type { RunsState } from './runsState.ts'
import { at, valuesOf, without } from './table.ts'

export const TAIL_EVENTS = 200
/** Behind a slow disk a tail grows to this; what is older can be read when the writer has written it. */
export const UNPERSISTED_EVENTS = 1_000
export const TOOL_CALLS_PER_RUN = 1_000
export const SETTLED_LOGS_KEPT = 400
const CALLS_CUT = 100

/** Appends and trims: what is unpersisted stays as long as it is not too much. Sequences have no holes. */
export function keepTail(
  tail: readonly RunEvent[],
  events: readonly RunEvent[],
  persisted: number,
): readonly RunEvent[] {
  const unpersisted = (events.at(-1)?.sequence ?? 0) - persisted
  const kept = Math.min(Math.max(TAIL_EVENTS, unpersisted), UNPERSISTED_EVENTS)
  const surplus = Math.max(0, tail.length + events.length - kept)
  return tail.slice(surplus).concat(events.slice(Math.max(0, surplus - tail.length)))
}

/** Puts calls in their place. The oldest go a hundred at a time: each cut makes all places be found again. */
export function keepCalls<Call extends { id: string }>(
  calls: readonly Call[],
  touched: readonly Call[],
): readonly Call[] {
  const next = upsertById(calls, touched)
  return next.length > TOOL_CALLS_PER_RUN + CALLS_CUT ? next.slice(-TOOL_CALLS_PER_RUN) : next
}

/** Lets the longest-settled runs go that are durable and that no page shows. */
export function evict(state: RunsState): RunsState {
  const candidates = valuesOf(state.records).filter((record) => isEvictable(state, record))
  const surplus = candidates.length - SETTLED_LOGS_KEPT
  if (surplus <= 0) return state
  const going = candidates
    .toSorted((a, b) => lifecycleOf(a).sortAt - lifecycleOf(b).sortAt)
    .slice(0, surplus)
    .map(({ log }) => log)
  return {
    ...state,
    records: without(state.records, going),
    tails: without(state.tails, going),
    toolCalls: without(state.toolCalls, going),
    persisted: without(state.persisted, going),
    confirmedAt: without(state.confirmedAt, going),
    heartbeatAt: without(state.heartbeatAt, going),
  }
}

function isEvictable(state: RunsState, record: LogRecord): boolean {
  const { status, lastSequence } = lifecycleOf(record)
  if (!isSettled(status) || state.subscribers[record.log] !== undefined) return false
  if (state.listed[record.log] === true) return false
  return (at(state.persisted, record.log) ?? 0) >= lastSequence
}
