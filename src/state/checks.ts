/**
 * Owns what keeps Redux Toolkit's development checks usable: they would walk every record of every frame,
 * and redux-persist's own actions carry functions.
 */
import { FLUSH, PAUSE, PERSIST, PURGE, REGISTER, REHYDRATE } from 'redux-persist'
import { LEDGER_API } from './api.ts'
import {
  decided,
  earlierEventsLoaded,
  eventsReceived,
  hydrated,
  listed,
  opened,
  rebased,
  recordsLoaded,
} from './actions.ts'

const PATHS = ['runs', 'chatRuntime', LEDGER_API]

/** Actions that carry records and events: plain JSON by construction, and many. */
const LARGE = [
  eventsReceived,
  decided,
  hydrated,
  recordsLoaded,
  rebased,
  opened,
  earlierEventsLoaded,
  listed,
].map(({ type }) => type)
const ANSWERS = `${LEDGER_API}/executeQuery/fulfilled`

/** Spread into `getDefaultMiddleware`. */
export const checks = {
  serializableCheck: {
    ignoredPaths: PATHS,
    ignoredActions: [FLUSH, PAUSE, PERSIST, PURGE, REGISTER, REHYDRATE, ...LARGE, ANSWERS],
  },
  immutableCheck: { ignoredPaths: PATHS },
}
