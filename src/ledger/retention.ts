/**
 * Owns which runs may be deleted: whole trees, when everything in a tree is settled, by age and count, never one that
 * is pinned or waits for a person. Pure: it plans, and says why the others stay. DESIGN 5.
 */
import type { LogRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { idOfLog, isRunLog, runLog, workflowLog } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'

const DAY_MS = 86_400_000

/** What a host, or a person, wants kept. Without a limit nothing is ever deleted. */
export interface RetentionPolicy {
  /** Trees that ended longer ago go. */
  maxAgeDays?: number
  /** Of more trees than these, the ones that ended first go. Those that stay for other reasons count as well. */
  maxRuns?: number
}

/** What retention needs to know of a log: small, so that ten thousand of them fit. */
export interface RetentionNode {
  log: LogId
  head: number
  settled: boolean
  /** Waits for an answer or for being resumed. */
  waiting: boolean
  startedAt: number
  /** When it was last heard of, if it has not ended. */
  endedAt: number
  title: string
  /** Logs of the same tree. */
  links: readonly LogId[]
}

export interface Tree {
  /** Its workflow run, or the run that all others come from. */
  root: LogId
  title: string
  nodes: readonly RetentionNode[]
  startedAt: number
  endedAt: number
}

export type KeptBecause =
  /** The policy does not ask for it. */
  'within-limits' | 'unsettled' | 'waiting' | 'pinned'

export interface PlannedTree {
  root: LogId
  title: string
  /** Every log with the last event it had when this was planned. */
  logs: readonly { log: LogId; head: number }[]
  events: number
  startedAt: number
  endedAt: number
  because: 'age' | 'count'
}

export interface RetentionPlan {
  /** What would go, oldest first. */
  trees: readonly PlannedTree[]
  /** Trees that stay, and why. */
  kept: Readonly<Record<KeptBecause, number>>
}

export function toRetentionNode(record: LogRecord): RetentionNode {
  const { status, startedAt, updatedAt, completedAt, lastSequence } = lifecycleOf(record)
  return {
    log: record.log,
    head: lastSequence,
    settled: isSettled(status),
    waiting: status === 'awaiting_user' || status === 'paused',
    startedAt,
    endedAt: completedAt ?? updatedAt,
    title: titleOf(record),
    links: linksOf(record),
  }
}

function titleOf(record: LogRecord): string {
  const names =
    record.entity === 'run'
      ? [record.run.agentName, record.run.agentId]
      : [record.workflow.title, record.workflow.definitionId]
  return names.find((name) => name !== null && name !== '') ?? idOfLog(record.log)
}

function linksOf(record: LogRecord): readonly LogId[] {
  if (record.entity === 'workflow') return record.workflow.childRunIds.map(runLog)
  const { workflowRunId, parentRunId, rootRunId, formerParentRunIds } = record.run
  const runs = [parentRunId, rootRunId, ...formerParentRunIds].filter((id) => id !== null)
  return [...(workflowRunId === null ? [] : [workflowLog(workflowRunId)]), ...runs.map(runLog)]
}

/** Logs that belong together, the trees that ended last first. A parent that is not here still unites its children. */
export function treesOf(nodes: readonly RetentionNode[]): readonly Tree[] {
  const above = new Map<LogId, LogId>()
  const topOf = (log: LogId): LogId => {
    let top = log
    for (let next = above.get(top); next !== undefined; next = above.get(top)) top = next
    // The next look is short.
    for (let at = log; at !== top;) {
      const next = above.get(at) ?? top
      above.set(at, top)
      at = next
    }
    return top
  }
  for (const { log, links } of nodes) {
    for (const link of links) {
      const [a, b] = [topOf(log), topOf(link)]
      if (a !== b) above.set(a, b)
    }
  }
  const groups = new Map<LogId, RetentionNode[]>()
  for (const node of nodes) {
    const top = topOf(node.log)
    const group = groups.get(top)
    if (group === undefined) groups.set(top, [node])
    else group.push(node)
  }
  return [...groups.values()]
    .map(toTree)
    .toSorted((a, b) => b.endedAt - a.endedAt || (a.root < b.root ? 1 : -1))
}

function toTree(group: readonly RetentionNode[]): Tree {
  const nodes = group.toSorted(rootFirst)
  const [root] = nodes
  if (root === undefined) throw new Error('A tree has at least one node.')
  return {
    root: root.log,
    title: root.title,
    nodes,
    startedAt: Math.min(...nodes.map((node) => node.startedAt)),
    endedAt: Math.max(...nodes.map((node) => node.endedAt)),
  }
}

/** A workflow run comes before its runs, a parent before what it started. */
function rootFirst(a: RetentionNode, b: RetentionNode): number {
  const byKind = Number(isRunLog(a.log)) - Number(isRunLog(b.log))
  return byKind || a.startedAt - b.startedAt || (a.log < b.log ? -1 : 1)
}

/**
 * What would be deleted now. `pinned` holds log ids or the ids of runs and workflow runs; one pinned log keeps its
 * whole tree.
 */
export function planRetention(
  nodes: readonly RetentionNode[],
  policy: RetentionPolicy,
  pinned: ReadonlySet<string>,
  now: number,
): RetentionPlan {
  const trees: PlannedTree[] = []
  const kept: Record<KeptBecause, number> = { 'within-limits': 0, unsettled: 0, waiting: 0, pinned: 0 }
  for (const [index, tree] of treesOf(nodes).entries()) {
    const because = wanted(tree, index, policy, now)
    const reason = because === null ? 'within-limits' : protectedBecause(tree, pinned)
    if (because === null || reason !== null) kept[reason ?? 'within-limits'] += 1
    else trees.push(toPlanned(tree, because))
  }
  return { trees: trees.toReversed(), kept }
}

function wanted(
  tree: Tree,
  index: number,
  { maxAgeDays, maxRuns }: RetentionPolicy,
  now: number,
): PlannedTree['because'] | null {
  if (maxAgeDays !== undefined && tree.endedAt < now - maxAgeDays * DAY_MS) return 'age'
  if (maxRuns !== undefined && index >= maxRuns) return 'count'
  return null
}

/** Why a tree must not be deleted, whatever a policy says. */
export function protectedBecause(
  { nodes }: Tree,
  pinned: ReadonlySet<string>,
): Exclude<KeptBecause, 'within-limits'> | null {
  if (nodes.some(({ waiting }) => waiting)) return 'waiting'
  if (nodes.some(({ settled }) => !settled)) return 'unsettled'
  if (nodes.some(({ log }) => pinned.has(log) || pinned.has(idOfLog(log)))) return 'pinned'
  return null
}

function toPlanned(tree: Tree, because: PlannedTree['because']): PlannedTree {
  const { root, title, nodes, startedAt, endedAt } = tree
  const logs = nodes.map(({ log, head }) => ({ log, head }))
  const events = logs.reduce((sum, { head }) => sum + head, 0)
  return { root, title, logs, events, startedAt, endedAt, because }
}

/** Whether a tree is, to the event, what a plan was made for. */
export function isAsPlanned({ nodes }: Tree, { logs }: PlannedTree): boolean {
  const heads = new Map(logs.map(({ log, head }) => [log, head]))
  return nodes.length === logs.length && nodes.every(({ log, head }) => heads.get(log) === head)
}
