/**
 * Owns what the core's ledger says of whether a run lives. A row in flight is its word that it does, unless the row
 * cannot be true; a row that is over is told like any other and is no evidence. SPEC C1, C3.
 */
import type { LogRecord } from '../../core/entities.ts'
import { idOfLog, isRunLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { Clock, Evidence, RunQuery } from '../../core/ports.ts'
import { isOpenHumanStream, timeOf } from './envelope.ts'
import { fieldOf, unwrap } from './rpc.ts'
import type { Rpc } from './rpc.ts'
import { isInFlight, isOver, readAgentRow, readWorkflowRow } from './rowsRead.ts'
import type { AgentRow } from './rowsRead.ts'
import type { RowTaker } from './rowsTaken.ts'

export interface AskOptions {
  call: Rpc
  clock: Clock
  /** Null while nothing is connected. */
  taker(): RowTaker | null
  record(log: LogId): Promise<LogRecord | null>
}

const UNKNOWN: Evidence = { kind: 'unknown' }
const LIVE: Evidence = { kind: 'live' }
/** The core leaves no exit codes. */
const GONE: Evidence = { kind: 'gone', exitCode: null }

/** Calls under way at once. */
const AT_ONCE = 6

/** Rejects when the core cannot be asked. */
export async function askCore(
  options: AskOptions,
  runs: readonly RunQuery[],
): Promise<ReadonlyMap<LogId, Evidence>> {
  const words = new Map<LogId, Evidence>()
  const waiting = [...runs]
  const worker = async (): Promise<void> => {
    for (let query = waiting.shift(); query !== undefined; query = waiting.shift()) {
      if (query.stream !== null && !isOpenHumanStream(query.stream)) continue
      words.set(query.log, await evidenceOf(options, query))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return words
}

async function evidenceOf(options: AskOptions, query: RunQuery): Promise<Evidence> {
  const { call, taker } = options
  const id = idOfLog(query.log)
  const isRun = isRunLog(query.log)
  const asked = taker()?.mark() ?? 0
  const [method, name] = isRun
    ? (['openhuman.run_ledger_get', 'run'] as const)
    : (['openhuman.workflow_run_get', 'workflowRun'] as const)
  const value = fieldOf(unwrap(await call(method, { id })), name)
  if (value === null || value === undefined) {
    // Of what it tells itself the core may have no row: its channel loses things, and a row is written after the fact.
    const isSpokenOf = taker()?.wasHeard(query.log) ?? false
    return !isSpokenOf && (await isOurs(options, query)) ? GONE : UNKNOWN
  }
  // What the row tells is told, whatever it proves.
  void (isRun ? taker()?.agent(value, asked) : taker()?.workflow(value, asked))?.catch(() => {})
  return isRun ? ofRun(options, value) : ofWorkflow(options, value)
}

/** Runs of lists alone have no stream of their own; another source's run is no business of this core. */
async function isOurs({ record }: AskOptions, { log, stream }: RunQuery): Promise<boolean> {
  if (stream !== null) return true
  const known = await record(log)
  const origin = known?.entity === 'run' ? known.run.origin : known?.workflow.origin
  return origin?.source === 'openhuman'
}

async function ofRun({ call }: AskOptions, value: unknown): Promise<Evidence> {
  const row = readAgentRow(value)
  if (row === null || !isInFlight(row)) return UNKNOWN
  return (await isLeftBehind(call, row)) ? GONE : LIVE
}

/**
 * The core writes the end of a child only through its turn's connection, so that of a turn which broke off is left
 * running for ever. A child that its turn waits for does not outlive it, except to wait for a person.
 */
async function isLeftBehind(call: Rpc, row: AgentRow): Promise<boolean> {
  const mode = row.metadata?.['mode']
  const isDetached = mode === 'async' || mode === 'fork'
  if (row.status === 'awaiting_user' || row.status === 'paused' || isDetached) return false
  if (row.kind === 'background_agent' || row.parentRunId == null) return false
  const answer = await call('openhuman.run_ledger_get', { id: row.parentRunId })
  const turn = readAgentRow(fieldOf(unwrap(answer), 'run'))
  return turn !== null && isOver(turn)
}

/** A core that ended leaves its workflow runs running. Newer ones hold a lease while they drive one. */
function ofWorkflow({ clock }: AskOptions, value: unknown): Evidence {
  const row = readWorkflowRow(value)
  if (row === null || !isInFlight(row)) return UNKNOWN
  const lease = timeOf(row.leaseExpiresAt)
  return lease !== null && lease < clock.now() ? UNKNOWN : LIVE
}
