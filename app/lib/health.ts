/** Owns what the state of the ledger means for a person, in plain words. */
import type { Health, LedgerState, ViewPrefs } from 'run-ledger'
import type { Tone } from './status.ts'

const HEALTH: Record<Health['state'], { title: string; meaning: string; tone: Tone }> = {
  ok: { title: 'Saved', meaning: 'Everything is written to disk as it happens.', tone: 'good' },
  recovering: {
    title: 'Saving is delayed',
    meaning: 'Something could not be written or read and is tried again. What you see is up to date.',
    tone: 'attention',
  },
  'memory-only': {
    title: 'Nothing is saved',
    meaning: 'This browser does not let the page keep data. Runs work, and are gone when the page closes.',
    tone: 'bad',
  },
  'read-only': {
    title: 'Read only',
    meaning: 'The stored history is newer than this page, so nothing is written to it.',
    tone: 'bad',
  },
  full: {
    title: 'Storage is full',
    meaning: 'New events are shown but cannot be written until there is room.',
    tone: 'bad',
  },
  'history-lost': {
    title: 'Part of the history is lost',
    meaning: 'The stored history is shorter than it was. What is left can be used.',
    tone: 'bad',
  },
}

export const healthWords = ({ state }: Health) => HEALTH[state]

/** What is written is safe after a loss too, but "Saved" alone would hide that something is gone. */
const INCOMPLETE = { ...HEALTH['history-lost'], title: 'Saved, history incomplete' }

/** The ledger in a word, for as long as it lacks something: also after the loss was dismissed. */
export function ledgerWords(health: Health, lostEvents: number) {
  const saves = health.state === 'ok' || health.state === 'history-lost'
  return saves && (lostEvents > 0 || health.state === 'history-lost') ? INCOMPLETE : healthWords(health)
}

export const reasonOf = (health: Health): string | null => ('reason' in health ? health.reason : null)

const PHASES: Record<LedgerState['phase'], string> = {
  closed: 'Closed',
  opening: 'Opening',
  hydrating: 'Reading',
  reconciling: 'Asking owners',
  ready: 'Ready',
}

export const phaseWords = (phase: LedgerState['phase']): string => PHASES[phase]

export const LOSS_CHOICE = 'lossSeen'

export const lostEventsOf = ({ integrity }: LedgerState): number => integrity?.lostEvents ?? 0

/**
 * Whether a person has dismissed the loss that is reported. The reason has to name the number dismissed:
 * a history deleted under an open page is another loss, and the check of the start has not counted it.
 */
export function isLossSeen(ledger: LedgerState, { choices }: ViewPrefs): boolean {
  const lost = lostEventsOf(ledger)
  if (ledger.health.state !== 'history-lost' || lost === 0) return false
  return choices[LOSS_CHOICE] === String(lost) && ledger.health.reason.includes(String(lost))
}
