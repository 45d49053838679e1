/**
 * Owns which tool calls a list tells again. A record keeps its latest calls only, so a list that names an early one of
 * a long run is held against all of the run's events; that is read only where a record has let calls go. SPEC A3, P1.
 */
import { refold } from '../../core/accept.ts'
import type { Prepared } from '../../core/content.ts'
import type { LogRecord } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { Ledger } from '../../ledger/port.ts'
import { readAll } from '../../ledger/readAll.ts'
import type { RunsState } from '../runsState.ts'
import { at } from '../table.ts'

export interface KnownCallsOptions {
  isRepair: (stream: string) => boolean
  runs: () => Pick<RunsState, 'records' | 'toolCalls'>
  ledger: Pick<Ledger, 'readEvents'>
}

/** The events without those that only name a call again which its run had, and had let go. */
export async function withoutKnownCalls(
  events: readonly Prepared[],
  { isRepair, runs, ledger }: KnownCallsOptions,
): Promise<readonly Prepared[]> {
  const { records, toolCalls } = runs()
  const doubtful = events.filter(
    ({ event }) => isRepair(event.stream) && callOf(event) !== null && hasLetGo(at(records, event.log)),
  )
  if (doubtful.length === 0) return events
  const known = new Map<LogId, ReadonlySet<string>>()
  for (const log of new Set(doubtful.map(({ event }) => event.log))) {
    const table = at(toolCalls, log)
    const stored = refold(await readAll(ledger, log))?.toolCalls ?? []
    const settled = [...(table?.calls ?? []), ...stored].filter(({ status }) => status !== 'running')
    known.set(
      log,
      new Set(settled.flatMap(({ callId, iteration }) => [callId, inIteration(callId, iteration)])),
    )
  }
  const dropped = new Set(
    doubtful.filter(({ event }) => known.get(event.log)?.has(callOf(event) ?? '') === true),
  )
  return events.filter((each) => !dropped.has(each))
}

const hasLetGo = (record: LogRecord | undefined): boolean =>
  record?.entity === 'run' && record.telemetry.toolCount > record.toolCalls.length

const inIteration = (callId: string, iteration: number): string => JSON.stringify([iteration, callId])

/** The call an event names; null for other events, and for calls without a name. */
function callOf({ type, payload }: Prepared['event']): string | null {
  if (type !== 'tool.started' && type !== 'tool.finished') return null
  const { callId, iteration } = payload
  if (!callId) return null
  return iteration === undefined ? callId : inIteration(callId, iteration)
}
