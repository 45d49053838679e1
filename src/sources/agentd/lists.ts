/**
 * Owns reading agentd's lists again and again, and what follows from them: agents to follow, rows to observe, approvals
 * to ask about. A list that cannot be read changes nothing. SPEC C3.
 */
import { lifecycleOf } from '../../core/entities.ts'
import type { LogRecord } from '../../core/entities.ts'
import type { StreamInfo } from '../../core/events.ts'
import type { LogId } from '../../core/ids.ts'
import { runLog } from '../../core/ids.ts'
import type { Clock, SourceSink } from '../../core/ports.ts'
import { isSettled } from '../../core/status.ts'
import { approvalEvents, APPROVALS_STREAM, readApproval } from './approvals.ts'
import { streamOf } from './convert.ts'
import { createFollowed } from './follow.ts'
import { announce, LIST_STREAM, observe, readRow, restart } from './rows.ts'
import type { AgentRow } from './rows.ts'
import type { AgentdOptions } from './options.ts'
import { isEnded } from './states.ts'

const LIST_EVERY = 5_000

/** Gives back how to end it. */
export function keepReading(options: AgentdOptions & { clock: Clock }, sink: SourceSink): () => void {
  const { connect, list, approvals, clock, listEvery = LIST_EVERY, backoff } = options
  const followed = createFollowed({ connect, sink, clock, backoff })
  /** Rows as they were read last. */
  const seen = new Map<string, string>()
  const asideOf = { rows: createAside(sink, LIST_STREAM), approvals: createAside(sink, APPROVALS_STREAM) }
  /** Ended agents whose rows say that they run again. */
  const begunAgain = new Set<string>()
  let ended = false
  let cancel = (): void => {}

  async function readRows(read: () => Promise<readonly unknown[]>): Promise<void> {
    const values = await read()
    const rows = values.flatMap((value) => readRow(value) ?? [])
    for (const row of rows) if (!ended) await takeRow(row)
    if (ended) return
    const isWhole = asideOf.rows(values.filter((value) => readRow(value) === null))
    const listed = new Set(rows.map(({ id }) => id))
    for (const each of followed.ids()) {
      if (!isWhole || listed.has(each)) continue
      followed.unfollow(each)
      seen.delete(each)
      begunAgain.delete(each)
    }
  }

  async function takeRow(row: AgentRow): Promise<void> {
    // Said at an earlier reading, and its stream, which has all it was sent since, may have told of it.
    if (begunAgain.has(row.id) && followed.isComplete(row.id)) await beginAgain(row)
    if (ended) return
    if (seen.get(row.id) !== row.hash) {
      const known = await sink.record(row.log)
      if (ended) return
      const isNew = !seen.has(row.id)
      seen.set(row.id, row.hash)
      if (isNew) sink.receive(streamOf(row.id), [announce(row, clock.now())])
      if (isRestart(known, row)) begunAgain.add(row.id)
      sink.receive(LIST_STREAM, [observe(row, clock.now())])
    }
    followed.follow(row.id, isEnded(row.fact.state))
  }

  /** For servers whose stream does not tell of a start: with both, one start would be two attempts. */
  async function beginAgain(row: AgentRow): Promise<void> {
    const stream = streamOf(row.id)
    // What was received of it is in the record then.
    await sink.durable(stream.id, 0)
    const known = await sink.record(row.log)
    begunAgain.delete(row.id)
    if (ended || !isRestart(known, row)) return
    sink.receive(stream, [restart(row, lifecycleOf(known).attempt + 1, clock.now())])
  }

  async function readApprovals(read: () => Promise<readonly unknown[]>): Promise<void> {
    const values = await read()
    if (ended) return
    const listed = values.flatMap((value) => readApproval(value, clock.now()) ?? [])
    const isWhole = asideOf.approvals(values.filter((value) => readApproval(value, clock.now()) === null))
    const logs = new Set<LogId>([...followed.ids().map(runLog), ...listed.map(({ log }) => log)])
    for (const log of logs) {
      const record = await sink.record(log)
      const own = listed.filter((each) => each.log === log)
      const events = approvalEvents(record, own, { now: clock.now(), isWhole })
      if (!ended && events.length > 0) sink.receive(APPROVALS_STREAM, events)
    }
  }

  async function look(): Promise<void> {
    let trouble: string | null = null
    try {
      if (list !== undefined) await readRows(list)
      if (approvals !== undefined) await readApprovals(approvals)
    } catch (error) {
      trouble = `agentd cannot be asked: ${error instanceof Error ? error.message : String(error)}`
    }
    if (ended) return
    followed.lists(trouble)
    cancel = clock.setTimeout(() => void look(), listEvery)
  }

  sink.status({ state: 'connecting', error: null })
  for (const agentId of options.agents ?? []) followed.follow(agentId, false)
  if (list !== undefined || approvals !== undefined) void look()
  return () => {
    ended = true
    cancel()
    followed.end()
  }
}

/**
 * Puts aside what cannot be read, with what it says, once for as long as it is listed. Gives back whether a list
 * without it is whole: what a row that cannot be read was about is not missing.
 */
function createAside(sink: SourceSink, stream: StreamInfo): (broken: readonly unknown[]) => boolean {
  let known = new Set<string>()
  return (broken) => {
    const named = new Map(broken.map((value) => [JSON.stringify(value), value]))
    const news = [...named].flatMap(([name, value]) => (known.has(name) ? [] : [value]))
    known = new Set(named.keys())
    if (news.length > 0) sink.receive(stream, news)
    return broken.length === 0
  }
}

/** Its owner had ended the run for good, and runs it again. One that we only thought over lives on when asked about. */
function isRestart(known: LogRecord | null, { fact, updatedAt }: AgentRow): known is LogRecord {
  if (known === null || isEnded(fact.state)) return false
  const { status, inferred, completedAt } = lifecycleOf(known)
  return isSettled(status) && !inferred && (updatedAt ?? 0) > (completedAt ?? Number.POSITIVE_INFINITY)
}
