/**
 * Owns what Redux Toolkit's development checks cost with 100,000 events held: with the ledger's options, with
 * Redux Toolkit's own, and without checks. Only a development build has them at all.
 */
import { configureStore } from '@reduxjs/toolkit'
import { eventStream } from '../events.ts'
import { accept, createRunLedger, EMPTY_FRAME, eventsHeld, eventsReceived } from '../ledger.ts'
import { memoryStorage, recordOf } from '../ledger.ts'
import { median, quantiles } from '../statistics.ts'
import { decoded, emptyRoot, received, rootReducer, settled } from './fold.ts'
import type { Root } from './fold.ts'

const BATCH = 256

export type Checks = 'ours' | 'default' | 'none'

export function development({ checks, held, rounds }: { checks: Checks; held: number; rounds: number }) {
  const ledger = createRunLedger({ scope: 'development', storage: memoryStorage() })
  const options = {
    ours: ledger.checks,
    default: {},
    none: { serializableCheck: false, immutableCheck: false },
  }[checks]
  const store = configureStore({
    reducer: rootReducer,
    preloadedState: filled(held),
    // One thing is measured; the action creator check sees no state.
    middleware: (defaults) => defaults({ ...options, actionCreatorCheck: false }),
  })
  const live = eventStream(50)
  const times: number[] = []
  // The middleware says on the console when it is slow: that would be measured, too.
  const { warn } = console
  console.warn = () => {}
  for (let round = 0; round < rounds; round += 1) {
    const { changes } = accept((log) => recordOf(store.getState().runs, log), decoded(live, BATCH))
    const frame = eventsReceived({ ...EMPTY_FRAME, changes })
    const began = performance.now()
    store.dispatch(frame)
    times.push(performance.now() - began)
  }
  console.warn = warn
  const kept = eventsHeld(store.getState().runs)
  return { perDispatch: median(times), p95: quantiles(times)?.p95 ?? Number.NaN, kept }
}

/** So many events held: 200 of each run, as many as the ledger keeps of one. */
function filled(held: number): Root {
  const stream = eventStream(Math.max(1, Math.floor(held / 200)))
  let state = emptyRoot()
  for (let made = 0; made < held; made += 10_000) {
    state = settled(received(state, decoded(stream, Math.min(10_000, held - made))))
  }
  return state
}
