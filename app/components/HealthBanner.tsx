/** Owns saying loudly when the ledger does not keep what it shows. A loss can be dismissed until more is lost. */
import { useState } from 'react'
import { useDispatch } from 'react-redux'
import { useLedgerStatus, useRunLedger, useViewPrefs } from 'run-ledger/react'
import { choiceMade } from 'run-ledger'
import type { Health } from 'run-ledger'
import { healthWords, isLossSeen, LOSS_CHOICE, lostEventsOf, reasonOf } from '../lib/health.ts'
import { ToneIcon } from './Icon.tsx'

export function HealthBanner() {
  const runs = useRunLedger()
  const ledger = useLedgerStatus()
  const prefs = useViewPrefs()
  const dispatch = useDispatch()
  // A loss without a number cannot be told from the next one, so it is dismissed on this page only.
  const [dismissed, setDismissed] = useState<Health | null>(null)
  const { health } = ledger
  const { title, meaning, tone } = healthWords(health)
  const reason = reasonOf(health)
  const shown = health.state !== 'ok' && health !== dismissed && !isLossSeen(ledger, prefs)

  function dismiss(): void {
    setDismissed(health)
    dispatch(choiceMade({ name: LOSS_CHOICE, value: String(lostEventsOf(ledger)) }))
    // The button goes away, and would take the place of the keyboard with it.
    document.getElementById('main')?.focus({ preventScroll: true })
  }

  return (
    <div role="status">
      {shown && (
        <div className="banner" data-tone={tone} data-testid="health-banner" data-health={health.state}>
          <ToneIcon tone={tone} />
          <p>
            <strong>{title}.</strong> {meaning}
            {reason !== null && reason !== '' && <span className="banner-reason">Reason: {reason}</span>}
          </p>
          {(health.state === 'recovering' || health.state === 'full') && (
            <button
              type="button"
              className="button banner-dismiss"
              data-testid="retry-saving"
              onClick={() => runs.retry()}
            >
              Try now
            </button>
          )}
          {health.state === 'memory-only' && (
            <button
              type="button"
              className="button banner-dismiss"
              data-testid="retry-opening"
              onClick={() => location.reload()}
            >
              Reload and try again
            </button>
          )}
          {health.state === 'history-lost' && (
            <button
              type="button"
              className="button banner-dismiss"
              data-testid="dismiss-loss"
              onClick={dismiss}
            >
              Dismiss
            </button>
          )}
        </div>
      )}
    </div>
  )
}
