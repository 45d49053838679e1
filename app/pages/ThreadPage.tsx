/** Owns a conversation: its turns, oldest first, and a place to ask on. */
import { useEffect, useRef } from 'react'
import { useThread } from 'run-ledger/react'
import { runLog, workflowLog } from 'run-ledger'
import type { LogId, RunRecord, WorkflowRecord } from 'run-ledger'
import { AgentTurn } from '../components/AgentTurn.tsx'
import { Composer } from '../components/Composer.tsx'
import { MessageComposer } from '../components/MessageComposer.tsx'
import { NotFound } from '../components/NotFound.tsx'
import { PageTitle } from '../components/PageTitle.tsx'
import { Skeleton } from '../components/Skeleton.tsx'
import { ThreadAgent } from '../components/ThreadAgent.tsx'
import { ThreadList } from '../components/ThreadList.tsx'
import { ThreadTurn } from '../components/ThreadTurn.tsx'
import { documentsIn, questionIn } from '../lib/researchInput.ts'
import { openHuman } from '../store.ts'

export function ThreadPage({ id }: { id: string }) {
  const { state, workflows, runs, rows } = useThread(id)
  const turns = turnsOf(workflows, runs)
  const conversation = useLatestInView(turns.length)
  if (state === 'missing') {
    return (
      <NotFound title="This thread is not known here">
        It may have been started in another browser, or its history was cleared.
      </NotFound>
    )
  }
  const [first] = turns
  const title = (first !== undefined && writtenIn(first)) || 'Thread'
  const documents = documentsIn(workflows.at(-1)?.workflow.input ?? null)
  const places = new Map(runs.map(({ run }) => [run.id, placeOf(run)]))
  const rowsOf = (turn: string | null) => rows.filter(({ runId }) => (places.get(runId) ?? null) === turn)
  const known = new Set<string>(turns.map(({ log }) => log))
  const others = rows.filter(({ runId }) => !known.has(places.get(runId) ?? ''))
  const latest = turns.findLast(({ entity }) => entity === 'run')
  return (
    <div className="thread-page" data-testid="thread-page">
      <PageTitle title={title} />
      <ThreadList current={id} />
      <div className="conversation" ref={conversation}>
        <h1 className="visually-hidden">{title}</h1>
        {state === 'loading' && turns.length === 0 && <Skeleton lines={12} label="Loading the thread" />}
        {turns.map((turn) =>
          turn.entity === 'workflow' ? (
            <ThreadTurn key={turn.log} record={turn} rows={rowsOf(turn.log)} />
          ) : (
            <AgentTurn
              key={turn.log}
              turn={turn}
              rows={rowsOf(turn.log)}
              resumed={runs.filter(({ run }) => run.parentRunId === turn.run.id && placeOf(run) !== turn.log)}
            />
          ),
        )}
        {others.length > 0 && (
          <ul className="agent-list">
            {others.map((row) => (
              <ThreadAgent key={row.id} row={row} question={null} />
            ))}
          </ul>
        )}
        {openHuman === null
          ? workflows.length > 0 && <Composer threadId={id} documents={documents} />
          : latest !== undefined && <MessageComposer latest={latest.log} />}
      </div>
    </div>
  )
}

type Turn = WorkflowRecord | RunRecord

/** Workflow runs, and the turns of an agent that speaks with the person itself; oldest first. */
function turnsOf(workflows: readonly WorkflowRecord[], runs: readonly RunRecord[]): readonly Turn[] {
  const turns = runs.filter(({ run }) => run.kind === 'background_agent' && run.workflowRunId === null)
  return [...workflows, ...turns].toSorted((a, b) => beganAt(a) - beganAt(b))
}

const beganAt = (turn: Turn): number =>
  turn.entity === 'workflow' ? turn.workflow.createdAt : turn.run.createdAt

const writtenIn = (turn: Turn): string | null =>
  turn.entity === 'workflow' ? questionIn(turn.workflow.input) : (turn.run.prompt?.preview ?? null)

/** The turn that launched an agent first: it stays there when a later one goes on with it. */
function placeOf({ workflowRunId, formerParentRunIds, parentRunId }: RunRecord['run']): LogId | null {
  if (workflowRunId !== null) return workflowLog(workflowRunId)
  const parent = formerParentRunIds[0] ?? parentRunId
  return parent === null ? null : runLog(parent)
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
