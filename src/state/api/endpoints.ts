/** Owns the endpoints' assembly: questions wait until the ledger was read, and the answers follow it from then on. */
import type { ListenerMiddlewareInstance } from '@reduxjs/toolkit'
import type { Ledger } from '../../ledger/port.ts'
import { hydrated } from '../actions.ts'
import { createLedgerApi } from '../api.ts'
import type { LedgerApi } from '../api.ts'
import type { RunLedgerState } from '../selectors/selectors.ts'
import { followLedger } from './follow.ts'
import type { FollowedState } from './openQueries.ts'
import type { QueryFailure } from './queries.ts'

export interface Endpoints {
  api: LedgerApi
  /** The ledger will not be read: whoever waits for it hears why. */
  failed(error: unknown): void
}

export function createEndpoints(options: {
  ledger: Ledger
  listener: ListenerMiddlewareInstance<FollowedState>
  getState: () => RunLedgerState
}): Endpoints {
  const { ledger, listener, getState } = options
  let settle: (failure: QueryFailure | null) => void = () => {}
  const settled = new Promise<QueryFailure | null>((resolve) => {
    settle = resolve
  })
  listener.startListening({ actionCreator: hydrated, effect: () => settle(null) })

  async function readable(): Promise<QueryFailure | null> {
    const failure = await settled
    if (failure !== null || ledger.kind !== 'memory') return failure
    const { health } = getState().ledger
    if (health.state === 'ok') return null
    const { runs, workflows } = await ledger.counts()
    // An empty answer would say that there never was anything.
    return runs + workflows > 0 ? null : { kind: 'unavailable', message: health.reason }
  }

  const api = createLedgerApi({ ledger, readable })
  followLedger({ listener, api, ledger })
  return {
    api,
    failed: (error) =>
      settle({ kind: 'unavailable', message: error instanceof Error ? error.message : String(error) }),
  }
}
