/**
 * Owns what keeps Redux Toolkit's development checks usable: they would walk every record of every frame,
 * and redux-persist's own actions carry functions.
 */
import { FLUSH, PAUSE, PERSIST, PURGE, REGISTER, REHYDRATE } from 'redux-persist'
import {
  decided,
  earlierEventsLoaded,
  eventsReceived,
  hydrated,
  opened,
  rebased,
  recordsLoaded,
} from './actions.ts'

const PATHS = ['runs', 'chatRuntime']

/** Actions that carry records and events: plain JSON by construction, and many. */
const LARGE = [eventsReceived, decided, hydrated, recordsLoaded, rebased, opened, earlierEventsLoaded]

/** Spread into `getDefaultMiddleware`. */
export const checks = {
  serializableCheck: {
    ignoredPaths: PATHS,
    ignoredActions: [FLUSH, PAUSE, PERSIST, PURGE, REGISTER, REHYDRATE, ...LARGE.map(({ type }) => type)],
  },
  immutableCheck: { ignoredPaths: PATHS },
}
