/**
 * Owns what the page and the journal's worker say to each other. Every question has a number and is answered once,
 * after any number of signs of life.
 */
import type { LedgerErrorKind } from '../port.ts'
import { LedgerError } from '../port.ts'
import { toLedgerError } from '../ledgerErrors.ts'
import type { FrameHead, JournalFrame, JournalScan, Witness } from './port.ts'
import type { Sizes } from './store.ts'

/** What can be asked, and what the answer is. */
export interface Answers {
  open: Witness | null
  scan: JournalScan
  read: readonly JournalFrame[]
  compact: Sizes
  close: null
  /** How many files somebody still holds. */
  destroy: number
}

export type Question =
  | { ask: 'open' | 'scan' | 'close' | 'destroy' }
  | { ask: 'read'; places: readonly FrameHead['at'][] }
  /** `living`: the writers that are alive. */
  | { ask: 'compact'; living: readonly string[] }

export type ToWorker =
  /** The first message. */
  | { kind: 'start'; scope: string; writer: string }
  | { kind: 'append'; id: number; frame: JournalFrame }
  | { kind: 'ask'; id: number; question: Question }

/** An error as it crosses the border. */
export interface Told {
  kind: LedgerErrorKind
  message: string
}

export type ToPage =
  | { kind: 'appended'; ids: readonly number[]; error: Told | null }
  | { kind: 'answer'; id: number; value: Answers[keyof Answers] }
  | { kind: 'failed'; id: number; error: Told }
  | { kind: 'alive' }

export function tell(error: unknown): Told {
  const { kind, message } = toLedgerError(error)
  return { kind, message }
}

export const hear = ({ kind, message }: Told): LedgerError => new LedgerError(kind, message)
