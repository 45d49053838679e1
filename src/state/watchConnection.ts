/**
 * Owns what is said when the store is lost under the page: closed by the browser, deleted or upgraded by
 * another tab. A look at the store opens it again; what was lost with it shows at the next write (`rebase.ts`).
 */
import { healthChanged } from './actions.ts'
import { toHealth } from './boot.ts'
import type { Runtime } from './runtime.ts'

export function watchConnection({ ledger, dispatch, getState }: Runtime): void {
  let looking = false

  async function look(): Promise<void> {
    try {
      await ledger.counts()
      if (getState().ledger.health.state === 'recovering') dispatch(healthChanged({ state: 'ok' }))
    } catch (error) {
      dispatch(healthChanged(toHealth(error)))
    }
  }

  ledger.onClosed((reason) => {
    // A failing look loses the connection once more; one is enough.
    if (looking) return
    looking = true
    dispatch(healthChanged({ state: 'recovering', reason }))
    void look().finally(() => {
      looking = false
    })
  })
}
