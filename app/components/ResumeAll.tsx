/** Owns resuming all that is safe with one button: first what that would do, then doing it. */
import { useEffect, useRef, useState } from 'react'
import type { MorningView } from 'run-ledger/react'
import type { ResumePlan } from 'run-ledger'
import { Link } from 'wouter'
import { count } from '../lib/format.ts'
import { workflowHref } from '../lib/links.ts'
import { countsOf, doneAgain, workOf } from '../lib/plan.ts'
import { questionIn } from '../lib/researchInput.ts'

export function ResumeAll({ morning }: { morning: MorningView }) {
  const { safePlans, planning, resumeAllSafe } = morning
  const [reading, setReading] = useState(false)
  const go = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (reading) go.current?.focus()
  }, [reading])
  if (safePlans.length === 0) return null
  if (!reading) {
    return (
      <p>
        <button
          type="button"
          className="button button-primary"
          data-testid="resume-all"
          disabled={planning}
          onClick={() => setReading(true)}
        >
          Resume all that is safe
        </button>
      </p>
    )
  }
  return (
    <div className="resume-all" data-testid="resume-all-plan">
      <ul>
        {safePlans.map((plan) => (
          <PlanLine key={plan.workflowRunId} plan={plan} />
        ))}
      </ul>
      <div className="plan-foot">
        <button
          type="button"
          className="button button-primary"
          data-testid="resume-all-go"
          ref={go}
          onClick={() => void resumeAllSafe()}
        >
          Resume {count(safePlans.length, 'run')}
        </button>
        <button type="button" className="button" onClick={() => setReading(false)}>
          Not now
        </button>
      </div>
    </div>
  )
}

function PlanLine({ plan }: { plan: ResumePlan }) {
  const said = [
    countsOf(plan.entries),
    `saves ${workOf(plan.saved) ?? 'nothing'}`,
    `does again ${workOf(doneAgain(plan.entries)) ?? 'nothing'}`,
  ]
  return (
    <li data-testid="resume-all-line">
      <Link href={workflowHref(plan.workflowRunId)}>{titleOf(plan)}</Link>
      <p className="note">{said.filter((part) => part !== null).join(' · ')}</p>
    </li>
  )
}

export const titleOf = ({ input, workflowRunId }: ResumePlan): string => questionIn(input) ?? workflowRunId
