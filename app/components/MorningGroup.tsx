/** Owns one group of the morning view: its runs, each with the one line that matters in this group. */
import { useId, useState } from 'react'
import type { ReactNode } from 'react'
import type { MorningEntry } from 'run-ledger/react'
import type { MorningGroupName } from 'run-ledger'
import { Link } from 'wouter'
import { inboxHref, runHref, workflowHref } from '../lib/links.ts'
import { countsOf } from '../lib/plan.ts'
import { visible } from '../lib/visible.ts'
import { StatusChip } from './StatusChip.tsx'

const NAMES: Record<MorningGroupName, string> = {
  needs_you: 'Needs you',
  lost_owner: 'Lost its owner',
  safe_to_resume: 'Safe to resume',
  unclear: 'Unclear',
  finished: 'Finished',
}

/** As many as one takes in at a glance. */
const FIRST = 5

interface MorningGroupProps {
  name: MorningGroupName
  entries: readonly MorningEntry[]
  /** Plans are still being made. */
  planning: boolean
  /** What can be done about all of them. */
  children: ReactNode
}

export function MorningGroup({ name, entries, planning, children }: MorningGroupProps) {
  const [all, setAll] = useState(false)
  const id = useId()
  const shown = all ? entries : entries.slice(0, FIRST)
  return (
    <section className="morning-group" data-testid="morning-group" data-kind={name} aria-labelledby={id}>
      <h3 id={id}>
        {NAMES[name]} <span className="group-count">{entries.length}</span>
      </h3>
      <div className="morning-body">
        <ul className="morning-list">
          {shown.map((entry) => (
            <Row key={entry.entry.log} name={name} item={entry} planning={planning} />
          ))}
        </ul>
        {shown.length < entries.length && (
          <button type="button" className="link-button" onClick={() => setAll(true)}>
            Show {entries.length - shown.length} more
          </button>
        )}
        {name === 'needs_you' && <Link href={inboxHref}>Answer in the inbox</Link>}
        {children}
      </div>
    </section>
  )
}

function Row({ name, item, planning }: { name: MorningGroupName; item: MorningEntry; planning: boolean }) {
  const { id, entity, log, title, status, unconfirmed, inferred } = item.entry
  const said = lineOf(name, item, planning)
  return (
    <li className="morning-row" data-testid="morning-row" data-row-id={log}>
      <Link href={entity === 'workflow' ? workflowHref(id) : runHref(id)} title={title}>
        <bdi>{title}</bdi>
      </Link>
      <StatusChip status={status} unconfirmed={unconfirmed} inferred={inferred} />
      {said !== null && <p className="note">{visible(said)}</p>}
    </li>
  )
}

/** Nobody drives it as far as is known, and nobody said how it ended. */
function whyUnclear({ lifecycle: { status } }: MorningEntry): string {
  if (status === 'paused')
    return 'It was paused when its owner was last heard of. Its page has the plan to go on.'
  return 'Nobody has said what became of it.'
}

function lineOf(name: MorningGroupName, item: MorningEntry, planning: boolean): string | null {
  const { lifecycle, questions, plan, planError } = item
  switch (name) {
    case 'needs_you':
      return questions[0]?.question.prompt ?? null
    case 'finished':
      return lifecycle.error ?? lifecycle.summary ?? lifecycle.reason
    case 'safe_to_resume':
      return plan === null ? null : countsOf(plan.entries)
    case 'lost_owner':
      return planning ? 'Looking at what can be resumed…' : (planError ?? lifecycle.reason)
    case 'unclear':
      return (
        planError ?? (plan === null ? null : countsOf(plan.entries)) ?? lifecycle.reason ?? whyUnclear(item)
      )
  }
}
