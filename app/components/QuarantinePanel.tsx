/** Owns what was refused: how much, why, and the input as it came. Nothing is refused in silence. */
import { useId } from 'react'
import { useLedgerStatus } from 'run-ledger/react'
import { count, formatStarted } from '../lib/format.ts'
import { visible } from '../lib/visible.ts'

export function QuarantinePanel() {
  const { quarantined, quarantine } = useLedgerStatus()
  const id = useId()
  const earlier = quarantined - quarantine.length
  return (
    <>
      <button
        type="button"
        className="quarantine-button"
        popoverTarget={id}
        hidden={quarantined === 0}
        title="Events that could not be understood"
      >
        <span data-testid="quarantine-count">{quarantined}</span> refused
      </button>
      <div id={id} popover="auto" className="popover" role="dialog" aria-label="Refused events">
        <h2>{count(quarantined, 'refused event')}</h2>
        <p className="note">
          They could not be understood and changed nothing. They are kept as they came.
          {earlier > 0 && ` ${count(earlier, 'older one')} not listed here.`}
        </p>
        <ul className="quarantine-list">
          {quarantine.map((entry) => (
            <li key={`${visible(entry.stream)} ${entry.position} ${entry.at}`} data-testid="quarantine-entry">
              <p>{visible(entry.reason)}</p>
              <p className="note">
                <bdi>{entry.stream}</bdi>
                {entry.position !== null && ` at ${entry.position}`}, {formatStarted(entry.at)}
              </p>
              <pre tabIndex={0}>{visible(entry.raw)}</pre>
            </li>
          ))}
        </ul>
      </div>
    </>
  )
}
