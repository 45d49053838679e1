/**
 * Owns writing history at the end of a log that stands where it was last seen, as one decision of ours. Nobody is told
 * of transitions: what is imported happened before. SPEC A2, H4.
 */
import { accept } from '../../core/accept.ts'
import type { LogChange } from '../../core/accept.ts'
import type { Prepared, StoredText } from '../../core/content.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import { EMPTY_BATCH } from '../../ledger/port.ts'
import { decided } from '../actions.ts'
import type { Runtime } from '../runtime.ts'
import { at } from '../table.ts'

/** The log was written meanwhile: what is to be added has to be found anew. */
export class MovedOn extends Error {}

export interface Additions {
  log: LogId
  /** The head they build on. */
  head: number
  events: readonly Prepared[]
  /** Texts that were kept beside events; those cut from these events go along by themselves. */
  blobs: readonly StoredText[]
  /** They count only where they say something new. */
  isRepair?: boolean
}

/** Writes them, texts of the content store first. Gives back the head after them. @throws MovedOn, LedgerError */
export async function addToLog(runtime: Runtime, additions: Additions): Promise<number> {
  const { ingest, writer, dispatch, content } = runtime
  const { log, head, events, blobs, isRepair = false } = additions
  if (events.length === 0 && blobs.length === 0) return head
  await Promise.all(events.flatMap(({ contents }) => contents.map(({ ref, text }) => content.put(ref, text))))
  // As for any decision of ours: nothing is accepted on top of a record that is about to change.
  const release = ingest.hold()
  try {
    await ingest.paused()
    let changes: readonly LogChange[] = []
    await writer.decide([log], (records) => {
      const record = records.get(log)
      if (head !== (record === undefined ? 0 : lifecycleOf(record).lastSequence)) throw new MovedOn()
      changes = accept(
        () => record,
        events.map(({ event }) => event),
        () => isRepair,
      ).changes
      const cut = events.flatMap((each) => each.blobs)
      return { ...EMPTY_BATCH, logs: changes, blobs: [...blobs, ...cut] }
    })
    // A log that is shown shows the rest of itself.
    if (at(runtime.getState().runs.records, log) !== undefined) dispatch(decided({ changes }))
    const [change] = changes
    return change === undefined ? head : lifecycleOf(change.record).lastSequence
  } finally {
    release()
  }
}
