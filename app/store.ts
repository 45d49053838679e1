/** Owns the wiring: who does the work, the run ledger over it, and the Redux store around both. */
import { configureStore } from '@reduxjs/toolkit'
import { createRunLedger } from 'run-ledger'
import { threadInPath } from './lib/links.ts'
import { paceOf } from './lib/pace.ts'
import { orchestratorOf } from './lib/sources.ts'

const { scope, source, setPace, openHuman } = orchestratorOf(import.meta.env['VITE_OPENHUMAN_URL'])

export const runs = createRunLedger({ scope, source })

export { openHuman }

export const store = configureStore({
  reducer: { ...runs.reducers },
  middleware: (getDefaultMiddleware) =>
    getDefaultMiddleware(runs.checks).prepend(runs.middleware).concat(runs.api.middleware),
})

export type AppState = ReturnType<typeof store.getState>

let pace: number | null = null

/** The preference comes from disk later than the worker starts, and may change at any time. */
function followPace(): void {
  const wanted = paceOf(store.getState().viewPrefs)
  if (wanted === pace) return
  pace = wanted
  setPace(wanted)
}

export function start(): void {
  const thread = threadInPath(location.pathname)
  void runs.boot(store, thread === null ? {} : { thread })
  followPace()
  store.subscribe(followPace)
}
