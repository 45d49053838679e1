/**
 * Owns taking rows in: each state of a row once, none that is older than what was heard live since it was asked for, and
 * with the run events that the ledger lacks. Whatever cannot be read is handed over as it is, to be refused with a
 * reason. SPEC A1, A3, C2.
 */
import { hashOf } from '../../core/contentKey.ts'
import type { Json, RunRecord } from '../../core/entities.ts'
import { isTransientType } from '../../core/events.ts'
import { runLog, workflowLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { Clock, SourceSink } from '../../core/ports.ts'
import { isSettled } from '../../core/status.ts'
import { LIST_STREAM, WORKFLOWS_STREAM } from './envelope.ts'
import type { Told } from './envelope.ts'
import { fieldOf, unwrap } from './rpc.ts'
import { put } from './latest.ts'
import type { Rpc } from './rpc.ts'
import { runEvents } from './rpcWalk.ts'
import { lacksModel, metadataOf, tellBeginning, tellRow } from './rows.ts'
import { isInFlight, isOver, readAgentRow, readWorkflowRow } from './rowsRead.ts'
import type { AgentRow, Definition, Member } from './rowsRead.ts'
import { tellMember } from './teams.ts'
import { tellWorkflow } from './workflows.ts'
import type { OpenHumanStatus } from './views.ts'

/** What was heard is in the ledger's record after it: a row read before then is held against what is old. */
const SETTLES_MS = 250
const HEARD_KEPT = 5_000
const ROWS_KEPT = 20_000

export interface RowTaker {
  /** What is asked for now may be older than anything heard from here on. */
  mark(): number
  /** Something was told of the run live. */
  heard(log: LogId, type: string): void
  /** Whether anything was told of the run since the line was there last. */
  wasHeard(log: LogId): boolean
  /** The line was down: what was heard before it says nothing of now. */
  lostLine(): void
  /** Whether it was news. */
  agent(row: unknown, asked: number): Promise<boolean>
  workflow(row: unknown, asked: number): Promise<boolean>
  member(member: Member): Promise<void>
  /** Whether anything is in flight by the rows read last. */
  isGoing(kind: 'agent' | 'workflow'): boolean
  defines(definitions: readonly Definition[]): void
  stop(): void
}

export function takeRows(sink: SourceSink, call: Rpc, clock: Clock): RowTaker {
  const events = runEvents(call, sink)
  const lastHeard = new Map<LogId, { tick: number; at: number }>()
  /** Rows as they were told last, by log. */
  const told = new Map<string, string>()
  const definitions = new Map<string, Definition>()
  const going = { agent: new Set<string>(), workflow: new Set<string>() }
  let ticks = 0
  let lineSince = 0
  let stopped = false

  const tell = ({ stream, events: each }: Told): void => {
    if (!stopped && each.length > 0) sink.receive(stream, each)
  }

  function isOld(log: LogId, asked: number): boolean {
    const heard = lastHeard.get(log)
    if (stopped || heard === undefined) return stopped
    return heard.tick > asked || clock.monotonic() - heard.at < SETTLES_MS
  }

  /** Null: just this was told already. */
  function newsOf(log: string, row: unknown): string | null {
    const hash = hashOf(JSON.parse(JSON.stringify(row ?? null)) as Json)
    return told.get(log) === hash ? null : hash
  }

  function follow(
    kind: 'agent' | 'workflow',
    row: { id: string; status?: OpenHumanStatus | null | undefined },
  ): void {
    if (isInFlight(row)) going[kind].add(row.id)
    else going[kind].delete(row.id)
  }

  const remember = (log: string, hash: string): void => put(told, log, hash, ROWS_KEPT)

  /** Goes to the quarantine, where its reason is shown. */
  function refuse(stream: Told['stream'], row: unknown): boolean {
    const hash = newsOf('', row)
    if (hash === null || told.has(hash)) return false
    remember(hash, hash)
    if (!stopped) sink.receive(stream, [{ row }])
    return true
  }

  async function agent(value: unknown, asked: number): Promise<boolean> {
    const row = readAgentRow(value)
    if (row === null) return refuse(LIST_STREAM, value)
    follow('agent', row)
    const log = runLog(row.id)
    const hash = newsOf(log, value)
    if (hash === null || isOld(log, asked)) return false
    const found = await sink.record(log)
    const record = found?.entity === 'run' ? found : null
    if (!isKnownEnd(row, record)) {
      const missing = lacksEvents(row, record) ? await events.read(row.id, record) : null
      // Whoever was heard meanwhile is better known from there; the next look brings the row again.
      if (isOld(log, asked)) return false
      if (missing !== null && record === null && isOver(row)) tell(tellBeginning(row))
      if (missing !== null) {
        tell(missing)
        events.taken(missing)
      }
      for (const each of tellRow(row, record)) tell(each)
    }
    remember(log, hash)
    return true
  }

  async function workflow(value: unknown, asked: number): Promise<boolean> {
    const row = readWorkflowRow(value)
    if (row === null) return refuse(WORKFLOWS_STREAM, value)
    follow('workflow', row)
    const log = workflowLog(row.id)
    const hash = newsOf(log, value)
    if (hash === null || isOld(log, asked)) return false
    const record = await sink.record(log)
    if (isOld(log, asked)) return false
    tell(
      tellWorkflow(
        row,
        record?.entity === 'workflow' ? record : null,
        definitions.get(row.definitionId ?? '') ?? null,
      ),
    )
    remember(log, hash)
    return true
  }

  async function member(each: Member): Promise<void> {
    const { runId } = each
    if (runId == null) return
    const log = runLog(runId)
    const asked = ticks
    if ((await sink.record(log)) === null) {
      const answer = await call('openhuman.run_ledger_get', { id: runId })
      const row = fieldOf(unwrap(answer), 'run')
      if (row == null) return
      await agent(row, asked)
    }
    const record = await sink.record(log)
    const news = record?.entity === 'run' ? tellMember(each, record) : null
    if (news !== null) tell(news)
  }

  return {
    mark: () => ticks,
    heard(log, type) {
      // Prose and heartbeats tell nothing that a row could contradict.
      if (isTransientType(type)) return
      ticks += 1
      put(lastHeard, log, { tick: ticks, at: clock.monotonic() }, HEARD_KEPT)
    },
    wasHeard: (log) => (lastHeard.get(log)?.tick ?? 0) > lineSince,
    lostLine() {
      lineSince = ticks
    },
    agent,
    workflow,
    member,
    isGoing: (kind) => going[kind].size > 0,
    defines(each) {
      for (const definition of each) definitions.set(definition.id, definition)
    },
    stop() {
      stopped = true
    },
  }
}

/** Over by its owner's word, and the row has nothing to add. */
function isKnownEnd(row: AgentRow, record: RunRecord | null): boolean {
  if (record === null || !record.registered || !isSettled(record.run.status) || record.run.inferred)
    return false
  const { status, metadata } = record.run
  const hasFigures = (row.telemetry?.inputTokens ?? 0) > 0
  const lacksFigures = hasFigures && (record.usage.entries.length === 0 || lacksModel(row, record))
  return (
    row.status === status &&
    (status !== 'completed' || record.run.checkpoint === null) &&
    !lacksFigures &&
    !lacksCalls(row, record) &&
    Object.keys(metadataOf(row)).every((name) => Object.hasOwn(metadata, name))
  )
}

function lacksEvents(row: AgentRow, record: RunRecord | null): boolean {
  if (record === null || lacksCalls(row, record)) return true
  return isOver(row) && !isSettled(record.run.status)
}

const lacksCalls = ({ telemetry }: AgentRow, record: RunRecord): boolean =>
  (telemetry?.toolCount ?? 0) > record.telemetry.toolCount
