/**
 * Owns how a row's status is known, as the store has it: what `describeEvidence` puts into words. SPEC C3.
 */
import type { EvidenceFacts } from '../../core/evidence.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import { isOurStream } from '../../core/ids.ts'
import type { RunLedgerState } from './selectors.ts'
import { selectIsUnconfirmed } from './selectors.ts'
import { at } from '../table.ts'

/** Everything but the time it is looked at. A new object each time, of plain values: compare it shallowly. */
export function selectEvidenceOf(state: RunLedgerState, log: LogId): Omit<EvidenceFacts, 'now'> | null {
  const record = at(state.runs.records, log)
  if (record === undefined) return null
  const { status, inferred, updatedAt } = lifecycleOf(record)
  // What we concluded ourselves is no sign of its owner. Where only that is in memory, its last event is not known.
  const tail = at(state.runs.tails, log) ?? []
  const told = tail.findLast(({ stream }) => !isOurStream(stream))?.timestamp ?? null
  return {
    status,
    inferred,
    unconfirmed: selectIsUnconfirmed(state, log),
    ownerGone: at(state.runs.gone, log) === true,
    confirmedAt: at(state.runs.confirmedAt, log) ?? null,
    lastEventAt: tail.length > 0 ? told : updatedAt,
    heartbeatAt: at(state.runs.heartbeatAt, log) ?? null,
    stream: record.bindings.at(-1)?.stream ?? null,
  }
}
