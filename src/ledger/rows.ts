/**
 * Owns how a record is stored and found again: the record itself plus the few fields lists are served from.
 * Index fields change on status changes only; absent ones keep the index sparse.
 */
import type { LogRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import type { RecordQuery } from './port.ts'

/**
 * 1: the first fold. Raise it when the fold gives other records for the same events; stored rows of an older
 * version are folded again before they are shown.
 */
export const PROJECTION_VERSION = 1

export interface Row {
  projection: number
  log: LogId
  sortAt: number
  /** Present while the run is in flight. */
  unsettled?: number
  thread?: string
  workflow?: string
  record: LogRecord
}

export function toRow(record: LogRecord): Row {
  const { sortAt, status } = lifecycleOf(record)
  const row: Row = { projection: PROJECTION_VERSION, log: record.log, sortAt, record }
  if (!isSettled(status)) row.unsettled = 1
  const thread = record.entity === 'run' ? record.run.parentThreadId : record.workflow.parentThreadId
  if (thread !== null) row.thread = thread
  if (record.entity === 'run' && record.run.workflowRunId !== null) row.workflow = record.run.workflowRunId
  return row
}

export function matches(row: Row, query: RecordQuery): boolean {
  if (query.unsettled === true && row.unsettled === undefined) return false
  if (query.thread !== undefined && row.thread !== query.thread) return false
  if (query.workflow !== undefined && row.workflow !== query.workflow) return false
  const { before } = query
  if (before === undefined) return true
  return row.sortAt < before.sortAt || (row.sortAt === before.sortAt && row.log < before.log)
}

/** Newest first; equal times by log, so that a page boundary is never ambiguous. */
export function newestFirst(a: Row, b: Row): number {
  return b.sortAt - a.sortAt || (a.log < b.log ? 1 : -1)
}
