/** Owns how open event pages follow what became durable. Only sequences that are safe are added. */
import type { LogId } from '../../core/ids.ts'
import type { LedgerApi } from '../api.ts'
import { at } from '../table.ts'
import { grow, isBehind } from './eventPages.ts'
import type { ApiDispatch, FollowedState } from './openQueries.ts'
import { openEvents } from './openQueries.ts'
import { EVENT_LIMIT, eventLog } from './queries.ts'

/**
 * Adds what memory holds of events that are durable by now; of these logs, or of all. What memory never had, as when
 * another tab wrote it, is marked as there to be fetched.
 */
export function growEvents(
  api: LedgerApi,
  state: FollowedState,
  dispatch: ApiDispatch,
  logs?: ReadonlySet<LogId>,
): void {
  for (const { query, data } of openEvents(state)) {
    const log = eventLog(query)
    if (logs !== undefined && !logs.has(log)) continue
    const { order = 'latest', limit = EVENT_LIMIT.usual, afterSequence: floor = 0 } = query
    const bounds = { order, limit, floor }
    const persisted = at(state.runs.persisted, log) ?? 0
    if (!isBehind(data, persisted, bounds)) continue
    const tail = at(state.runs.tails, log) ?? []
    dispatch(
      api.util.updateQueryData('listRunEvents', query, (pages) => grow(pages, tail, persisted, bounds)),
    )
  }
}
