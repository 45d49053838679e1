/** Owns the receipt of a resume: what its plan promised, against what became of it. */
import { useId, useState } from 'react'
import { useResumeReceipt } from 'run-ledger/react'
import type { ResumeReceiptView } from 'run-ledger/react'
import { Link } from 'wouter'
import { formatNumber } from '../lib/format.ts'
import { runHref } from '../lib/links.ts'
import { actionWords } from '../lib/plan.ts'
import type { Tone } from '../lib/status.ts'
import { ToneIcon } from './Icon.tsx'
import { phaseName } from './WorkList.tsx'

type Receipt = NonNullable<ResumeReceiptView['receipt']>
type Outcome = Receipt['entries'][number]['outcome']

/** `counted`: after a number. */
const OUTCOMES: Record<Outcome, { label: string; counted: string; tone: Tone }> = {
  kept: { label: 'Kept', counted: 'kept', tone: 'good' },
  relaunched: { label: 'Ran again', counted: 'ran again', tone: 'working' },
  new: { label: 'New run', counted: 'newly begun', tone: 'working' },
  continued: { label: 'Went on', counted: 'went on', tone: 'working' },
  left: { label: 'Left', counted: 'left', tone: 'quiet' },
  'not-reached': { label: 'Not reached', counted: 'not reached', tone: 'quiet' },
}

/** Nothing on a run that was never resumed. */
export function ResumeReceiptPanel({ id }: { id: string }) {
  const { state, receipt } = useResumeReceipt(id)
  const [open, setOpen] = useState(false)
  const heading = useId()
  if (state === 'none' || state === 'loading') return null
  return (
    <section
      className="receipt"
      data-testid="resume-receipt"
      data-as-planned={receipt?.asPlanned}
      aria-labelledby={heading}
    >
      <div className="section-head">
        <h2 id={heading}>What the resume did</h2>
        <span className="note">
          {receipt === null
            ? 'The plan is no longer stored, so there is nothing to compare with.'
            : headline(receipt)}
        </span>
        {receipt !== null && (
          <button type="button" className="link-button" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? 'Hide planned against done' : 'Show planned against done'}
          </button>
        )}
      </div>
      {receipt !== null && open && <ReceiptEntries receipt={receipt} />}
    </section>
  )
}

function ReceiptEntries({ receipt }: { receipt: Receipt }) {
  return (
    <ul>
      {receipt.entries.map(({ planned, outcome, runId, status, asPlanned, message }) => (
        <li
          key={planned.id}
          className="plan-entry receipt-entry"
          data-testid="receipt-entry"
          data-row-id={planned.id}
          data-kind={outcome}
          data-status={status ?? undefined}
        >
          <span className="receipt-planned">
            <span className="visually-hidden">Planned: </span>
            {actionWords(planned).label}
          </span>
          <span className="chip plan-chip" data-tone={asPlanned ? OUTCOMES[outcome].tone : 'bad'}>
            <ToneIcon tone={asPlanned ? OUTCOMES[outcome].tone : 'bad'} />
            {OUTCOMES[outcome].label}
          </span>
          <div className="plan-what">
            <p className="plan-agent">
              {runId === null ? (
                <span>{planned.agentName}</span>
              ) : (
                <Link href={runHref(runId)}>{planned.agentName}</Link>
              )}
              <span className="note">{phaseName(planned.phase)}</span>
            </p>
            <p className="note">{message}</p>
          </div>
        </li>
      ))}
      {receipt.unplanned.map(({ runId, agentId }) => (
        <li key={runId} className="plan-entry receipt-entry" data-testid="receipt-unplanned">
          <span className="receipt-planned">Not planned</span>
          <span className="chip plan-chip" data-tone="bad">
            <ToneIcon tone="bad" />
            New run
          </span>
          <p className="plan-agent">
            <Link href={runHref(runId)}>{agentId ?? runId}</Link>
          </p>
        </li>
      ))}
    </ul>
  )
}

function headline({ attempt, counts, underWay, asPlanned }: Receipt): string {
  const said = (Object.keys(OUTCOMES) as Outcome[])
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${formatNumber(counts[outcome])} ${OUTCOMES[outcome].counted}`)
  const going = underWay > 0 ? `, ${formatNumber(underWay)} still under way` : ''
  return `Attempt ${attempt}, ${asPlanned ? 'as planned' : 'not all as planned'}: ${said.join(', ')}${going}`
}
