/**
 * Owns what a person can know about the room the ledger takes, and asking the browser to keep it: once, after the
 * first run that ended, because then there is something to keep.
 */
import type { LedgerCounts } from '../../ledger/port.ts'
import type { Device } from '../../platform/device.ts'
import { MARKS } from './sweep.ts'
import type { Runtime } from '../runtime.ts'
import { choiceMade } from '../viewPrefsSlice.ts'

/** Among the view preferences: what the browser answered. */
export const PERSIST_CHOICE = 'run-ledger:persist'

/** `unknown`: asked, and the browser did not say. */
export type PersistAnswer = 'granted' | 'denied' | 'unknown'

export interface StorageReport {
  counts: LedgerCounts
  /** Characters of all events, results and checkpoints. */
  chars: number
  /** Texts in the content store: documents, prompts, tool output. */
  texts: number
  /** What the browser reckons for the whole origin; says nothing about real room. Null when it does not say. */
  estimate: { usage: number; quota: number } | null
  /** Whether the browser keeps the data until the person clears it; null when it does not say. */
  persisted: boolean | null
  /** What it answered when it was asked; null while it was not. */
  answer: PersistAnswer | null
}

export async function reportStorage(runtime: Runtime, device: Device): Promise<StorageReport> {
  const { ledger, content } = runtime
  const [counts, chars, refs, estimate, persisted] = await Promise.all([
    ledger.counts(),
    ledger.sizeOf(),
    content.keys().catch(() => []),
    device.estimate(),
    device.persisted(),
  ])
  return {
    counts,
    chars,
    texts: refs.filter((ref) => ref !== MARKS).length,
    estimate,
    persisted,
    answer: answerOf(runtime),
  }
}

/** Asks unless it was asked before. Gives back the answer. */
export async function askToPersist(runtime: Runtime, device: Device): Promise<PersistAnswer> {
  const known = answerOf(runtime)
  if (known !== null) return known
  const kept = (await device.persisted()) === true || (await device.persist())
  const answer = kept === null ? 'unknown' : kept ? 'granted' : 'denied'
  runtime.dispatch(choiceMade({ name: PERSIST_CHOICE, value: answer }))
  return answer
}

function answerOf({ getState }: Runtime): PersistAnswer | null {
  const answer = getState().viewPrefs.choices[PERSIST_CHOICE]
  return answer === 'granted' || answer === 'denied' || answer === 'unknown' ? answer : null
}
