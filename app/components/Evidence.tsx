/** Owns saying how the status of something in flight is known: by whose word, and how old that is. */
import { useEvidence } from 'run-ledger/react'
import type { LogId } from 'run-ledger'

/** Nothing once it is over: then its status says it all. */
export function Evidence({ log }: { log: LogId }) {
  const evidence = useEvidence(log)
  if (evidence === null || evidence.kind === 'settled' || evidence.kind === 'inferred') return null
  return (
    <p className="evidence" data-testid="evidence" data-kind={evidence.kind} title={evidence.sentence}>
      {evidence.sentence}
    </p>
  )
}
