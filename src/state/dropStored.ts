/**
 * Owns what a page may not take in although its own intake passed it: another page stored it since this one opened
 * the stream, and a record read from the disk holds it already. SPEC W5, T2.
 */
import type { Prepared } from '../core/content.ts'
import { hasSeen } from '../core/cursors.ts'
import type { Ledger } from '../ledger/port.ts'

/**
 * The events that are not stored yet. Those that `isDoubtful` names are for a record that came from the disk; the
 * stored cursor, read after that record, knows about them. One that cannot be read tells nothing: rather twice
 * than never.
 */
export async function dropStored(
  ledger: Pick<Ledger, 'readCursor'>,
  events: readonly Prepared[],
  isDoubtful: (each: Prepared) => boolean,
): Promise<readonly Prepared[]> {
  const doubtful = events.filter(isDoubtful)
  const streams = [...new Set(doubtful.map(({ event }) => event.stream))]
  const cursors = await Promise.all(streams.map((stream) => ledger.readCursor(stream).catch(() => null)))
  const stored = new Set(
    doubtful.filter(({ event }) => {
      const cursor = cursors[streams.indexOf(event.stream)]
      return cursor != null && hasSeen(cursor, event.position)
    }),
  )
  return stored.size === 0 ? events : events.filter((each) => !stored.has(each))
}
