/**
 * Owns the order of a start: open, hydrate, check, ask the owners, settle what died, let events in, deliver
 * the outbox. Rendering never waits for any of it. SPEC W3, H1–H4.
 */
import { LedgerError } from '../ledger/port.ts'
import type { RecordQuery } from '../ledger/port.ts'
import type { Health } from './actions.ts'
import { bootAdvanced, contentsRead, healthChanged, hydrated, recordsLoaded } from './actions.ts'
import { connectSources } from './tabs/connectSources.ts'
import { startFollowing } from './tabs/follow.ts'
import { healAtBoot } from './healLedger.ts'
import { QUARANTINE_SHOWN } from './ledgerSlice.ts'
import { claimPage } from './tabs/pages.ts'
import { ofThread, openThreadRuns } from './reads.ts'
import { keepAsking } from './evidence/keepAsking.ts'
import { resumeOutbox } from './commands/outbox.ts'
import { reconcileRuns } from './evidence/reconcileRuns.ts'
import type { Runtime } from './runtime.ts'

/** What is read before anything is shown; older ones are read when a page asks. */
const NEWEST = 50
const UNSETTLED = 2_000
const FIRST_SCREEN: readonly RecordQuery[] = [
  { entity: 'run', unsettled: true, limit: UNSETTLED },
  { entity: 'workflow', unsettled: true, limit: UNSETTLED },
  { entity: 'workflow', limit: NEWEST },
  { entity: 'run', limit: NEWEST },
]
/** Settled children of workflow runs that are shown: a line counts them in. */
const NEWEST_CHILDREN = 200
const RETRY_MS = 1_000

export interface BootOptions {
  /** The conversation that is on screen: hydrated with all its tool rows. */
  thread?: string
}

export interface Booted {
  /** Leaves to others what only a page that can write should hold. */
  standDown(): void
  end(): void
}

/** Runs once per page. */
export async function boot(runtime: Runtime, release: () => void, options: BootOptions): Promise<Booted> {
  const { dispatch, writer, ledger } = runtime
  dispatch(bootAdvanced({ phase: 'opening' }))
  // What other pages commit while this one reads is heard, and read afterwards.
  runtime.tabs.open()
  const following = startFollowing(runtime)
  await ledger.open()
  const { refusal } = ledger.opening()
  if (refusal !== null) dispatch(healthChanged(toHealth(refusal)))
  dispatch(bootAdvanced({ phase: 'hydrating' }))
  await untilDone(runtime, () => hydrate(runtime, options))

  let leavePage = await claimPage(runtime)
  // What may only be read is not repaired either.
  const changed = refusal === null && (await untilDone(runtime, () => healAtBoot(runtime)))
  if (changed) await untilDone(runtime, () => hydrate(runtime, options))
  const [counts, quarantine] = await untilDone(runtime, () =>
    Promise.all([ledger.counts(), ledger.listQuarantine(QUARANTINE_SHOWN)]),
  )
  dispatch(contentsRead({ counts, quarantine }))

  if (refusal === null) writer.start()
  else writer.refuse(refusal)
  dispatch(bootAdvanced({ phase: 'reconciling' }))
  const connections = connectSources(runtime)
  if (refusal !== null) connections.leave()
  await reconcileRuns(runtime).catch((error: unknown) => {
    // Nothing was judged; the rows stay unconfirmed, and that is what they are.
    dispatch(healthChanged(toHealth(error)))
  })
  dispatch(bootAdvanced({ phase: 'ready' }))
  // From here on events flow; those that came meanwhile go through the same fold.
  release()
  following.start()
  const comeBack = (): void => {
    if (ledger.opening().refusal === null) connections.comeBack()
    following.lookAround()
  }
  const stopWatching = runtime.life.watch({
    back: comeBack,
    // Others go on; a page that says so need not be robbed.
    frozen: connections.leave,
    // A page that holds a lock, or hears others, is not kept for a person who comes back.
    stored() {
      connections.leave()
      leavePage()
      runtime.tabs.close()
    },
    restored() {
      runtime.tabs.open()
      comeBack()
      void claimPage(runtime).then((leave) => {
        leavePage = leave
      })
    },
  })
  const stopAsking = keepAsking(runtime)
  await resumeOutbox(runtime).catch((error: unknown) => dispatch(healthChanged(toHealth(error))))
  return {
    standDown: connections.leave,
    end() {
      stopWatching()
      stopAsking()
      following.stop()
      connections.end()
      leavePage()
      runtime.tabs.close()
    },
  }
}

/** A store that opens and does not answer is asked again; nothing is written over what was not read. */
async function untilDone<Result>(runtime: Runtime, work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      runtime.dispatch(healthChanged(toHealth(error)))
    }
    await new Promise<void>((resolve) => void runtime.clock.setTimeout(resolve, RETRY_MS))
  }
}

/** One dispatch with everything the first screen needs, then what is only counted in on it. */
async function hydrate(runtime: Runtime, { thread }: BootOptions): Promise<void> {
  const { ledger, dispatch } = runtime
  const epoch = runtime.nextEpoch()
  const [records, commands] = await Promise.all([
    ledger.listRecords(...FIRST_SCREEN, ...(thread === undefined ? [] : ofThread(thread))),
    ledger.listCommands(),
  ])
  dispatch(hydrated({ epoch, records, commands }))
  if (thread !== undefined) await openThreadRuns(runtime, thread)
  dispatch(recordsLoaded({ records: await ledger.listRecords({ entity: 'run', limit: NEWEST_CHILDREN }) }))
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
    case 'unmigrated':
      return { state: 'read-only', reason }
    case 'unavailable':
      return { state: 'memory-only', reason }
    default:
      return { state: 'recovering', reason }
  }
}
