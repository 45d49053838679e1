/** Owns what the ledger knows of harn's sessions, so that a log and its record may be opened one after the other. */
import type { ThunkDispatch, UnknownAction } from '@reduxjs/toolkit'
import { selectRun } from 'run-ledger'
import type { RunLedger, RunLedgerState } from 'run-ledger'
import { harnKnown } from 'run-ledger/sources/harn'
import type { HarnKnown } from 'run-ledger/sources/harn'

const PAGE = 500
/** Runs that are looked at, newest first; a session of an older one stands by itself. */
const MOST = 10_000

/** As much of the app's store as this takes. */
export interface KnownStore {
  dispatch: ThunkDispatch<RunLedgerState, unknown, UnknownAction>
  getState: () => RunLedgerState
}

export async function readKnown(
  { api }: Pick<RunLedger, 'api'>,
  { dispatch, getState }: KnownStore,
): Promise<HarnKnown> {
  const runs = []
  const query = { limit: PAGE }
  const { initiate } = api.endpoints.listAgentRuns
  const subscription = dispatch(initiate(query, { forceRefetch: true }))
  try {
    for (
      let result = await subscription;
      ;
      result = await dispatch(initiate(query, { direction: 'forward', subscribe: false }))
    ) {
      const page = result.data?.pages.at(-1)
      if (page === undefined) throw new Error('The stored runs cannot be read.')
      for (const id of page.ids) {
        const record = selectRun(getState(), id)
        if (record !== null) runs.push(record.run)
      }
      if (page.next === null || runs.length >= MOST) return harnKnown(runs)
    }
  } finally {
    subscription.unsubscribe()
  }
}
