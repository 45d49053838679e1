/** Owns the rows of the endpoints' lists, out of the runs in memory: the same entries as everywhere else. */
import type { LogId } from '../../core/ids.ts'
import type { RunListEntry, RunLedgerState } from '../selectors/selectors.ts'
import { entryOf, selectWorkflowRuns } from '../selectors/selectors.ts'
import { at } from '../table.ts'

/** Entries in the order of the logs; one that is on its way back from disk is left out meanwhile. */
export function selectListEntries(state: RunLedgerState, logs: readonly LogId[]): readonly RunListEntry[] {
  const { records, unconfirmed } = state.runs
  return logs.flatMap((log) => {
    const record = at(records, log)
    if (record === undefined) return []
    const runs = record.entity === 'run' ? [record] : selectWorkflowRuns(state, record.workflow.id)
    return [entryOf(record, runs, at(unconfirmed, log) === true)]
  })
}
