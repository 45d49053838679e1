/**
 * Owns reading an archive as it may really be: cut off, edited, hostile. What comes out is decoded within the same
 * bounds as live events, in order, log by log; every line that is not used is named with its number. SPEC A1, A3.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { Prepared, StoredText } from '../../core/content.ts'
import type { StreamInfo } from '../../core/events.ts'
import type { LogId } from '../../core/ids.ts'
import { isUsableId, logOfContent } from '../../core/ids.ts'
import type { Redaction } from '../../core/redaction.ts'
import { ArchiveError, assertHeader, parseLine, readLines } from '../../ledger/archive.ts'
import { toItem } from '../ingest/gathered.ts'

/** Stream of what an archive itself has to say: where events were already lost when it was written. */
export const ARCHIVE_STREAM = 'ledger:archive'

/** A line that was not taken. */
export interface RefusedLine {
  line: number
  reason: string
  /** As it stands there, cut to 4,000 characters. */
  raw: string
}

export type ArchiveEntry =
  | { kind: 'log'; log: LogId }
  | { kind: 'event'; log: LogId; prepared: Prepared }
  | { kind: 'text'; log: LogId; store: 'blob' | 'content'; text: StoredText }
  | { kind: 'command'; log: LogId; command: RunCommand }
  /** The log is complete, as far as the archive has it. */
  | { kind: 'closed'; log: LogId }
  | { kind: 'refused'; refused: RefusedLine }
  /** The archive is complete; without this it was cut off. */
  | { kind: 'end' }

export type ReadEntry = ArchiveEntry & { /** How much of the file has been read, 0 to 1. */ read: number }

const RAW_KEPT = 4_000

interface OpenLog {
  log: LogId
  head: number
  last: number
  timestamp: number
}

/**
 * Reads a file entry by entry, redacted as everything is that comes from outside.
 * @throws ArchiveError when it is no archive of a version that can be read.
 */
export async function* readArchive(file: Blob, redaction: Redaction): AsyncGenerator<ReadEntry> {
  const seen = new Set<LogId>()
  let open: OpenLog | null = null
  let begun = false
  let logs = 0
  for await (const { number, text, read } of readLines(file)) {
    if (!begun) {
      assertHeader(text ?? '')
      begun = true
      continue
    }
    const refuse = (reason: string): ReadEntry => ({
      kind: 'refused',
      refused: {
        line: number,
        reason: `Line ${number} ${reason}.`,
        raw: redaction.text(text ?? '').slice(0, RAW_KEPT),
      },
      read,
    })
    const line = text === null ? { kind: 'bad' as const, reason: 'is too long' } : parseLine(text)
    if (line.kind === 'bad') {
      yield refuse(line.reason)
      continue
    }
    if (line.kind === 'log' || line.kind === 'end') {
      for (const entry of closed(open)) yield { ...entry, read }
      open = null
      if (line.kind === 'end') {
        if (line.logs === logs) yield { kind: 'end', read }
        else yield refuse(`speaks of ${line.logs} runs, and there are ${logs}`)
        continue
      }
      logs += 1
      const isUsable = isUsableId(line.log.slice(2)) && redaction.log(line.log) === line.log
      if (!isUsable || seen.has(line.log)) {
        yield refuse(seen.has(line.log) ? 'begins a run that was there before' : 'names a run that cannot be')
        continue
      }
      seen.add(line.log)
      open = { log: line.log, head: line.head, last: 0, timestamp: 0 }
      yield { kind: 'log', log: line.log, read }
      continue
    }
    if (open === null) {
      yield refuse('belongs to no run')
      continue
    }
    const { log } = open
    if (line.kind === 'command') {
      const isOurs = line.command.log === log && line.command.settledAt !== null
      if (isOurs) yield { kind: 'command', log, command: redacted(line.command, redaction), read }
      else yield refuse('is a command of another run, or one that is not settled')
    } else if (line.kind === 'event') {
      for (const entry of toEvents(open, line.event, redaction)) {
        yield typeof entry === 'string' ? refuse(entry) : { ...entry, read }
      }
    } else {
      const owner = logOfContent(line.text.ref)
      const isOurs = owner === log || (owner === null && line.kind === 'content')
      const text = { ref: line.text.ref, text: redaction.text(line.text.text) }
      if (isOurs) yield { kind: 'text', log, store: line.kind, text, read }
      else yield refuse('is a text of another run')
    }
  }
  if (!begun) throw new ArchiveError('This file is empty.')
}

/** The event, after what its place says is missing before it; or why it is none. */
function toEvents(
  open: OpenLog,
  event: { readonly [key: string]: unknown },
  redaction: Redaction,
): (ArchiveEntry | string)[] {
  const { sequence, stream, log } = event
  if (log !== open.log) return ['is an event of another run']
  if (!Number.isSafeInteger(sequence) || Number(sequence) <= open.last) return ['has no place in its run']
  if (typeof stream !== 'string' || stream === '' || stream.length > 500) return ['does not name its stream']
  const { item, refused } = toItem(event, streamInfo(stream), redaction)
  if (refused !== null) return [`cannot be used: ${refused}`]
  if (item.kind !== 'event') return ['is nothing that is kept']
  const { timestamp } = item.prepared.event
  const missing = gapEntry(open, Number(sequence) - 1, timestamp)
  open.last = Number(sequence)
  open.timestamp = timestamp
  return [...missing, { kind: 'event', log: open.log, prepared: item.prepared }]
}

function closed(open: OpenLog | null): ArchiveEntry[] {
  if (open === null) return []
  return [...gapEntry(open, open.head, open.timestamp), { kind: 'closed', log: open.log }]
}

/** Events that were lost before the archive was written, or refused here, are said to be missing in their place. */
function gapEntry({ log, last }: OpenLog, to: number, timestamp: number): ArchiveEntry[] {
  const from = last + 1
  if (to < from || timestamp === 0) return []
  const position = `${log}:${from}-${to}`
  const payload = { stream: ARCHIVE_STREAM, from, to }
  const { item } = toItem({ log, type: 'log.gap', payload, timestamp, position }, streamInfo(ARCHIVE_STREAM))
  return item.kind === 'event' ? [{ kind: 'event', log, prepared: item.prepared }] : []
}

const redacted = (command: RunCommand, redaction: Redaction): RunCommand => ({
  ...command,
  payload: redaction.command(command.payload),
  detail: command.detail === null ? null : redaction.text(command.detail),
})

const streamInfo = (id: string): StreamInfo => ({ id, contiguous: false, first: 1, kind: 'repair' })
