/** Owns a tab of a host whose core outlives it: a run ledger over one HTTP connection, looked at by the test. */
import { configureStore } from '@reduxjs/toolkit'
import type { LogId, Source } from 'run-ledger'
import { createRunLedger, selectLedgerStatus, selectRunEvents } from 'run-ledger'
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
}

declare global {
  interface Window {
    tab: TabApi
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

const runs = createRunLedger({ scope: 'shared', source: core })
const store = configureStore({
  reducer: runs.reducers,
  middleware: (getDefaultMiddleware) => getDefaultMiddleware(runs.checks).prepend(runs.middleware),
})

window.tab = {
  shown: (log) => selectRunEvents(store.getState(), log).map(({ position }) => position),
  source: () => selectLedgerStatus(store.getState()).sources['core']?.state ?? 'none',
  health: () => selectLedgerStatus(store.getState()).health.state,
  commands: () => Object.values(store.getState().runs.commands).map(({ state }) => state),
  stop: async (log) => (await runs.send({ log, verb: 'stop', payload: null })).state,
  open: (log) => runs.openRun(log),
  restored: 0,
}
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) window.tab.restored += 1
})
await runs.boot(store)
document.title = 'ready'
