/**
 * Owns archives as the host and a person use them: writing out one run, its tree or everything, looking at a file
 * before anything is written, and taking it in.
 */
import type { LogRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { SourceEvent } from '../../core/events.ts'
import type { LogId } from '../../core/ids.ts'
import { reconcile } from '../../core/reconcile.ts'
import { isSettled } from '../../core/status.ts'
import { exportLines } from '../../ledger/archive.ts'
import { treesOf } from '../../ledger/retention.ts'
import { EMPTY_BATCH } from '../../ledger/port.ts'
import type { QuarantineEntry } from '../../ledger/copies.ts'
import { contentsRead, recordsLoaded } from '../actions.ts'
import { applyArchive } from './import.ts'
import type { Imported } from './import.ts'
import { inspectArchive, REFUSED_SHOWN } from './inspect.ts'
import type { ArchiveDiff } from './inspect.ts'
import { ARCHIVE_STREAM } from './reader.ts'
import { decide, eachOf } from '../decide.ts'
import { gatherEvidence, readCheckpoints } from '../evidence/ask.ts'
import { QUARANTINE_SHOWN } from '../ledgerSlice.ts'
import { readNodes } from '../housekeeping/retention.ts'
import type { Runtime } from '../runtime.ts'

export interface ArchiveScope {
  /** This log, or with `tree` everything it belongs to; absent: all there is. */
  log?: LogId
  tree?: boolean
  /** Documents, prompts and tool output as well. Default: yes. */
  contents?: boolean
}

/** Imported logs whose records go to the store at once; others are read when a page asks. */
const LOADED = 400
const IMPORT_STREAM = 'ledger:import'

/** The lines of an archive, as text to be written one after the other. @throws LedgerError */
export async function* exportArchive(runtime: Runtime, scope: ArchiveScope = {}): AsyncGenerator<string> {
  await runtime.writer.whenIdle()
  const logs = await logsIn(runtime, scope)
  const { contents = true } = scope
  yield* exportLines(runtime.ledger, runtime.content, { logs: logs.toSorted(), contents })
}

async function logsIn({ ledger }: Runtime, { log, tree = false }: ArchiveScope): Promise<readonly LogId[]> {
  if (log !== undefined && !tree) return [log]
  const nodes = await readNodes(ledger)
  if (log === undefined) return nodes.map((node) => node.log)
  const whole = treesOf(nodes).find((each) => each.nodes.some((node) => node.log === log))
  return whole?.nodes.map((node) => node.log) ?? [log]
}

export interface ImportResult extends Omit<Imported, 'logs'> {
  added: number
  grown: number
  /** Runs that were in flight when they were archived and that nobody carries on. */
  interrupted: number
  /** Logs that say something else here, left as they are. */
  differing: number
  refused: number
}

/**
 * Takes in what `inspectArchive` found missing; nothing that is here changes. Refused lines are quarantined, the
 * first of them one by one. @throws ArchiveError, LedgerError
 */
export async function importArchive(
  runtime: Runtime,
  file: Blob,
  onProgress: (read: number) => void = () => {},
): Promise<ImportResult> {
  const diff = await inspectArchive(runtime, file, (read) => onProgress(read / 2))
  const { logs, ...done } = await applyArchive(runtime, file, diff, (read) => onProgress((1 + read) / 2))
  await quarantine(runtime, diff)
  const fresh = logs.filter(({ isNew }) => isNew).map(({ log }) => log)
  const interrupted = await interrupt(runtime, fresh)
  await show(
    runtime,
    logs.map(({ log }) => log),
  )
  return {
    ...done,
    added: fresh.length,
    grown: logs.length - fresh.length,
    interrupted,
    differing: diff.logs.filter(({ verdict }) => verdict === 'differs').length,
    refused: diff.refused.count,
  }
}

/** The same line of the same place is kept once, however often it comes. */
async function quarantine({ ledger, writer, clock, page }: Runtime, { refused }: ArchiveDiff): Promise<void> {
  if (refused.count === 0) return
  const known = await ledger.listQuarantine(REFUSED_SHOWN * 10)
  const seen = new Set(known.map(({ stream, position, raw }) => JSON.stringify([stream, position, raw])))
  const at = clock.now()
  const entries = refused.first.flatMap(({ line, reason, raw }): QuarantineEntry[] => {
    const id = `${at}:${String(line).padStart(9, '0')}:${page}`
    const isKnown = seen.has(JSON.stringify([ARCHIVE_STREAM, line, raw]))
    return isKnown ? [] : [{ id, stream: ARCHIVE_STREAM, position: line, reason, raw, at }]
  })
  await writer.decide([], () => ({ ...EMPTY_BATCH, quarantine: entries }))
}

/**
 * What was in flight in its archive is so no more, unless an owner says that it lives: it is settled here as
 * inferred. The event comes after the archived ones, so that these stay what they were.
 */
async function interrupt(runtime: Runtime, logs: readonly LogId[]): Promise<number> {
  let count = 0
  for (let at = 0; at < logs.length; at += LOADED) {
    const records = await runtime.ledger.readRecords(logs.slice(at, at + LOADED))
    const open = [...records.values()].filter((record) => !isSettled(lifecycleOf(record).status))
    if (open.length === 0) continue
    const evidence = await gatherEvidence(runtime, open)
    const gone = open.filter(({ log }) => evidence.get(log)?.kind !== 'live')
    const checkpoints = await readCheckpoints(runtime, gone)
    const now = runtime.clock.now()
    const changes = await decide(
      runtime,
      gone.map(({ log }) => log),
      eachOf((record) => endOf(record, checkpoints.has(record.log), now)),
    )
    count += changes.length
  }
  return count
}

/** As `reconcile` judges a run whose owner is gone, said as what it is. */
function endOf(record: LogRecord, hasCheckpoint: boolean, now: number): SourceEvent | null {
  const judged = { record, evidence: { kind: 'gone' as const, exitCode: null }, hasCheckpoint }
  const event = reconcile(judged, now)
  if (event === null) return null
  const reason = 'It was in flight when it was archived, and nobody carries it on here.'
  const payload = { ...event.payload, trigger: 'imported', reason }
  return { ...event, stream: IMPORT_STREAM, payload } as SourceEvent
}

/** Lists and counts know of what came. */
async function show({ ledger, dispatch }: Runtime, logs: readonly LogId[]): Promise<void> {
  const records = await ledger.readRecords(logs.slice(-LOADED))
  dispatch(recordsLoaded({ records: [...records.values()] }))
  const [counts, entries] = await Promise.all([ledger.counts(), ledger.listQuarantine(QUARANTINE_SHOWN)])
  dispatch(contentsRead({ counts, quarantine: entries }))
}
