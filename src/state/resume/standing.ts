/**
 * Owns what a page has to look up before it can say what may be asked of a run: whether nobody drives it any more,
 * and whether the checkpoint it kept can really be used. Reads only.
 */
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { Ownership } from '../../core/permissions.ts'
import { isSettled } from '../../core/status.ts'
import { gatherEvidence, readCheckpoints } from '../evidence/ask.ts'
import type { Runtime } from '../runtime.ts'

export interface Standing {
  ownership: Ownership
  hasCheckpoint: boolean
}

/** Null when there is no such run. An owner that cannot be reached is not gone. @throws LedgerError */
export async function standingOf(runtime: Runtime, log: LogId): Promise<Standing | null> {
  await runtime.writer.whenWritten()
  const record = (await runtime.ledger.readRecords([log])).get(log)
  if (record === undefined) return null
  const [checkpoints, evidence] = await Promise.all([
    readCheckpoints(runtime, [record]),
    isSettled(lifecycleOf(record).status) ? null : gatherEvidence(runtime, [record]),
  ])
  return { ownership: ownershipBy(evidence?.get(log)?.kind ?? null), hasCheckpoint: checkpoints.has(log) }

  function ownershipBy(word: 'live' | 'gone' | 'unknown' | null): Ownership {
    if (evidence === null || word === 'gone') return 'gone'
    return word === 'live' ? 'confirmed' : 'unconfirmed'
  }
}
