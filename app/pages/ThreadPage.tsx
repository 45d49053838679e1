/** Owns a conversation: its turns, oldest first, and a place to ask on. */
import { useEffect, useRef } from 'react'
import { useThread } from 'run-ledger/react'
import { Composer } from '../components/Composer.tsx'
import { NotFound } from '../components/NotFound.tsx'
import { PageTitle } from '../components/PageTitle.tsx'
import { Skeleton } from '../components/Skeleton.tsx'
import { ThreadAgent } from '../components/ThreadAgent.tsx'
import { ThreadList } from '../components/ThreadList.tsx'
import { ThreadTurn } from '../components/ThreadTurn.tsx'
import { documentsIn, questionIn } from '../lib/researchInput.ts'

export function ThreadPage({ id }: { id: string }) {
  const { state, workflows, rows } = useThread(id)
  const turns = useLatestInView(workflows.length)
  if (state === 'missing') {
    return (
      <NotFound title="This thread is not known here">
        It may have been started in another browser, or its history was cleared.
      </NotFound>
    )
  }
  const [first] = workflows
  const title = (first !== undefined && questionIn(first.workflow.input)) || 'Thread'
  const documents = documentsIn(workflows.at(-1)?.workflow.input ?? null)
  const known = new Set(workflows.map(({ workflow }) => workflow.id))
  const others = rows.filter(({ workflowRunId }) => workflowRunId === null || !known.has(workflowRunId))
  return (
    <div className="thread-page" data-testid="thread-page">
      <PageTitle title={title} />
      <ThreadList current={id} />
      <div className="conversation" ref={turns}>
        <h1 className="visually-hidden">{title}</h1>
        {state === 'loading' && workflows.length === 0 && <Skeleton lines={12} label="Loading the thread" />}
        {workflows.map((record) => (
          <ThreadTurn
            key={record.log}
            record={record}
            rows={rows.filter(({ workflowRunId }) => workflowRunId === record.workflow.id)}
          />
        ))}
        {others.length > 0 && (
          <ul className="agent-list">
            {others.map((row) => (
              <ThreadAgent key={row.id} row={row} question={null} />
            ))}
          </ul>
        )}
        {workflows.length > 0 && <Composer threadId={id} documents={documents} />}
      </div>
    </div>
  )
}

/** A question asked here is shown at once; what was there when the page opened stays where it is. */
function useLatestInView(turns: number) {
  const conversation = useRef<HTMLDivElement>(null)
  const shown = useRef(turns)
  useEffect(() => {
    if (turns > shown.current && shown.current > 0) {
      const all = conversation.current?.querySelectorAll('.turn')
      all?.[all.length - 1]?.scrollIntoView()
    }
    shown.current = turns
  }, [turns])
  return conversation
}
