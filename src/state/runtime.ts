/**
 * Owns the parts a run ledger is made of, handed to boot, commands and reads instead of looked up.
 */
import type { Dispatch } from '@reduxjs/toolkit'
import type { Clock, ContentStore, Ids, Locks, Source } from '../core/ports.ts'
import type { Redaction } from '../core/redaction.ts'
import type { Journal } from '../ledger/journal/port.ts'
import type { Ledger } from '../ledger/port.ts'
import type { LedgerWriter } from '../ledger/writer.ts'
import type { Frames, PageLife } from '../platform/page.ts'
import type { Ingest } from './ingest/ingest.ts'
import type { RunLedgerState } from './selectors/selectors.ts'
import type { Tabs } from './tabs/tabs.ts'

export interface Runtime {
  ledger: Ledger
  /** The second copy, as it is after the ledger was opened. */
  journal: () => Journal | null
  writer: LedgerWriter
  content: ContentStore
  ingest: Ingest
  sources: readonly Source[]
  /** Those this page talks to itself; the others it follows. */
  connected: Set<Source>
  tabs: Tabs
  frames: Frames
  life: PageLife
  /** What of the outside world may be kept. */
  redaction: Redaction
  clock: Clock
  ids: Ids
  locks: Locks
  scope: string
  /** This page, as the sender of its commands. */
  page: string
  dispatch: Dispatch
  /** Numbers hydrations, so that a slower earlier one can be told. */
  nextEpoch: () => number
  getState: () => RunLedgerState
}
