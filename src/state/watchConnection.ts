/**
 * Owns what is said when the store is lost under the page: closed by the browser, deleted or upgraded by
 * another tab. A look at the store opens it again; what was lost with it shows at the next write (`rebase.ts`).
 */
import { toLedgerError } from '../ledger/ledgerErrors.ts'
import type { LedgerError } from '../ledger/port.ts'
import { healthChanged } from './actions.ts'
import { toHealth } from './boot.ts'
import type { Runtime } from './runtime.ts'

/** `onRefused`: the store is there, and not for this code to write to. */
export function watchConnection(
  { ledger, writer, dispatch, getState }: Runtime,
  onRefused: (refusal: LedgerError) => void,
): void {
  let looking = false

  async function look(): Promise<void> {
    try {
      await ledger.counts()
      const { refusal } = ledger.opening()
      if (refusal !== null) refused(refusal)
      // A store that can be read is well only if it can be written, too: the writer says so when it can.
      else if (writer.failures === 0 && getState().ledger.health.state === 'recovering') {
        dispatch(healthChanged({ state: 'ok' }))
      }
    } catch (error) {
      const failure = toLedgerError(error)
      if (failure.kind === 'newer-schema') refused(failure)
      else dispatch(healthChanged(toHealth(failure)))
    }
  }

  function refused(refusal: LedgerError): void {
    onRefused(refusal)
    dispatch(healthChanged(toHealth(refusal)))
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
