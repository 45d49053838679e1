/**
 * Owns what there is in the state about one run of a thread, gathered: the same object as long as nothing of it
 * changed, so that everything derived of it can be remembered.
 */
import type { AgentRun, RunRecord, ToolCall } from '../../core/entities.ts'
import { byIssue } from '../../core/toolCalls.ts'
import { isSettled } from '../../core/status.ts'
import type { ChatRuntimeState, ThreadRun } from '../chatRuntimeSlice.ts'
import type { RunsState } from '../runsState.ts'
import { at } from '../table.ts'
import type { LiveArgs, ProsePiece } from './heard.ts'
import { memoize } from './memo.ts'

export interface RunParts {
  /** What is remembered about the run hangs on it. */
  key: ThreadRun
  record: RunRecord
  /** In the order they were issued. */
  calls: readonly ToolCall[]
  prose: readonly ProsePiece[]
  args: readonly LiveArgs[]
  heartbeats: number
  unconfirmed: boolean
}

const NO_CALLS: readonly ToolCall[] = []
const NO_PROSE: readonly ProsePiece[] = []
const NO_ARGS: readonly LiveArgs[] = []

interface Slices {
  runs: RunsState
  chatRuntime: ChatRuntimeState
}

/** The runs of a thread that are in memory. */
export function partsOf({ runs, chatRuntime }: Slices, thread: readonly ThreadRun[]): readonly RunParts[] {
  return thread.flatMap((key) => {
    const record = at(runs.records, key.id)
    if (record?.entity !== 'run') return []
    return toParts(
      key,
      record,
      at(runs.toolCalls, key.id)?.calls ?? NO_CALLS,
      chatRuntime.proseByRun[key.id] ?? NO_PROSE,
      chatRuntime.argsByRun[key.id] ?? NO_ARGS,
      chatRuntime.heartbeatsByRun[key.id] ?? 0,
      at(runs.unconfirmed, key.id) === true && !isSettled(record.run.status),
    )
  })
}

const toParts = memoize(
  (
    key: ThreadRun,
    record: RunRecord,
    calls: readonly ToolCall[],
    prose: readonly ProsePiece[],
    args: readonly LiveArgs[],
    heartbeats: number,
    unconfirmed: boolean,
  ): RunParts => ({ key, record, calls: inIssueOrder(calls), prose, args, heartbeats, unconfirmed }),
)

const inIssueOrder = memoize((calls: readonly ToolCall[]): readonly ToolCall[] => calls.toSorted(byIssue))

/** A turn of OpenHuman's: its orchestrator at work on what a person sent. Its id is the request's. */
export const isTurn = ({ kind, agentId }: AgentRun): boolean =>
  kind === 'background_agent' && agentId === 'orchestrator'

/** In the order they were announced. */
export const byCreation = (a: RunParts, b: RunParts): number => {
  const [one, other] = [a.record.run, b.record.run]
  return one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1)
}
