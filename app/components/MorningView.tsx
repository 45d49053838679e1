/**
 * Owns the first look after an absence: what finished, what waits, what lost its owner and what of that can go on,
 * from what is stored here. Nothing on a first visit, and nothing once it was put away.
 */
import { useId, useState } from 'react'
import { useMorning } from 'run-ledger/react'
import type { MorningEntry, MorningView as Morning } from 'run-ledger/react'
import { count, formatAge, formatStarted } from '../lib/format.ts'
import { MorningGroup } from './MorningGroup.tsx'
import { ResumeAll } from './ResumeAll.tsx'
import { ResumeOutcomes } from './ResumeOutcomes.tsx'

export function MorningView() {
  const morning = useMorning()
  const { isShown, resuming, outcomes, dismiss } = morning
  const groups = morning.groups.map(({ name, entries }) => ({
    name,
    entries: entries.filter((entry) => name !== 'needs_you' || !wasAskedNow(entry)),
  }))
  const total = countOf(groups)
  const [isClosed, setClosed] = useState(false)
  const id = useId()
  // What a resume came to is still told when it has emptied the list.
  const hasNews = resuming || outcomes.length > 0
  if (isClosed || !((isShown && total > 0) || hasNews)) return null
  return (
    <section className="morning" data-testid="morning" aria-labelledby={id}>
      <div className="section-head">
        <h2 id={id}>While you were away</h2>
        <span className="note">{headline(morning, groups)}</span>
        <button
          type="button"
          className="link-button"
          data-testid="morning-dismiss"
          onClick={() => {
            setClosed(true)
            dismiss()
          }}
        >
          Dismiss
        </button>
      </div>
      {groups.map(
        ({ name, entries }) =>
          entries.length > 0 && (
            <MorningGroup key={name} name={name} entries={entries} planning={morning.planning}>
              {name === 'safe_to_resume' && !hasNews && <ResumeAll morning={morning} />}
            </MorningGroup>
          ),
      )}
      {hasNews && <ResumeOutcomes outcomes={outcomes} resuming={resuming} />}
    </section>
  )
}

const countOf = (groups: Morning['groups']): number =>
  groups.reduce((sum, { entries }) => sum + entries.length, 0)

/** Who was here when it was asked was not away. */
const wasAskedNow = ({ questions }: MorningEntry): boolean =>
  questions.length > 0 && questions.every(({ question }) => question.askedAt >= performance.timeOrigin)

function headline({ oldestWaitMs, leftAt }: Morning, groups: Morning['groups']): string {
  const waits = groups.some(({ name, entries }) => name === 'needs_you' && entries.length > 0)
  const said = [
    ...(leftAt === null ? [] : [`since ${formatStarted(leftAt)}`]),
    count(countOf(groups), 'run'),
    ...(oldestWaitMs === null || !waits ? [] : [`the oldest question has waited ${formatAge(oldestWaitMs)}`]),
  ]
  return said.join(' · ')
}
