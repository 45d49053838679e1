/** Owns a tab of a host whose core outlives it: a run ledger over one HTTP connection, looked at by the test. */
import { configureStore } from '@reduxjs/toolkit'
import type { Middleware } from '@reduxjs/toolkit'
import type { Ledger, LogId, RunCommand, Source } from 'run-ledger'
import { committed, createRunLedger, selectLedgerStatus, selectRunEvents } from 'run-ledger'
import type { RunEvent } from '../../../src/core/entities.ts'
import { indexedDbLedger } from '../../../src/ledger/indexedDb.ts'
import { systemClock } from '../../../src/platform/browser.ts'
import { at } from '../../../src/state/table.ts'
import { liveStream } from '../../../src/testing/scriptedSource.ts'

/** What the test asks of the tab. */
export interface TabApi {
  /** Positions of the core that this tab shows, in order. */
  shown(log: LogId): unknown[]
  source(): string
  health(): string
  commands(): string[]
  stop(log: LogId): Promise<string>
  open(log: LogId): Promise<boolean>
  /** Times this document was brought back as it was. */
  restored: number
  /** The record as this tab has it, as JSON; null when it has none. */
  record(log: LogId): string | null
  /** Every event of a log, as the disk has it. */
  stored(log: LogId): Promise<readonly RunEvent[]>
  storedCommands(): Promise<readonly RunCommand[]>
  /** Compares both copies and reads all of them. Only in the last tab. */
  verify(): Promise<{ repaired: number; unreadable: number; restored: number; copied: number; lost: number }>
}

/** What a tab says without being asked, to a test that listens. */
export type TabWord =
  | { kind: 'source'; state: string }
  /** Logs are durable up to here. */
  | { kind: 'committed'; heads: readonly (readonly [log: LogId, sequence: number])[] }

declare global {
  interface Window {
    tab: TabApi
    /** A binding takes one string. */
    hearTab?: (word: string) => void
  }
}

const core: Source = {
  id: 'core',
  instance: 'core',
  verbs: [{ verb: 'stop', idempotent: true }],
  connect(sink) {
    const stream = liveStream('core:1')
    let line: EventSource | null = null
    let ended = false
    void sink.position(stream.id).then((position) => {
      if (ended) return
      line = new EventSource(`/events?after=${position ?? 0}`)
      line.addEventListener('open', () => sink.status({ state: 'connected', error: null }))
      line.addEventListener('message', ({ data }) =>
        sink.receive(stream, JSON.parse(String(data)) as unknown[]),
      )
    })
    return () => {
      ended = true
      line?.close()
    }
  },
  ask: async (runs) => new Map(runs.map(({ log }) => [log, { kind: 'live' as const }])),
  async send(command) {
    const answer = await fetch('/command', { method: 'POST', body: JSON.stringify(command) })
    return answer.ok ? { kind: 'delivered' } : { kind: 'rejected', reason: answer.statusText }
  },
}

const SCOPE = 'shared'
const runs = createRunLedger({ scope: SCOPE, source: core })
const tellTest = (word: TabWord): void => window.hearTab?.(JSON.stringify(word))
const tellCommits: Middleware = () => (next) => (action) => {
  const result = next(action)
  if (committed.match(action)) {
    const heads = action.payload.persisted.map(({ log, sequence }) => [log, sequence] as const)
    tellTest({ kind: 'committed', heads })
  }
  return result
}
const store = configureStore({
  reducer: runs.reducers,
  middleware: (getDefaultMiddleware) =>
    getDefaultMiddleware(runs.checks).prepend(runs.middleware).concat(tellCommits),
})
async function onDisk<Result>(read: (ledger: Ledger) => Promise<Result>): Promise<Result> {
  const ledger = indexedDbLedger({ scope: SCOPE, clock: systemClock })
  try {
    return await read(ledger)
  } finally {
    await ledger.close()
  }
}

let lastSource = ''
store.subscribe(() => {
  const state = window.tab.source()
  if (state !== lastSource) tellTest({ kind: 'source', state })
  lastSource = state
})

window.tab = {
  shown: (log) => selectRunEvents(store.getState(), log).map(({ position }) => position),
  source: () => selectLedgerStatus(store.getState()).sources['core']?.state ?? 'none',
  health: () => selectLedgerStatus(store.getState()).health.state,
  commands: () => Object.values(store.getState().runs.commands).map(({ state }) => state),
  stop: async (log) => (await runs.send({ log, verb: 'stop', payload: null })).state,
  open: (log) => runs.openRun(log),
  restored: 0,
  record(log) {
    const record = at(store.getState().runs.records, log)
    return record === undefined ? null : JSON.stringify(record)
  },
  stored: (log) => onDisk((ledger) => ledger.readEvents(log, { after: 0, limit: Number.MAX_SAFE_INTEGER })),
  storedCommands: () => onDisk((ledger) => ledger.listCommands()),
  async verify() {
    const { repaired, unreadable, healing } = await runs.verify()
    const { restored, copied, integrity } = healing
    return {
      repaired,
      unreadable,
      restored: restored.events,
      copied: copied.events,
      lost: integrity.lostEvents,
    }
  },
}
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) window.tab.restored += 1
})
await runs.boot(store)
document.title = 'ready'
