/**
 * Owns what two copies lack of each other, by name alone: pure, and without a single text in memory. Tombstones
 * come first: what was deleted is missing nowhere.
 */
import type { RunCommand } from '../core/commands.ts'
import { progressOf } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import { logOfContent } from '../core/ids.ts'
import { INTAKE_LIMITS } from '../core/intake.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { FrameHead } from './journal/port.ts'
import type { Inventory, Tombstone } from './copies.ts'
import { subtract, union } from './ranges.ts'
import type { Range } from './ranges.ts'

/** What of one frame is wanted: segments by their place in it, with the ranges that are missing elsewhere. */
export interface Wanted {
  head: FrameHead
  segments: readonly { index: number; ranges: readonly Range[] }[]
  blobs: ReadonlySet<string>
  quarantine: ReadonlySet<string>
}

interface Small {
  cursors: readonly StreamCursor[]
  commands: readonly RunCommand[]
  tombstones: readonly Tombstone[]
}

export interface Difference {
  toLedger: Small & { frames: readonly Wanted[] }
  toJournal: Small & {
    logs: ReadonlyMap<LogId, readonly Range[]>
    blobs: readonly string[]
    quarantine: ReadonlySet<string>
  }
  /** Logs the ledger still holds although they were deleted. */
  toDelete: readonly LogId[]
}

export function compare(ledger: Inventory, heads: readonly FrameHead[]): Difference {
  const ledgerGraves = newestGraves(ledger.tombstones)
  const journalGraves = newestGraves(heads.flatMap(({ tombstones }) => tombstones))
  const graves = newestGraves([...ledger.tombstones, ...journalGraves.values()])
  const toDelete = [...journalGraves.values()]
    .filter(({ log, batch }) => (ledgerGraves.get(log)?.batch ?? 0) < batch && ledger.logs.has(log))
    .map(({ log }) => log)
  const deleted = new Set(toDelete)
  const isDead = (log: LogId | null, head: FrameHead): boolean =>
    log !== null && (graves.get(log)?.batch ?? 0) > (head.stamp?.batch ?? 0)

  const frames: Wanted[] = []
  const journalRanges = new Map<LogId, Range[]>()
  const journalBlobs = new Set<string>()
  const journalCursors = new Map<string, StreamCursor>()
  const journalCommands = new Map<string, RunCommand>()
  const wantedBlobs = new Set<string>()
  const journalQuarantine = new Set<string>()

  for (const head of heads) {
    const segments = head.segments.flatMap(({ log, first, last }, index) => {
      if (isDead(log, head)) return []
      pushRange(journalRanges, log, [first, last])
      const held = deleted.has(log) ? [] : (ledger.logs.get(log) ?? [])
      const ranges = subtract([first, last], held)
      return ranges.length === 0 ? [] : [{ index, ranges }]
    })
    const blobs = new Set<string>()
    for (const ref of head.blobs) {
      if (isDead(logOfContent(ref), head)) continue
      journalBlobs.add(ref)
      if (ledger.blobs.has(ref) || wantedBlobs.has(ref)) continue
      wantedBlobs.add(ref)
      blobs.add(ref)
    }
    const quarantine = new Set(head.quarantine.filter((id) => !ledger.quarantine.has(id)))
    for (const id of head.quarantine) journalQuarantine.add(id)
    if (segments.length + blobs.size + quarantine.size > 0) frames.push({ head, segments, blobs, quarantine })
    for (const cursor of head.cursors) keepLater(journalCursors, cursor.stream, cursor, isLaterCursor)
    for (const command of head.commands) {
      // What a deleted log was asked went with it.
      if (!isDead(command.log, head)) keepLater(journalCommands, command.id, command, isLaterCommand)
    }
  }

  const ledgerCursors = new Map(ledger.cursors.map((cursor) => [cursor.stream, cursor]))
  const ledgerCommands = new Map(ledger.commands.map((command) => [command.id, command]))
  return {
    toLedger: {
      frames,
      cursors: laterThan(journalCursors, ledgerCursors, isLaterCursor).map((cursor) =>
        joinKeys(cursor, ledgerCursors.get(cursor.stream)),
      ),
      commands: laterThan(journalCommands, ledgerCommands, isLaterCommand),
      tombstones: laterThan(journalGraves, ledgerGraves, isLaterGrave),
    },
    toJournal: {
      logs: missingRanges(ledger, journalRanges, deleted),
      blobs: [...ledger.blobs].filter(
        (ref) => !journalBlobs.has(ref) && !deleted.has(logOfContent(ref) ?? 'r:'),
      ),
      quarantine: new Set([...ledger.quarantine].filter((id) => !journalQuarantine.has(id))),
      cursors: laterThan(ledgerCursors, journalCursors, isLaterCursor),
      commands: laterThan(ledgerCommands, journalCommands, isLaterCommand),
      tombstones: laterThan(ledgerGraves, journalGraves, isLaterGrave),
    },
    toDelete,
  }
}

function missingRanges(
  { logs }: Inventory,
  held: ReadonlyMap<LogId, readonly Range[]>,
  deleted: ReadonlySet<LogId>,
): ReadonlyMap<LogId, readonly Range[]> {
  const missing = new Map<LogId, readonly Range[]>()
  for (const [log, ranges] of logs) {
    if (deleted.has(log)) continue
    const others = union(held.get(log) ?? [])
    const rest = ranges.flatMap((range) => subtract(range, others))
    if (rest.length > 0) missing.set(log, rest)
  }
  return missing
}

type IsLater<Value> = (value: Value, than: Value) => boolean

const isLaterCommand: IsLater<RunCommand> = (command, than) => progressOf(command) > progressOf(than)
const isLaterGrave: IsLater<Tombstone> = (grave, than) => grave.batch > than.batch
/** Keys do not move the position; of two cursors at one place the one that knows more is later. */
const isLaterCursor: IsLater<StreamCursor> = (cursor, than) =>
  cursor.position > than.position ||
  (cursor.position === than.position && cursor.keys.some((key) => !than.keys.includes(key)))

function keepLater<Value>(
  table: Map<string, Value>,
  key: string,
  value: Value,
  isLater: IsLater<Value>,
): void {
  const known = table.get(key)
  if (known === undefined || isLater(value, known)) table.set(key, value)
}

function laterThan<Key extends string, Value>(
  mine: ReadonlyMap<Key, Value>,
  theirs: ReadonlyMap<Key, Value>,
  isLater: IsLater<Value>,
): readonly Value[] {
  return [...mine].flatMap(([key, value]) => {
    const other = theirs.get(key)
    return other === undefined || isLater(value, other) ? [value] : []
  })
}

/** A key that passed once must not pass again, whichever copy remembers it. */
function joinKeys(cursor: StreamCursor, other: StreamCursor | undefined): StreamCursor {
  if (other === undefined) return cursor
  const keys = [...new Set([...other.keys, ...cursor.keys])].slice(-INTAKE_LIMITS.keys)
  return { ...cursor, keys }
}

function newestGraves(graves: readonly Tombstone[]): ReadonlyMap<LogId, Tombstone> {
  const newest = new Map<LogId, Tombstone>()
  for (const grave of graves) {
    if ((newest.get(grave.log)?.batch ?? -1) < grave.batch) newest.set(grave.log, grave)
  }
  return newest
}

function pushRange(table: Map<LogId, Range[]>, log: LogId, range: Range): void {
  const ranges = table.get(log)
  if (ranges === undefined) table.set(log, [range])
  else ranges.push(range)
}
