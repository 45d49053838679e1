/**
 * Owns what the app learns of the store's integrity: what this look repaired, and everything ever found lost.
 * SPEC W7.
 */
import { INTACT } from '../ledger/port.ts'
import type { IntegrityReport } from '../ledger/port.ts'
import { integrityChecked } from './actions.ts'
import type { Runtime } from './runtime.ts'

export async function checkLedger({ ledger, dispatch }: Runtime): Promise<IntegrityReport> {
  const found = await ledger.check().catch(() => INTACT)
  const { events, logs } = await ledger.losses()
  const report = { ...found, lostEvents: events, lostLogs: logs }
  dispatch(integrityChecked(report))
  return report
}
