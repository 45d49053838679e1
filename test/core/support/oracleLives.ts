/** The oracle's account of attempts and statuses. DESIGN 2: the table, evidence, and who owns an attempt. */
import type { SourceEvent } from '../../../src/core/events.ts'
import type { RunStatusName } from '../../../src/core/status.ts'
import { legal, SETTLED } from './matrix.ts'

export interface Life {
  attempt: number
  status: RunStatusName
  inferred: boolean
  startedAt: number
  completedAt: number | null
  summary: string | null
  error: string | null
}

/** An event in its place: the attempt it belongs to, and whether it may still move that attempt. */
export interface Placed {
  event: SourceEvent
  at: number
  attempt: number
  current: boolean
  alive: boolean
  /** How the attempt had ended by then. */
  over: RunStatusName | null
}

/** An attempt settled, or the next one began (`to` null). */
export interface Ending {
  at: number
  to: RunStatusName | null
  inferred: boolean
  /** It waited for a person until then. */
  waited: boolean
  /** Nothing began anew: an attempt that we thought over goes on as the next. */
  revived: { from: number; to: number } | null
}

type Said = {
  summary?: string | null | undefined
  error?: string | null | undefined
  result?: { preview: string } | null | undefined
}

/** A mirrored fact about a life: what the status table and the four words on evidence make of it. */
function weigh(life: Life, to: RunStatusName, inferred: boolean): 'moved' | 'irregular' | 'same' | 'late' {
  const over = SETTLED.includes(life.status)
  if (over && life.inferred && !inferred && SETTLED.includes(to)) return 'moved'
  if (life.status === to) return 'same'
  if (over) return 'late'
  if (legal(life.status, to)) return 'moved'
  // A skipped step is a loss of the source; a walk back is lateness; our own conclusions obey the table.
  return inferred || to === 'pending' || to === 'starting' ? 'late' : 'irregular'
}

/** Attempts and statuses: the only part where one event depends on all before it. */
export function liveThrough(events: readonly SourceEvent[]) {
  const lives = [newLife(1, events[0]!.timestamp, 'pending')]
  const owner = new Map<string, number>()
  const placed: Placed[] = []
  const endings: Ending[] = []
  /** Where a run that waited for a person was taken up elsewhere. */
  const goesOn: number[] = []
  let late = 0
  let irregular = 0
  let announced = false
  let result: string | null = null

  const hear = (at: number, attempt: number, to: RunStatusName, inferred: boolean, said: Said) => {
    const life = lives.find((each) => each.attempt === attempt)!
    const isCurrent = life === lives.at(-1)
    const outcome = weigh(life, to, inferred)
    if (outcome === 'late' || !isCurrent) late += 1
    const moves = outcome === 'moved' || outcome === 'irregular'
    // An earlier attempt only learns how it ended.
    if (!moves || (!isCurrent && !SETTLED.includes(to))) return
    if (isCurrent && outcome === 'irregular') irregular += 1
    const before = life.status
    life.status = to
    life.inferred = inferred && SETTLED.includes(to)
    life.summary = said.summary ?? life.summary
    life.error = said.error ?? (isCurrent ? null : life.error)
    if (isCurrent) result = said.result?.preview ?? result
    // What we concluded ended when we last heard of it, not when we concluded it.
    const heard = events.slice(0, Math.max(1, at)).map((each) => each.timestamp)
    const endedAt = inferred && isCurrent ? Math.max(...heard) : events[at]!.timestamp
    life.completedAt = SETTLED.includes(to) ? endedAt : null
    if (isCurrent && SETTLED.includes(to))
      endings.push({ at, to, inferred, waited: before === 'awaiting_user', revived: null })
  }

  events.forEach((event, at) => {
    const life = lives.at(-1)!
    const attempt = owner.get(event.stream) ?? life.attempt
    const current = attempt === life.attempt
    const alive = current && !SETTLED.includes(life.status)
    const over = SETTLED.includes(life.status) ? life.status : null
    if (event.type === 'run.attempt_started') {
      const next = event.payload.attempt ?? life.attempt + 1
      if (next > life.attempt) {
        // Only the ledger speaks in such a stream: it heard that the owner lives, and drives nothing itself.
        const revived = event.stream.startsWith('ledger:') ? { from: life.attempt, to: next } : null
        endings.push({ at, to: null, inferred: true, waited: false, revived })
        lives.push(newLife(next, event.timestamp, event.payload.status ?? 'pending'))
        result = null
        if (revived === null) owner.set(event.stream, next)
        else for (const [name, of] of owner) if (of === life.attempt) owner.set(name, next)
      } else late += 1
    }
    if (event.type === 'run.registered') {
      const { status } = event.payload
      const isFinal = announced && SETTLED.includes(life.status) && !life.inferred
      if (at === 0) lives[0] = newLife(1, event.timestamp, status ?? 'pending')
      else if (status && (!announced || (!SETTLED.includes(life.status) && !owner.has(event.stream)))) {
        const before = life.status
        hear(at, life.attempt, status, false, {})
        if (before === 'awaiting_user' && life.status === 'running') goesOn.push(at)
      }
      if (!isFinal) owner.set(event.stream, life.attempt)
    }
    if (event.type === 'run.transitioned') {
      hear(at, attempt, event.payload.to, event.payload.inferred ?? false, event.payload)
    }
    if (event.type === 'run.observed' && event.payload.status) {
      const before = [late, JSON.stringify(lives)] as const
      const waited = life.status === 'awaiting_user'
      hear(at, attempt, event.payload.status, event.payload.inferred ?? false, event.payload)
      // Rows of a list are often old: one that changes nothing is not worth a note each time.
      if (JSON.stringify(lives) === before[1]) late = before[0]
      else if (waited && life.status === 'running') goesOn.push(at)
    }
    announced ||= event.type === 'run.registered' || event.type === 'run.observed'
    placed.push({
      event,
      at,
      attempt: owner.get(event.stream) ?? lives.at(-1)!.attempt,
      current,
      alive,
      over,
    })
  })
  return { lives, placed, goesOn, late, irregular, endings, result }
}

const newLife = (attempt: number, startedAt: number, status: RunStatusName): Life => ({
  attempt,
  status,
  inferred: false,
  startedAt,
  completedAt: SETTLED.includes(status) ? startedAt : null,
  summary: null,
  error: null,
})
