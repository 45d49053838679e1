/** Owns the list of conversations, derived from the runs that belong to one. */
import { useMemo } from 'react'
import { useRuns } from 'run-ledger/react'
import type { RunListEntry } from 'run-ledger'

export interface ThreadEntry {
  id: string
  /** The first question. */
  title: string
  startedAt: number
  runs: number
  openQuestions: number
}

/** Newest conversation first. */
export function useThreads(): readonly ThreadEntry[] {
  const runs = useRuns()
  return useMemo(() => threadsOf(runs), [runs])
}

function threadsOf(runs: readonly RunListEntry[]): readonly ThreadEntry[] {
  const threads = new Map<string, ThreadEntry>()
  // Newest first: the last of a thread is its first question.
  for (const { threadId, title, startedAt, openQuestions } of runs) {
    if (threadId === null) continue
    const known = threads.get(threadId)
    threads.set(threadId, {
      id: threadId,
      title,
      startedAt,
      runs: (known?.runs ?? 0) + 1,
      openQuestions: (known?.openQuestions ?? 0) + openQuestions,
    })
  }
  return [...threads.values()].toSorted((a, b) => b.startedAt - a.startedAt)
}
