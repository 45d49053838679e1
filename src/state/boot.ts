/**
 * Owns the order of a start: open, hydrate, check, ask the owners, settle what died, let events in, deliver
 * the outbox. Rendering never waits for any of it. SPEC W3, H1–H4.
 */
import type { LogRecord } from '../core/entities.ts'
import { LedgerError } from '../ledger/port.ts'
import type { Health } from './actions.ts'
import { bootAdvanced, contentsRead, healthChanged, hydrated, sourceChanged } from './actions.ts'
import { checkLedger } from './checkLedger.ts'
import { claimPage, resumeOutbox } from './commands.ts'
import { QUARANTINE_SHOWN } from './ledgerSlice.ts'
import { openThread, resolveText } from './reads.ts'
import { keepAsking, reconcileRuns } from './reconcileRuns.ts'
import type { Runtime } from './runtime.ts'

/** Headers read at boot; older ones are read when a page asks. */
const NEWEST = 50
const NEWEST_CHILDREN = 200
const UNSETTLED = 2_000
const RETRY_MS = 1_000

export interface BootOptions {
  /** The conversation that is on screen: hydrated with all its tool rows. */
  thread?: string
}

/** Runs once per page; gives back how to disconnect the sources. */
export async function boot(runtime: Runtime, release: () => void, options: BootOptions): Promise<() => void> {
  const { dispatch, writer, ledger } = runtime
  dispatch(bootAdvanced({ phase: 'opening' }))
  await ledger.open()
  dispatch(bootAdvanced({ phase: 'hydrating' }))
  await hydrateUntilRead(runtime, options)

  const { rebuilt } = await checkLedger(runtime)
  if (rebuilt > 0) await hydrate(runtime, options)
  const [counts, quarantine] = await Promise.all([ledger.counts(), ledger.listQuarantine(QUARANTINE_SHOWN)])
  dispatch(contentsRead({ counts, quarantine }))

  const leavePage = await claimPage(runtime)
  writer.start()
  dispatch(bootAdvanced({ phase: 'reconciling' }))
  const disconnect = connect(runtime)
  await reconcileRuns(runtime).catch((error: unknown) => {
    // Nothing was judged; the rows stay unconfirmed, and that is what they are.
    dispatch(healthChanged(toHealth(error)))
  })
  dispatch(bootAdvanced({ phase: 'ready' }))
  // From here on events flow; those that came meanwhile go through the same fold.
  release()
  const stopAsking = keepAsking(runtime)
  await resumeOutbox(runtime).catch((error: unknown) => dispatch(healthChanged(toHealth(error))))
  return () => {
    stopAsking()
    disconnect()
    leavePage()
  }
}

/** A store that opens and does not answer is asked again; nothing is written over what was not read. */
async function hydrateUntilRead(runtime: Runtime, options: BootOptions): Promise<void> {
  for (;;) {
    try {
      await hydrate(runtime, options)
      return
    } catch (error) {
      runtime.dispatch(healthChanged(toHealth(error)))
    }
    await new Promise<void>((resolve) => void runtime.clock.setTimeout(resolve, RETRY_MS))
  }
}

/** One dispatch with everything the first screen needs. */
async function hydrate(runtime: Runtime, { thread }: BootOptions): Promise<void> {
  const { ledger, dispatch } = runtime
  const epoch = runtime.nextEpoch()
  const lists = await Promise.all([
    ledger.listRecords({ entity: 'run', unsettled: true, limit: UNSETTLED }),
    ledger.listRecords({ entity: 'workflow', unsettled: true, limit: UNSETTLED }),
    ledger.listRecords({ entity: 'workflow', limit: NEWEST }),
    ledger.listRecords({ entity: 'run', limit: NEWEST_CHILDREN }),
  ])
  const records = new Map<string, LogRecord>()
  for (const record of lists.flat()) records.set(record.log, record)
  dispatch(hydrated({ epoch, records: [...records.values()], commands: await ledger.listCommands() }))
  if (thread !== undefined) await openThread(runtime, thread)
}

function connect(runtime: Runtime): () => void {
  const { sources, ingest, dispatch } = runtime
  const disconnects = sources.map((source) =>
    source.connect({
      receive: (stream, events) => ingest.receive(stream, events),
      status: (status) => dispatch(sourceChanged({ source: source.id, status })),
      read: (ref) => resolveText(runtime, ref),
    }),
  )
  return () => {
    for (const disconnect of disconnects) disconnect()
  }
}

/** What a storage error means for the person. */
export function toHealth(error: unknown): Health {
  const reason = error instanceof Error ? error.message : String(error)
  if (!(error instanceof LedgerError)) return { state: 'recovering', reason }
  switch (error.kind) {
    case 'capacity':
      return { state: 'full', reason }
    case 'newer-schema':
      return { state: 'read-only', reason: 'This ledger was written by a newer version. Reload to update.' }
    case 'unavailable':
      return { state: 'memory-only', reason }
    default:
      return { state: 'recovering', reason }
  }
}
