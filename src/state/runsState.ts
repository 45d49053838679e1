/**
 * Owns the shape of the runs in use. Tables are keyed by log id, so no foreign id is ever a bare key.
 */
import type { LogRecord, RunEvent, ToolCall } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import type { Table } from './table.ts'

export interface ToolCallTable {
  /** In order of first touch. */
  calls: readonly ToolCall[]
  /** False while only those the stored record keeps are here. */
  complete: boolean
}

export interface RunsState {
  epoch: number
  records: Table<LogId, LogRecord>
  toolCalls: Table<LogId, ToolCallTable>
  /** The latest events in memory, contiguous up to the record's last sequence. */
  tails: Table<LogId, readonly RunEvent[]>
  /** Sequences up to this are stable and linkable. */
  persisted: Table<LogId, number>
  /** In flight when stored, unconfirmed since: never shown as running. */
  unconfirmed: Table<LogId, true>
  /** Of those, in flight without an owner: it ended, and they kept what they go on from. */
  gone: Table<LogId, true>
  /** In flight in another page, which writes their events; their live prose is there. */
  followed: Table<LogId, true>
  /** When the owner was last heard of here: its word, its events, its heartbeats. */
  confirmedAt: Table<LogId, number>
  heartbeatAt: Table<LogId, number>
  subscribers: Readonly<Record<LogId, number>>
  /** Shown by open lists of the endpoints. */
  listed: Readonly<Record<LogId, true>>
  commands: Readonly<Record<string, RunCommand>>
}
