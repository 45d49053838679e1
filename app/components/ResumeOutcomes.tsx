/** Owns what became of each run that was to be resumed, as the answers come. */
import { useId } from 'react'
import type { ResumeOutcome } from 'run-ledger'
import { Link } from 'wouter'
import { workflowHref } from '../lib/links.ts'
import type { Tone } from '../lib/status.ts'
import { ToneIcon } from './Icon.tsx'
import { titleOf } from './ResumeAll.tsx'

const WORDS: Record<ResumeOutcome['outcome'], { label: string; tone: Tone }> = {
  resumed: { label: 'Resumed', tone: 'good' },
  left: { label: 'Left as it is', tone: 'quiet' },
  failed: { label: 'Not resumed', tone: 'bad' },
}

interface ResumeOutcomesProps {
  outcomes: readonly ResumeOutcome[]
  resuming: boolean
}

export function ResumeOutcomes({ outcomes, resuming }: ResumeOutcomesProps) {
  const id = useId()
  const done = outcomes.filter(({ outcome }) => outcome === 'resumed').length
  return (
    <section className="morning-group" data-testid="resume-outcomes" aria-labelledby={id}>
      <h3 id={id}>Resumed</h3>
      <div className="morning-body">
        <p role="status">
          {resuming ? `Resuming… ${done} resumed so far.` : `${done} of ${outcomes.length} resumed.`}
        </p>
        <ul className="morning-list">
          {outcomes.map(({ workflowRunId, outcome, reason, plan }) => (
            <li key={workflowRunId} className="morning-row" data-testid="resume-outcome" data-kind={outcome}>
              <Link href={workflowHref(workflowRunId)}>{plan === null ? workflowRunId : titleOf(plan)}</Link>
              <span className="chip" data-tone={WORDS[outcome].tone}>
                <ToneIcon tone={WORDS[outcome].tone} />
                {WORDS[outcome].label}
              </span>
              {outcome !== 'resumed' && reason !== null && <p className="note">{reason}</p>}
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}
