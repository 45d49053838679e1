/**
 * Owns what keeps Redux Toolkit's development checks usable: they would walk every record of every frame,
 * and redux-persist's own actions carry functions.
 */
import { FLUSH, PAUSE, PERSIST, PURGE, REGISTER, REHYDRATE } from 'redux-persist'
import { eventsReceived, hydrated } from './actions.ts'

const PATHS = ['runs', 'chatRuntime']

/** Spread into `getDefaultMiddleware`. */
export const checks = {
  serializableCheck: {
    ignoredPaths: PATHS,
    ignoredActions: [FLUSH, PAUSE, PERSIST, PURGE, REGISTER, REHYDRATE, eventsReceived.type, hydrated.type],
  },
  immutableCheck: { ignoredPaths: PATHS },
}
