/** Owns the page of one agent run: its question, its tool calls, what it produced, its events. */
import { useInbox, useRun } from 'run-ledger/react'
import type { Artifact } from 'run-ledger'
import { Link } from 'wouter'
import { Attempts } from '../components/Attempts.tsx'
import { EventLog } from '../components/EventLog.tsx'
import { LiveProse } from '../components/LiveProse.tsx'
import { RunNotKnown } from '../components/NotFound.tsx'
import { PageTitle } from '../components/PageTitle.tsx'
import { QuestionForm } from '../components/QuestionForm.tsx'
import { Report } from '../components/Report.tsx'
import { RunHeader } from '../components/RunHeader.tsx'
import { SettledQuestions } from '../components/SettledQuestions.tsx'
import { Skeleton } from '../components/Skeleton.tsx'
import { TextBlock } from '../components/TextBlock.tsx'
import { ToolList } from '../components/ToolList.tsx'
import { agentNameOf } from '../lib/agentName.ts'
import { runsHref, threadHref, workflowHref } from '../lib/links.ts'

export function RunPage({ id }: { id: string }) {
  const { state, record, toolCalls, unconfirmed } = useRun(id)
  const { items, answer } = useInbox()
  const questions = items.filter(({ runId }) => runId === id)
  if (state === 'missing') return <RunNotKnown />
  if (record === null) return <Skeleton lines={12} label="Loading the run" />
  const { log, run } = record
  const title = agentNameOf(run) ?? run.id
  const isSpeaking = !unconfirmed && run.status === 'running'
  return (
    <div className="run-page" data-testid="run-page">
      <PageTitle title={title} />
      <RunHeader
        log={log}
        title={title}
        lifecycle={run}
        unconfirmed={unconfirmed}
        links={
          <>
            <Link href={runsHref}>Runs</Link>
            {run.workflowRunId !== null && (
              <Link href={workflowHref(run.workflowRunId)}>Open its workflow run</Link>
            )}
            {run.parentThreadId !== null && (
              <Link href={threadHref(run.parentThreadId)}>Open the thread</Link>
            )}
          </>
        }
      />
      <div className="run-columns">
        <section className="run-outcome" aria-label="Outcome">
          {questions.map((each) => (
            <QuestionForm key={each.id} item={each} answer={answer} hotkeys={questions.length === 1} />
          ))}
          {run.prompt !== null && <TextBlock label="Task" text={run.prompt} />}
          {isSpeaking && <LiveProse runId={id} />}
          {run.output !== null && !hasReport(run.artifacts) && <TextBlock label="Result" text={run.output} />}
          {run.artifacts.map((artifact) => (
            <ArtifactView key={`${artifact.name} ${artifact.recordedAt}`} artifact={artifact} />
          ))}
          <SettledQuestions questions={record.questions} />
        </section>
        <section className="run-work" aria-labelledby="tools-title">
          <div className="section-head">
            <h2 id="tools-title">Tool calls</h2>
          </div>
          <ToolList calls={toolCalls} since={run.startedAt} follow={false} frozen={unconfirmed} />
        </section>
      </div>
      <Attempts attempts={run.attempts} attempt={run.attempt} />
      <EventLog log={log} />
    </div>
  )
}

/** The result of an agent that writes a report is that report. */
const hasReport = (artifacts: readonly Artifact[]): boolean => artifacts.some(isMarkdown)

const isMarkdown = ({ mediaType }: Artifact): boolean => mediaType === 'text/markdown'

function ArtifactView({ artifact }: { artifact: Artifact }) {
  if (isMarkdown(artifact)) return <Report text={artifact.content} heading={artifact.name} />
  return <TextBlock label={artifact.name} text={artifact.content} />
}
