/** Owns that the runs of open lists stay in memory as long as they are shown, and come back if they were let go. */
import { runLog, workflowLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { Ledger } from '../../ledger/port.ts'
import { listed, recordsLoaded } from '../actions.ts'
import { at } from '../table.ts'
import type { ApiDispatch, FollowedState } from './openQueries.ts'
import { openLists } from './openQueries.ts'

export async function holdRows(
  ledger: Pick<Ledger, 'readRecords'>,
  state: FollowedState,
  dispatch: ApiDispatch,
): Promise<void> {
  const logs = new Set<LogId>()
  for (const { filter, pages } of openLists(state)) {
    const toLog = filter.entity === 'run' ? runLog : workflowLog
    for (const { ids } of pages) for (const id of ids) logs.add(toLog(id))
  }
  const before = state.runs.listed
  const isSame = Object.keys(before).length === logs.size && [...logs].every((log) => before[log] === true)
  if (!isSame) dispatch(listed({ logs: [...logs] }))
  const missing = [...logs].filter((log) => at(state.runs.records, log) === undefined)
  if (missing.length === 0) return
  const found = await ledger.readRecords(missing).catch(() => null)
  if (found !== null && found.size > 0) dispatch(recordsLoaded({ records: [...found.values()] }))
}
