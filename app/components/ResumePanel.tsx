/**
 * Owns resuming a workflow run: what would become of every agent's work, read before anything is done, what a person
 * has to agree to, and the button that carries out exactly this plan.
 */
import { useId, useState } from 'react'
import { useResumePlan } from 'run-ledger/react'
import type { ResumePlanView } from 'run-ledger/react'
import type { ResumePlan, RunStatusName } from 'run-ledger'
import { countsOf, doneAgain, workOf } from '../lib/plan.ts'
import { ToneIcon } from './Icon.tsx'
import { PlanEntries } from './PlanEntries.tsx'
import { Skeleton } from './Skeleton.tsx'

export function ResumePanel({ id, status }: { id: string; status: RunStatusName }) {
  const view = useResumePlan(id)
  const { state, plan, error, refresh } = view
  // What a person stopped they rarely want back: one line says that they could.
  const [open, setOpen] = useState(status !== 'cancelled')
  const heading = useId()
  return (
    <section className="plan" data-testid="resume-plan" data-state={state} aria-labelledby={heading}>
      <div className="section-head">
        <h2 id={heading}>Resume</h2>
        {plan !== null && plan.refusal === null && (
          <span className="note">{countsOf(plan.entries) ?? 'Nothing to do'}</span>
        )}
        {plan !== null && plan.entries.length > 0 && (
          <button
            type="button"
            className="link-button"
            data-testid="plan-toggle"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            {open ? 'Hide the plan' : 'Show the plan'}
          </button>
        )}
      </div>
      {state === 'loading' && plan === null && <Skeleton lines={3} label="Looking at what there is" />}
      {error !== null && (
        <p className="plan-problem note-bad" role="alert">
          {error}{' '}
          <button type="button" className="link-button" onClick={refresh}>
            Try again
          </button>
        </p>
      )}
      {plan !== null && (
        <>
          <PlanSummary plan={plan} />
          {open && <PlanEntries plan={plan} view={view} />}
          {plan.refusal === null && <PlanFoot plan={plan} view={view} />}
        </>
      )}
    </section>
  )
}

function PlanSummary({ plan }: { plan: ResumePlan }) {
  const saved = workOf(plan.saved)
  const again = workOf(doneAgain(plan.entries))
  return (
    <div className="plan-summary">
      {plan.refusal !== null && <p data-testid="plan-refusal">{plan.refusal}</p>}
      {(saved !== null || again !== null) && (
        <dl className="plan-work">
          <div data-testid="plan-saved">
            <dt>Saved</dt>
            <dd>{saved ?? 'nothing'}</dd>
          </div>
          <div data-testid="plan-at-risk">
            <dt>Done again</dt>
            <dd>{again ?? 'nothing'}</dd>
          </div>
        </dl>
      )}
      {plan.changes.length > 0 && (
        <ul className="plan-changes" data-tone="attention" data-testid="plan-changes">
          {plan.changes.map((change) => (
            <li key={change}>
              <ToneIcon tone="attention" />
              {sentence(change)}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

function PlanFoot({ plan, view }: { plan: ResumePlan; view: ResumePlanView }) {
  const { state, resuming, resumeError, isStale, resume, refresh } = view
  const blocked = plan.entries.filter(({ action }) => action === 'blocked').length
  return (
    <div className="plan-foot">
      {isStale ? (
        <button type="button" className="button button-primary" data-testid="plan-refresh" onClick={refresh}>
          Make a new plan
        </button>
      ) : (
        <button
          type="button"
          className="button button-primary"
          data-testid="plan-resume"
          disabled={resuming || state !== 'ready'}
          onClick={() => void resume()}
        >
          {resuming ? 'Resuming…' : 'Resume'}
        </button>
      )}
      <p
        className={resumeError === null ? 'note' : 'note note-bad'}
        role={resumeError === null ? 'status' : 'alert'}
        data-testid="plan-note"
      >
        {resumeError ?? (state === 'loading' ? 'Looking again…' : whatIsLeft(blocked))}
      </p>
    </div>
  )
}

function whatIsLeft(blocked: number): string {
  if (blocked === 0) return 'Nothing is done before you press it.'
  return blocked === 1
    ? 'What is blocked is left as it is; work that needs it fails and says so.'
    : `The ${blocked} that are blocked are left as they are; work that needs them fails and says so.`
}
