/**
 * Owns what the way from a source to the store is built from.
 */
import type { Dispatch } from '@reduxjs/toolkit'
import type { StreamCursor } from '../../core/intake.ts'
import type { Clock } from '../../core/ports.ts'
import type { Redaction } from '../../core/redaction.ts'
import type { Ledger } from '../../ledger/port.ts'
import type { Frames } from '../../platform/page.ts'
import type { RunsState } from '../runsState.ts'

export interface IngestOptions {
  ledger: Pick<Ledger, 'readCursor' | 'readRecords' | 'readEvents' | 'readDeleted' | 'sizeOf'>
  /** Where a stream goes on. */
  cursorOf: (stream: string) => Promise<StreamCursor | null>
  clock: Clock
  frames: Frames
  dispatch: Dispatch
  runs: () => RunsState
  redaction: Redaction
  /** Tells this page's refusals from those of others at the same moment. */
  page: string
  /** Something threw that is not ours to handle. */
  failed: (error: unknown) => void
}
