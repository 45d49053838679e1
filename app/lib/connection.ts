/** Owns what the state of a source means for a person. */
import type { SourceStatus } from 'run-ledger'

interface Trouble {
  title: string
  meaning: string
  reason: string | null
}

/** Null while all is well, or nothing has gone wrong yet. */
export function sourceTrouble({ state, error }: SourceStatus): Trouble | null {
  if (state === 'disconnected') {
    return {
      title: 'OpenHuman is not connected',
      meaning: 'What is stored here is shown, and nothing new is heard. It is tried again by itself.',
      reason: error,
    }
  }
  if (state !== 'connected' || error === null) return null
  return {
    title: 'OpenHuman answers only in part',
    meaning: 'What happens now is heard; what was missed cannot be looked up.',
    reason: error,
  }
}
