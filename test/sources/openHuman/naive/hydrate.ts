/**
 * Owns how the naive converter comes back after a reload: the snapshot of the newest turn, then a page of ledger rows.
 * openhuman.md 3 and 4.
 */
import type { RowStatus } from '../support/turnsApp.ts'
import type { Row } from '../support/turnsCore.ts'
import type { NaiveRow, NaiveThread } from './state.ts'
import { newThread, numberOf, objectOf, textOf } from './state.ts'

const ROW_STATUS: Readonly<Record<string, RowStatus>> = {
  pending: 'running',
  running: 'running',
  awaiting_user: 'awaiting_user',
  paused: 'awaiting_user',
  completed: 'success',
  failed: 'error',
  cancelled: 'cancelled',
  interrupted: 'cancelled',
}

/** A snapshot's rows know three statuses: one that waits for an answer is among the running ones. */
export function fromSnapshot(before: NaiveThread, isInterrupted: boolean): NaiveThread {
  const running: RowStatus = isInterrupted ? 'cancelled' : 'running'
  const status = (row: NaiveRow): RowStatus =>
    row.status === 'success' || row.status === 'error' ? row.status : running
  return {
    ...newThread(),
    totals: before.totals,
    lifecycle:
      isInterrupted && before.lifecycle ? { ...before.lifecycle, phase: 'interrupted' } : before.lifecycle,
    rows: before.rows.map((row) => ({
      ...row,
      status: status(row),
      subagent: row.subagent && { ...row.subagent, awaitingQuestion: null },
    })),
  }
}

/** Skips whatever is there already by row id or task id; turns are no rows. Tool calls, questions, spend: none. */
export function addLedgerRows(thread: NaiveThread, runs: readonly Row[]): void {
  for (const run of runs) {
    const id = `subagent:${run.id}`
    if (run['kind'] === 'background_agent') continue
    if (thread.rows.some((row) => row.id === id || row.subagent?.taskId === run.id)) continue
    thread.rows.push({
      id,
      name: `subagent:${textOf(run['agentId']) ?? 'agent'}`,
      round: 0,
      status: ROW_STATUS[String(run['status'])] ?? 'running',
      callId: null,
      result: null,
      detail: textOf(run['summary']) ?? textOf(run['error']),
      subagent: {
        taskId: run.id,
        mode: textOf(objectOf(run['metadata'])['mode']),
        awaitingQuestion: null,
        elapsedMs: numberOf(objectOf(run['telemetry'])['elapsedMs']),
        toolCalls: [],
      },
    })
  }
}
