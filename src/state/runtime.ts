/**
 * Owns the parts a run ledger is made of, handed to boot, commands and reads instead of looked up.
 */
import type { Dispatch } from '@reduxjs/toolkit'
import type { Clock, ContentStore, Ids, Locks, Source } from '../core/ports.ts'
import type { Ledger } from '../ledger/port.ts'
import type { LedgerWriter } from '../ledger/writer.ts'
import type { Ingest } from './ingest.ts'
import type { RunLedgerState } from './selectors.ts'

export interface Runtime {
  ledger: Ledger
  writer: LedgerWriter
  content: ContentStore
  ingest: Ingest
  sources: readonly Source[]
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
