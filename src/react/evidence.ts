/** Owns what a row says of how its status is known. */
import { shallowEqual, useSelector } from 'react-redux'
import type { EvidenceDescription } from '../core/evidence.ts'
import { describeEvidence } from '../core/evidence.ts'
import type { LogId } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import { selectEvidenceOf } from '../state/selectors/evidence.ts'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import { useNow } from './clock.ts'

const LOOK_MS = 5_000

/** Null when the run is not known here. Ages go on by themselves while it is in flight. */
export function useEvidence(log: LogId): EvidenceDescription | null {
  const facts = useSelector((state: RunLedgerState) => selectEvidenceOf(state, log), shallowEqual)
  const isInFlight = facts !== null && !isSettled(facts.status)
  const now = useNow(isInFlight ? LOOK_MS : null)
  // Between two looks something may have happened.
  return facts === null ? null : describeEvidence({ ...facts, now: Math.max(now, facts.lastEventAt ?? 0) })
}
