/** Owns the entries of a resume plan: by phase, what becomes of each, why, and what it saves or costs. */
import { useId } from 'react'
import type { ResumePlanView } from 'run-ledger/react'
import type { PlanEntry, ResumePlan } from 'run-ledger'
import { Link } from 'wouter'
import { runHref } from '../lib/links.ts'
import { actionWords, byPhase, workOf } from '../lib/plan.ts'
import { visible } from '../lib/visible.ts'
import { ToneIcon } from './Icon.tsx'
import { phaseName } from './WorkList.tsx'

type Agreement = Pick<ResumePlanView, 'agreed' | 'agree' | 'withdraw'>

export function PlanEntries({ plan, view }: { plan: ResumePlan; view: Agreement }) {
  return (
    <ol className="plan-phases">
      {byPhase(plan.entries).map(({ phase, entries }) => (
        <li key={phase}>
          <h3>{phaseName(phase)}</h3>
          <ul className="plan-entries">
            {entries.map((entry) => (
              <Entry key={entry.id} entry={entry} view={view} />
            ))}
          </ul>
        </li>
      ))}
    </ol>
  )
}

function Entry({ entry, view }: { entry: PlanEntry; view: Agreement }) {
  const { id, runId, agentName, task, action, reason, message, attempt, saved, atRisk, canAgree } = entry
  const { label, tone } = actionWords(entry)
  const isAgreed = view.agreed.includes(id)
  const kept = workOf(saved)
  const again = workOf(atRisk)
  const messageId = useId()
  return (
    <li
      className="plan-entry"
      data-testid="plan-entry"
      data-row-id={id}
      data-kind={action}
      data-reason={reason}
    >
      <span className="chip plan-chip" data-tone={tone}>
        <ToneIcon tone={tone} />
        {label}
      </span>
      <div className="plan-what">
        <p className="plan-agent">
          {runId === null ? <span>{agentName}</span> : <Link href={runHref(runId)}>{agentName}</Link>}
          {attempt !== null && attempt > 1 && action === 'relaunch' && (
            <span className="note">attempt {attempt}</span>
          )}
          {task !== '' && (
            <span className="plan-task" title={task}>
              {visible(task)}
            </span>
          )}
        </p>
        <p className="note" id={messageId}>
          {visible(message)}
        </p>
        {(canAgree || isAgreed) && (
          <label className="plan-agree" data-testid="plan-agree">
            <input
              type="checkbox"
              checked={isAgreed}
              aria-describedby={messageId}
              onChange={() => (isAgreed ? view.withdraw(id) : view.agree(id))}
            />
            Run it again all the same
          </label>
        )}
      </div>
      <p className="plan-figures">
        {kept !== null && <span>saves {kept}</span>}
        {again !== null && (
          <span className="plan-again">
            {action === 'blocked' ? 'would do again' : 'does again'} {again}
          </span>
        )}
      </p>
    </li>
  )
}
