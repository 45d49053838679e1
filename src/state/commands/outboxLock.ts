/**
 * Owns that one page at a time looks through the outbox and adds what must be there once.
 */
import { scopeName } from '../../core/ids.ts'
import { holdPatiently } from '../tabs/patientLock.ts'
import type { Runtime } from '../runtime.ts'

/** Who holds the outbox for this long is frozen, or so slow that nothing is lost by going on: each row names its sender. */
const PATIENCE_MS = 2_000

export async function holdOutbox(runtime: Runtime): Promise<{ isOurs(): boolean; release(): void }> {
  let isOurs = true
  const name = `run-ledger:${scopeName(runtime.scope)}:outbox`
  const release = await holdPatiently(runtime, name, PATIENCE_MS, () => {
    isOurs = false
  })
  return { isOurs: () => isOurs, release }
}
