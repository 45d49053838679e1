/** Owns what a run launched, at any depth, as far as it is in memory. */
import { createSelector } from '@reduxjs/toolkit'
import type { LogRecord, RunRecord } from '../../core/entities.ts'
import type { RunLedgerState } from './selectors.ts'
import { selectWorkflowRuns } from './selectors.ts'
import { valuesOf } from '../table.ts'

const selectByParent = createSelector([(state: RunLedgerState) => state.runs.records], (records) => {
  const byParent = new Map<string, RunRecord[]>()
  for (const record of valuesOf(records)) {
    if (record.entity !== 'run' || record.run.parentRunId === null) continue
    const siblings = byParent.get(record.run.parentRunId)
    if (siblings === undefined) byParent.set(record.run.parentRunId, [record])
    else siblings.push(record)
  }
  return byParent
})

/** Each once, however they are linked. */
export function selectDescendants(state: RunLedgerState, record: LogRecord): readonly RunRecord[] {
  const byParent = selectByParent(state)
  const found = new Set<RunRecord>()
  const open =
    record.entity === 'workflow'
      ? [...selectWorkflowRuns(state, record.workflow.id)]
      : [...(byParent.get(record.run.id) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next) || next.log === record.log) continue
    found.add(next)
    open.push(...(byParent.get(next.run.id) ?? []))
  }
  return [...found]
}
