/** Owns what the state of the ledger means for a person, in plain words. */
import type { Health, LedgerState } from 'run-ledger'
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

export const reasonOf = (health: Health): string | null => ('reason' in health ? health.reason : null)

const PHASES: Record<LedgerState['phase'], string> = {
  closed: 'Closed',
  opening: 'Opening',
  hydrating: 'Reading',
  reconciling: 'Asking owners',
  ready: 'Ready',
}

export const phaseWords = (phase: LedgerState['phase']): string => PHASES[phase]
