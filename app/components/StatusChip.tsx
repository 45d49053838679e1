/** Owns how a status looks and reads wherever it appears. */
import { useLedgerStatus } from 'run-ledger/react'
import type { RunStatusName } from 'run-ledger'
import { shownStatus, wordsFor } from '../lib/status.ts'
import { ToneIcon } from './Icon.tsx'

interface StatusChipProps {
  status: RunStatusName
  unconfirmed: boolean
  /** Our conclusion, not the owner's word. */
  inferred?: boolean
}

export function StatusChip({ status, unconfirmed, inferred = false }: StatusChipProps) {
  const { phase } = useLedgerStatus()
  const isReady = phase === 'ready'
  const shown = shownStatus(status, unconfirmed)
  // Once its owner was asked, what a run waits for is still true; whether it is at work is not known.
  const isWaiting = status === 'awaiting_user' || status === 'paused'
  const { label, tone } = wordsFor(unconfirmed && isReady && isWaiting ? status : shown)
  const doubt =
    isWaiting && isReady ? 'unconfirmed' : isReady ? 'its owner has not answered' : 'asking its owner'
  return (
    <span className="chip" data-tone={tone} data-status={shown}>
      <ToneIcon tone={tone} />
      {unconfirmed ? `${label} – ${doubt}` : inferred ? `${label} (inferred)` : label}
    </span>
  )
}
