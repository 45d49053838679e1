/** Owns how far a workflow is, in one glance: one dot per phase, and the count in words. */
import type { Bucket } from 'run-ledger'

interface PhaseRailProps {
  done: number
  total: number
  bucket: Bucket
}

export function PhaseRail({ done, total, bucket }: PhaseRailProps) {
  return (
    <span className="run-phases">
      <span className="rail" aria-hidden="true">
        {Array.from({ length: total }, (_, index) => (
          <span key={index} className="rail-dot" data-state={stateOf(index, done, bucket)} />
        ))}
      </span>
      {done} of {total} phases
    </span>
  )
}

function stateOf(index: number, done: number, bucket: Bucket): string {
  if (index < done) return 'done'
  return index === done && bucket !== 'completed' ? bucket : 'waiting'
}
