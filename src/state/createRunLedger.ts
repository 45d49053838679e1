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
import type { Channels, Clock, CommandRequest, Ids, Locks, Source } from '../core/ports.ts'
import type { Redact } from '../core/redact.ts'
import { createRedaction } from '../core/redaction.ts'
import type { Capture } from '../core/redaction.ts'
import { withDeadline } from '../core/deadline.ts'
import type { Journal } from '../ledger/journal/port.ts'
import type { LedgerError } from '../ledger/port.ts'
import { browserStorage } from '../ledger/storage.ts'
import type { Storage } from '../ledger/storage.ts'
import { LedgerWriter } from '../ledger/writer.ts'
import { randomIds, systemClock, webLocks } from '../platform/browser.ts'
import { broadcastChannels } from '../platform/channel.ts'
import { onPageLeaving, pageFrames, pageLife } from '../platform/page.ts'
import type { Frames, PageLife } from '../platform/page.ts'
import { pageSyncStore } from '../platform/syncStore.ts'
import { committed, healthChanged, mirrorChanged, scopeClosed } from './actions.ts'
import type { Health } from './actions.ts'
import { LEDGER_API } from './api.ts'
import { createEndpoints } from './api/endpoints.ts'
import { boot, toHealth } from './boot.ts'
import type { Booted, BootOptions } from './boot.ts'
import { chatRuntimeReducer } from './chatRuntimeSlice.ts'
import { checks } from './checks.ts'
import { CommandRefusedError, sendCommand } from './commands/send.ts'
import type { Progress, Verification } from '../ledger/verify.ts'
import { healLater, rebuildLedger, verifyLedger } from './healLedger.ts'
import { createIngest } from './ingest/ingest.ts'
import { ledgerReducer } from './ledgerSlice.ts'
import { createUpkeep } from './housekeeping/upkeep.ts'
import type { UpkeepOptions } from './housekeeping/upkeep.ts'
import { createLedgerListener } from './listener.ts'
import { loadEarlierEvents, openLog, openThread, openWorkflow, readText } from './reads.ts'
import type { Content } from './reads.ts'
import { rebase } from './ingest/rebase.ts'
import { watchConnection } from './watchConnection.ts'
import { reconcileRuns } from './evidence/reconcileRuns.ts'
import { presenceApi } from './presence.ts'
import { resumeApi } from './resume/resumeApi.ts'
import { runsReducer } from './runsSlice.ts'
import type { Runtime } from './runtime.ts'
import type { RunLedgerState } from './selectors/selectors.ts'
import { announceCommits, createTabs } from './tabs/tabs.ts'
import { streamCursor } from './streamCursor.ts'
import { transition } from './transition.ts'
import type { Move } from './transition.ts'
import { persistedViewPrefs } from './viewPrefsSlice.ts'

export interface RunLedgerOptions extends UpkeepOptions {
  /** User or workspace: each scope has a database of its own. */
  scope: string
  /** The orchestrators whose runs are mirrored. */
  source?: Source | readonly Source[]
  /** What stands for a text that is dispatched or kept. Default: `defaultRedact`; compose it with your own. */
  redact?: Redact
  /** How much is kept. Default: `redacted`. */
  capture?: Capture
  /** Where the ledger is kept. Default: IndexedDB and localForage, memory when the browser refuses them. */
  storage?: Storage
  clock?: Clock
  ids?: Ids
  locks?: Locks
  /** The line to other pages. Default: BroadcastChannel. */
  channels?: Channels
  frames?: Frames
  life?: PageLife
}

const DISPOSE_DEADLINE_MS = 5_000

/** Health that ends when a write succeeds; `memory-only` is one where the ledger is on disk all the same. */
const TEMPORARY: ReadonlySet<Health['state']> = new Set(['recovering', 'full', 'memory-only'])

export type RunLedger = ReturnType<typeof createRunLedger>

export function createRunLedger(options: RunLedgerOptions) {
  const { scope, clock = systemClock, ids = randomIds, locks = webLocks(), frames = pageFrames } = options
  const { channels = broadcastChannels, life = pageLife } = options
  const page = ids.next()
  const sources = options.source === undefined ? [] : [options.source].flat()
  const redaction = createRedaction(options)
  let store: Store<RunLedgerState> | null = null
  let booted: Booted | null = null
  let epoch = 0
  let closed = false

  // Nothing is dispatched before `boot(store)`; afterwards the store is there.
  // What comes after `dispose` belongs to nobody: the store may show another scope by then.
  const dispatch: Dispatch = (action) => (closed ? action : attached().dispatch(action))
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
  const storage =
    options.storage ??
    browserStorage({ scope, writer: page, clock, locks, syncStore: pageSyncStore, onFallback })
  const { ledger, content } = storage
  const journal = (): Journal | null => storage.journal

  const writer = new LedgerWriter({
    ledger,
    journal,
    content,
    clock,
    events: {
      committed: (commit) => {
        dispatch(committed(commit))
        upkeep.noticed(commit)
      },
      mirror: (error) => {
        dispatch(mirrorChanged({ reason: error?.message ?? null }))
        if (error !== null) healLater(runtime)
      },
      health: (error) => {
        if (error !== null) dispatch(healthChanged(toHealth(error)))
        else if (ledger.kind !== 'memory' && TEMPORARY.has(getState().ledger.health.state))
          dispatch(healthChanged({ state: 'ok' }))
      },
      conflict: (log, events) => rebase(runtime, log, events),
    },
  })
  const ingest = createIngest({
    ledger,
    cursorOf: (stream) => streamCursor({ ledger, writer }, stream),
    clock,
    frames,
    dispatch,
    runs: () => getState().runs,
    redaction,
    page,
    failed: (error) => dispatch(healthChanged(toHealth(error))),
  })
  // Nothing is folded before hydration ends (SPEC W3).
  const release = ingest.hold()
  const listener = createLedgerListener(writer, (error) => dispatch(healthChanged(toHealth(error))))
  const tabs = createTabs(scope, channels)
  announceCommits(listener, tabs)
  const runtime: Runtime = {
    ledger,
    journal,
    writer,
    content,
    ingest,
    sources,
    connected: new Set(),
    tabs,
    frames,
    life,
    redaction,
    clock,
    ids,
    locks,
    scope,
    page,
    dispatch,
    getState,
    nextEpoch: () => (epoch += 1),
  }
  const { api, failed } = createEndpoints({ ledger, listener, getState })
  const upkeep = createUpkeep(runtime, options)
  // SPEC T3: what newer code has taken over is not written to any more, and its sources are for newer pages.
  watchConnection(runtime, (refusal) => {
    writer.refuse(refusal)
    booted?.standDown()
  })
  // First what is queued, then what has not had its frame yet.
  const stopWatching = onPageLeaving({
    soon: () => {
      writer.flush()
      void ingest.settled().then(() => writer.flush())
    },
    now: () => {
      writer.leave(ids.next())
      void ingest.settled().then(() => writer.leave(ids.next()))
    },
  })

  async function send(request: CommandRequest): Promise<RunCommand> {
    if (closed) throw new CommandRefusedError('This run ledger was closed.')
    return sendCommand(runtime, request)
  }

  /** Writes what is left. A store that does not answer must not keep a person from logging out. */
  async function drain(): Promise<void> {
    await ingest.settled()
    await withDeadline(clock, writer.whenIdle(), DISPOSE_DEADLINE_MS, () => new Error('late')).catch(() => {})
  }

  return {
    reducers: {
      runs: runsReducer,
      chatRuntime: chatRuntimeReducer,
      ledger: ledgerReducer,
      [LEDGER_API]: api.reducer,
      viewPrefs: persistedViewPrefs(scope, (error) => dispatch(healthChanged(toHealth(error)))),
    },
    middleware: listener.middleware,
    /** Lists, runs and events from disk; add its `middleware` to the store. */
    api,
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
        booted = await boot(runtime, release, bootOptions)
        upkeep.booted()
      } catch (error) {
        failed(error)
        dispatch(healthChanged(toHealth(error)))
      }
    },

    /** Resolves when everything received so far is folded and durable. */
    async whenIdle(): Promise<void> {
      await ingest.settled()
      await writer.whenIdle()
    },

    /** Records a command and sends it. @throws CommandRefusedError, LedgerError */
    send,
    /** Starts a workflow run; its id is known at once. */
    async start(payload: CommandRequest['payload']): Promise<{ workflowRunId: string; command: RunCommand }> {
      const workflowRunId = ids.next()
      const command = await send({ log: workflowLog(workflowRunId), verb: 'start', payload })
      return { workflowRunId, command }
    },
    /** Tries at once to write what waits, for a person who made room or does not want to wait. */
    retry: (): void => writer.flush(),
    /**
     * Deletes a database that opens and cannot be read, so that the next start brings it back from the second copy.
     * Reload afterwards. @throws LedgerError when there is nothing to start from, or other tabs are open.
     */
    rebuild: (): Promise<void> => rebuildLedger(runtime),
    /** Reads and compares everything in both copies. @throws LedgerError while other tabs are open. */
    verify: (onProgress?: (progress: Progress) => void): Promise<Verification> =>
      verifyLedger(runtime, onProgress),
    /** For hosts that drive runs themselves. */
    runs: {
      /**
       * Moves a run, durable before it is visible; of several who try the same exactly one has `moved`.
       * @throws IllegalTransitionError, UnknownRunError, LedgerError: nothing was written.
       */
      transition: (log: LogId, to: Move['to'], how: Omit<Move, 'log' | 'to'>): Promise<{ moved: boolean }> =>
        transition(runtime, { log, to, ...how }),
    },
    ...resumeApi(runtime),
    ...presenceApi(runtime),
    /** Asks the owners of in-flight runs again and settles what died. */
    reconcile: (): Promise<void> => reconcileRuns(runtime),

    /** Loads a run with its latest events and all its tool calls; false when it is unknown. */
    openRun: (log: LogId): Promise<boolean> => openLog(runtime, log),
    openWorkflow: (id: string): Promise<boolean> => openWorkflow(runtime, workflowLog(id), id),
    openThread: (thread: string): Promise<void> => openThread(runtime, thread),
    loadEarlierEvents: (log: LogId): Promise<boolean> => loadEarlierEvents(runtime, log),
    /** The whole of a text that was cut to a preview. */
    readText: (text: Text): Promise<Content> => readText(runtime, text),

    ...upkeep.api,

    /** Writes what is left, disconnects, closes, and clears the slices. */
    async dispose(): Promise<void> {
      stopWatching()
      upkeep.stop()
      // First, so that the page that takes over finds everything written.
      await drain()
      booted?.end()
      await drain()
      ingest.dispose()
      await storage.journal?.close().catch(() => {})
      await ledger.close()
      if (store !== null) dispatch(scopeClosed())
      closed = true
    },
  }
}
