/**
 * Owns how a row's status is known, in words: by its owner's word, and how old that is, or by our conclusion. Nothing
 * in flight is shown without it. DESIGN 1.3.
 */
import { epochOf } from './epoch.ts'
import type { RunStatusName } from './status.ts'
import { isSettled } from './status.ts'

export interface EvidenceFacts {
  status: RunStatusName
  /** The settled status is our conclusion. */
  inferred: boolean
  /** In flight when it was stored, and nobody has confirmed since that it still is. */
  unconfirmed: boolean
  /** Its owner is known to have ended; it is in flight because it kept what it goes on from. */
  ownerGone: boolean
  /** When its owner was last heard of here, in whatever way. */
  confirmedAt: number | null
  lastEventAt: number | null
  heartbeatAt: number | null
  /** The stream its owner speaks in; null when none is known. */
  stream: string | null
  now: number
}

export interface EvidenceDescription {
  kind: 'confirmed' | 'unconfirmed' | 'gone' | 'settled' | 'inferred'
  sentence: string
  /** Since the latest sign of it: an event, its owner's word, a heartbeat. */
  ageMs: number | null
  /** Which life of a local orchestrator drives it, in short; null for others, whose streams are no owners' names. */
  owner: string | null
}

export function describeEvidence(facts: EvidenceFacts): EvidenceDescription {
  const { status, inferred, unconfirmed, ownerGone, confirmedAt, lastEventAt, heartbeatAt, stream, now } =
    facts
  const owner = ownerOf(stream)
  const lastSign = latest([lastEventAt, confirmedAt, heartbeatAt])
  const ageMs = lastSign === null ? null : since(lastSign, now)
  const known = { ageMs, owner }
  if (isSettled(status)) {
    return inferred
      ? { ...known, kind: 'inferred', sentence: 'Concluded here: its owner never said how it ended.' }
      : { ...known, kind: 'settled', sentence: 'Its owner said how it ended.' }
  }
  const signs = [
    ...(lastEventAt === null ? [] : [`last event ${ago(lastEventAt, now)}`]),
    ...(heartbeatAt === null ? [] : [`heartbeat ${ago(heartbeatAt, now)}`]),
  ]
  const seen = signs.join(', ')
  if (ownerGone) {
    const last = seen === '' ? '' : ` ${seen.charAt(0).toUpperCase()}${seen.slice(1)}.`
    return { ...known, kind: 'gone', sentence: `${GONE}${last}` }
  }
  if (unconfirmed) {
    return {
      ...known,
      kind: 'unconfirmed',
      sentence: sentence('Not confirmed: nobody has said yet that it is still alive', seen),
    }
  }
  const asked =
    confirmedAt !== null && confirmedAt > (latest([lastEventAt, heartbeatAt]) ?? 0)
      ? ` ${ago(confirmedAt, now)}`
      : ''
  const by = owner === null ? 'its owner' : `its owner ${owner}`
  return { ...known, kind: 'confirmed', sentence: sentence(`Confirmed by ${by}${asked}`, seen) }
}

const GONE = 'Its owner is gone; it goes on from its checkpoint when it is answered or resumed.'

const sentence = (what: string, seen: string): string => (seen === '' ? `${what}.` : `${what}, ${seen}.`)

const OWNER_CHARS = 8

function ownerOf(stream: string | null): string | null {
  const epoch = epochOf(stream)
  return epoch === null || epoch.length <= OWNER_CHARS ? epoch : `${epoch.slice(0, OWNER_CHARS)}…`
}

const latest = (times: readonly (number | null)[]): number | null => {
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** Clocks of owners may run ahead of ours: nothing was seen in the future. */
const since = (time: number, now: number): number => Math.max(0, now - time)

const UNITS = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'min' },
  { ms: 1_000, name: 's' },
] as const

function ago(time: number, now: number): string {
  const age = since(time, now)
  const unit = UNITS.find(({ ms }) => age >= ms)
  return unit === undefined ? 'just now' : `${Math.floor(age / unit.ms)} ${unit.name} ago`
}
