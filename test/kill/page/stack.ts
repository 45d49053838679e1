/**
 * Owns every touch of the harness with the ledger's stack: open it, append through the real writer, read all
 * of it back. What changes in the stack is followed here and nowhere else in the harness.
 */
import { accept } from '../../../src/core/accept.ts'
import type { Prepared } from '../../../src/core/content.ts'
import type { LogRecord, RunEvent } from '../../../src/core/entities.ts'
import { lifecycleOf } from '../../../src/core/entities.ts'
import type { LogId } from '../../../src/core/ids.ts'
import { randomIds, systemClock, webLocks } from '../../../src/platform/browser.ts'
import { onPageLeaving } from '../../../src/platform/page.ts'
import { heal } from '../../../src/ledger/heal.ts'
import type { HealReport } from '../../../src/ledger/heal.ts'
import type { Journal } from '../../../src/ledger/journal/port.ts'
import { adoptLetters } from '../../../src/ledger/letters.ts'
import { frameOf } from '../../../src/ledger/mirror.ts'
import type { Durability, Ledger } from '../../../src/ledger/port.ts'
import type { AppendReceipt } from '../../../src/ledger/queue.ts'
import { browserStorage } from '../../../src/ledger/storage.ts'
import { LedgerWriter } from '../../../src/ledger/writer.ts'
import { NO_WORK } from '../../../src/ledger/work.ts'
import { LOGS, streamOf } from '../workload.ts'
import type { Acknowledged, Head, Healed, Opened, StoredLog } from './protocol.ts'

const SCOPE = 'kill'

export interface Stack {
  opened: Omit<Opened, 'upgrades'>
  /** The log's head as the fold sees it. */
  head(log: LogId): number
  /** Folds the events and hands them to the writer, at once; the receipt comes when it comes. */
  append(prepared: readonly Prepared[], durability: Durability): Appended
  /** The full comparison a person can ask for. Nothing may be written meanwhile. */
  verify(): Promise<Healed>
  readBack(): Promise<readonly StoredLog[]>
}

export interface Appended {
  heads: readonly Head[]
  receipt: Promise<readonly Acknowledged[]>
}

/** What the stack says without being asked. */
export interface StackEvents {
  /** The second copy holds the logs up to here. */
  mirrored(acknowledged: readonly Acknowledged[]): void
  /** A write failed or works again (null). */
  health(error: string | null): void
  failed(reason: string): void
}

export async function openStack(options: { journal: boolean }, events: StackEvents): Promise<Stack> {
  const began = performance.now()
  const since = (): number => performance.now() - began
  let health = 'ok'
  const storage = browserStorage({
    scope: SCOPE,
    writer: randomIds.next(),
    clock: systemClock,
    locks: webLocks(),
    onFallback: (error) => (health = `memory-only: ${error.message}`),
  })
  const { ledger, content } = storage
  await ledger.open()
  await ledger.readRecords(LOGS)
  const firstRowMs = since()

  const journal = options.journal ? observed(storage.journal, events.mirrored) : null
  const report = await heal(ledger, journal)
  if (report.journalError !== null) health = `no journal: ${report.journalError.message}`
  const letters = await adoptLetters(ledger, async (batch) => {
    const receipt = await ledger.write(batch)
    await journal?.append(frameOf(batch, receipt))
  })
  const records = new Map(await ledger.readRecords(LOGS))
  const losses = await ledger.losses()
  const recoveredMs = since()

  const writer = new LedgerWriter({
    ledger,
    journal: () => journal,
    content,
    clock: systemClock,
    events: {
      committed: () => {},
      health: (error) => events.health(error?.message ?? null),
      mirror: (error) => events.health(error === null ? null : `journal: ${error.message}`),
      conflict: (log) => events.failed(`Somebody else writes ${log}.`),
    },
  })
  writer.start()
  onPageLeaving({ soon: () => writer.flush(), now: () => writer.leave(randomIds.next()) })

  return {
    opened: {
      ...toHealed(report),
      copies: writer.copies,
      health,
      vanished: report.vanished,
      letters,
      reportedLost: losses.events,
      firstRowMs,
      recoveredMs,
    },
    head: (log) => headOf(records.get(log)),
    append(prepared, durability) {
      const { changes } = accept(
        (log) => records.get(log),
        prepared.map(({ event }) => event),
      )
      for (const { log, record } of changes) records.set(log, record)
      const heads = changes.map(({ log, base, record }) => ({
        log,
        first: base + 1,
        sequence: headOf(record),
      }))
      const receipt = writer.append({
        ...NO_WORK,
        logs: changes,
        transitions: changes.flatMap((change) => change.transitions),
        cursors: heads.map(({ log, sequence }) => cursorAt(log, sequence)),
        blobs: prepared.flatMap(({ blobs }) => blobs),
        contents: prepared.flatMap(({ contents }) => contents),
        durability,
      })
      return { heads, receipt: receipt.then(toAcknowledged) }
    },
    verify: async () => toHealed(await heal(ledger, journal, { full: true })),
    readBack: () => Promise.all(LOGS.map((log) => readLog(ledger, log))),
  }
}

const toHealed = ({ restored, copied, damagedBytes, integrity }: HealReport): Healed => ({
  restored: restored.events,
  copied: copied.events,
  damagedBytes,
  rebuilt: integrity.rebuilt,
})

const toAcknowledged = ({ logs, copies }: AppendReceipt): readonly Acknowledged[] =>
  logs.map(({ log, last }) => ({ log, sequence: last, copies }))

/** The journal itself; each frame that is flushed is told, since nobody waits for those of relaxed work. */
function observed(journal: Journal | null, mirrored: StackEvents['mirrored']): Journal | null {
  if (journal === null) return null
  return {
    ...journal,
    async append(frame) {
      await journal.append(frame)
      mirrored(frame.segments.map(({ log, last }) => ({ log, sequence: last, copies: 2 })))
    },
  }
}

const headOf = (record: LogRecord | undefined): number =>
  record === undefined ? 0 : lifecycleOf(record).lastSequence

const cursorAt = (log: LogId, position: number) => ({
  stream: streamOf(log).id,
  position,
  gaps: [],
  keys: [],
})

async function readLog(ledger: Ledger, log: LogId): Promise<StoredLog> {
  const events = await ledger.readEvents(log, { limit: Number.MAX_SAFE_INTEGER })
  const [rows, cursor] = await Promise.all([ledger.readRecords([log]), ledger.readCursor(streamOf(log).id)])
  const row = rows.get(log)
  const refs = events.flatMap(blobRefs)
  const texts = await Promise.all(refs.map((ref) => ledger.readBlob(ref)))
  return {
    log,
    events: events.map((event) => JSON.stringify(event)),
    row: row === undefined ? null : JSON.stringify(row),
    cursor: cursor?.position ?? null,
    blobs: refs.map((ref, index) => [ref, texts[index] ?? null] as const),
  }
}

/** Results and checkpoints, as `prepare` stores them in the transaction of their event. */
function blobRefs({ type, payload }: RunEvent): string[] {
  const field = type === 'checkpoint.saved' ? 'state' : type.endsWith('.transitioned') ? 'output' : null
  const ref = field === null ? null : (payload[field] as { ref?: string | null } | undefined)?.ref
  return ref === null || ref === undefined ? [] : [ref]
}
