/**
 * Owns what owners' lists tell again that no row here can recognize: runs that were deleted, calls that were let go.
 */
import type { DeletedOptions } from './deleted.ts'
import { withoutDeleted } from './deleted.ts'
import type { Gathered } from './gathered.ts'
import type { KnownCallsOptions } from './knownCalls.ts'
import { withoutKnownCalls } from './knownCalls.ts'

/** Takes it out of what was gathered, counted. Records that are on disk have been read. */
export async function dropOldNews(
  into: Gathered,
  options: Pick<DeletedOptions & KnownCallsOptions, 'isRepair'> & {
    runs: KnownCallsOptions['runs']
    ledger: DeletedOptions['ledger'] & KnownCallsOptions['ledger']
  },
): Promise<void> {
  const fresh = await withoutDeleted(into.events, options)
  const left = await withoutKnownCalls(fresh, options)
  into.counts.duplicates += into.events.length - left.length
  into.events = [...left]
}
