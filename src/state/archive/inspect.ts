/**
 * Owns what an archive would change, found without changing anything: log by log the same, longer, new or different,
 * and how many texts and commands are missing here.
 */
import type { Prepared } from '../../core/content.ts'
import type { RunEvent } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { ContentReader } from '../../core/ports.ts'
import type { Ledger } from '../../ledger/port.ts'
import { ARCHIVE_STREAM, readArchive } from './reader.ts'
import type { RefusedLine } from './reader.ts'
import type { Runtime } from '../runtime.ts'

/** Refused lines named one by one; all are counted. */
export const REFUSED_SHOWN = 100
const READ_EVENTS = 500

export interface LogDiff {
  log: LogId
  /** `grows`: the archive goes on where the log here ends. `differs`: they tell different things; left alone. */
  verdict: 'new' | 'same' | 'grows' | 'differs'
  /** Events in the archive, and those the import adds. */
  events: number
  adds: number
  /** The place in the log at which they part; null unless they differ. */
  differsAt: number | null
  /** Where the log here ends; 0 for a new one. */
  head: number
}

export interface ArchiveDiff {
  logs: readonly LogDiff[]
  texts: { adds: number; differs: number }
  commands: { adds: number }
  /** Lines that cannot be used, the first of them by name. */
  refused: { count: number; first: readonly RefusedLine[] }
  /** False when the archive was cut off. */
  complete: boolean
}

type Progress = (read: number) => void

/** What importing the file would do. Reads; changes nothing. @throws ArchiveError */
export async function inspectArchive(
  runtime: Pick<Runtime, 'ledger' | 'content' | 'writer' | 'redaction'>,
  file: Blob,
  onProgress: Progress = () => {},
): Promise<ArchiveDiff> {
  const { ledger, content, writer, redaction } = runtime
  await writer.whenWritten()
  const known = new Set((await ledger.listCommands()).map(({ id }) => id))
  const logs: LogDiff[] = []
  const first: RefusedLine[] = []
  const diff = { texts: { adds: 0, differs: 0 }, commands: { adds: 0 } }
  /** Of the log under way: nothing of a log that differs is added, its texts neither. */
  let own = { texts: 0, commands: 0 }
  let refused = 0
  let complete = false
  let comparison: Comparison | null = null

  function close(compared: Comparison | null): void {
    if (compared === null) return
    const log = compared.result()
    logs.push(log)
    if (log.verdict !== 'differs') {
      diff.texts.adds += own.texts
      diff.commands.adds += own.commands
    }
    own = { texts: 0, commands: 0 }
  }

  for await (const entry of readArchive(file, redaction)) {
    onProgress(entry.read)
    if (entry.kind === 'log') {
      close(comparison)
      comparison = await compareLog(ledger, entry.log)
    } else if (entry.kind === 'event') await comparison?.next(entry.prepared)
    else if (entry.kind === 'text') {
      const here = await readStored(ledger, content, entry.store, entry.text.ref)
      if (here === null) own.texts += 1
      else if (here !== entry.text.text) diff.texts.differs += 1
    } else if (entry.kind === 'command') own.commands += known.has(entry.command.id) ? 0 : 1
    else if (entry.kind === 'refused') {
      refused += 1
      if (first.length < REFUSED_SHOWN) first.push(entry.refused)
    } else if (entry.kind === 'end') complete = true
  }
  close(comparison)
  return { ...diff, logs, refused: { count: refused, first }, complete }
}

interface Comparison {
  next(prepared: Prepared): Promise<void>
  result(): LogDiff
}

/** Holds a log's archived events against the stored ones, in order, a window at a time. */
async function compareLog(ledger: Ledger, log: LogId): Promise<Comparison> {
  const record = (await ledger.readRecords([log])).get(log)
  const isNew = record === undefined
  const head = isNew ? 0 : lifecycleOf(record).lastSequence
  const stored = storedIdentities(ledger, log)
  let ended = isNew
  let events = 0
  let adds = 0
  let differsAt: number | null = null
  return {
    async next({ event }) {
      events += 1
      if (differsAt !== null) return
      const here = ended ? null : await stored.next()
      if (here === null || here.done === true) {
        ended = true
        adds += 1
      } else if (here.value !== identityOf(event)) differsAt = events
    },
    result() {
      const verdict = differsAt !== null ? 'differs' : isNew ? 'new' : adds > 0 ? 'grows' : 'same'
      return { log, verdict, events, adds: verdict === 'differs' ? 0 : adds, differsAt, head }
    },
  }
}

/** What the archive would call each stored event; lost ones are told as an archive tells them. */
async function* storedIdentities(ledger: Ledger, log: LogId): AsyncGenerator<string> {
  const head = await ledger.readHead(log)
  let after = 0
  while (after < head) {
    const events = await ledger.readEvents(log, { after, limit: READ_EVENTS })
    for (const event of events) {
      if (event.sequence > after + 1) yield gapIdentity(after + 1, event.sequence - 1)
      yield identityOf(event)
      after = event.sequence
    }
    if (events.length > 0) continue
    yield gapIdentity(after + 1, head)
    return
  }
}

const gapIdentity = (from: number, to: number): string => `missing ${from}-${to}`

/** Equal for events that say the same under the same identity. */
function identityOf(event: Pick<RunEvent, 'type' | 'payload' | 'timestamp' | 'stream' | 'position'>): string {
  const { type, payload, timestamp, stream, position } = event
  if (stream === ARCHIVE_STREAM) return gapIdentity(Number(payload['from']), Number(payload['to']))
  return JSON.stringify([stream, position, type, timestamp, payload])
}

/** A text as it is here; null when it is not. */
export const readStored = (
  ledger: Ledger,
  content: ContentReader,
  store: 'blob' | 'content',
  ref: string,
): Promise<string | null> => (store === 'blob' ? ledger.readBlob(ref) : content.get(ref))
