/**
 * Owns where a stream stands for this page: what is stored of it, and what this page accepted that is still on its way
 * there. Who connects anew goes on behind both. SPEC W5, T2.
 */
import { joinCursors } from '../core/cursors.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { Runtime } from './runtime.ts'

/** Null for a stream nobody has heard of. @throws LedgerError */
export async function streamCursor(
  { ledger, writer }: Pick<Runtime, 'ledger' | 'writer'>,
  stream: string,
): Promise<StreamCursor | null> {
  // Asked first: what lands meanwhile is in the other.
  const waiting = writer
    .unwritten()
    .flatMap(({ cursors }) => cursors.filter((each) => each.stream === stream))
  const stored = await ledger.readCursor(stream)
  const [first, ...others] = stored === null ? waiting : [stored, ...waiting]
  return first === undefined ? null : others.reduce(joinCursors, first)
}
