/**
 * Owns what the morning view is about, from memory alone: every root with what is open in it, and the workflow runs
 * that lost their owner, of which a resume may be planned.
 */
import { createSelector } from '@reduxjs/toolkit'
import type { Lifecycle, LogRecord, RunRecord, WorkflowRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import { workflowLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import { selectPendingQuestions } from './pendingQuestions.ts'
import type { PendingQuestion } from './pendingQuestions.ts'
import type { RunLedgerState } from './selectors.ts'
import { selectRunList } from './selectors.ts'
import type { RunListEntry } from './selectors.ts'
import { at, valuesOf } from '../table.ts'

/** A root before anybody looked into what could be resumed of it. */
export interface MorningRoot {
  entry: RunListEntry
  lifecycle: Lifecycle
  /** Open ones of it and of its children, oldest first. */
  questions: readonly PendingQuestion[]
}

/** Every workflow run, and every run that belongs to none. */
export const selectMorningRoots = createSelector(
  [selectRunList, selectPendingQuestions, (state: RunLedgerState) => state.runs.records],
  (entries, pending, records): readonly MorningRoot[] => {
    const byRoot = new Map<LogId, PendingQuestion[]>()
    for (const each of pending) {
      const root = each.workflowRunId === null ? each.log : workflowLog(each.workflowRunId)
      const known = byRoot.get(root)
      if (known === undefined) byRoot.set(root, [each])
      else known.push(each)
    }
    return entries.flatMap((entry) => {
      const record = at(records, entry.log)
      if (record === undefined) return []
      return [{ entry, lifecycle: lifecycleOf(record), questions: byRoot.get(entry.log) ?? [] }]
    })
  },
)

/**
 * Workflow runs that nobody ended: cut off, or in flight with no word of an owner. One that a person stopped or
 * paused, that waits for a person, or that failed by its owner's word is left to its own page.
 */
export const selectLostWorkflows = createSelector(
  [
    (state: RunLedgerState) => state.runs.records,
    (state: RunLedgerState) => state.runs.unconfirmed,
    (state: RunLedgerState) => state.runs.followed,
  ],
  (records, unconfirmed, followed): readonly WorkflowRecord[] =>
    valuesOf(records)
      .filter((record) => record.entity === 'workflow')
      .filter(
        (record) =>
          record.workflow.status === 'interrupted' ||
          (isAtWork(record) && at(unconfirmed, record.log) === true && at(followed, record.log) !== true),
      )
      .toSorted((a, b) => a.workflow.updatedAt - b.workflow.updatedAt || (a.log < b.log ? -1 : 1)),
)

const isAtWork = (record: LogRecord): boolean => {
  const { status } = lifecycleOf(record)
  return status === 'pending' || status === 'running'
}

/** Where the logs of a workflow run and of its children stand, in one line: it changes when a plan may. */
export function headsLine(record: WorkflowRecord | null, children: readonly RunRecord[]): string {
  if (record === null) return ''
  const heads = children.map(({ log, run }) => `${log}@${run.lastSequence}`)
  return [`${record.log}@${record.workflow.lastSequence}`, ...heads].join(' ')
}
