/**
 * Owns the archive's format: one JSON value a line, nothing in it that depends on when or where it was written, so
 * that an archive taken in by an empty ledger comes out again byte for byte. Per log a head line, its events in order
 * with the texts they refer to ahead of them, and its settled commands.
 */
import type { RunCommand } from '../core/commands.ts'
import { CONTENT_LIMIT } from '../core/content.ts'
import type { StoredText } from '../core/content.ts'
import { decodeCommand } from '../core/decodeCommand.ts'
import type { LogId } from '../core/ids.ts'
import type { ContentReader } from '../core/ports.ts'
import { refsIn } from '../core/refs.ts'
import type { Ledger } from './port.ts'

export const ARCHIVE_FORMAT = 'run-ledger-archive'
export const ARCHIVE_VERSION = 1

/** Characters of a line, at most: a whole text whose every character has to be escaped, and what is around it. */
export const LINE_LIMIT = 6 * CONTENT_LIMIT + 64 * 1024
/** Bytes read from a file at a time, and events from the ledger. */
const CHUNK_BYTES = 1024 * 1024
const CHUNK_EVENTS = 256

export type ArchiveLine =
  | { kind: 'log'; log: LogId; head: number }
  /** As it was stored; not yet decoded. */
  | { kind: 'event'; event: { readonly [key: string]: unknown } }
  | { kind: 'blob' | 'content'; text: StoredText }
  | { kind: 'command'; command: RunCommand }
  | { kind: 'end'; logs: number }

/** A file that is no archive, or one this version cannot read. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}

export interface ExportOptions {
  /** In this order they are written; sorted by the caller, so that equal ledgers give equal archives. */
  logs: readonly LogId[]
  /** Documents, prompts and tool output from the content store as well. */
  contents: boolean
}

/** The lines of an archive, each with its line end. Reads a bounded piece of the ledger at a time. */
export async function* exportLines(
  ledger: Pick<Ledger, 'readEvents' | 'readHead' | 'readBlob' | 'listCommands'>,
  content: ContentReader,
  { logs, contents }: ExportOptions,
): AsyncGenerator<string> {
  yield toLine({ format: ARCHIVE_FORMAT, version: ARCHIVE_VERSION })
  const commands = (await ledger.listCommands()).filter(({ settledAt }) => settledAt !== null)
  const written = new Set<string>()
  for (const log of logs) {
    const head = await ledger.readHead(log)
    yield toLine({ log, head })
    for (let after = 0; after < head;) {
      const events = await ledger.readEvents(log, { after, limit: CHUNK_EVENTS })
      for (const event of events) {
        // What was appended meanwhile is for the next archive.
        if (event.sequence > head) break
        for (const ref of refsIn(event.payload)) {
          if (written.has(ref)) continue
          written.add(ref)
          const blob = await ledger.readBlob(ref)
          const text = blob ?? (contents ? await content.get(ref) : null)
          if (text !== null) yield toLine({ [blob === null ? 'content' : 'blob']: { ref, text } })
        }
        yield toLine({ event })
      }
      const last = events.at(-1)?.sequence
      if (last === undefined) break
      after = last
    }
    const about = commands.filter((command) => command.log === log)
    for (const command of about.toSorted((a, b) => (a.id < b.id ? -1 : 1))) yield toLine({ command })
  }
  yield toLine({ end: { logs: logs.length } })
}

const toLine = (value: object): string => `${JSON.stringify(value)}\n`

/** What a line says, or why it says nothing that can be used. Never throws. */
export function parseLine(text: string): ArchiveLine | { kind: 'bad'; reason: string } {
  const bad = (reason: string) => ({ kind: 'bad' as const, reason })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return bad('is not JSON')
  }
  if (!isObject(value)) return bad('is not an object')
  if (isObject(value['event'])) return { kind: 'event', event: value['event'] }
  for (const kind of ['blob', 'content'] as const) {
    if (!isObject(value[kind])) continue
    const { ref, text: whole } = value[kind]
    if (typeof ref !== 'string' || ref === '' || typeof whole !== 'string') return bad('is not a text')
    if (whole.length > CONTENT_LIMIT) return bad(`holds a text of ${whole.length} characters`)
    return { kind, text: { ref, text: whole } }
  }
  if (value['command'] !== undefined) {
    const command = decodeCommand(value['command'])
    return command === null ? bad('is not a command') : { kind: 'command', command }
  }
  const { log, head, end } = value
  if (isLogId(log)) {
    return isCount(head) ? { kind: 'log', log, head } : bad('does not say where its log ends')
  }
  if (isObject(end)) return isCount(end['logs']) ? { kind: 'end', logs: end['logs'] } : bad('is not an end')
  return bad('is nothing an archive holds')
}

/** @throws ArchiveError unless the line begins an archive this version can read. */
export function assertHeader(text: string): void {
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch {
    header = null
  }
  if (!isObject(header) || header['format'] !== ARCHIVE_FORMAT) {
    throw new ArchiveError('This file is not an archive of a run ledger.')
  }
  if (header['version'] !== ARCHIVE_VERSION) {
    throw new ArchiveError(
      `This archive has version ${JSON.stringify(header['version'])}; only version ${ARCHIVE_VERSION} can be read.`,
    )
  }
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

const isLogId = (value: unknown): value is LogId =>
  typeof value === 'string' && /^[rw]:/.test(value) && value.length > 2

export interface FileLine {
  /** From 1. */
  number: number
  /** Null where it was longer than a line may be. */
  text: string | null
  /** How much of the file has been read, 0 to 1. */
  read: number
}

/** The lines of a file that are not empty. Holds one line and one chunk, however large the file is. */
export async function* readLines(file: Blob): AsyncGenerator<FileLine> {
  const decoder = new TextDecoder()
  let rest = ''
  let number = 0
  let tooLong = false
  for (let at = 0; at < file.size; at += CHUNK_BYTES) {
    const chunk = await file.slice(at, at + CHUNK_BYTES).arrayBuffer()
    const isLast = at + CHUNK_BYTES >= file.size
    const pieces = (rest + decoder.decode(chunk, { stream: !isLast })).split('\n')
    rest = pieces.pop() ?? ''
    for (const piece of isLast ? [...pieces, rest] : pieces) {
      number += 1
      const long = tooLong || piece.length > LINE_LIMIT
      tooLong = false
      const text = piece.endsWith('\r') ? piece.slice(0, -1) : piece
      if (long || text !== '') yield { number, text: long ? null : text, read: at / file.size }
    }
    if (rest.length <= LINE_LIMIT) continue
    // The rest of it is read over, not collected.
    tooLong = true
    rest = ''
  }
}
