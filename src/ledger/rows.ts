/**
 * Owns how a record is stored, and the few fields of it lists are served from. Those lie apart, in a listing of
 * their own: a row is written with every flush, and each index on it would be written again with it.
 */
import type { LogRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { RunStatusName } from '../core/status.ts'
import { isSettled } from '../core/status.ts'
import type { ListPosition, RecordFilter } from './port.ts'

/**
 * 1: the first fold. Raise it when the fold gives other records for the same events; stored rows of an older
 * version are folded again before they are shown.
 */
export const PROJECTION_VERSION = 4

/** The version of a row whose events came back after it was folded. */
export const UNFOLDED = 0

export interface Row {
  projection: number
  log: LogId
  record: LogRecord
}

/** What lists are filtered and ordered by; what is absent is in no index. */
export interface Listing {
  entity: LogRecord['entity']
  log: LogId
  /** Minus `sortAt`: ascending order is newest first, so that one bounded read serves a page. */
  order: number
  status: RunStatusName
  /** Of a run its kind, of a workflow run its definition. */
  kind: string
  thread?: string
  workflow?: string
  parent?: string
  /** Present while it is in flight. */
  unsettled?: 1
}

export function toRow(record: LogRecord): Row {
  return { projection: PROJECTION_VERSION, log: record.log, record }
}

export function toListing(record: LogRecord): Listing {
  const { entity, log } = record
  const { sortAt, status } = lifecycleOf(record)
  const kind = record.entity === 'run' ? record.run.kind : record.workflow.definitionId
  const listing: Listing = { entity, log, order: -sortAt, status, kind }
  if (!isSettled(status)) listing.unsettled = 1
  const thread = record.entity === 'run' ? record.run.parentThreadId : record.workflow.parentThreadId
  if (thread !== null) listing.thread = thread
  if (record.entity === 'workflow') return listing
  const { workflowRunId, parentRunId } = record.run
  if (workflowRunId !== null) listing.workflow = workflowRunId
  if (parentRunId !== null) listing.parent = parentRunId
  return listing
}

export function isSameListing(a: Listing, b: Listing): boolean {
  return (
    a.order === b.order &&
    a.status === b.status &&
    a.kind === b.kind &&
    a.thread === b.thread &&
    a.workflow === b.workflow &&
    a.parent === b.parent
  )
}

export function matches(listing: Listing, filter: RecordFilter): boolean {
  return (
    listing.entity === filter.entity &&
    (filter.unsettled !== true || listing.unsettled === 1) &&
    (filter.status === undefined || listing.status === filter.status) &&
    (filter.kind === undefined || listing.kind === filter.kind) &&
    (filter.thread === undefined || listing.thread === filter.thread) &&
    (filter.workflow === undefined || listing.workflow === filter.workflow) &&
    (filter.parent === undefined || listing.parent === filter.parent)
  )
}

/** Newest first; equal times by log, so that a page boundary is never ambiguous. */
export function newestFirst(a: ListPosition, b: ListPosition): number {
  return b.sortAt - a.sortAt || (a.log < b.log ? -1 : a.log > b.log ? 1 : 0)
}

export const positionOf = ({ order, log }: Listing): ListPosition => ({ sortAt: -order, log })
