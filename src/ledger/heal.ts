/**
 * Owns making both copies equal before the first write: what one has and the other lacks goes over, in either
 * direction, and nothing deleted on purpose comes back. Equal stamps mean there is nothing to compare. SPEC W6, W7.
 */
import type { LogId } from '../core/ids.ts'
import { compare } from './compare.ts'
import type { Difference } from './compare.ts'
import type { Journal, JournalFrame, JournalScan, Witness } from './journal/port.ts'
import { toLedgerError } from './ledgerErrors.ts'
import { INTACT } from './port.ts'
import { NO_PIECES } from './copies.ts'
import type { Pieces, Stamp } from './copies.ts'
import type { IntegrityReport, Ledger, LedgerError } from './port.ts'
import { cutSegment } from './ranges.ts'

export interface HealReport {
  /** False when the copies agreed, so that nothing had to be looked at. */
  compared: boolean
  /** The database was empty beside a journal that is not: the browser removed it. */
  vanished: boolean
  /** What the ledger got back from the journal. */
  restored: { events: number; logs: number; texts: number }
  /** What the journal got from the ledger. */
  copied: { events: number; texts: number }
  /** Logs deleted again, since the journal knows that they were. */
  deleted: number
  /** Bytes of the journal that hold nothing readable, cut-off last frames aside. */
  damagedBytes: number
  integrity: IntegrityReport
  /** Why there is no second copy, where there should be one. */
  journalError: LedgerError | null
}

/** Frames read at a time, and the size of those written: neither copy is held in memory whole. */
const FRAMES_AT_ONCE = 32
const FRAME_CHARS = 1024 * 1024

const NO_SCAN: JournalScan = { heads: [], damage: [] }

/**
 * Compares the copies if their stamps differ, or in any case when `full`, and makes them equal. Needs both to
 * itself: no other page may be writing. @throws LedgerError when the ledger cannot be read or written.
 */
export async function heal(
  ledger: Ledger,
  journal: Journal | null,
  { full }: { full: boolean } = { full: false },
): Promise<HealReport> {
  const stamp = await ledger.stamp()
  const opened = journal === null ? null : await open(journal)
  if (journal === null || opened === null || opened.error !== null) {
    const integrity = await ledger.check({ full })
    return { ...UNTOUCHED, compared: full, integrity, journalError: opened?.error ?? null }
  }
  const { witness } = opened
  if (!full && agree(stamp, witness) && (await ledger.isConsistent())) {
    return { ...UNTOUCHED, integrity: INTACT }
  }

  const scan = witness === null ? NO_SCAN : await journal.scan()
  const difference = compare(await ledger.inventory(), scan.heads)
  const deletion = difference.toDelete.length > 0 ? await ledger.deleteLogs(difference.toDelete, 0) : null
  const restored = await restore(ledger, journal, difference)
  const integrity = await ledger.check({ full: true })
  const now = await ledger.stamp()
  // Logs of which no copy has a trace any more have no name; the stamps still know how much there was.
  const held = stamp.batch >= (witness?.batch ?? 0) ? stamp.events : (witness?.events ?? 0)
  const unnamed = Math.max(0, held - (deletion?.events ?? 0) - now.events - integrity.lostEvents)
  const journalled = await copy(ledger, journal, difference, witness)
  if (unnamed > 0) await ledger.recordLoss(unnamed)
  return {
    compared: true,
    vanished: stamp.batch === 0 && witness !== null,
    restored,
    copied: journalled.copied,
    deleted: difference.toDelete.length,
    damagedBytes: scan.damage.reduce((sum, { kind, bytes }) => sum + (kind === 'damaged' ? bytes : 0), 0),
    integrity: { ...integrity, lostEvents: integrity.lostEvents + unnamed },
    journalError: journalled.error,
  }
}

const UNTOUCHED: Omit<HealReport, 'integrity'> = {
  compared: false,
  vanished: false,
  restored: { events: 0, logs: 0, texts: 0 },
  copied: { events: 0, texts: 0 },
  deleted: 0,
  damagedBytes: 0,
  journalError: null,
}

async function open(journal: Journal): Promise<{ witness: Witness | null; error: LedgerError | null }> {
  try {
    return { witness: await journal.open(), error: null }
  } catch (error) {
    return { witness: null, error: toLedgerError(error) }
  }
}

function agree(stamp: Stamp, witness: Witness | null): boolean {
  if (witness === null) return stamp.batch === 0
  return witness.batch === stamp.batch && witness.events === stamp.events
}

/** Puts into the ledger what only the journal has. */
async function restore(
  ledger: Ledger,
  journal: Journal,
  { toLedger }: Difference,
): Promise<HealReport['restored']> {
  const logs = new Set<LogId>()
  let events = 0
  let texts = 0
  for (let from = 0; from < toLedger.frames.length; from += FRAMES_AT_ONCE) {
    const wanted = toLedger.frames.slice(from, from + FRAMES_AT_ONCE)
    const frames = await journal.read(wanted.map(({ head }) => head.at))
    const pieces = frames.map((frame, index) => piecesOf(frame, wanted[index]))
    const segments = pieces.flatMap((each) => each.segments)
    const blobs = pieces.flatMap((each) => each.blobs)
    await ledger.restore({
      ...NO_PIECES,
      segments,
      blobs,
      quarantine: pieces.flatMap((each) => each.quarantine),
    })
    for (const { log, first, last } of segments) {
      logs.add(log)
      events += last - first + 1
    }
    texts += blobs.length
  }
  const { cursors, commands, tombstones } = toLedger
  if (cursors.length + commands.length + tombstones.length > 0) {
    // After their events: a cursor ahead of them would skip what is not there.
    await ledger.restore({ ...NO_PIECES, cursors, commands, tombstones })
  }
  return { events, logs: logs.size, texts }
}

function piecesOf(
  frame: JournalFrame,
  wanted: Difference['toLedger']['frames'][number] | undefined,
): Pick<Pieces, 'segments' | 'blobs' | 'quarantine'> {
  if (wanted === undefined) return NO_PIECES
  return {
    segments: wanted.segments.flatMap(({ index, ranges }) => {
      const segment = frame.segments[index]
      return segment === undefined ? [] : cutSegment(segment, ranges)
    }),
    blobs: frame.blobs.filter(({ ref }) => wanted.blobs.has(ref)),
    quarantine: frame.quarantine.filter(({ id }) => wanted.quarantine.has(id)),
  }
}

/** Writes into the journal what only the ledger has, and gives both the same stamp. */
async function copy(
  ledger: Ledger,
  journal: Journal,
  { toJournal }: Difference,
  witness: Witness | null,
): Promise<{ copied: HealReport['copied']; error: LedgerError | null }> {
  const now = await ledger.stamp()
  const stamp: Stamp = { batch: Math.max(now.batch, witness?.batch ?? 0) + 1, events: now.events }
  const copied = { events: 0, texts: 0 }
  let pieces: Pieces = NO_PIECES
  let chars = 0
  const send = async (net: number): Promise<void> => {
    await journal.append({ ...pieces, stamp, net })
    pieces = NO_PIECES
    chars = 0
  }
  try {
    for (const [log, ranges] of toJournal.logs) {
      const segments = (await ledger.readSegments(log)).flatMap((each) => cutSegment(each, ranges))
      for (const segment of segments) {
        pieces = { ...pieces, segments: [...pieces.segments, segment] }
        copied.events += segment.last - segment.first + 1
        chars += segment.body.length
        if (chars > FRAME_CHARS) await send(0)
      }
    }
    for (const ref of toJournal.blobs) {
      const text = await ledger.readBlob(ref)
      if (text === null) continue
      pieces = { ...pieces, blobs: [...pieces.blobs, { ref, text }] }
      copied.texts += 1
      chars += text.length
      if (chars > FRAME_CHARS) await send(0)
    }
    const refused = toJournal.quarantine.size > 0 ? await ledger.listQuarantine(Number.MAX_SAFE_INTEGER) : []
    for (const entry of refused) {
      if (!toJournal.quarantine.has(entry.id)) continue
      pieces = { ...pieces, quarantine: [...pieces.quarantine, entry] }
      chars += entry.raw.length
      if (chars > FRAME_CHARS) await send(0)
    }
    const { cursors, commands, tombstones } = toJournal
    pieces = { ...pieces, cursors, commands, tombstones }
    // The last frame makes the sums agree, whatever the others were counted as.
    await send(now.events - (witness?.events ?? 0))
    await ledger.restamp(stamp.batch)
    return { copied, error: null }
  } catch (error) {
    return { copied, error: toLedgerError(error) }
  }
}
