/**
 * Owns how much Redux holds: the tail of each log, the tool calls of each run, the settled runs kept. What is
 * not yet durable is never let go. SPEC P1.
 */
import type { RunEvent } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import type { RunsState } from './runsState.ts'

export const TAIL_EVENTS = 200
export const TOOL_CALLS_PER_RUN = 1_000
export const SETTLED_LOGS_KEPT = 400

/** Appends and trims: everything unpersisted stays, of the rest the latest. */
export function keepTail(
  tail: readonly RunEvent[],
  events: readonly RunEvent[],
  persisted: number,
): readonly RunEvent[] {
  const all = [...tail, ...events]
  if (all.length <= TAIL_EVENTS) return all
  const unpersisted = all.filter((event) => event.sequence > persisted).length
  return all.slice(-Math.max(TAIL_EVENTS, unpersisted))
}

/** Replaces what was touched in place, appends what is new. Touched ones are almost always the last. */
export function upsertById<Item extends { id: string }>(
  items: readonly Item[],
  touched: readonly Item[],
): readonly Item[] {
  if (touched.length === 0) return items
  const next = [...items]
  for (const item of touched) {
    const index = next.findLastIndex((each) => each.id === item.id)
    if (index === -1) next.push(item)
    else next[index] = item
  }
  return next.length > TOOL_CALLS_PER_RUN ? next.slice(-TOOL_CALLS_PER_RUN) : next
}

/** Lets the longest-settled runs go that are durable and that no page shows. */
export function evict(state: RunsState): RunsState {
  const logs = Object.keys(state.records) as LogId[]
  if (logs.length <= SETTLED_LOGS_KEPT) return state
  const candidates = logs.filter((log) => isEvictable(state, log))
  const surplus = candidates.length - SETTLED_LOGS_KEPT
  if (surplus <= 0) return state
  const going = candidates.toSorted((a, b) => sortAt(state, a) - sortAt(state, b)).slice(0, surplus)
  const next = {
    ...state,
    records: { ...state.records },
    tails: { ...state.tails },
    toolCalls: { ...state.toolCalls },
    persisted: { ...state.persisted },
  }
  for (const log of going) {
    for (const table of [next.records, next.tails, next.toolCalls, next.persisted]) delete table[log]
  }
  return next
}

function isEvictable(state: RunsState, log: LogId): boolean {
  const record = state.records[log]
  if (record === undefined || state.subscribers[log] !== undefined) return false
  const { status, lastSequence } = lifecycleOf(record)
  return isSettled(status) && (state.persisted[log] ?? 0) >= lastSequence
}

function sortAt(state: RunsState, log: LogId): number {
  const record = state.records[log]
  return record === undefined ? 0 : lifecycleOf(record).sortAt
}
