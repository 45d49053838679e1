/** Owns a subagent in its conversation: the library's row, with its tool rows nested. */
import { useRun } from 'run-ledger/react'
import type { SubagentRow } from 'run-ledger'
import { AgentRow } from './AgentRow.tsx'
import { ToolList } from './ToolList.tsx'
import { phaseName } from './WorkList.tsx'

export function ThreadAgent({ row, question }: { row: SubagentRow; question: string | null }) {
  const { runId, runStatus, unconfirmed, startedAt, elapsedMs } = row
  const { record } = useRun(runId)
  const task = record?.run.prompt?.preview ?? null
  return (
    <AgentRow
      row={{
        rowId: row.id,
        runId,
        name: row.displayName,
        task: task === question ? null : task,
        phase: row.phase === null ? null : phaseName(row.phase),
        status: runStatus,
        inferred: record?.run.inferred ?? false,
        unconfirmed,
        detail: row.detail,
        startedAt,
        updatedAt: record?.run.updatedAt ?? startedAt,
        completedAt: elapsedMs === null ? null : startedAt + elapsedMs,
        toolCount: row.toolCount,
        attempt: row.attempt,
      }}
    >
      {(follow) => (
        <ToolList calls={row.toolCalls} since={row.startedAt} follow={follow} frozen={unconfirmed} />
      )}
    </AgentRow>
  )
}
