/**
 * Owns that a list brings back nothing a person deleted: a run that is not here any more, and was deleted on purpose, is
 * no news when an owner's list, which knows nothing of that, names it again. An owner that still speaks of it does.
 */
import type { Prepared } from '../../core/content.ts'
import type { Ledger } from '../../ledger/port.ts'
import type { RunsState } from '../runsState.ts'
import { at } from '../table.ts'

export interface DeletedOptions {
  isRepair: (stream: string) => boolean
  runs: () => Pick<RunsState, 'records'>
  ledger: Pick<Ledger, 'readDeleted'>
}

/** The events without those of lists about deleted runs; records that are on disk have been read. */
export async function withoutDeleted(
  events: readonly Prepared[],
  { isRepair, runs, ledger }: DeletedOptions,
): Promise<readonly Prepared[]> {
  const { records } = runs()
  const unknown = events.filter(({ event }) => isRepair(event.stream) && at(records, event.log) === undefined)
  if (unknown.length === 0) return events
  const logs = [...new Set(unknown.map(({ event }) => event.log))]
  const deleted = await ledger.readDeleted(logs).catch(() => new Set())
  const dropped = new Set(unknown.filter(({ event }) => deleted.has(event.log)))
  return dropped.size === 0 ? events : events.filter((each) => !dropped.has(each))
}
