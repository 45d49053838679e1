/**
 * Owns the chat runtime as OpenHuman's frontend reads it: a view over run records, thread by thread, never a second
 * truth. A frame that touches one thread leaves what was derived of the others as it is. SPEC H3.
 */
import type { ChatRuntimeState, ThreadRun } from '../chatRuntimeSlice.ts'
import { threadKey } from '../chatRuntimeSlice.ts'
import { keepFields } from '../chatRuntime/memo.ts'
import { partsOf } from '../chatRuntime/parts.ts'
import { byId, EMPTY_RUNTIME, toThreadRuntime } from '../chatRuntime/thread.ts'
import type { ById, ChatRuntimeView, ThreadRuntime } from '../chatRuntime/types.ts'
import { sumOf } from '../chatRuntime/usage.ts'
import type { RunsState } from '../runsState.ts'

interface Slices {
  runs: RunsState
  chatRuntime: ChatRuntimeState
}

const NO_RUNS: readonly ThreadRun[] = []

/** The runs of a thread, in the order they were heard of. */
export const selectThreadRunLogs = (state: Slices, threadId: string): readonly ThreadRun[] =>
  state.chatRuntime.runsByThread[threadKey(threadId)] ?? NO_RUNS

/** A conversation: the newest turn, its rows, and the trails of earlier turns. */
export function selectChatRuntime(state: Slices, threadId: string): ThreadRuntime {
  const thread = selectThreadRunLogs(state, threadId)
  const [first] = thread
  return first === undefined ? EMPTY_RUNTIME : toThreadRuntime(first, partsOf(state, thread))
}

let last: { of: readonly unknown[]; view: ChatRuntimeView } | null = null

/** All conversations in memory, by OpenHuman's state keys. */
export function selectChatRuntimeState(state: Slices): ChatRuntimeView {
  const of = [state.chatRuntime, state.runs.records, state.runs.toolCalls, state.runs.unconfirmed]
  if (last !== null && of.every((part, index) => part === last?.of[index])) return last.view
  const next = toView(state)
  const view = last === null ? next : keepFields(last.view, next)
  last = { of, view }
  return view
}

function toView(state: Slices): ChatRuntimeView {
  const threads = Object.keys(state.chatRuntime.runsByThread).map((key): readonly [string, ThreadRuntime] => {
    const threadId = key.slice(threadKey('').length)
    return [threadId, selectChatRuntime(state, threadId)]
  })
  /** One field of every thread that has it. */
  const tableOf = <Value>(pick: (runtime: ThreadRuntime) => Value | null): ById<Exclude<Value, null>> =>
    byId(
      threads.flatMap(([threadId, runtime]) => {
        const value = pick(runtime)
        return value === null ? [] : [[threadId, value as Exclude<Value, null>] as const]
      }),
    )
  return {
    inferenceStatusByThread: tableOf((runtime) => runtime.inferenceStatus),
    streamingAssistantByThread: tableOf((runtime) => runtime.streamingAssistant),
    inferenceHeartbeatByThread: tableOf((runtime) => runtime.inferenceHeartbeat || null),
    parallelStreamsByThread: tableOf((runtime) => filled(runtime.parallelStreams)),
    parallelRequestThreads: byId(
      threads.flatMap(([threadId, { parallelRequests }]) =>
        parallelRequests.map((request) => [request, threadId] as const),
      ),
    ),
    toolTimelineByThread: tableOf((runtime) => runtime.toolTimeline),
    toolTimelineSeqByThread: tableOf((runtime) => runtime.toolTimeline.length),
    turnTimelinesByThread: tableOf((runtime) => filled(runtime.turnTimelines)),
    turnTranscriptsByThread: tableOf((runtime) => filled(runtime.turnTranscripts)),
    interruptedAssistantByThread: tableOf((runtime) => runtime.interruptedAssistant),
    processingByThread: tableOf((runtime) => runtime.processing),
    inferenceTurnLifecycleByThread: tableOf((runtime) => runtime.inferenceTurnLifecycle),
    pendingApprovalByThread: tableOf((runtime) => runtime.pendingApproval),
    pendingPlanReviewByThread: tableOf((runtime) => runtime.pendingPlanReview),
    artifactsByThread: tableOf(({ artifacts }) => (artifacts.length === 0 ? null : artifacts)),
    usageByThread: tableOf((runtime) => runtime.usage),
    // A run is in one thread, so nothing is counted twice.
    sessionTokenUsage: sumOf(threads.map(([, { usage }]) => usage.subtree)),
  }
}

const filled = <Table extends object>(table: Table): Table | null =>
  Object.keys(table).length === 0 ? null : table
