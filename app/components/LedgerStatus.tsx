/** Owns the ledger's own state in the header, with the figures behind it in a panel. */
import { useId } from 'react'
import { useLedgerStatus } from 'run-ledger/react'
import { Link } from 'wouter'
import type { LedgerState } from 'run-ledger'
import { count, formatNumber } from '../lib/format.ts'
import { ledgerWords, lostEventsOf, phaseWords, reasonOf } from '../lib/health.ts'
import { storageHref } from '../lib/links.ts'
import { QuarantinePanel } from './QuarantinePanel.tsx'

export function LedgerStatus() {
  const ledger = useLedgerStatus()
  const { phase, health, copies } = ledger
  const id = useId()
  const { title, tone } = ledgerWords(health, lostEventsOf(ledger))
  const ready = phase === 'ready' || health.state !== 'ok'
  const shown = ready ? title : phaseWords(phase)
  return (
    <>
      <button
        type="button"
        className="ledger-status"
        popoverTarget={id}
        data-testid="ledger-status"
        data-phase={phase}
        data-health={health.state}
        data-copies={copies}
        data-tone={ready ? tone : 'working'}
      >
        <span className="status-dot" />
        <span className="ledger-status-text">{shown}</span>
      </button>
      <div id={id} popover="auto" className="popover" role="dialog" aria-label="Ledger">
        <LedgerPanel ledger={ledger} />
        <p className="popover-more">
          <Link
            href={storageHref}
            data-testid="storage-link"
            onClick={() => document.getElementById(id)?.hidePopover()}
          >
            Storage, export and import
          </Link>
        </p>
      </div>
      <QuarantinePanel />
    </>
  )
}

function LedgerPanel({ ledger }: { ledger: LedgerState }) {
  const { phase, health, copies, received, duplicates, redundant, stored, integrity, sources } = ledger
  const lost = lostEventsOf(ledger)
  const { title, meaning } = ledgerWords(health, lost)
  return (
    <>
      <h2>{title}</h2>
      <p className="note">{reasonOf(health) || meaning}</p>
      <dl className="facts">
        <Fact name="State">{phaseWords(phase)}</Fact>
        <Fact name="Copies of new events">{copiesText(copies, health.state, phase, received)}</Fact>
        <Fact name="Second copy">{secondCopyText(ledger)}</Fact>
        <Fact name="Stored at start">
          {stored === null
            ? '—'
            : `${count(stored.workflows, 'workflow run')}, ${count(stored.runs, 'agent run')}, ${count(stored.events, 'event')}`}
        </Fact>
        <Fact name="Rebuilt from events">
          {integrity === null ? '—' : count(integrity.rebuilt, 'record')}
        </Fact>
        <Fact name="Lost">
          {integrity === null
            ? '—'
            : lost === 0
              ? '0 events'
              : `${count(lost, 'event')} of ${count(integrity.lostLogs.length, 'run')}`}
        </Fact>
        <Fact name="Received on this page">{count(received, 'event')}</Fact>
        <Fact name="Repeated, ignored">{formatNumber(duplicates + redundant)}</Fact>
        {Object.entries(sources).map(([source, status]) => (
          <Fact key={source} name={`Source “${source}”`}>
            {status.error === null ? status.state : `${status.state}: ${status.error}`}
          </Fact>
        ))}
      </dl>
    </>
  )
}

function copiesText(
  copies: number,
  health: LedgerState['health']['state'],
  phase: LedgerState['phase'],
  received: number,
): string {
  if (health === 'memory-only') return 'None on disk'
  if (copies > 0) return `${copies} on disk`
  return phase === 'ready' && received > 0 ? 'None on disk yet' : 'No new events yet'
}

function secondCopyText({ copies, mirrorError, healing, phase }: LedgerState): string {
  if (mirrorError !== null) return `Behind: ${mirrorError}`
  if (healing === null) return copies > 1 || phase !== 'ready' ? 'As the first' : '—'
  const { restored, copied } = healing
  return `Compared: ${count(restored.events, 'event')} restored, ${count(copied.events, 'event')} added to it`
}

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
