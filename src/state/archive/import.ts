/**
 * Owns taking an archive in: what `archiveInspect.ts` found missing, and only that. Add-only: a log that is here and
 * says something else is left as it is. Importing twice equals once. SPEC A2.
 */
import type { Prepared, StoredText } from '../../core/content.ts'
import type { LogId } from '../../core/ids.ts'
import { EMPTY_BATCH } from '../../ledger/port.ts'
import { addToLog, MovedOn } from './additions.ts'
import { readStored } from './inspect.ts'
import type { ArchiveDiff, LogDiff } from './inspect.ts'
import { readArchive } from './reader.ts'
import type { Runtime } from '../runtime.ts'

/** Events, and characters of texts, that are written together. */
const WRITE_EVENTS = 256
const WRITE_CHARS = 1024 * 1024

type Progress = (read: number) => void

export interface Imported {
  /** Logs that were written to the end; for each, whether nothing of it was here before. */
  logs: { log: LogId; isNew: boolean }[]
  events: number
  texts: number
  commands: number
  /** Logs that somebody wrote while they were imported: what was added before stays. */
  movedOn: LogId[]
}

/** Does what `inspectArchive` says, through the writer's queue. @throws LedgerError, ArchiveError */
export async function applyArchive(
  runtime: Runtime,
  file: Blob,
  diff: ArchiveDiff,
  onProgress: Progress = () => {},
): Promise<Imported> {
  const { ledger, content } = runtime
  const known = new Set((await ledger.listCommands()).map(({ id }) => id))
  const plans = new Map(diff.logs.map((each) => [each.log, each]))
  const done: Imported = { logs: [], events: 0, texts: 0, commands: 0, movedOn: [] }
  let adding: Adding | null = null

  async function flush(): Promise<void> {
    if (adding === null) return
    try {
      const { log } = adding.plan
      const { events, blobs, head } = adding
      adding.head = await addToLog(runtime, { log, head, events, blobs })
      done.events += events.length
      Object.assign(adding, { events: [], blobs: [], chars: 0 })
    } catch (error) {
      if (!(error instanceof MovedOn)) throw error
      done.movedOn.push(adding.plan.log)
      adding = null
    }
  }

  for await (const entry of readArchive(file, runtime.redaction)) {
    onProgress(entry.read)
    if (entry.kind === 'log') {
      const plan = plans.get(entry.log)
      adding = plan === undefined || plan.verdict === 'differs' ? null : startAdding(plan)
    } else if (adding === null || entry.kind === 'refused' || entry.kind === 'end') continue
    else if (entry.kind === 'event') {
      adding.seen += 1
      if (adding.seen > adding.plan.events - adding.plan.adds) adding.events.push(entry.prepared)
    } else if (entry.kind === 'text') {
      const here = await readStored(ledger, content, entry.store, entry.text.ref)
      if (here !== null) continue
      done.texts += 1
      if (entry.store === 'content') await content.put(entry.text.ref, entry.text.text)
      else {
        adding.blobs.push(entry.text)
        adding.chars += entry.text.text.length
      }
    } else if (entry.kind === 'command') {
      if (known.has(entry.command.id)) continue
      const { command } = entry
      await runtime.writer.decide([], () => ({ ...EMPTY_BATCH, commands: [command] }))
      done.commands += 1
    }
    const isFull = adding !== null && (adding.events.length >= WRITE_EVENTS || adding.chars > WRITE_CHARS)
    if (isFull || entry.kind === 'closed') await flush()
    if (entry.kind === 'closed' && adding !== null && adding.plan.adds > 0) {
      done.logs.push({ log: entry.log, isNew: adding.plan.verdict === 'new' })
    }
  }
  await flush()
  return done
}

/** A log under way: what is to be written next, and where it goes on. */
interface Adding {
  plan: LogDiff
  seen: number
  /** The head the next write builds on. */
  head: number
  events: Prepared[]
  blobs: StoredText[]
  chars: number
}

const startAdding = (plan: LogDiff): Adding => ({
  plan,
  seen: 0,
  head: plan.head,
  events: [],
  blobs: [],
  chars: 0,
})
