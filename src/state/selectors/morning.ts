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
  /** In flight, and known to be driven by nobody. */
  ownerGone: boolean
  /** Open ones of it and of its children, oldest first. */
  questions: readonly PendingQuestion[]
}

/** Every workflow run, and every run that belongs to none. */
export const selectMorningRoots = createSelector(
  [
    selectRunList,
    selectPendingQuestions,
    (state: RunLedgerState) => state.runs.records,
    (state: RunLedgerState) => state.runs.gone,
  ],
  (entries, pending, records, gone): readonly MorningRoot[] => {
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
      const ownerGone = at(gone, entry.log) === true
      return [{ entry, lifecycle: lifecycleOf(record), ownerGone, questions: byRoot.get(entry.log) ?? [] }]
    })
  },
)

/**
 * Workflow runs that nobody ended: cut off, in flight without an owner, or at work with no word of one. One that a
 * person stopped, that failed by its owner's word, or that is paused or waits with an owner is left to its own page.
 */
export const selectLostWorkflows = createSelector(
  [
    (state: RunLedgerState) => state.runs.records,
    (state: RunLedgerState) => state.runs.unconfirmed,
    (state: RunLedgerState) => state.runs.followed,
    (state: RunLedgerState) => state.runs.gone,
  ],
  (records, unconfirmed, followed, gone): readonly WorkflowRecord[] =>
    valuesOf(records)
      .filter((record) => record.entity === 'workflow')
      .filter(
        (record) =>
          record.workflow.status === 'interrupted' ||
          at(gone, record.log) === true ||
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
