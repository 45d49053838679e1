/**
 * Owns what happens when another writer moved a log first: the record on disk replaces ours, and our
 * unacknowledged events are accepted again by identity. SPEC W5.
 */
import { accept, toSourceEvent } from '../core/accept.ts'
import type { RunEvent } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { eventsReceived, rebased } from './actions.ts'
import type { Runtime } from './runtime.ts'

export async function rebase(
  { ledger, ingest, dispatch, getState }: Runtime,
  log: LogId,
  events: readonly RunEvent[],
): Promise<void> {
  const [first] = events
  if (first === undefined) return
  const release = ingest.hold()
  try {
    await ingest.paused()
    const record = (await ledger.readRecords([log])).get(log)
    if (record !== undefined) dispatch(rebased({ record }))
    const stored = await ledger.readEvents(log, { after: first.sequence - 1, limit: Number.MAX_SAFE_INTEGER })
    const known = new Set(stored.map(identityOf))
    const missing = events.filter((event) => !known.has(identityOf(event)))
    const { records } = getState().runs
    const { changes } = accept((each) => records[each], missing.map(toSourceEvent))
    dispatch(
      eventsReceived({
        changes,
        transient: [],
        cursors: [],
        blobs: [],
        contents: [],
        quarantine: [],
        counts: { received: 0, duplicates: events.length - missing.length, redundant: 0 },
        durability: 'strict',
      }),
    )
  } finally {
    release()
  }
}

const identityOf = (event: RunEvent): string => `${event.stream}\n${event.position}`
