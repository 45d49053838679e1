/**
 * Owns the first look after an absence: which runs a person is told of, each in one group at most, by what it needs.
 * Pure, from what is stored here; the order of the runs given does not matter.
 */
import type { Lifecycle, Question } from './entities.ts'
import type { LogId } from './ids.ts'
import { isSettled } from './status.ts'

export const MORNING_GROUPS = ['needs_you', 'lost_owner', 'safe_to_resume', 'unclear', 'finished'] as const
export type MorningGroupName = (typeof MORNING_GROUPS)[number]

/** A root: a workflow run with all its children, or a run that belongs to no workflow. */
export interface MorningItem {
  log: LogId
  lifecycle: Pick<Lifecycle, 'status' | 'inferred' | 'sortAt' | 'updatedAt'>
  /** In flight when it was stored, and nobody has confirmed since that it still is. */
  unconfirmed: boolean
  /** In flight, and known to be driven by nobody: it kept what it goes on from. */
  ownerGone: boolean
  /** Open ones of it and its children. Those of runs imported as settled are history and not among them. */
  questions: readonly MorningQuestion[]
  /** What a resume would be: of unknown danger until its plan was made. */
  resumability: 'safe' | 'not-safe' | 'no' | 'unknown'
}

export interface MorningQuestion extends Pick<Question, 'askedAt' | 'expiresAt'> {
  /** Somebody will get the answer: its owner, or one who takes it on from its checkpoint. */
  answerable: boolean
}

export interface MorningGroup {
  name: MorningGroupName
  /** The one that waits longest first. */
  items: readonly MorningItem[]
}

export interface Morning {
  /** All five, in order of urgency, empty ones too. */
  groups: readonly MorningGroup[]
  counts: Readonly<Record<MorningGroupName, number>>
  total: number
  /** When the oldest question that can be answered was asked. */
  oldestWaitSince: number | null
}

export interface MorningTimes {
  /** When the person was last here; null when that is not known, and nothing is news then. */
  leftAt: number | null
  now: number
}

export function groupMorning(items: readonly MorningItem[], when: MorningTimes): Morning {
  const { now } = when
  const placed = items.map((item) => ({ item, group: groupOf(item, when) }))
  const groups = MORNING_GROUPS.map((name): MorningGroup => {
    const own = placed.flatMap(({ item, group }) => (group === name ? [item] : []))
    return { name, items: own.toSorted((one, other) => byWait(one, other, now)) }
  })
  const counts = Object.fromEntries(groups.map(({ name, items: own }) => [name, own.length]))
  const waits = groups.flatMap(({ items: own }) => own.flatMap((item) => waitSince(item, now) ?? []))
  return {
    groups,
    counts: counts as Record<MorningGroupName, number>,
    total: groups.reduce((sum, { items: own }) => sum + own.length, 0),
    oldestWaitSince: waits.length === 0 ? null : Math.min(...waits),
  }
}

/**
 * Null: nothing to tell. What is a state (waiting, lost, resumable) is told of until it is over; what is news, once.
 * What a person stopped, or its owner ended, is not offered as safe to resume.
 */
export function groupOf(item: MorningItem, when: MorningTimes): MorningGroupName | null {
  const { lifecycle, unconfirmed, ownerGone, resumability } = item
  if (waitSince(item, when.now) !== null) return 'needs_you'
  if (isSettled(lifecycle.status)) return groupOfSettled(item, when)
  if (!unconfirmed && !ownerGone) return null
  if (resumability === 'safe') return 'safe_to_resume'
  return ownerGone ? 'lost_owner' : 'unclear'
}

function groupOfSettled(item: MorningItem, { leftAt }: MorningTimes): MorningGroupName | null {
  const { lifecycle, resumability } = item
  const { status, inferred, sortAt } = lifecycle
  const isNews = leftAt !== null && sortAt > leftAt
  if (status === 'interrupted') {
    if (resumability === 'safe') return 'safe_to_resume'
    if (resumability === 'not-safe') return 'unclear'
    return resumability === 'unknown' || isNews ? 'lost_owner' : null
  }
  // Stopped by a person where nobody drove it.
  if (!isNews || (inferred && status === 'cancelled')) return null
  return inferred ? 'lost_owner' : 'finished'
}

/** Since when it waits for an answer that would reach someone. Of a run that is over for good nothing is awaited. */
function waitSince({ questions, lifecycle }: MorningItem, now: number): number | null {
  if (isSettled(lifecycle.status) && lifecycle.status !== 'interrupted') return null
  const open = questions.filter(
    ({ answerable, expiresAt }) => answerable && (expiresAt === null || expiresAt > now),
  )
  return open.length === 0 ? null : Math.min(...open.map(({ askedAt }) => askedAt))
}

function byWait(one: MorningItem, other: MorningItem, now: number): number {
  const since = (item: MorningItem): number => waitSince(item, now) ?? item.lifecycle.updatedAt
  return since(one) - since(other) || (one.log < other.log ? -1 : 1)
}
