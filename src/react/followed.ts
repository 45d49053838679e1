/** Owns telling runs that another tab runs from those of this one. */
import { useSelector } from 'react-redux'
import type { LogId } from '../core/ids.ts'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import { at } from '../state/table.ts'

/** In flight in another tab, whose commits are shown here; its live prose is there. */
export const useIsFollowed = (log: LogId): boolean =>
  useSelector((state: RunLedgerState) => at(state.runs.followed, log) === true)
