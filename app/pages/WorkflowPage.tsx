/** Owns the page of a workflow run: its work on one side, the question or the report on the other. */
import { useInbox, useRunActions, useWorkflow } from 'run-ledger/react'
import type { InboxItem } from 'run-ledger/react'
import { isSettled, workflowLog } from 'run-ledger'
import type { RunStatusName } from 'run-ledger'
import { Link } from 'wouter'
import { Attempts } from '../components/Attempts.tsx'
import { EventLog } from '../components/EventLog.tsx'
import { HarnRun } from '../components/HarnRun.tsx'
import { RunNotKnown } from '../components/NotFound.tsx'
import { PageTitle } from '../components/PageTitle.tsx'
import { QuestionForm } from '../components/QuestionForm.tsx'
import { Report, reportOf } from '../components/Report.tsx'
import { ResumePanel } from '../components/ResumePanel.tsx'
import { ResumeReceiptPanel } from '../components/ResumeReceiptPanel.tsx'
import { RunHeader } from '../components/RunHeader.tsx'
import { Skeleton } from '../components/Skeleton.tsx'
import { WorkList } from '../components/WorkList.tsx'
import { runsHref, threadHref } from '../lib/links.ts'
import { questionIn } from '../lib/researchInput.ts'

export function WorkflowPage({ id }: { id: string }) {
  const { state, record, runs, unconfirmed } = useWorkflow(id)
  const { items, answer } = useInbox()
  const { resumesByPlan } = useRunActions(workflowLog(id))
  const questions = items.filter(({ workflowRunId }) => workflowRunId === id)
  if (state === 'missing') return <RunNotKnown />
  if (record === null) return <Skeleton lines={12} label="Loading the run" />
  const { log, workflow } = record
  const title = questionIn(workflow.input) ?? workflow.title ?? workflow.definitionId
  const report = reportOf(workflow, runs)
  return (
    <div className="run-page" data-testid="workflow-page">
      <PageTitle title={title} />
      <RunHeader
        log={log}
        title={title}
        lifecycle={workflow}
        unconfirmed={unconfirmed}
        agents={workflow.childRunIds.length}
        links={
          <>
            <Link href={runsHref}>Runs</Link>
            {workflow.parentThreadId !== null && (
              <Link href={threadHref(workflow.parentThreadId)}>Open the thread</Link>
            )}
          </>
        }
      />
      {resumesByPlan && <ResumePanel id={id} status={workflow.status} />}
      <div className="run-columns">
        <section
          className="run-outcome"
          aria-label="Outcome"
          data-empty={questions.length === 0 && report === null}
        >
          {questions.map((each) => (
            <QuestionForm key={each.id} item={each} answer={answer} hotkeys={questions.length === 1} />
          ))}
          {report !== null ? (
            <Report text={report} />
          ) : (
            <p className="empty-note">
              {whyNoReport(workflow.status, { unconfirmed, resumesByPlan, questions })}
            </p>
          )}
        </section>
        <section className="run-work" aria-labelledby="work-title">
          <div className="section-head">
            <h2 id="work-title">Work</h2>
            <span className="note">{workflow.title ?? workflow.definitionId}</span>
          </div>
          <WorkList workflow={workflow} runs={runs} unconfirmed={unconfirmed} />
        </section>
      </div>
      {workflow.origin?.source === 'harn' && <HarnRun id={id} />}
      <ResumeReceiptPanel id={id} />
      <Attempts attempts={workflow.attempts} attempt={workflow.attempt} />
      <EventLog log={log} />
    </div>
  )
}

interface Standing {
  unconfirmed: boolean
  resumesByPlan: boolean
  questions: readonly Pick<InboxItem, 'expiresInMs'>[]
}

function whyNoReport(status: RunStatusName, { unconfirmed, resumesByPlan, questions }: Standing): string {
  if (resumesByPlan) return 'There is no report yet. See above how this run can go on.'
  if (isSettled(status)) return 'This run ended without a report.'
  if (unconfirmed) return 'Nobody has confirmed that this run still goes on.'
  if (status === 'paused') return 'It is paused: there is no report before it is resumed.'
  if (questions.length === 0) return 'The report appears here when the agents are done.'
  return questions.some(({ expiresInMs }) => expiresInMs === 0)
    ? 'The report waits for an answer, and the time to give it is over.'
    : 'The report is written after the answer.'
}
