/**
 * Owns what a source says again, and differently: two events of one place in one stream cannot both be true. The first
 * one stays, the other is refused. Compared are the latest events of a log, and only when something is repeated:
 * what is new costs nothing. Fault F23.
 */
import type { Prepared } from '../../core/content.ts'
import type { RunEvent } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { Ledger } from '../../ledger/port.ts'
import type { RunsState } from '../runsState.ts'
import { at } from '../table.ts'

/** Repeats of one frame that are compared; a replay of everything is not read twice. */
export const COMPARED = 64
/** How far back the stored events of a log are looked through. */
const LATEST = 500

export interface Repeat {
  prepared: Prepared
  raw: unknown
}

export const OTHER_CONTENT = 'this place in the stream was taken by other content, which stays'

/** Those whose place holds something else. What cannot be looked up is taken for the repeat it most likely is. */
export async function changedRepeats(
  ledger: Pick<Ledger, 'readEvents'>,
  repeats: readonly Repeat[],
  tails: RunsState['tails'],
): Promise<readonly Repeat[]> {
  const known = new Map<LogId, readonly RunEvent[]>()
  for (const log of new Set(repeats.map(({ prepared }) => prepared.event.log))) {
    const stored = await ledger.readEvents(log, { limit: LATEST }).catch(() => [])
    // What is on its way to the disk is in memory.
    known.set(log, [...stored, ...(at(tails, log) ?? [])])
  }
  return repeats.filter(({ prepared: { event } }) => {
    const first = known
      .get(event.log)
      ?.find(({ stream, position }) => stream === event.stream && position === event.position)
    return first !== undefined && !isStandIn(first) && !isSame(first, event)
  })
}

/** The ledger's own note where an event could not be kept. */
const isStandIn = ({ type, payload }: RunEvent): boolean => type === 'foreign' && payload.source === 'ledger'

const isSame = (one: Prepared['event'] | RunEvent, other: Prepared['event']): boolean =>
  one.type === other.type && canonical(one.payload) === canonical(other.payload)

/** Sources do not promise the order of members. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
