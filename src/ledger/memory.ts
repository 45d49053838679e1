/**
 * Owns the ledger without a disk: for tests, and for browsers that refuse IndexedDB (said so in the status).
 * Same port, same conformance suite.
 */
import { refold } from '../core/accept.ts'
import type { LogRecord, RunEvent } from '../core/entities.ts'
import type { RunCommand } from '../core/commands.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { IntegrityReport, Ledger, LedgerBatch, QuarantineEntry } from './port.ts'
import { conflict } from './port.ts'
import { toLedgerError } from './ledgerErrors.ts'
import type { Row } from './rows.ts'
import { matches, newestFirst, toRow } from './rows.ts'

export function memoryLedger(): Ledger {
  const rows = new Map<LogId, Row>()
  const logs = new Map<LogId, RunEvent[]>()
  const blobs = new Map<string, string>()
  const cursors = new Map<string, StreamCursor>()
  const commands = new Map<string, RunCommand>()
  const quarantine = new Map<string, QuarantineEntry>()

  const head = (log: LogId): number => logs.get(log)?.at(-1)?.sequence ?? 0

  function apply(batch: LedgerBatch): void {
    for (const { log, base } of batch.logs) {
      if (head(log) !== base) throw conflict(log, base, head(log))
    }
    const copy = copyOf(batch)
    for (const { log, events, record } of copy.logs) {
      logs.set(log, [...(logs.get(log) ?? []), ...events])
      rows.set(log, toRow(record))
    }
    for (const cursor of copy.cursors) cursors.set(cursor.stream, cursor)
    for (const { ref, text } of copy.blobs) blobs.set(ref, text)
    for (const command of copy.commands) commands.set(command.id, command)
    for (const entry of copy.quarantine) quarantine.set(entry.id, entry)
  }

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
    write: async (batch) => apply(batch),
    async decide(wanted, decision, durability) {
      const batch = decision(recordsOf(wanted))
      if (batch === null) return null
      apply(batch)
      return { ...batch, durability }
    },
    writeLeaving: () => {},
    readRecords: async (wanted) => recordsOf(wanted),
    async listRecords(query) {
      return [...rows.values()]
        .filter((row) => row.record.entity === query.entity && matches(row, query))
        .toSorted(newestFirst)
        .slice(0, query.limit)
        .map((row) => row.record)
    },
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
    losses: async () => ({ events: 0, logs: [] }),
    onClosed: () => {},
    close: async () => {},
    async destroy() {
      for (const store of [rows, logs, blobs, cursors, commands, quarantine]) store.clear()
    },
  }
}

/** Values, as a disk would keep them: refused if a disk would refuse them. */
function copyOf(batch: LedgerBatch): LedgerBatch {
  try {
    return structuredClone(batch)
  } catch (error) {
    throw toLedgerError(error)
  }
}
