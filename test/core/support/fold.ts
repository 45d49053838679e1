/** Small drivers over the public functions of core: a store of records, and a way in through the intakes. */
import { accept } from '../../../src/core/accept.ts'
import type { Acceptance, Transition } from '../../../src/core/accept.ts'
import type { LogRecord, RunEvent, RunRecord, ToolCall } from '../../../src/core/entities.ts'
import type { SourceEvent } from '../../../src/core/events.ts'
import type { LogId } from '../../../src/core/ids.ts'
import { createStreamIntake } from '../../../src/core/intake.ts'
import type { StreamIntake } from '../../../src/core/intake.ts'

/** Everything a ledger would remember. */
export interface Kept {
  records: Map<LogId, LogRecord>
  events: Map<LogId, RunEvent[]>
  toolCalls: Map<LogId, Map<string, ToolCall>>
  transitions: Map<LogId, Transition[]>
  redundant: number
}

export const nothingKept = (): Kept => ({
  records: new Map(),
  events: new Map(),
  toolCalls: new Map(),
  transitions: new Map(),
  redundant: 0,
})

export function take(
  kept: Kept,
  batch: readonly SourceEvent[],
  isRepair?: (stream: string) => boolean,
): Acceptance {
  const acceptance = accept((log) => kept.records.get(log), batch, isRepair)
  for (const change of acceptance.changes) {
    const { log } = change
    kept.records.set(log, change.record)
    kept.events.set(log, [...(kept.events.get(log) ?? []), ...change.events])
    kept.transitions.set(log, [...(kept.transitions.get(log) ?? []), ...change.transitions])
    const calls = kept.toolCalls.get(log) ?? new Map<string, ToolCall>()
    for (const call of change.toolCalls) calls.set(call.id, call)
    kept.toolCalls.set(log, calls)
  }
  kept.redundant += acceptance.redundant
  return acceptance
}

export function takeAll(events: readonly SourceEvent[], isRepair?: (stream: string) => boolean): Kept {
  const kept = nothingKept()
  take(kept, events, isRepair)
  return kept
}

/** The one run of a history. */
export function runOf(events: readonly SourceEvent[], isRepair?: (stream: string) => boolean): RunRecord {
  const [record] = takeAll(events, isRepair).records.values()
  if (record?.entity !== 'run') throw new Error('not one run')
  return record
}

/** What the intakes let through, in order; what still waits at the end is given up, second by second. */
export function throughIntakes(arrivals: readonly SourceEvent[], give = true): SourceEvent[] {
  const intakes = new Map<string, StreamIntake<SourceEvent>>()
  const passed: SourceEvent[] = []
  for (const event of arrivals) {
    const { stream, position } = event
    const info = { id: stream, contiguous: true, first: 1, kind: 'live' as const }
    const intake = intakes.get(stream) ?? createStreamIntake<SourceEvent>(info)
    intakes.set(stream, intake)
    const offered = intake.offer({ position, item: event }, 0)
    if (offered.kind === 'ready') passed.push(...offered.items)
  }
  for (const intake of give ? intakes.values() : []) {
    for (let due = intake.dueAt(); due !== null; due = intake.dueAt())
      passed.push(...(intake.expire(due)?.items ?? []))
  }
  return passed
}

/** Maps as arrays, so that two states compare by value and by JSON. */
export const plain = (kept: Kept): unknown => ({
  records: [...kept.records].toSorted(byLog),
  events: [...kept.events].toSorted(byLog),
  toolCalls: [...kept.toolCalls].toSorted(byLog).map(([log, calls]) => [log, [...calls]]),
  transitions: [...kept.transitions].toSorted(byLog),
  redundant: kept.redundant,
})

const byLog = (a: readonly [string, unknown], b: readonly [string, unknown]) => (a[0] < b[0] ? -1 : 1)

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}
