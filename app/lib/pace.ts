/** Owns the pace of the demo: how long the agents wait between steps so that a person can watch. */
import type { ViewPrefs } from 'run-ledger'

export const PACE_CHOICE = 'pace'
export const GENTLE_MS = 700

/** Gentle unless switched off: at full speed the sample is answered before anyone can look. */
export const isGentle = ({ choices }: ViewPrefs): boolean => choices[PACE_CHOICE] !== 'off'

export const paceOf = (prefs: ViewPrefs): number => (isGentle(prefs) ? GENTLE_MS : 0)
