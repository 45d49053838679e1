/**
 * Owns what is stored of a stream's cursor when pages that took turns at the stream write theirs. SPEC W5, T2.
 */
import { joinCursors } from '../core/cursors.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { LedgerTransaction } from './schema.ts'

/**
 * A cursor never goes back: a page that was late would have others read again what is stored. Those that are known
 * are not read.
 */
export function joinStored(
  tx: LedgerTransaction<'readwrite'>,
  cursors: readonly StreamCursor[],
  known: (stream: string) => StreamCursor | undefined,
): Promise<readonly StreamCursor[]> {
  const streams = tx.objectStore('streams')
  return Promise.all(
    cursors.map(async (cursor) => {
      const stored = known(cursor.stream) ?? (await streams.get(cursor.stream))
      return stored === undefined ? cursor : joinCursors(stored, cursor)
    }),
  )
}
