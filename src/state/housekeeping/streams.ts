/**
 * Owns forgetting streams that will never speak again: a local orchestrator's stream ends with its epoch, and where
 * that one's lock is free and no unsettled run is bound to it, its cursor serves nobody.
 */
import type { LogRecord } from '../../core/entities.ts'
import { epochLock, epochOf } from '../../core/epoch.ts'
import type { Runtime } from '../runtime.ts'

/** Unsettled runs looked at; with more of them, every stream is kept. */
const UNSETTLED = 10_000

/** Gives back how many were forgotten. */
export async function forgetDeadStreams({ ledger, locks }: Runtime): Promise<number> {
  const held = await locks.held()
  // Nobody's death can be concluded where locks cannot be seen.
  if (held === null) return 0
  const dead = (await ledger.listCursors()).flatMap(({ stream }) => {
    const epoch = epochOf(stream)
    return epoch === null || held.has(epochLock(epoch)) ? [] : [stream]
  })
  if (dead.length === 0) return 0
  const unsettled = await ledger.listRecords(
    { entity: 'run', unsettled: true, limit: UNSETTLED },
    { entity: 'workflow', unsettled: true, limit: UNSETTLED },
  )
  // One of the lists may have been cut off.
  if (unsettled.length >= UNSETTLED) return 0
  const bound = new Set(unsettled.flatMap(streamsOf))
  const forgotten = dead.filter((stream) => !bound.has(stream))
  if (forgotten.length > 0) await ledger.deleteCursors(forgotten)
  return forgotten.length
}

const streamsOf = ({ bindings }: LogRecord): readonly string[] => bindings.map(({ stream }) => stream)
