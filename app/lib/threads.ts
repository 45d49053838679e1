/** Owns the list of conversations, derived from the runs that belong to one. */
import { useMemo } from 'react'
import { useRuns } from 'run-ledger/react'
import type { RunListEntry } from 'run-ledger'

export interface ThreadEntry {
  id: string
  /** What was asked or written first; null when nobody here knows. */
  title: string | null
  startedAt: number
  runs: number
  /** Of them, workflow runs: each is a question. */
  questions: number
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
  for (const { threadId, entity, title, subtitle, startedAt, openQuestions } of runs) {
    if (threadId === null) continue
    const known = threads.get(threadId)
    threads.set(threadId, {
      id: threadId,
      // An agent is named after what it is; what it was told is below its name.
      title: entity === 'workflow' ? title : subtitle,
      startedAt,
      runs: (known?.runs ?? 0) + 1,
      questions: (known?.questions ?? 0) + (entity === 'workflow' ? 1 : 0),
      openQuestions: (known?.openQuestions ?? 0) + openQuestions,
    })
  }
  return [...threads.values()].toSorted((a, b) => b.startedAt - a.startedAt)
}
