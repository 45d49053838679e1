/**
 * Owns deleting runs by a person's or a host's wish: what would go and how large it is, and doing it, tree by tree,
 * unless something has moved since. Nothing is deleted unless asked for. DESIGN 5.
 */
import type { LogRecord } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import { logOfContent } from '../../core/ids.ts'
import { refsIn } from '../../core/refs.ts'
import { LedgerError } from '../../ledger/port.ts'
import type { Ledger } from '../../ledger/port.ts'
import {
  isAsPlanned,
  planRetention,
  protectedBecause,
  toRetentionNode,
  treesOf,
} from '../../ledger/retention.ts'
import type { PlannedTree, RetentionNode, RetentionPlan, RetentionPolicy } from '../../ledger/retention.ts'
import { contentsRead, logsDeleted } from '../actions.ts'
import { suspect } from './sweep.ts'
import { QUARANTINE_SHOWN } from '../ledgerSlice.ts'
import type { Runtime } from '../runtime.ts'

const PAGE = 500
/** Events and logs of one deleting transaction; others wait for it. */
const DELETE_EVENTS = 20_000
const DELETE_LOGS = 50
/** Logs whose size is looked up for a preview; it is read from the disk. */
const MEASURED_LOGS = 500

export interface RetentionPreview extends RetentionPlan {
  /** Characters of the first trees of the plan, as far as they were measured. */
  sizes: ReadonlyMap<LogId, number>
}

export interface PruneResult {
  trees: number
  logs: number
  events: number
  /** Trees that are not what the plan was made for any more, or could not be deleted. */
  refused: readonly { root: LogId; title: string; reason: string }[]
}

/** What a policy would delete now, with counts and sizes, and why the others stay. Reads; changes nothing. */
export async function previewRetention(runtime: Runtime, policy: RetentionPolicy): Promise<RetentionPreview> {
  await runtime.writer.whenWritten()
  const nodes = await readNodes(runtime.ledger)
  const plan = planRetention(nodes, policy, pinnedIn(runtime), runtime.clock.now())
  const sizes = new Map<LogId, number>()
  let measured = 0
  for (const { root, logs } of plan.trees) {
    measured += logs.length
    if (measured > MEASURED_LOGS) break
    let chars = 0
    for (const { log } of logs) chars += await runtime.ledger.sizeOf(log)
    sizes.set(root, chars)
  }
  return { ...plan, sizes }
}

/**
 * Deletes the trees of a plan that are still what they were. Each is looked at again, and once more within the
 * transaction that deletes it: a tree with a new event, a new run, or a pin is refused and named.
 */
export async function prune(
  runtime: Runtime,
  plan: Pick<RetentionPlan, 'trees'>,
  onProgress: (done: number) => void = () => {},
): Promise<PruneResult> {
  await runtime.writer.whenWritten()
  const trees = new Map(treesOf(await readNodes(runtime.ledger)).map((tree) => [tree.root, tree]))
  const pinned = pinnedIn(runtime)
  const result = {
    trees: 0,
    logs: 0,
    events: 0,
    refused: [] as { root: LogId; title: string; reason: string }[],
  }
  const deleted: LogId[] = []
  for (const [done, planned] of plan.trees.entries()) {
    const tree = trees.get(planned.root)
    const kept = tree === undefined ? null : protectedBecause(tree, pinned)
    const reason =
      tree === undefined || !isAsPlanned(tree, planned)
        ? 'It has changed since the preview.'
        : kept === null
          ? await deleteTree(runtime, planned, deleted)
          : STAYS[kept]
    if (reason === null) {
      result.trees += 1
      result.logs += planned.logs.length
      result.events += planned.events
    } else result.refused.push({ root: planned.root, title: planned.title, reason })
    onProgress((done + 1) / plan.trees.length)
  }
  if (deleted.length > 0) await tidyUp(runtime, deleted)
  return result
}

const STAYS = {
  unsettled: 'It has not ended.',
  waiting: 'It waits for a person.',
  pinned: 'It is pinned.',
} as const

/** Null when the whole tree is gone, otherwise why not. What comes first in it, its root, goes last. */
async function deleteTree(runtime: Runtime, planned: PlannedTree, deleted: LogId[]): Promise<string | null> {
  const { ingest, writer, ledger, dispatch, tabs } = runtime
  // Nothing is accepted on top of a record that is about to go.
  const release = ingest.hold()
  try {
    await ingest.paused()
    for (const part of partsOf(planned)) {
      const logs = part.map(({ log }) => log)
      const records = await ledger.readRecords(logs)
      await writer.deleteLogs(logs, new Map(part.map(({ log, head }) => [log, head])))
      await suspect(runtime, [...records.values()].flatMap(documentsOf))
      deleted.push(...logs)
      dispatch(logsDeleted({ logs }))
      tabs.say({ kind: 'deleted', logs })
    }
    return null
  } catch (error) {
    if (error instanceof LedgerError && error.kind === 'conflict') return 'It has changed since the preview.'
    return error instanceof Error ? error.message : String(error)
  } finally {
    release()
  }
}

function partsOf({ logs }: PlannedTree): (readonly { log: LogId; head: number }[])[] {
  const parts: { log: LogId; head: number }[][] = [[]]
  let events = 0
  for (const each of logs.toReversed()) {
    const part = parts.at(-1) ?? []
    events += each.head
    if (part.length > 0 && (part.length >= DELETE_LOGS || events > DELETE_EVENTS)) {
      parts.push([each])
      events = each.head
    } else part.push(each)
  }
  return parts
}

/** What a run was given to work on may serve others too, so it is only looked at, later. */
const documentsOf = (record: LogRecord): readonly string[] =>
  refsIn(record).filter((ref) => logOfContent(ref) === null)

async function tidyUp({ ledger, content, dispatch }: Runtime, deleted: readonly LogId[]): Promise<void> {
  const gone = new Set<LogId | null>(deleted)
  const refs = await content.keys().catch(() => [])
  const theirs = refs.filter((ref) => gone.has(logOfContent(ref)))
  // What is left of them is swept later.
  await Promise.allSettled(theirs.map((ref) => content.delete(ref)))
  const [counts, quarantine] = await Promise.all([ledger.counts(), ledger.listQuarantine(QUARANTINE_SHOWN)])
  dispatch(contentsRead({ counts, quarantine }))
}

/** Every log of the ledger as far as retention is concerned; read a page at a time. */
export async function readNodes(ledger: Pick<Ledger, 'listRecords'>): Promise<readonly RetentionNode[]> {
  const nodes: RetentionNode[] = []
  for (const entity of ['workflow', 'run'] as const) {
    for await (const record of allRecords(ledger, entity)) nodes.push(toRetentionNode(record))
  }
  return nodes
}

async function* allRecords(
  ledger: Pick<Ledger, 'listRecords'>,
  entity: LogRecord['entity'],
): AsyncGenerator<LogRecord> {
  let before: { sortAt: number; log: LogId } | undefined
  for (;;) {
    const page = await ledger.listRecords({ entity, limit: PAGE, ...(before !== undefined && { before }) })
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    const { sortAt } = last.entity === 'run' ? last.run : last.workflow
    before = { sortAt, log: last.log }
  }
}

const pinnedIn = ({ getState }: Runtime): ReadonlySet<string> => new Set(getState().viewPrefs.pinned)
