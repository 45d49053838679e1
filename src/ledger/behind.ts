/**
 * Owns how far the row and the segments of a log may lie behind its events. A row is up to twenty calls wide and a
 * segment is a record of its own, so writing them with every few events of a run would cost more than the events:
 * those lie in a bundle (`bundles.ts`), the ledger notes where each log is, and who reads folds the rest.
 */
import type { LogRecord } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import type { LogWrite } from './port.ts'

/** Events folded on top of a row when it is read, at most. */
const EVENTS_BEHIND = 128
/** Logs that may be behind at a time: the note of them is written with every flush. */
const LOGS_BEHIND = 256
/** A write that touches no more logs than this gains nothing by a bundle. */
const FEW_LOGS = 4
/** So many events of a log in one write are worth a record. */
const SEGMENT_EVENTS = 32

/** Where the row of a log ends, where its segments end, and where its events do. */
type Lag = readonly [row: number, sorted: number, head: number]

/** Logs that are not here have a row and segments up to their head. */
export type Behind = Readonly<Record<LogId, Lag>>

export interface WritePlan {
  /** What becomes a row now. */
  rows: readonly LogRecord[]
  /** Logs that get a segment of all that is not in one yet. */
  sorted: ReadonlySet<LogId>
  /** What is behind afterwards. */
  behind: Behind
}

/** Which logs of a write get a row, and which a segment; those that `must` get a segment in any case. */
export function planWrite(
  behind: Behind | undefined,
  writes: readonly LogWrite[],
  must: ReadonlySet<LogId>,
): WritePlan {
  const next: Record<LogId, Lag> = { ...behind }
  const sorted = new Set(must)
  for (const log of must) {
    const lag = next[log]
    if (lag !== undefined) next[log] = [lag[0], lag[2], lag[2]]
  }
  let room = LOGS_BEHIND - Object.keys(next).length
  const rows: LogRecord[] = []
  for (const { log, base, events, record, relisted } of writes) {
    const known = next[log]
    const [row, upTo] = known ?? [base, base]
    const head = events.at(-1)?.sequence ?? base
    // What lists are served from comes with its row; a write without events is for the row's sake.
    const isDue = base === 0 || relisted || events.length === 0 || isFarBehind(log, row, head)
    if (isDue || (known === undefined && room === 0)) {
      rows.push(record)
      sorted.add(log)
      if (known === undefined) continue
      delete next[log]
      room += 1
      continue
    }
    if (known === undefined) room -= 1
    if (writes.length <= FEW_LOGS || events.length >= SEGMENT_EVENTS) sorted.add(log)
    next[log] = [row, sorted.has(log) ? head : upTo, head]
  }
  return { rows, sorted, behind: next }
}

/** Each log has a turn of its own every 128 events, so that fifty that talk alike are not written in the same frame. */
function isFarBehind(log: LogId, row: number, head: number): boolean {
  let turn = 0
  for (let at = 0; at < log.length; at += 1) turn = (turn * 31 + log.charCodeAt(at)) % EVENTS_BEHIND
  const turns = (sequence: number): number => Math.floor((sequence + turn) / EVENTS_BEHIND)
  return turns(head) > turns(row)
}

/** Up to where the segments of a log go, as far as that is noted. */
export const sortedUpTo = (behind: Behind | undefined, log: LogId): number => behind?.[log]?.[1] ?? Infinity

/** The head of a log whose row is behind; 0 for others. In the notes of schema 2 it came last as well. */
export const headBehind = (behind: Behind | undefined, log: LogId): number => behind?.[log]?.at(-1) ?? 0

/** Without logs whose row and segments are at their head again. */
export function caughtUp(behind: Behind | undefined, logs: Iterable<LogId>): Record<LogId, Lag> {
  const next = { ...behind }
  for (const log of logs) delete next[log]
  return next
}

/** Every event is in a segment; rows stay where they are. */
export function allSorted(behind: Behind | undefined): Behind {
  const entries = Object.entries(behind ?? {}) as [LogId, Lag][]
  return Object.fromEntries(entries.map(([log, [row, , head]]) => [log, [row, head, head]]))
}
