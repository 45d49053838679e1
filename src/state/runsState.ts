/**
 * Owns the shape of the runs in use. Tables are keyed by log id, so no foreign id is ever a bare key.
 */
import type { LogRecord, RunEvent, ToolCall } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'

export interface ToolCallTable {
  /** In order of first touch. */
  calls: readonly ToolCall[]
  /** False while only those the stored record keeps are here. */
  complete: boolean
}

export interface RunsState {
  epoch: number
  records: Readonly<Record<LogId, LogRecord>>
  toolCalls: Readonly<Record<LogId, ToolCallTable>>
  /** The latest events in memory, contiguous up to the record's last sequence. */
  tails: Readonly<Record<LogId, readonly RunEvent[]>>
  /** Sequences up to this are stable and linkable. */
  persisted: Readonly<Record<LogId, number>>
  /** In flight when stored, unconfirmed since: never shown as running. */
  unconfirmed: Readonly<Record<LogId, true>>
  subscribers: Readonly<Record<LogId, number>>
  commands: Readonly<Record<string, RunCommand>>
}
