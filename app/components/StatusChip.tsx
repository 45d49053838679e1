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
  const shown = shownStatus(status, unconfirmed)
  const { label, tone } = wordsFor(shown)
  const asked = phase === 'ready' ? 'its owner has not answered' : 'asking its owner'
  return (
    <span className="chip" data-tone={tone} data-status={shown}>
      <ToneIcon tone={tone} />
      {unconfirmed ? `${label} – ${asked}` : inferred ? `${label} (inferred)` : label}
    </span>
  )
}
