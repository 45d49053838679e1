/** Owns saying that an OpenHuman core is not heard, or only in part: what is on the page is what was known before. */
import { useLedgerStatus } from 'run-ledger/react'
import type { SourceStatus } from 'run-ledger'
import { sourceTrouble } from '../lib/connection.ts'
import { ToneIcon } from './Icon.tsx'

export function ConnectionBanner() {
  const { sources } = useLedgerStatus()
  const status: SourceStatus | undefined = Object.values(sources)[0]
  const trouble = status === undefined ? null : sourceTrouble(status)
  return (
    <div role="status">
      {trouble !== null && (
        <div className="banner" data-tone="attention" data-testid="connection-banner">
          <ToneIcon tone="attention" />
          <p>
            <strong>{trouble.title}.</strong> {trouble.meaning}
            {trouble.reason !== null && <span className="banner-reason">Reason: {trouble.reason}</span>}
          </p>
        </div>
      )}
    </div>
  )
}
