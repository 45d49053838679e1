/**
 * Owns the one inbox: every open question of every run in use, wherever it was asked, with the answer that is on its
 * way if there is one. Questions of runs that have settled are history.
 */
import { createSelector } from '@reduxjs/toolkit'
import type { RunCommand } from '../../core/commands.ts'
import { runLog, workflowLog } from '../../core/ids.ts'
import type { RunRecord, WorkflowRecord } from '../../core/entities.ts'
import { isFinal } from '../commands/states.ts'
import type { RunsState } from '../runsState.ts'
import { selectPendingQuestions } from './pendingQuestions.ts'
import type { PendingQuestion } from './pendingQuestions.ts'
import type { RunLedgerState } from './selectors.ts'
import { titleOf } from './selectors.ts'
import { at } from '../table.ts'

/** An open question as the inbox shows it. */
export interface InboxQuestion extends PendingQuestion {
  /** Unique in the inbox. */
  id: string
  record: RunRecord
  /** Of the workflow run it belongs to; null when it belongs to none or that is not known here. */
  workflowTitle: string | null
  /** The latest answer that was given and that nobody has settled yet. */
  pending: RunCommand | null
}

/** Oldest first. */
export const selectInbox = createSelector(
  [
    selectPendingQuestions,
    (state: RunLedgerState) => state.runs.records,
    (state: RunLedgerState) => state.runs.commands,
  ],
  (questions, records, commands): readonly InboxQuestion[] => {
    const answers = pendingAnswers(commands)
    return questions.flatMap((each): readonly InboxQuestion[] => {
      const record = at(records, runLog(each.runId))
      if (record?.entity !== 'run') return []
      const id = `${each.log}/${each.question.questionId}`
      const workflowTitle = workflowOf(records, each.workflowRunId)
      return [{ ...each, id, record, workflowTitle, pending: answers.get(id) ?? null }]
    })
  },
)

/** How many questions are open. */
export const selectInboxCount = (state: RunLedgerState): number => selectPendingQuestions(state).length

function workflowOf(records: RunsState['records'], workflowRunId: string | null): string | null {
  if (workflowRunId === null) return null
  const record = at(records, workflowLog(workflowRunId)) as WorkflowRecord | undefined
  return record === undefined ? null : titleOf(record)
}

/** By log and question; of several the latest. */
function pendingAnswers(commands: RunsState['commands']): ReadonlyMap<string, RunCommand> {
  const answers = new Map<string, RunCommand>()
  for (const command of Object.values(commands)) {
    const questionId = command.verb === 'answer' && !isFinal(command) ? questionIn(command) : null
    if (questionId === null) continue
    const id = `${command.log}/${questionId}`
    const known = answers.get(id)
    if (known === undefined || known.createdAt <= command.createdAt) answers.set(id, command)
  }
  return answers
}

function questionIn({ payload }: RunCommand): string | null {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return null
  const { questionId } = payload as { readonly questionId?: unknown }
  return typeof questionId === 'string' ? questionId : null
}
