/**
 * Owns what pages ask for beyond what is in memory: opening a run or thread, earlier events, whole texts.
 */
import { refold } from '../core/accept.ts'
import type { LogRecord, Text } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { isRunLog } from '../core/ids.ts'
import type { RecordQuery } from '../ledger/port.ts'
import { readAll } from '../ledger/readAll.ts'
import { earlierEventsLoaded, opened, recordsLoaded } from './actions.ts'
import type { Runtime } from './runtime.ts'
import { at, valuesOf } from './table.ts'
import { TAIL_EVENTS } from './windows.ts'

/** Loads a run or workflow run with its latest events and all of its tool calls. False when unknown. */
export async function openLog(runtime: Runtime, log: LogId): Promise<boolean> {
  const { ledger, dispatch, getState } = runtime
  if (at(getState().runs.records, log) === undefined) {
    const records = await ledger.readRecords([log])
    if (records.size === 0) return false
    dispatch(recordsLoaded({ records: [...records.values()] }))
  }
  if (isOpen(runtime, log)) return true
  // What is in memory only would be missing from the calls folded here.
  await runtime.writer.whenWritten().catch(() => {})
  const events = await readAll(ledger, log)
  const toolCalls = refold(events)?.toolCalls ?? []
  dispatch(opened({ log, events: events.slice(-TAIL_EVENTS), toolCalls }))
  return true
}

/** Loads a workflow run and the runs it launched. */
export async function openWorkflow(runtime: Runtime, log: LogId, workflowRunId: string): Promise<boolean> {
  const found = await openLog(runtime, log)
  const children = await runtime.ledger.listRecords({ entity: 'run', workflow: workflowRunId, limit: 500 })
  runtime.dispatch(recordsLoaded({ records: children }))
  return found
}

/** Loads a thread: its workflow runs, and its runs with all of their tool calls. */
export async function openThread(runtime: Runtime, thread: string): Promise<void> {
  const { ledger, dispatch } = runtime
  dispatch(recordsLoaded({ records: await ledger.listRecords(...ofThread(thread)) }))
  await openThreadRuns(runtime, thread)
}

/** The lists a thread consists of. */
export const ofThread = (thread: string): readonly RecordQuery[] => [
  { entity: 'workflow', thread, limit: 500 },
  { entity: 'run', thread, limit: 500 },
]

/** Loads all tool calls of those runs of a thread that are in memory. */
export async function openThreadRuns(runtime: Runtime, thread: string): Promise<void> {
  const { records, toolCalls } = runtime.getState().runs
  const incomplete = valuesOf(records).filter(
    (record) =>
      record.entity === 'run' &&
      record.run.parentThreadId === thread &&
      at(toolCalls, record.log)?.complete !== true,
  )
  await Promise.all(incomplete.map(({ log }) => openLog(runtime, log)))
}

/** Loads the events before those in memory. False when there are none. */
export async function loadEarlierEvents(runtime: Runtime, log: LogId): Promise<boolean> {
  const { runs } = runtime.getState()
  const first = at(runs.tails, log)?.[0]?.sequence ?? nextSequence(runtime, log)
  if (first <= 1) return false
  // What left the tail before it was written is on its way to the disk.
  if ((at(runs.persisted, log) ?? 0) < first - 1) await runtime.writer.whenWritten().catch(() => {})
  const events = await runtime.ledger.readEvents(log, { before: first, limit: TAIL_EVENTS })
  runtime.dispatch(earlierEventsLoaded({ log, events }))
  return events.length > 0
}

export type Content = { kind: 'found'; text: string } | { kind: 'missing' }

/** The whole of a text. A reference that does not resolve reads as missing, never as empty. */
export async function readText(runtime: Runtime, text: Text): Promise<Content> {
  if (text.ref === null) return { kind: 'found', text: text.preview }
  const found = await resolveText(runtime, text.ref)
  if (found !== null) return { kind: 'found', text: found }
  // It may be on its way to the disk.
  await runtime.writer.whenWritten().catch(() => {})
  const written = await resolveText(runtime, text.ref)
  return written === null ? { kind: 'missing' } : { kind: 'found', text: written }
}

/** Whether the latest events and all tool calls are in memory already, as they are for a run seen from its start. */
function isOpen({ getState }: Runtime, log: LogId): boolean {
  const { tails, toolCalls } = getState().runs
  const tail = at(tails, log) ?? []
  const hasEvents = tail[0]?.sequence === 1 || tail.length >= TAIL_EVENTS
  return hasEvents && (!isRunLog(log) || at(toolCalls, log)?.complete === true)
}

/** A run as it is known: in memory, else on disk. */
export async function recordOf({ ledger, getState }: Runtime, log: LogId): Promise<LogRecord | null> {
  return at(getState().runs.records, log) ?? (await ledger.readRecords([log])).get(log) ?? null
}

/** A text by reference, wherever it is kept; null when it is missing. */
export function resolveText({ ledger, content }: Runtime, ref: string): Promise<string | null> {
  const read = async () => (await ledger.readBlob(ref)) ?? (await content.get(ref))
  // A connection that goes under a read is opened again by the next: no agent has to fail for it.
  return read().catch(read)
}

function nextSequence({ getState }: Runtime, log: LogId): number {
  const record = at(getState().runs.records, log)
  return record === undefined ? 1 : lifecycleOf(record).lastSequence + 1
}
