/** Owns keeping the runs of a thread in memory while the thread is shown, new ones as they come. */
import { useEffect, useRef } from 'react'
import { useDispatch } from 'react-redux'
import type { RunLogId } from '../core/ids.ts'
import { subscribed } from '../state/actions.ts'
import type { ThreadRun } from '../state/chatRuntimeSlice.ts'

export function useKept(threadId: string, runs: readonly ThreadRun[]): void {
  const dispatch = useDispatch()
  const kept = useRef(new Set<RunLogId>())
  useEffect(() => {
    const logs = runs.map(({ id }) => id).filter((log) => !kept.current.has(log))
    if (logs.length === 0) return
    for (const log of logs) kept.current.add(log)
    dispatch(subscribed({ logs, by: 1 }))
  }, [dispatch, runs, threadId])
  useEffect(() => {
    const held = kept.current
    return () => {
      if (held.size > 0) dispatch(subscribed({ logs: [...held], by: -1 }))
      held.clear()
    }
  }, [dispatch, threadId])
}
