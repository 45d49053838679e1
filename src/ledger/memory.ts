/**
 * Owns the ledger without a disk: for tests, and for browsers that refuse IndexedDB (said so in the status).
 * Same port, same conformance suite.
 */
import { refold } from '../core/accept.ts'
import { joinCursors } from '../core/cursors.ts'
import type { LogRecord, RunEvent } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import { lifecycleOf } from '../core/entities.ts'
import { contentPrefix } from '../core/ids.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { QuarantineEntry, Stamp, Tombstone } from './copies.ts'
import type {
  IntegrityReport,
  Ledger,
  LedgerBatch,
  Letter,
  RecordPage,
  RecordQuery,
  WriteReceipt,
} from './port.ts'
import { conflict } from './port.ts'
import { toLedgerError } from './ledgerErrors.ts'
import type { Row } from './rows.ts'
import { pageOf } from './lists.ts'
import { toRow } from './rows.ts'
import { encode, eventsOf } from './segments.ts'

export function memoryLedger(): Ledger {
  const rows = new Map<LogId, Row>()
  const logs = new Map<LogId, RunEvent[]>()
  const blobs = new Map<string, string>()
  const cursors = new Map<string, StreamCursor>()
  const commands = new Map<string, RunCommand>()
  const quarantine = new Map<string, QuarantineEntry>()
  const letters = new Map<string, Letter>()
  const tombstones = new Map<LogId, Tombstone>()
  let batchNumber = 0

  const stamp = (): Stamp => ({
    batch: batchNumber,
    events: [...logs.values()].reduce((sum, events) => sum + events.length, 0),
  })
  const head = (log: LogId): number => logs.get(log)?.at(-1)?.sequence ?? 0

  function apply(batch: LedgerBatch): WriteReceipt {
    for (const { log, base } of batch.logs) {
      if (head(log) !== base) throw conflict(log, base, head(log))
    }
    const copy = copyOf(batch)
    for (const { log, events, record } of copy.logs) {
      logs.set(log, [...(logs.get(log) ?? []), ...events])
      rows.set(log, toRow(record))
    }
    for (const cursor of copy.cursors) {
      const stored = cursors.get(cursor.stream)
      cursors.set(cursor.stream, stored === undefined ? cursor : joinCursors(stored, cursor))
    }
    for (const { ref, text } of copy.blobs) blobs.set(ref, text)
    for (const command of copy.commands) commands.set(command.id, command)
    for (const entry of copy.quarantine) quarantine.set(entry.id, entry)
    batchNumber += 1
    return { stamp: stamp(), segments: encode(copy.logs) }
  }

  const page = (query: RecordQuery): RecordPage =>
    pageOf(
      [...rows.values()].map(({ record }) => record),
      query,
    )

  function recordsOf(wanted: readonly LogId[]): Map<LogId, LogRecord> {
    const found = new Map<LogId, LogRecord>()
    for (const log of wanted) {
      const row = rows.get(log)
      if (row !== undefined) found.set(log, row.record)
    }
    return found
  }

  return {
    kind: 'memory',
    open: async () => {},
    opening: () => ({ refusal: null, migrated: [] }),
    write: async (batch) => apply(batch),
    async decide(wanted, decision, durability) {
      const batch = decision(recordsOf(wanted))
      return batch === null ? null : { batch: { ...batch, durability }, ...apply(batch) }
    },
    writeLetter: (letter) => void letters.set(letter.id, letter),
    listLetters: async () => [...letters.values()],
    async deleteLetters(ids) {
      for (const id of ids) letters.delete(id)
    },
    readRecords: async (wanted) => recordsOf(wanted),
    listRecords: async (...queries) => [...new Set(queries.flatMap((query) => page(query).records))],
    listPage: async (query) => page(query),
    countRecords: async (filter) => page({ ...filter, limit: 0 }).total,
    async readEvents(log, { after, before, limit }) {
      const events = logs.get(log) ?? []
      if (before !== undefined || after === undefined) {
        const upTo = before ?? Number.POSITIVE_INFINITY
        const found = events.filter((event) => event.sequence < upTo)
        return found.slice(Math.max(0, found.length - limit))
      }
      return events.filter((event) => event.sequence > after).slice(0, limit)
    },
    readHead: async (log) => head(log),
    readBlob: async (ref) => blobs.get(ref) ?? null,
    readCursor: async (stream) => cursors.get(stream) ?? null,
    listCommands: async () => [...commands.values()],
    listQuarantine: async (limit) =>
      [...quarantine.values()].toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit),
    async counts() {
      const all = [...rows.values()]
      return {
        runs: all.filter((row) => row.record.entity === 'run').length,
        workflows: all.filter((row) => row.record.entity === 'workflow').length,
        events: [...logs.values()].reduce((sum, events) => sum + events.length, 0),
        quarantined: quarantine.size,
      }
    },
    stamp: async () => stamp(),
    async inventory() {
      return {
        stamp: stamp(),
        logs: new Map([...logs].map(([log, events]) => [log, rangesOf(events)])),
        blobs: new Set(blobs.keys()),
        cursors: [...cursors.values()],
        commands: [...commands.values()],
        quarantine: new Set(quarantine.keys()),
        tombstones: [...tombstones.values()],
      }
    },
    readSegments: async (log) => encode([{ log, events: logs.get(log) ?? [] }]),
    async restore(pieces) {
      for (const segment of pieces.segments) {
        const { log } = segment
        const events = new Map(
          [...(logs.get(log) ?? []), ...eventsOf(segment)].map((event) => [event.sequence, event]),
        )
        logs.set(
          log,
          [...events.values()].toSorted((a, b) => a.sequence - b.sequence),
        )
        rows.delete(log)
      }
      for (const { ref, text } of pieces.blobs) blobs.set(ref, text)
      for (const cursor of pieces.cursors) cursors.set(cursor.stream, cursor)
      for (const command of pieces.commands) commands.set(command.id, command)
      for (const entry of pieces.quarantine) quarantine.set(entry.id, entry)
      for (const grave of pieces.tombstones) tombstones.set(grave.log, grave)
    },
    async restamp(batch) {
      batchNumber = batch
      return stamp()
    },
    isConsistent: async () => true,
    recordLoss: async () => {},
    async check(): Promise<IntegrityReport> {
      let rebuilt = 0
      for (const [log, events] of logs) {
        const row = rows.get(log)
        if (row !== undefined && lifecycleOf(row.record).lastSequence === head(log)) continue
        const folded = refold(events)
        if (folded === null) continue
        rows.set(log, toRow(folded.record))
        rebuilt += 1
      }
      return { rebuilt, lostEvents: 0, lostLogs: [] }
    },
    async deleteLogs(gone, at, heads = new Map()) {
      for (const [log, expected] of heads) {
        if (head(log) !== expected) throw conflict(log, expected, head(log))
      }
      batchNumber += 1
      const before = stamp().events
      const graves = gone.map((log): Tombstone => ({ log, at, batch: batchNumber }))
      for (const grave of graves) {
        const { log } = grave
        tombstones.set(log, grave)
        logs.delete(log)
        rows.delete(log)
        for (const ref of blobs.keys()) if (ref.startsWith(contentPrefix(log))) blobs.delete(ref)
        for (const command of commands.values()) if (command.log === log) commands.delete(command.id)
      }
      return { stamp: stamp(), tombstones: graves, events: before - stamp().events }
    },
    readDeleted: async (logs) => new Set(logs.filter((log) => tombstones.has(log))),
    catchUp: async () => 0,
    mergeSegments: async () => ({ removed: 0, next: null }),
    refoldStale: async () => 0,
    async sizeOf(log) {
      const sizes = [...logs].map(([each, events]) =>
        log === undefined || each === log ? (encode([{ log: each, events }])[0]?.body.length ?? 0) : 0,
      )
      const texts = [...blobs].map(([ref, text]) =>
        log === undefined || ref.startsWith(contentPrefix(log)) ? text.length : 0,
      )
      return [...sizes, ...texts].reduce((sum, size) => sum + size, 0)
    },
    listCursors: async () => [...cursors.values()],
    async deleteCursors(streams) {
      for (const stream of streams) cursors.delete(stream)
    },
    losses: async () => ({ events: 0, logs: [] }),
    onClosed: () => {},
    close: async () => {},
    async destroy() {
      for (const store of [rows, logs, blobs, cursors, commands, quarantine, letters, tombstones])
        store.clear()
    },
  }
}

function rangesOf(events: readonly RunEvent[]): readonly (readonly [number, number])[] {
  const [first] = events
  const last = events.at(-1)
  return first === undefined || last === undefined ? [] : [[first.sequence, last.sequence]]
}

/** Values, as a disk would keep them: refused if a disk would refuse them. */
function copyOf(batch: LedgerBatch): LedgerBatch {
  try {
    return structuredClone(batch)
  } catch (error) {
    throw toLedgerError(error)
  }
}
