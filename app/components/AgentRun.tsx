/** Owns a child run in the page of its workflow: its row, with all tool calls, its questions and its result. */
import { useRun } from 'run-ledger/react'
import type { RunRecord } from 'run-ledger'
import { agentNameOf } from '../lib/agentName.ts'
import { AgentRow } from './AgentRow.tsx'
import type { AgentRowData } from './AgentRow.tsx'
import { SettledQuestions } from './SettledQuestions.tsx'
import { TextBlock } from './TextBlock.tsx'
import { ToolList } from './ToolList.tsx'

export function AgentRun({ child, question }: { child: RunRecord; question: string | null }) {
  const { run } = child
  const { toolCalls, unconfirmed } = useRun(run.id)
  return (
    <AgentRow row={toRow(child, unconfirmed, question)}>
      {(follow) => (
        <>
          <ToolList calls={toolCalls} since={run.startedAt} follow={follow} frozen={unconfirmed} />
          <SettledQuestions questions={child.questions} />
          {run.output !== null && !follow && <TextBlock label="Result" text={run.output} />}
        </>
      )}
    </AgentRow>
  )
}

function toRow(
  { run, telemetry, questions }: RunRecord,
  unconfirmed: boolean,
  asked: string | null,
): AgentRowData {
  const question = questions.find((each) => each.state === 'open')
  const task = run.prompt?.preview ?? null
  return {
    // The library's id of the same row in a conversation.
    rowId: `subagent:${run.id}`,
    runId: run.id,
    name: agentNameOf(run) ?? run.id,
    // The page's own question needs no repeating.
    task: task === asked ? null : task,
    phase: null,
    status: run.status,
    inferred: run.inferred,
    unconfirmed,
    detail: run.error ?? question?.prompt ?? run.summary ?? run.reason,
    startedAt: run.startedAt,
    updatedAt: run.updatedAt,
    completedAt: run.completedAt,
    toolCount: telemetry.toolCount,
    attempt: run.attempt,
  }
}
