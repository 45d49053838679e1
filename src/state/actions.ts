/**
 * Owns the facts the slices reduce. Past tense, plain JSON, one per frame at most; commands are thunks in
 * `commands.ts`.
 */
import { createAction } from '@reduxjs/toolkit'
import type { LogChange, Transition } from '../core/accept.ts'
import type { StoredText } from '../core/content.ts'
import type { LogRecord, RunEvent, ToolCall } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import type { TransientEvent } from '../core/events.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { SourceStatus } from '../core/ports.ts'
import type { Durability, IntegrityReport, LedgerCounts, QuarantineEntry } from '../ledger/port.ts'

/** One frame of accepted events. The fold ran once; slices and writer take its result from here. */
export interface Frame {
  changes: readonly LogChange[]
  transient: readonly TransientEvent[]
  cursors: readonly StreamCursor[]
  blobs: readonly StoredText[]
  contents: readonly StoredText[]
  quarantine: readonly QuarantineEntry[]
  counts: { received: number; duplicates: number; redundant: number }
  durability: Durability
}

export const EMPTY_FRAME: Frame = {
  changes: [],
  transient: [],
  cursors: [],
  blobs: [],
  contents: [],
  quarantine: [],
  counts: { received: 0, duplicates: 0, redundant: 0 },
  durability: 'relaxed',
}

export const eventsReceived = createAction<Frame>('runs/eventsReceived')

/** A decision of ours, already durable: shown, never enqueued. */
export const decided = createAction<{ changes: readonly LogChange[] }>('runs/decided')

/** What is durable now, and the status changes among it. For the host's own listeners; never for history. */
export interface Committed {
  persisted: readonly { log: LogId; sequence: number }[]
  transitions: readonly Transition[]
  commands: readonly RunCommand[]
  /** Copies on disk: 0 in memory, 1 in IndexedDB. */
  copies: number
}
export const committed = createAction<Committed>('runs/committed')

export interface Hydration {
  /** A hydration started earlier than the newest one loses, however late it arrives. SPEC H2. */
  epoch: number
  records: readonly LogRecord[]
  commands: readonly RunCommand[]
}
export const hydrated = createAction<Hydration>('runs/hydrated')

/** Records read because an event or a page needs them. Live ones in memory win. */
export const recordsLoaded = createAction<{ records: readonly LogRecord[] }>('runs/recordsLoaded')

/** The disk is right: another writer was first. */
export const rebased = createAction<{ record: LogRecord }>('runs/rebased')

/** A run or workflow run was opened: the latest events and all its tool calls. */
export interface Opened {
  log: LogId
  events: readonly RunEvent[]
  toolCalls: readonly ToolCall[]
}
export const opened = createAction<Opened>('runs/opened')

/** Earlier events than those in memory, for a person who scrolls back. */
export const earlierEventsLoaded = createAction<{ log: LogId; events: readonly RunEvent[] }>(
  'runs/earlierEventsLoaded',
)

/** The owner says these are alive. */
export const confirmed = createAction<{ logs: readonly LogId[] }>('runs/confirmed')

export const subscribed = createAction<{ log: LogId; by: 1 | -1 }>('runs/subscribed')

export const commandChanged = createAction<RunCommand>('runs/commandChanged')

export type Health =
  | { state: 'ok' }
  | { state: 'recovering'; reason: string }
  | { state: 'memory-only'; reason: string }
  | { state: 'read-only'; reason: string }
  | { state: 'full'; reason: string }
  | { state: 'history-lost'; reason: string }

export const bootAdvanced = createAction<{ phase: 'opening' | 'hydrating' | 'reconciling' | 'ready' }>(
  'ledger/bootAdvanced',
)
export const healthChanged = createAction<Health>('ledger/healthChanged')
export const integrityChecked = createAction<IntegrityReport>('ledger/integrityChecked')
/** What the ledger holds, and the newest of what was refused. */
export const contentsRead = createAction<{
  counts: LedgerCounts
  quarantine: readonly QuarantineEntry[]
}>('ledger/contentsRead')
export const sourceChanged = createAction<{ source: string; status: SourceStatus }>('ledger/sourceChanged')
export const scopeClosed = createAction('ledger/scopeClosed')
