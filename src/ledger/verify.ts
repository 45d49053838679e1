/**
 * Owns the full check on demand: both copies made equal by name, then every event read in both and compared. What
 * cannot be read, or is not what was written, is put back from the journal. SPEC W7.
 */
import crc32 from 'crc-32'
import type { LogId } from '../core/ids.ts'
import type { RunEvent } from '../core/entities.ts'
import { heal } from './heal.ts'
import type { HealReport } from './heal.ts'
import type { FrameHead, Journal } from './journal/port.ts'
import { NO_PIECES } from './copies.ts'
import type { StoredSegment } from './copies.ts'
import type { Ledger } from './port.ts'
import { cutSegment } from './ranges.ts'
import { eventsOf } from './segments.ts'

export interface Verification {
  /** What making the copies equal by name found. */
  healing: HealReport
  logs: number
  /** Events read in the ledger. */
  events: number
  /** Results, reports and checkpoints read in the ledger. */
  texts: number
  /** Events and texts that could not be read or were not what was written, put back from the journal. */
  repaired: number
  /** Events that no copy can be read for any more. */
  unreadable: number
}

export interface Progress {
  done: number
  of: number
}

const FRAMES_AT_ONCE = 16

/** What the journal holds, as checksums: events by log and sequence, texts by reference. Its frames are checked. */
interface Checksums {
  events: ReadonlyMap<LogId, ReadonlyMap<number, number>>
  texts: ReadonlyMap<string, { sum: number; head: FrameHead }>
}

/** Needs both copies to itself. Takes as long as they are large. @throws LedgerError */
export async function verify(
  ledger: Ledger,
  journal: Journal | null,
  onProgress: (progress: Progress) => void = () => {},
): Promise<Verification> {
  const healing = await heal(ledger, journal, { full: true })
  const second = healing.journalError === null ? journal : null
  const heads = (await second?.scan())?.heads ?? []
  const sums = await sumUp(second, heads)
  const { logs, blobs } = await ledger.inventory()
  const found = { events: 0, texts: blobs.size, repaired: 0, unreadable: 0 }
  let done = 0
  for (const log of logs.keys()) {
    for (const segment of await ledger.readSegments(log)) {
      const events = readable(segment)
      if (events !== null && events.every((event) => isAsWritten(event, sums.events.get(log)))) {
        found.events += events.length
        continue
      }
      const repaired = second === null ? 0 : await putBack(ledger, second, heads, segment)
      found.repaired += repaired
      if (repaired === 0) found.unreadable += segment.last - segment.first + 1
    }
    done += 1
    onProgress({ done, of: logs.size })
  }
  for (const [ref, { sum, head }] of sums.texts) {
    const text = await ledger.readBlob(ref)
    if (text === null || crc32.str(text) === sum) continue
    const texts = (await second?.read([head.at]))?.flatMap((frame) => frame.blobs) ?? []
    await ledger.restore({ ...NO_PIECES, blobs: texts.filter((each) => each.ref === ref) })
    found.repaired += 1
  }
  if (found.repaired > 0) await ledger.check({ full: true })
  return { healing, logs: logs.size, ...found }
}

const checksum = (event: RunEvent): number => crc32.str(JSON.stringify(event))

/** The journal's frames carry checksums, a database's records do not: where they differ, the journal is right. */
function isAsWritten(event: RunEvent, sums: ReadonlyMap<number, number> | undefined): boolean {
  const sum = sums?.get(event.sequence)
  return sum === undefined || sum === checksum(event)
}

/** The events of a segment, or null when it does not hold what its key says. */
function readable(segment: StoredSegment): readonly RunEvent[] | null {
  try {
    const events: unknown = eventsOf(segment)
    const { log, first, last } = segment
    if (!Array.isArray(events) || events.length !== last - first + 1) return null
    // Any JSON may have come out of it.
    const whole = (events as (Partial<RunEvent> | null)[]).every(
      (event, index) => event?.log === log && event.sequence === first + index,
    )
    return whole ? (events as RunEvent[]) : null
  } catch {
    return null
  }
}

async function sumUp(journal: Journal | null, heads: readonly FrameHead[]): Promise<Checksums> {
  const events = new Map<LogId, Map<number, number>>()
  const texts = new Map<string, { sum: number; head: FrameHead }>()
  for (let from = 0; from < heads.length; from += FRAMES_AT_ONCE) {
    const chunk = heads.slice(from, from + FRAMES_AT_ONCE)
    const frames = (await journal?.read(chunk.map(({ at }) => at))) ?? []
    for (const [index, frame] of frames.entries()) {
      for (const segment of frame.segments) {
        const known = events.get(segment.log) ?? new Map<number, number>()
        for (const event of readable(segment) ?? []) known.set(event.sequence, checksum(event))
        events.set(segment.log, known)
      }
      const head = chunk[index]
      if (head !== undefined)
        for (const { ref, text } of frame.blobs) texts.set(ref, { sum: crc32.str(text), head })
    }
  }
  return { events, texts }
}

/** Puts a segment together from the journal's frames; gives back how many events that were. */
async function putBack(
  ledger: Ledger,
  journal: Journal,
  heads: readonly FrameHead[],
  { log, first, last }: StoredSegment,
): Promise<number> {
  const holding = heads.filter(({ segments }) =>
    segments.some((each) => each.log === log && each.first <= last && each.last >= first),
  )
  const events = new Map<number, RunEvent>()
  for (const frame of await journal.read(holding.map(({ at }) => at))) {
    for (const segment of frame.segments) {
      if (segment.log !== log) continue
      for (const part of cutSegment(segment, [[first, last]])) {
        for (const event of readable(part) ?? []) events.set(event.sequence, event)
      }
    }
  }
  if (events.size !== last - first + 1) return 0
  const body = JSON.stringify([...events.values()].toSorted((a, b) => a.sequence - b.sequence))
  await ledger.restore({ ...NO_PIECES, segments: [{ log, first, last, body }] })
  return events.size
}
