/**
 * Owns the assembly: the slices, the listener, the writer and the sources of one scope, as one object to add
 * to a store.
 */
import type { Dispatch, Store } from '@reduxjs/toolkit'
import { persistStore } from 'redux-persist'
import type { Text } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import { workflowLog } from '../core/ids.ts'
import type { Clock, CommandRequest, Ids, Locks, Source } from '../core/ports.ts'
import { withDeadline } from '../ledger/deadline.ts'
import type { LedgerError } from '../ledger/port.ts'
import { browserStorage } from '../ledger/storage.ts'
import type { Storage } from '../ledger/storage.ts'
import { LedgerWriter } from '../ledger/writer.ts'
import { randomIds, systemClock, webLocks } from '../platform/browser.ts'
import { onPageLeaving, pageFrames } from '../platform/page.ts'
import type { Frames } from '../platform/page.ts'
import { committed, healthChanged, scopeClosed } from './actions.ts'
import type { Health } from './actions.ts'
import { boot, toHealth } from './boot.ts'
import type { BootOptions } from './boot.ts'
import { chatRuntimeReducer } from './chatRuntimeSlice.ts'
import { checks } from './checks.ts'
import { sendCommand } from './commands.ts'
import { createIngest } from './ingest.ts'
import { ledgerReducer } from './ledgerSlice.ts'
import { createLedgerListener } from './listener.ts'
import { loadEarlierEvents, openLog, openThread, openWorkflow, readText } from './reads.ts'
import type { Content } from './reads.ts'
import { rebase } from './rebase.ts'
import { watchConnection } from './watchConnection.ts'
import { reconcileRuns } from './reconcileRuns.ts'
import { runsReducer } from './runsSlice.ts'
import type { Runtime } from './runtime.ts'
import type { RunLedgerState } from './selectors.ts'
import { persistedViewPrefs } from './viewPrefsSlice.ts'

export interface RunLedgerOptions {
  /** User or workspace: each scope has a database of its own. */
  scope: string
  /** The orchestrators whose runs are mirrored. */
  source?: Source | readonly Source[]
  /** Where the ledger is kept. Default: IndexedDB and localForage, memory when the browser refuses them. */
  storage?: Storage
  clock?: Clock
  ids?: Ids
  locks?: Locks
  frames?: Frames
}

const DISPOSE_DEADLINE_MS = 5_000

/** Health that ends when a write succeeds. */
const TEMPORARY: ReadonlySet<Health['state']> = new Set(['recovering', 'full'])

export type RunLedger = ReturnType<typeof createRunLedger>

export function createRunLedger(options: RunLedgerOptions) {
  const { scope, clock = systemClock, ids = randomIds, locks = webLocks(), frames = pageFrames } = options
  const page = ids.next()
  const sources = options.source === undefined ? [] : [options.source].flat()
  let store: Store<RunLedgerState> | null = null
  let disconnect = (): void => {}
  let epoch = 0

  // Nothing is dispatched before `boot(store)`; afterwards the store is there.
  const dispatch: Dispatch = (action) => attached().dispatch(action)
  const getState = (): RunLedgerState => attached().getState()
  function attached(): Store<RunLedgerState> {
    if (store === null) throw new Error('Call boot(store) before using the run ledger.')
    return store
  }

  const onFallback = (error: LedgerError): void => {
    const health = toHealth(error)
    const reason = 'reason' in health ? health.reason : error.message
    dispatch(healthChanged(health.state === 'read-only' ? health : { state: 'memory-only', reason }))
  }
  const { ledger, content } = options.storage ?? browserStorage({ scope, clock, onFallback })

  const writer = new LedgerWriter({
    ledger,
    content,
    clock,
    events: {
      committed: (commit) => dispatch(committed({ ...commit, copies: ledger.kind === 'memory' ? 0 : 1 })),
      health: (error) => {
        if (error !== null) dispatch(healthChanged(toHealth(error)))
        else if (TEMPORARY.has(getState().ledger.health.state)) dispatch(healthChanged({ state: 'ok' }))
      },
      conflict: (log, events) => rebase(runtime, log, events),
    },
  })
  const ingest = createIngest({
    ledger,
    clock,
    frames,
    dispatch,
    runs: () => getState().runs,
    page,
  })
  // Nothing is folded before hydration ends (SPEC W3).
  const release = ingest.hold()
  const listener = createLedgerListener(writer, (error) => dispatch(healthChanged(toHealth(error))))
  const runtime: Runtime = {
    ledger,
    writer,
    content,
    ingest,
    sources,
    clock,
    ids,
    locks,
    scope,
    page,
    dispatch,
    getState,
    nextEpoch: () => (epoch += 1),
  }
  watchConnection(runtime)
  // First what is queued, then what has not had its frame yet.
  const stopWatching = onPageLeaving({
    soon: () => {
      writer.flush()
      void ingest.settled().then(() => writer.flush())
    },
    now: () => {
      writer.leave()
      void ingest.settled().then(() => writer.leave())
    },
  })

  return {
    reducers: {
      runs: runsReducer,
      chatRuntime: chatRuntimeReducer,
      ledger: ledgerReducer,
      viewPrefs: persistedViewPrefs(scope, (error) => dispatch(healthChanged(toHealth(error)))),
    },
    middleware: listener.middleware,
    /** Options for `getDefaultMiddleware` that keep development builds usable. */
    checks,
    /** Documents and other whole texts, by reference. */
    content,

    /** Hydrates, reconciles and connects. Rendering does not wait for it; errors become the ledger's health. */
    async boot(target: Store, bootOptions: BootOptions = {}): Promise<void> {
      // The host's state has our slices under our keys; its own type says more than we need.
      store = target as Store<RunLedgerState>
      persistStore(store)
      try {
        disconnect = await boot(runtime, release, bootOptions)
      } catch (error) {
        dispatch(healthChanged(toHealth(error)))
      }
    },

    /** Resolves when everything received so far is folded and durable. */
    async whenIdle(): Promise<void> {
      await ingest.settled()
      await writer.whenIdle()
    },

    /** Records a command and sends it. @throws CommandRefusedError, LedgerError */
    send: (request: CommandRequest): Promise<RunCommand> => sendCommand(runtime, request),
    /** Starts a workflow run; its id is known at once. */
    async start(payload: CommandRequest['payload']): Promise<{ workflowRunId: string; command: RunCommand }> {
      const workflowRunId = ids.next()
      const command = await sendCommand(runtime, { log: workflowLog(workflowRunId), verb: 'start', payload })
      return { workflowRunId, command }
    },
    /** Asks the owners of in-flight runs again and settles what died. */
    reconcile: (): Promise<void> => reconcileRuns(runtime),

    /** Loads a run with its latest events and all its tool calls; false when it is unknown. */
    openRun: (log: LogId): Promise<boolean> => openLog(runtime, log),
    openWorkflow: (id: string): Promise<boolean> => openWorkflow(runtime, workflowLog(id), id),
    openThread: (thread: string): Promise<void> => openThread(runtime, thread),
    loadEarlierEvents: (log: LogId): Promise<boolean> => loadEarlierEvents(runtime, log),
    /** The whole of a text that was cut to a preview. */
    readText: (text: Text): Promise<Content> => readText(runtime, text),

    /** Writes what is left, disconnects, closes, and clears the slices. */
    async dispose(): Promise<void> {
      stopWatching()
      disconnect()
      await ingest.settled()
      ingest.dispose()
      // A store that does not answer must not keep a person from logging out.
      await withDeadline(clock, writer.whenIdle(), DISPOSE_DEADLINE_MS, () => new Error('late')).catch(
        () => {},
      )
      await ledger.close()
      if (store !== null) dispatch(scopeClosed())
    },
  }
}
