/**
 * Owns decisions of ours: durable before they are visible. The run's own events wait meanwhile. SPEC C1, C2.
 */
import { accept } from '../core/accept.ts'
import type { LogChange } from '../core/accept.ts'
import type { LogRecord } from '../core/entities.ts'
import type { SourceEvent } from '../core/events.ts'
import type { LogId } from '../core/ids.ts'
import { EMPTY_BATCH } from '../ledger/port.ts'
import { committed, decided } from './actions.ts'
import type { Runtime } from './runtime.ts'

/**
 * Reads the records, asks `conclude` for an event each, and writes them in one transaction; only then the
 * store hears of it. Gives back what changed.
 * @throws LedgerError when nothing could be written.
 */
export async function decide(
  runtime: Runtime,
  logs: readonly LogId[],
  conclude: (record: LogRecord) => SourceEvent | null,
): Promise<readonly LogChange[]> {
  const { ingest, writer, dispatch } = runtime
  if (logs.length === 0) return []
  const release = ingest.hold()
  try {
    await ingest.paused()
    let changes: readonly LogChange[] = []
    await writer.decide(logs, (records) => {
      const events = [...records.values()].flatMap((record) => conclude(record) ?? [])
      changes = accept((log) => records.get(log), events).changes
      return changes.length === 0 ? null : { ...EMPTY_BATCH, logs: changes, durability: 'strict' }
    })
    if (changes.length === 0) return changes
    dispatch(decided({ changes }))
    dispatch(
      committed({
        persisted: [],
        transitions: changes.flatMap((change) => change.transitions),
        commands: [],
        copies: writer.copies,
      }),
    )
    return changes
  } finally {
    release()
  }
}
