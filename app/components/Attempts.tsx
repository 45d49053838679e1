/** Owns earlier attempts of a run: each keeps its own ending. */
import { isSettled } from 'run-ledger'
import type { Lifecycle, RunStatusName } from 'run-ledger'
import { formatElapsed, formatStarted } from '../lib/format.ts'
import { StatusChip } from './StatusChip.tsx'

export function Attempts({ attempts, attempt }: Pick<Lifecycle, 'attempts' | 'attempt'>) {
  if (attempts.length === 0) return null
  return (
    <section aria-labelledby="attempts-title">
      <div className="section-head">
        <h2 id="attempts-title">Earlier attempts</h2>
        <span className="note">This is attempt {attempt}</span>
      </div>
      <ol className="attempts">
        {attempts.map((each) => (
          <li key={each.attempt} data-status={each.status}>
            <span className="attempt-number">{each.attempt}</span>
            <StatusChip status={each.status} unconfirmed={false} inferred={each.inferred} />
            <span className="attempt-said">{each.error ?? each.summary ?? leftOver(each.status)}</span>
            <span className="note">
              {formatStarted(each.startedAt)}
              {each.completedAt !== null && `, ${formatElapsed(each.completedAt - each.startedAt)}`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** An attempt whose owner went away did not end; the next took over. */
const leftOver = (status: RunStatusName): string =>
  isSettled(status) ? '' : 'Left as it was; the next attempt went on.'
