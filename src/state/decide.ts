/**
 * Owns decisions of ours: durable before they are visible. The run's own events wait meanwhile. SPEC C1, C2.
 */
import { accept } from '../core/accept.ts'
import type { LogChange } from '../core/accept.ts'
import type { RunCommand } from '../core/commands.ts'
import type { LogRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { SourceEvent } from '../core/events.ts'
import type { LogId } from '../core/ids.ts'
import { EMPTY_BATCH } from '../ledger/port.ts'
import { commandChanged, committed, decided, recordsLoaded } from './actions.ts'
import { openLog } from './reads.ts'
import type { RunsState } from './runsState.ts'
import type { Runtime } from './runtime.ts'
import { at } from './table.ts'

/** The records of the logs that are stored, as they are in the transaction. */
export type Stored = ReadonlyMap<LogId, LogRecord>

/** What is to be written together. */
export interface Decided {
  events: readonly SourceEvent[]
  commands?: readonly RunCommand[]
}

/** An event for each record that calls for one. */
export const eachOf =
  (conclude: (record: LogRecord) => SourceEvent | null) =>
  (records: Stored): Decided => ({
    events: [...records.values()].flatMap((record) => conclude(record) ?? []),
  })

/**
 * Reads the records, asks `conclude` what follows, and writes that in one transaction; only then the store hears
 * of it. Gives back what changed.
 * @throws LedgerError when nothing could be written, and what `conclude` throws: nothing was written then, either.
 */
export async function decide(
  runtime: Runtime,
  logs: readonly LogId[],
  conclude: (records: Stored) => Decided | null,
): Promise<readonly LogChange[]> {
  const { ingest, writer } = runtime
  // Where no record is read no event can follow, and nothing has to wait.
  const release = logs.length === 0 ? null : ingest.hold()
  try {
    if (release !== null) await ingest.paused()
    let changes: readonly LogChange[] = []
    let commands: readonly RunCommand[] = []
    await writer.decide(logs, (records) => {
      const said = conclude(records)
      changes = accept((log) => records.get(log), said?.events ?? []).changes
      commands = said?.commands ?? []
      if (changes.length === 0 && commands.length === 0) return null
      return { ...EMPTY_BATCH, logs: changes, commands, durability: 'strict' }
    })
    show(runtime, changes, commands)
    return changes
  } finally {
    release?.()
  }
}

function show(runtime: Runtime, changes: readonly LogChange[], commands: readonly RunCommand[]): void {
  const { dispatch, writer, getState } = runtime
  for (const command of commands) dispatch(commandChanged(command))
  if (changes.length === 0) return
  // Another page wrote to it, or it was not in memory: what is shown begins where the disk is, without holes.
  const { records, tails } = getState().runs
  const moved = changes.filter(({ log, base }) => base > 0 && headOf(records, log) !== base)
  if (moved.length > 0) dispatch(recordsLoaded({ records: moved.map(({ record }) => record) }))
  dispatch(decided({ changes }))
  dispatch(
    committed({
      persisted: [],
      transitions: changes.flatMap((change) => change.transitions),
      commands: [],
      copies: writer.copies,
    }),
  )
  for (const { log } of moved) {
    if ((at(tails, log)?.length ?? 0) > 0) void openLog(runtime, log).catch(() => {})
  }
}

function headOf(records: RunsState['records'], log: LogId): number {
  const record = at(records, log)
  return record === undefined ? 0 : lifecycleOf(record).lastSequence
}
