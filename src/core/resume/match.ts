/**
 * Owns which child stands for which task. Equal keys match as a multiset, wherever in the workflow's history the
 * children are and in whatever order they are told; what is left over pairs with the work that took its place.
 */
import { partOf } from '../contentKey.ts'
import { isSettled } from '../status.ts'
import type { PhaseTask } from '../workflow/tasks.ts'
import type { ResumeChild } from './plan.ts'

export interface KeyedTask {
  task: PhaseTask
  /** Null when it cannot be told: its agent is not there. */
  key: string | null
}

export interface Match extends KeyedTask {
  /** The child whose work this is. */
  child: ResumeChild | null
  /** A child of the same phase and agent whose work is no longer needed as it was. */
  replaces: ResumeChild | null
}

/** `children`: all of the workflow; `isDone`: whether a child's result stands. */
export function matchTasks(
  phase: string,
  tasks: readonly KeyedTask[],
  children: readonly ResumeChild[],
  isDone: (child: ResumeChild) => boolean,
): readonly Match[] {
  const pool = chosen(tasks, children, (child) => (isDone(child) ? 0 : rankOf(child)))
  const matched = tasks.map(({ task, key }): Match => {
    const child = key === null ? undefined : pool.get(key)?.shift()
    return { task, key, child: child ?? null, replaces: null }
  })
  const needed = new Set(tasks.map(({ key }) => key).filter((key) => key !== null))
  const left = children
    .filter(({ record: { run } }) => run.phase === phase && !needed.has(run.contentKey ?? ''))
    .toSorted(byPlace)
  return pairLeft(matched, left)
}

/** Of each key as many as there are tasks: the best of them, in the order they were begun in. */
function chosen(
  tasks: readonly KeyedTask[],
  children: readonly ResumeChild[],
  rank: (child: ResumeChild) => number,
): ReadonlyMap<string, ResumeChild[]> {
  const byUse = (a: ResumeChild, b: ResumeChild): number =>
    rank(a) - rank(b) || b.record.run.attempt - a.record.run.attempt || byPlace(a, b)
  const wanted = new Map<string, number>()
  for (const { key } of tasks) if (key !== null) wanted.set(key, (wanted.get(key) ?? 0) + 1)
  const found = new Map<string, ResumeChild[]>()
  for (const child of children) {
    const key = child.record.run.contentKey
    if (key !== null && wanted.has(key)) found.set(key, [...(found.get(key) ?? []), child])
  }
  return new Map(
    [...found].map(([key, all]) => [
      key,
      // Two results of equal work may differ, and later keys depend on their order.
      all.toSorted(byUse).slice(0, wanted.get(key)).toSorted(byPlace),
    ]),
  )
}

/** Tasks without a child take over from children without a task: of the same item first, then in order. */
function pairLeft(matches: readonly Match[], left: readonly ResumeChild[]): readonly Match[] {
  const byItem = queues(left, (child) => groupOf(child, partOf(child.record.run.contentKey ?? '', 'item')))
  const byAgent = queues(left, (child) => groupOf(child, null))
  const taken = new Set<ResumeChild>()
  const next = (queue: ResumeChild[] | undefined): ResumeChild | null => {
    const found = queue?.find((child) => !taken.has(child)) ?? null
    if (found !== null) taken.add(found)
    return found
  }
  const pair = (queueOf: (match: Match) => ResumeChild[] | undefined) => (match: Match) =>
    match.child !== null || match.replaces !== null ? match : { ...match, replaces: next(queueOf(match)) }
  return matches
    .map(pair(({ task, key }) => byItem.get(JSON.stringify([task.agentId, partOf(key ?? '', 'item')]))))
    .map(pair(({ task }) => byAgent.get(JSON.stringify([task.agentId, null]))))
}

const groupOf = ({ record: { run } }: ResumeChild, item: string | null): string =>
  JSON.stringify([run.agentId, item])

function queues(
  children: readonly ResumeChild[],
  group: (child: ResumeChild) => string,
): ReadonlyMap<string, ResumeChild[]> {
  const found = new Map<string, ResumeChild[]>()
  for (const child of children) {
    const queue = found.get(group(child))
    if (queue === undefined) found.set(group(child), [child])
    else queue.push(child)
  }
  return found
}

/** The one of most use first: done (0), being done, begun with something kept; then the latest attempt. */
function rankOf({ record: { run }, evidence, checkpoint }: ResumeChild): number {
  if (run.status === 'completed') return 3
  if (evidence.kind === 'live' && (!isSettled(run.status) || run.inferred)) return 1
  return checkpoint.kind === 'usable' ? 2 : 4
}

/** As they were begun: orchestrators number the runs of a phase in the order of its tasks. */
export function byPlace(a: Placed, b: Placed): number {
  const [one, other] = [a.record.run.id, b.record.run.id]
  return numberOf(one) - numberOf(other) || (one < other ? -1 : Number(one > other))
}

type Placed = Pick<ResumeChild, 'record'>

const numberOf = (runId: string): number => Number(/\d{1,9}$/.exec(runId)?.[0] ?? 0)
