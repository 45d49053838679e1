/**
 * Owns making the stored copies whole: before the first write, after the second copy failed, and on demand. One page
 * at a time, and only while no other page writes. What was found is said in numbers. SPEC W6, W7.
 */
import { scopeName } from '../core/ids.ts'
import { heal } from '../ledger/heal.ts'
import type { HealReport } from '../ledger/heal.ts'
import { adoptLetters } from '../ledger/letters.ts'
import { frameOf } from '../ledger/mirror.ts'
import { LedgerError } from '../ledger/port.ts'
import type { LedgerBatch } from '../ledger/port.ts'
import { verify } from '../ledger/verify.ts'
import type { Progress, Verification } from '../ledger/verify.ts'
import { healed, integrityChecked, mirrorChanged } from './actions.ts'
import { livingPages } from './tabs/pages.ts'
import { holdPatiently } from './tabs/patientLock.ts'
import type { Runtime } from './runtime.ts'

/** A repair that takes longer than this belongs to a page that was frozen in the middle of it. */
const REPAIR_LOCK_MS = 15_000
const repairLock = (scope: string): string => `run-ledger:${scopeName(scope)}:repair`
const HEAL_AGAIN_MS = 30_000

/** Heals and adopts what pages left behind; tells whether anything stored is other than it was. */
export async function healAtBoot(runtime: Runtime): Promise<boolean> {
  return alone(runtime, async (isAlone) => {
    const changed = isAlone ? await healNow(runtime, { full: false }) : await checkOnly(runtime)
    const adopted = await adoptLetters(runtime.ledger, (batch) => writeBoth(runtime, batch))
    return changed || adopted > 0
  })
}

/** Heals; does nothing but look while other pages are alive: they write, and healed when they started. */
export async function healLedger(runtime: Runtime, options: { full: boolean }): Promise<void> {
  await alone(runtime, async (isAlone) => {
    await (isAlone ? healNow(runtime, options) : checkOnly(runtime))
  })
}

/**
 * Reads everything in both copies and compares it, after all that waits is written.
 * @throws LedgerError while other pages of the scope are open: they write.
 */
export function verifyLedger(
  runtime: Runtime,
  onProgress?: (progress: Progress) => void,
): Promise<Verification> {
  const { ledger, journal, writer } = runtime
  return writer.job(() =>
    alone(runtime, async (isAlone) => {
      if (!isAlone) throw new LedgerError('transient', 'Close the other tabs first: they may be writing.')
      const found = await verify(ledger, journal(), onProgress)
      await tell(runtime, found.healing)
      return found
    }),
  )
}

/** Reads the whole journal once while nobody waits: damage in the middle of a file shows in no witness. */
export async function* scrubJournal(runtime: Runtime): AsyncGenerator<void, number> {
  const journal = runtime.journal()
  if (journal === null) return 0
  const { damage } = await journal.scan()
  yield
  const damaged = damage.filter(({ kind }) => kind === 'damaged').length
  if (damaged > 0) await runtime.writer.job(() => healLedger(runtime, { full: true }))
  return damaged
}

/**
 * Starts over from the second copy, for a database that opens and cannot be read: it is deleted, and comes back from
 * the journal at the next start; reload afterwards. A person's choice, never ours.
 * @throws LedgerError when there is no second copy to start from, or other pages are open.
 */
export async function rebuildLedger(runtime: Runtime): Promise<void> {
  await alone(runtime, async (isAlone) => {
    if (!isAlone) throw new LedgerError('transient', 'Close the other tabs first: they may be writing.')
    const witness = (await runtime.journal()?.open()) ?? null
    if (witness === null || witness.batch === 0) {
      throw new LedgerError('unavailable', 'There is no second copy to rebuild from.')
    }
    await runtime.ledger.destroy()
  })
}

/** Once frames are missing, the copies are compared again, until the second one is whole. */
export function healLater(runtime: Runtime): void {
  const { clock, writer } = runtime
  if (waiting.has(runtime)) return
  waiting.add(runtime)
  clock.setTimeout(() => {
    waiting.delete(runtime)
    // Room was found, and the frames that waited for it.
    if (writer.copies === 2) return
    void writer.job(() => healLedger(runtime, { full: true })).catch(() => {})
  }, HEAL_AGAIN_MS)
}

const waiting = new WeakSet<Runtime>()

async function healNow(runtime: Runtime, options: { full: boolean }): Promise<boolean> {
  const report = await heal(runtime.ledger, runtime.journal(), options)
  await tell(runtime, report)
  return report.integrity.rebuilt > 0 || report.restored.events > 0 || report.deleted > 0
}

async function tell(runtime: Runtime, report: HealReport): Promise<void> {
  const { writer, dispatch } = runtime
  if (report.journalError === null) writer.repaired()
  dispatch(mirrorChanged({ reason: report.journalError?.message ?? null }))
  const { vanished, restored, copied, damagedBytes } = report
  if (report.compared) dispatch(healed({ vanished, restored, copied, damagedBytes, copies: writer.copies }))
  await tellLosses(runtime, report.integrity)
}

async function checkOnly(runtime: Runtime): Promise<boolean> {
  const report = await runtime.ledger.check()
  await tellLosses(runtime, report)
  return report.rebuilt > 0
}

/** What this look repaired, and everything ever found lost: a loss does not end with the session that noticed it. */
async function tellLosses({ ledger, dispatch }: Runtime, found: HealReport['integrity']): Promise<void> {
  const { events, logs } = await ledger.losses()
  dispatch(integrityChecked({ ...found, lostEvents: events, lostLogs: logs }))
}

async function writeBoth({ ledger, journal }: Runtime, batch: LedgerBatch): Promise<void> {
  const receipt = await ledger.write(batch)
  // Should this fail, the stamps tell the next start.
  await journal()
    ?.append(frameOf(batch, receipt))
    .catch(() => {})
}

/** Runs while no other page repairs; tells it whether this is the only living page. */
async function alone<Result>(runtime: Runtime, work: (isAlone: boolean) => Promise<Result>): Promise<Result> {
  const release = await holdPatiently(runtime, repairLock(runtime.scope), REPAIR_LOCK_MS)
  try {
    const living = await livingPages(runtime)
    // Without locks nobody can be told to be alive; a repair that nobody makes would be the greater harm.
    return await work(living === null || [...living].every((page) => page === runtime.page))
  } finally {
    release()
  }
}
