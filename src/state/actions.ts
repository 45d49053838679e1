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
import type { QuarantineEntry } from '../ledger/copies.ts'
import type { Durability, IntegrityReport, LedgerCounts } from '../ledger/port.ts'

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
  /** When it came; 0 for events that were here before. */
  receivedAt: number
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
  receivedAt: 0,
}

export const eventsReceived = createAction<Frame>('runs/eventsReceived')

/** A decision of ours, already durable: shown, never enqueued. */
export const decided = createAction<{ changes: readonly LogChange[] }>('runs/decided')

/** What is durable now, and the status changes among it. For the host's own listeners; never for history. */
export interface Committed {
  persisted: readonly { log: LogId; sequence: number }[]
  transitions: readonly Transition[]
  commands: readonly RunCommand[]
  /** Copies on disk that hold it or are about to: 0 in memory, 1 in IndexedDB, 2 with the journal. */
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

/** Logs that were deleted on purpose: nothing of them stays in memory. */
export const logsDeleted = createAction<{ logs: readonly LogId[] }>('runs/logsDeleted')

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

/** What other pages of the scope committed, as read from the disk. */
export interface Followed {
  changes: readonly LogChange[]
  /** In flight, in the page that runs them. */
  alive: readonly LogId[]
  commands: readonly RunCommand[]
}
export const followed = createAction<Followed>('runs/followed')

/** The owner said at that time that these are alive. */
export const confirmed = createAction<{ logs: readonly LogId[]; at: number }>('runs/confirmed')

/** Nobody drives these any more; they are in flight all the same, because they kept what they go on from. */
export const foundGone = createAction<{ logs: readonly LogId[] }>('runs/foundGone')

/** What open lists show, all of it: kept in memory as long as it is shown. */
export const listed = createAction<{ logs: readonly LogId[] }>('runs/listed')

export const subscribed = createAction<{ logs: readonly LogId[]; by: 1 | -1 }>('runs/subscribed')

export const commandChanged = createAction<RunCommand>('runs/commandChanged')

/** What a comparison of both copies found, in numbers a person can see. */
export interface Healing {
  /** The browser had removed the whole database. */
  vanished: boolean
  restored: { events: number; logs: number; texts: number }
  /** Written to the second copy, which lacked them. */
  copied: { events: number; texts: number }
  /** Bytes of the second copy that cannot be read. */
  damagedBytes: number
  copies: number
}

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
/** Both copies were compared and made equal. */
export const healed = createAction<Healing>('ledger/healed')
/** The second copy cannot be written (why), or it is whole again (null). */
export const mirrorChanged = createAction<{ reason: string | null }>('ledger/mirrorChanged')
/** What the ledger holds, and the newest of what was refused. */
export const contentsRead = createAction<{
  counts: LedgerCounts
  quarantine: readonly QuarantineEntry[]
}>('ledger/contentsRead')
export const sourceChanged = createAction<{ source: string; status: SourceStatus }>('ledger/sourceChanged')
export const scopeClosed = createAction('ledger/scopeClosed')
