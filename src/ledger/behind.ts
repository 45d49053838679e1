/**
 * Owns how far rows may lie behind their events. A row is up to twenty calls wide, so writing it with every few
 * events of a run would cost more than the events: the ledger notes where it is, and who reads it folds the rest.
 */
import type { LogRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { LogWrite } from './port.ts'

/** Events folded on top of a row when it is read, at most. */
export const EVENTS_BEHIND = 64
/** Rows that may be behind at a time: the note of them is written with every flush. */
export const LOGS_BEHIND = 256

/** Per log where its row ends and where its events end. Logs that are not here have a row of their head. */
export type Behind = Readonly<Record<LogId, readonly [row: number, head: number]>>

/** Which records of a write become rows now, and which rows are behind afterwards. */
export function planRows(
  behind: Behind | undefined,
  writes: readonly LogWrite[],
): { rows: readonly LogRecord[]; behind: Behind } {
  const next = { ...behind }
  let room = LOGS_BEHIND - Object.keys(next).length
  const rows: LogRecord[] = []
  for (const { log, base, events, record, relisted } of writes) {
    const known = next[log]
    const row = known?.[0] ?? base
    const head = events.at(-1)?.sequence ?? base
    // What lists are served from comes with its row; a write without events is for the row's sake.
    const isDue = base === 0 || relisted || events.length === 0 || head - row > EVENTS_BEHIND
    if (isDue || (known === undefined && room === 0)) {
      rows.push(record)
      if (known === undefined) continue
      delete next[log]
      room += 1
    } else {
      if (known === undefined) room -= 1
      next[log] = [row, head]
    }
  }
  return { rows, behind: next }
}

export function caughtUp(behind: Behind | undefined, logs: Iterable<LogId>): Behind {
  const next = { ...behind }
  for (const log of logs) delete next[log]
  return next
}
