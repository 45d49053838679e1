/**
 * Owns what a run and all it launched add up to, as far as they are in memory. A run's own figures are its telemetry; here
 * each run below it counts once. SPEC F5.
 */
import type { RunRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import { at } from '../table.ts'
import type { RunLedgerState } from './selectors.ts'
import { selectDescendants } from './tree.ts'

export interface RunTotals {
  toolCount: number
  toolErrorCount: number
  /** Null: unknown, which is not 0. */
  inputTokens: number | null
  outputTokens: number | null
  costUsd: number | null
  elapsedMs: number | null
  startedAt: number
}

export const selectRunTotals = (state: RunLedgerState, log: LogId): RunTotals | null => {
  const record = at(state.runs.records, log)
  if (record === undefined) return null
  const launched = selectDescendants(state, record)
  const runs = record.entity === 'run' ? [record, ...launched] : launched
  const { startedAt, completedAt } = lifecycleOf(record)
  return {
    toolCount: runs.reduce((sum, { telemetry }) => sum + telemetry.toolCount, 0),
    toolErrorCount: runs.reduce((sum, { telemetry }) => sum + telemetry.toolErrorCount, 0),
    inputTokens: sumKnown(runs, 'inputTokens'),
    outputTokens: sumKnown(runs, 'outputTokens'),
    costUsd: sumKnown(runs, 'costUsd'),
    elapsedMs: completedAt === null ? null : Math.max(0, completedAt - startedAt),
    startedAt,
  }
}

function sumKnown(
  runs: readonly RunRecord[],
  figure: 'inputTokens' | 'outputTokens' | 'costUsd',
): number | null {
  const known = runs.flatMap(({ telemetry }) => telemetry[figure] ?? [])
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)
}
