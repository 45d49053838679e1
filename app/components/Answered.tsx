/** Owns where to go after an answer: to the run it was for, which may need a resume before it uses it. */
import { useRunActions } from 'run-ledger/react'
import type { InboxItem } from 'run-ledger/react'
import { runLog, workflowLog } from 'run-ledger'
import { Link } from 'wouter'
import { agentNameOf } from '../lib/agentName.ts'
import { runHref, workflowHref } from '../lib/links.ts'
import { ToneIcon } from './Icon.tsx'

export function Answered({ item }: { item: InboxItem }) {
  const { workflowRunId, workflowTitle, runId, record } = item
  const { resumesByPlan } = useRunActions(workflowRunId === null ? runLog(runId) : workflowLog(workflowRunId))
  return (
    <p className="answered" data-tone="good" role="status" data-testid="answered">
      <ToneIcon tone="good" />
      <span>
        Answered.{' '}
        {workflowRunId === null ? (
          <Link href={runHref(runId)}>{agentNameOf(record.run) ?? 'Open the run'}</Link>
        ) : (
          <Link href={workflowHref(workflowRunId)}>{workflowTitle ?? 'Open the workflow run'}</Link>
        )}
        {resumesByPlan && ' lost its owner: resume it there, and it goes on with this answer.'}
      </span>
    </p>
  )
}
