/** Owns the questions that wait for a person: every open one of every run in use that has not settled. */
import { createSelector } from '@reduxjs/toolkit'
import type { Question, RunRecord } from '../../core/entities.ts'
import type { RunLogId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import type { RunsState } from '../runsState.ts'
import { valuesOf } from '../table.ts'

/** An open question with the run that asks it. */
export interface PendingQuestion {
  log: RunLogId
  runId: string
  agentName: string | null
  workflowRunId: string | null
  threadId: string | null
  question: Question
}

/** Every open question, oldest first. */
export const selectPendingQuestions = createSelector(
  [(state: { runs: RunsState }) => state.runs.records],
  (records): readonly PendingQuestion[] =>
    valuesOf(records)
      .flatMap((record) =>
        record.entity === 'run' && !isSettled(record.run.status) ? pendingOf(record) : [],
      )
      .toSorted((a, b) => a.question.askedAt - b.question.askedAt),
)

export function pendingOf({ log, run, questions }: RunRecord): readonly PendingQuestion[] {
  return questions
    .filter((question) => question.state === 'open')
    .map((question) => ({
      log,
      runId: run.id,
      agentName: run.agentName,
      workflowRunId: run.workflowRunId,
      threadId: run.parentThreadId,
      question,
    }))
}
