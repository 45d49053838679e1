/** Owns saying what came back from the second copy: a repair nobody hears of cannot be trusted. */
import { useState } from 'react'
import { useLedgerStatus } from 'run-ledger/react'
import type { Healing } from 'run-ledger'
import { count } from '../lib/format.ts'
import { ToneIcon } from './Icon.tsx'

export function HealingNotice() {
  const { healing } = useLedgerStatus()
  const [seen, setSeen] = useState<Healing | null>(null)
  const shown = healing !== null && healing !== seen && (healing.vanished || healing.restored.events > 0)

  function dismiss(): void {
    setSeen(healing)
    // The button goes away, and would take the place of the keyboard with it.
    document.getElementById('main')?.focus({ preventScroll: true })
  }

  return (
    <div role="status">
      {shown && (
        <div className="banner" data-tone="good" data-testid="healing-notice">
          <ToneIcon tone="good" />
          <p>
            <strong>
              {healing.vanished
                ? 'The browser had removed the stored history'
                : 'The stored history was shorter'}
              .
            </strong>{' '}
            {count(healing.restored.events, 'event')} of {count(healing.restored.logs, 'run')} came back from
            the second copy.
          </p>
          <button
            type="button"
            className="button banner-dismiss"
            data-testid="dismiss-healing"
            onClick={dismiss}
          >
            Dismiss
          </button>
        </div>
      )}
    </div>
  )
}
