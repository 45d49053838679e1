/** Owns the line above a question: who asks, in which run and thread, since when, and until when. */
import type { InboxItem } from 'run-ledger/react'
import { Link } from 'wouter'
import { agentNameOf } from '../lib/agentName.ts'
import { formatAge, formatFull } from '../lib/format.ts'
import { runHref, threadHref, workflowHref } from '../lib/links.ts'

export function QuestionSource({ item, isFar }: { item: InboxItem; isFar: boolean }) {
  const { runId, workflowRunId, workflowTitle, record, question, ageMs, expiresInMs } = item
  const { parentThreadId } = record.run
  return (
    <div className="question-from">
      <p className="question-asks">
        <Link href={runHref(runId)}>{agentNameOf(record.run) ?? 'An agent'}</Link> <span>asks</span>
        {isFar && workflowRunId !== null && (
          <>
            {' '}
            <span>in</span>{' '}
            <Link
              className="question-run"
              href={workflowHref(workflowRunId)}
              title={workflowTitle ?? undefined}
            >
              {workflowTitle ?? 'its workflow run'}
            </Link>
          </>
        )}
        {isFar && parentThreadId !== null && (
          <>
            {' '}
            <span>·</span> <Link href={threadHref(parentThreadId)}>Thread</Link>
          </>
        )}
      </p>
      <p className="question-times">
        <time title={formatFull(question.askedAt)} data-testid="question-age">
          {formatAge(ageMs)} ago
        </time>
        {expiresInMs !== null && (
          <span className="question-expiry" data-over={expiresInMs === 0} data-testid="question-expiry">
            {expiresInMs === 0 ? 'expired' : `${formatAge(expiresInMs)} left`}
          </span>
        )}
      </p>
    </div>
  )
}
