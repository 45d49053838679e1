/** Owns the conversation hook for hosts that show turns as OpenHuman does. */
import { useSelector } from 'react-redux'
import type { ThreadRuntime } from '../state/chatRuntime/types.ts'
import { selectChatRuntime, selectThreadRunLogs } from '../state/selectors/chatRuntime.ts'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import { useThread } from './hooks.ts'
import type { LoadState } from './hooks.ts'

export interface ChatRuntimeThread {
  state: LoadState
  runtime: ThreadRuntime
}

/** A conversation: its newest turn with its rows, and the trails of earlier ones. Kept in memory while mounted. */
export function useChatRuntime(threadId: string): ChatRuntimeThread {
  const { state } = useThread(threadId)
  const runtime = useSelector((slices: RunLedgerState) => selectChatRuntime(slices, threadId))
  const isEmpty = useSelector((slices: RunLedgerState) => selectThreadRunLogs(slices, threadId).length === 0)
  return { state: isEmpty ? state : 'ready', runtime }
}
