/**
 * Owns what goes wrong with storage, on demand: a real ledger behind a wrapper whose next writes can be
 * refused, lose their receipt, or wait. Reads always tell what the ledger beneath holds.
 */
import type { Ledger, LedgerBatch, LedgerError } from '../ledger/port.ts'

export type Fault =
  /** Nothing is written, and the caller hears so. */
  | { kind: 'refuse'; error: LedgerError }
  /** It is written, but the caller hears that it failed: an unknown outcome. */
  | { kind: 'lose-receipt'; error: LedgerError }

export interface FaultyLedger extends Ledger {
  /** What the next writes and decisions meet, one each, in order; null lets one through. */
  next(...faults: readonly (Fault | null)[]): void
  /** What every write and decision meets from now on; null heals the ledger. */
  always(fault: Fault | null): void
  /** Lets no write begin until the returned function is called. */
  hold(): () => void
  /** Writes and decisions begun so far. */
  attempts(): number
  /** Writes and decisions that were under way at the same time, at most. */
  mostAtOnce(): number
  /** What the ledger beneath took, in order. */
  landed(): readonly LedgerBatch[]
}

export function faultyLedger(beneath: Ledger): FaultyLedger {
  let queue: readonly (Fault | null)[] = []
  let standing: Fault | null = null
  let gate: Promise<void> = Promise.resolve()
  let attempts = 0
  let now = 0
  let most = 0
  const landed: LedgerBatch[] = []

  async function through<Result>(
    work: () => Promise<Result>,
    batchOf: (result: Result) => LedgerBatch | null,
  ): Promise<Result> {
    attempts += 1
    now += 1
    most = Math.max(most, now)
    const [fault = standing] = queue
    queue = queue.slice(1)
    try {
      await gate
      if (fault?.kind === 'refuse') throw fault.error
      const result = await work()
      const batch = batchOf(result)
      if (batch !== null) landed.push(batch)
      if (fault?.kind === 'lose-receipt') throw fault.error
      return result
    } finally {
      now -= 1
    }
  }

  return {
    ...beneath,
    write: (batch) =>
      through(
        () => beneath.write(batch),
        () => batch,
      ),
    decide: (logs, decision, durability) =>
      through(
        () => beneath.decide(logs, decision, durability),
        (decided) => decided?.batch ?? null,
      ),

    next: (...faults) => {
      queue = [...queue, ...faults]
    },
    always: (fault) => {
      standing = fault
    },
    hold() {
      let release = (): void => {}
      gate = new Promise((resolve) => {
        release = resolve
      })
      return release
    },
    attempts: () => attempts,
    mostAtOnce: () => most,
    landed: () => landed,
  }
}
