/** Owns saying loudly when the ledger does not keep what it shows. */
import { useLedgerStatus } from 'run-ledger/react'
import { healthWords, reasonOf } from '../lib/health.ts'
import { ToneIcon } from './Icon.tsx'

export function HealthBanner() {
  const { health } = useLedgerStatus()
  const { title, meaning, tone } = healthWords(health)
  const reason = reasonOf(health)
  return (
    <div role="status">
      {health.state !== 'ok' && (
        <div className="banner" data-tone={tone} data-testid="health-banner" data-health={health.state}>
          <ToneIcon tone={tone} />
          <p>
            <strong>{title}.</strong> {meaning}
            {reason !== null && reason !== '' && <span className="banner-reason">Reason: {reason}</span>}
          </p>
        </div>
      )}
    </div>
  )
}
