/** Owns one turn of a conversation: the question, the agents at work, what they ask, and the answer. */
import { useInbox, useWorkflow } from 'run-ledger/react'
import { isSettled } from 'run-ledger'
import type { SubagentRow, WorkflowRecord } from 'run-ledger'
import { Link } from 'wouter'
import { count } from '../lib/format.ts'
import { workflowHref } from '../lib/links.ts'
import { documentsIn, questionIn } from '../lib/researchInput.ts'
import { shownStatus } from '../lib/status.ts'
import { endOf, RunElapsed } from './Elapsed.tsx'
import { Evidence } from './Evidence.tsx'
import { QuestionForm } from './QuestionForm.tsx'
import { Report, reportOf } from './Report.tsx'
import { StatusChip } from './StatusChip.tsx'
import { ThreadAgent } from './ThreadAgent.tsx'

interface ThreadTurnProps {
  record: WorkflowRecord
  rows: readonly SubagentRow[]
}

export function ThreadTurn({ record, rows }: ThreadTurnProps) {
  const { workflow } = record
  const { id, status, inferred, error, reason, startedAt } = workflow
  const { runs, unconfirmed } = useWorkflow(id)
  const { items, answer } = useInbox()
  const questions = items.filter(({ workflowRunId }) => workflowRunId === id)
  const report = reportOf(workflow, runs)
  const question = questionIn(workflow.input) ?? workflow.title ?? workflow.definitionId
  const documents = documentsIn(workflow.input)
  return (
    <section
      className="turn"
      aria-label={question}
      data-testid="turn"
      data-row-id={record.log}
      data-status={shownStatus(status, unconfirmed)}
    >
      <div className="bubble">
        <p>
          <bdi>{question}</bdi>
        </p>
        <p className="note" title={documents.map(({ name }) => name).join('\n')}>
          {count(documents.length, 'document')}
        </p>
      </div>
      <div className="turn-head">
        <StatusChip status={status} unconfirmed={unconfirmed} inferred={inferred} />
        <RunElapsed startedAt={startedAt} endedAt={endOf({ ...workflow, unconfirmed })} />
        <Link className="turn-link" href={workflowHref(id)}>
          Open the run
        </Link>
      </div>
      <Evidence log={record.log} />
      <ul className="agent-list">
        {rows.map((row) => (
          <ThreadAgent key={row.id} row={row} question={question} />
        ))}
      </ul>
      {questions.map((each) => (
        <QuestionForm key={each.id} item={each} answer={answer} hotkeys={items.length === 1} />
      ))}
      {report !== null && <Report text={report} heading={null} />}
      {report === null && isSettled(status) && (
        <p className="turn-ending">{error ?? reason ?? 'This run ended without a report.'}</p>
      )}
    </section>
  )
}
