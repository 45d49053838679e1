/** Owns the conversation hook for hosts that show turns as OpenHuman does: it loads the thread and keeps its runs. */
import { useEffect, useRef } from 'react'
import { useDispatch, useSelector } from 'react-redux'
import type { RunLogId } from '../core/ids.ts'
import { subscribed } from '../state/actions.ts'
import type { ThreadRun } from '../state/chatRuntimeSlice.ts'
import type { ThreadRuntime } from '../state/chatRuntime/types.ts'
import { selectChatRuntime, selectThreadRunLogs } from '../state/selectors/chatRuntime.ts'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import { useThread } from './hooks.ts'
import type { LoadState } from './hooks.ts'

export interface ChatRuntimeThread {
  state: LoadState
  runtime: ThreadRuntime
}

/** A conversation: its newest turn with its rows, and the trails of earlier ones. */
export function useChatRuntime(threadId: string): ChatRuntimeThread {
  const { state } = useThread(threadId)
  const runs = useSelector((slices: RunLedgerState) => selectThreadRunLogs(slices, threadId))
  const runtime = useSelector((slices: RunLedgerState) => selectChatRuntime(slices, threadId))
  useKept(threadId, runs)
  return { state: runs.length === 0 ? state : 'ready', runtime }
}

/** Keeps the runs of a thread in memory while it is shown; new ones as they come. */
function useKept(threadId: string, runs: readonly ThreadRun[]): void {
  const dispatch = useDispatch()
  const kept = useRef(new Set<RunLogId>())
  useEffect(() => {
    for (const { id } of runs) {
      if (kept.current.has(id)) continue
      kept.current.add(id)
      dispatch(subscribed({ log: id, by: 1 }))
    }
  }, [dispatch, runs, threadId])
  useEffect(() => {
    const held = kept.current
    return () => {
      for (const log of held) dispatch(subscribed({ log, by: -1 }))
      held.clear()
    }
  }, [dispatch, threadId])
}
