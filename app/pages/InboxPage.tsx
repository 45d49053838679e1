/** Owns the inbox: every open question of every run and thread, oldest first, answered where it stands. */
import { useState } from 'react'
import { useInbox } from 'run-ledger/react'
import type { InboxItem, InboxView } from 'run-ledger/react'
import { Link } from 'wouter'
import { Answered } from '../components/Answered.tsx'
import { PageTitle } from '../components/PageTitle.tsx'
import { QuestionForm } from '../components/QuestionForm.tsx'
import { Skeleton } from '../components/Skeleton.tsx'
import { agentNameOf } from '../lib/agentName.ts'
import { count, formatAge } from '../lib/format.ts'
import { useCards } from '../lib/cards.ts'
import { runsHref } from '../lib/links.ts'

export function InboxPage() {
  const { state, items, answer } = useInbox()
  const { list, active, focus } = useCards(items)
  const [last, setLast] = useState<InboxItem | null>(null)
  const give: InboxView['answer'] = (item, value) => {
    setLast(items.find(({ id }) => id === item.id) ?? null)
    return answer(item, value)
  }
  const [oldest] = items
  return (
    <div className="inbox" data-testid="inbox-page">
      <PageTitle title="Inbox" />
      <div className="section-head">
        <h1>Inbox</h1>
        {oldest !== undefined && (
          <span className="note">
            {count(items.length, 'question')}, the oldest asked {formatAge(oldest.ageMs)} ago
          </span>
        )}
      </div>
      {last !== null && !items.some(({ id }) => id === last.id) && <Answered item={last} />}
      {items.length === 0 && state === 'loading' && <Skeleton lines={6} label="Loading the inbox" />}
      {items.length === 0 && state === 'ready' && <NothingAsked />}
      {items.length > 1 && (
        <p className="note inbox-keys">
          <kbd>j</kbd> <kbd>k</kbd> move between questions, <kbd>1</kbd>–<kbd>9</kbd> choose, <kbd>Enter</kbd>{' '}
          sends.
        </p>
      )}
      <ol className="inbox-list" ref={list}>
        {items.map((item) => (
          <li
            key={item.id}
            className="inbox-item"
            data-testid="inbox-item"
            data-row-id={item.id}
            data-active={item.id === active}
            tabIndex={-1}
            aria-label={`Question of ${agentNameOf(item.record.run) ?? 'an agent'}`}
            onFocus={() => focus(item.id)}
          >
            <QuestionForm item={item} answer={give} hotkeys={item.id === active} isFar />
          </li>
        ))}
      </ol>
    </div>
  )
}

function NothingAsked() {
  return (
    <div className="empty" data-testid="inbox-empty">
      <h2>Nothing to answer</h2>
      <p>When an agent needs a decision, its question waits here until you answer, also after a reload.</p>
      <p>
        <Link href={runsHref}>To the runs</Link>
      </p>
    </div>
  )
}
