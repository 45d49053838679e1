/**
 * Owns what the app says about the ledger itself: how far boot is, how healthy the store is, what was
 * refused, and whether the sources are there.
 */
import { createReducer } from '@reduxjs/toolkit'
import type { SourceStatus } from '../core/ports.ts'
import type { QuarantineEntry } from '../ledger/copies.ts'
import type { IntegrityReport, LedgerCounts } from '../ledger/port.ts'
import {
  bootAdvanced,
  committed,
  contentsRead,
  eventsReceived,
  healed,
  healthChanged,
  integrityChecked,
  mirrorChanged,
  scopeClosed,
  sourceChanged,
} from './actions.ts'
import type { Healing, Health } from './actions.ts'

/** Refused inputs kept at hand; all of them are in the ledger. */
export const QUARANTINE_SHOWN = 50

export interface LedgerState {
  phase: 'closed' | 'opening' | 'hydrating' | 'reconciling' | 'ready'
  health: Health
  /** Copies a committed event has: 0 in memory, 1 in IndexedDB, 2 with the journal. */
  copies: number
  /** Why there is no second copy just now; null when nothing is wrong with it. */
  mirrorError: string | null
  /** What the last comparison of both copies found; null while they agreed. */
  healing: Healing | null
  received: number
  duplicates: number
  /** Repair events that told us nothing new. */
  redundant: number
  quarantined: number
  quarantine: QuarantineEntry[]
  stored: LedgerCounts | null
  integrity: IntegrityReport | null
  sources: Record<string, SourceStatus>
}

const initialState: LedgerState = {
  phase: 'closed',
  health: { state: 'ok' },
  copies: 0,
  mirrorError: null,
  healing: null,
  received: 0,
  duplicates: 0,
  redundant: 0,
  quarantined: 0,
  quarantine: [],
  stored: null,
  integrity: null,
  sources: {},
}

export const ledgerReducer = createReducer(initialState, (builder) => {
  builder
    .addCase(bootAdvanced, (state, { payload }) => {
      state.phase = payload.phase
    })
    .addCase(healthChanged, (state, { payload }) => {
      state.health = payload
    })
    .addCase(integrityChecked, (state, { payload }) => {
      state.integrity = { ...payload, lostLogs: [...payload.lostLogs] }
      if (payload.lostEvents > 0) {
        const logs = payload.lostLogs.length
        state.health = {
          state: 'history-lost',
          reason: `The browser lost ${payload.lostEvents} events of ${logs} ${logs === 1 ? 'run' : 'runs'}.`,
        }
      }
    })
    .addCase(healed, (state, { payload }) => {
      state.healing = payload
      state.copies = payload.copies
    })
    .addCase(mirrorChanged, (state, { payload }) => {
      state.mirrorError = payload.reason
    })
    .addCase(contentsRead, (state, { payload }) => {
      state.stored = payload.counts
      state.quarantined = payload.counts.quarantined
      state.quarantine = [...payload.quarantine]
    })
    .addCase(sourceChanged, (state, { payload }) => {
      state.sources[payload.source] = payload.status
    })
    .addCase(eventsReceived, (state, { payload }) => {
      const { counts, quarantine } = payload
      state.received += counts.received
      state.duplicates += counts.duplicates
      state.redundant += counts.redundant
      if (quarantine.length === 0) return
      state.quarantined += quarantine.length
      // Newest first, as the ledger lists them.
      state.quarantine = [...quarantine.toReversed(), ...state.quarantine].slice(0, QUARANTINE_SHOWN)
    })
    .addCase(committed, (state, { payload }) => {
      state.copies = payload.copies
      if (state.health.state === 'recovering') state.health = { state: 'ok' }
    })
    .addCase(scopeClosed, () => initialState)
})
