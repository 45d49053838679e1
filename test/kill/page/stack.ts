/**
 * Owns every touch of the harness with the ledger's stack: start it in the order of a real start, append through
 * the real writer, read all of it back. What changes in the stack is followed here and nowhere else in the harness.
 */
import type { UnknownAction } from '@reduxjs/toolkit'
import { accept } from '../../../src/core/accept.ts'
import type { Prepared } from '../../../src/core/content.ts'
import type { LogRecord, RunEvent } from '../../../src/core/entities.ts'
import { lifecycleOf } from '../../../src/core/entities.ts'
import type { LogId } from '../../../src/core/ids.ts'
import { randomIds, systemClock, webLocks } from '../../../src/platform/browser.ts'
import { pageSyncStore } from '../../../src/platform/syncStore.ts'
import { onPageLeaving } from '../../../src/platform/page.ts'
import type { Journal } from '../../../src/ledger/journal/port.ts'
import type { Durability, Ledger } from '../../../src/ledger/port.ts'
import type { AppendReceipt } from '../../../src/ledger/queue.ts'
import { browserStorage } from '../../../src/ledger/storage.ts'
import { LedgerWriter } from '../../../src/ledger/writer.ts'
import { NO_WORK } from '../../../src/ledger/work.ts'
import { healed, integrityChecked, mirrorChanged } from '../../../src/state/actions.ts'
import { healAtBoot, healLater, verifyLedger } from '../../../src/state/healLedger.ts'
import { claimPage } from '../../../src/state/tabs/pages.ts'
import type { Runtime } from '../../../src/state/runtime.ts'
import type { Small } from '../workload.ts'
import { LOGS, streamOf } from '../workload.ts'
import type { Acknowledged, Head, Opened, Healed, Stored, StoredLog } from './protocol.ts'

const SCOPE = 'kill'
const ALL = Number.MAX_SAFE_INTEGER

export interface Stack {
  opened: Omit<Opened, 'upgrades'>
  /** The log's head as the fold sees it. */
  head(log: LogId): number
  /** Folds the events and hands them to the writer, at once; the receipt comes when it comes. */
  append(prepared: readonly Prepared[], small: Small, durability: Durability): Appended
  /** The full comparison a person can ask for. Nothing may be written meanwhile. */
  verify(): Promise<Healed>
  readBack(): Promise<Stored>
}

export interface Appended {
  heads: readonly Head[]
  receipt: Promise<Acknowledged>
}

/** What the stack says without being asked. */
export interface StackEvents {
  /** A write failed or works again (null). */
  health(error: string | null): void
  failed(reason: string): void
}

export async function openStack(options: { journal: boolean }, events: StackEvents): Promise<Stack> {
  const began = performance.now()
  const since = (): number => performance.now() - began
  let fallback: string | null = null
  const page = randomIds.next()
  const locks = webLocks()
  const storage = browserStorage({
    scope: SCOPE,
    writer: page,
    clock: systemClock,
    locks,
    syncStore: pageSyncStore,
    onFallback: (error) => (fallback = `memory-only: ${error.message}`),
  })
  const { ledger, content } = storage
  const journal = (): Journal | null => (options.journal ? storage.journal : null)
  const writer = new LedgerWriter({
    ledger,
    journal,
    content,
    clock: systemClock,
    events: {
      committed: () => {},
      health: (error) => events.health(error?.message ?? null),
      mirror(error) {
        events.health(error === null ? null : `journal: ${error.message}`)
        if (error !== null) healLater(runtime)
      },
      conflict: (log) => events.failed(`Somebody else writes ${log}.`),
    },
  })
  const told = listenToHealing()
  // Of a page's runtime, this is what healing uses.
  const runtime = {
    ledger,
    journal,
    writer,
    locks,
    scope: SCOPE,
    clock: systemClock,
    page,
    dispatch: told.dispatch,
  } as unknown as Runtime

  await ledger.open()
  await Promise.all(
    (['run', 'workflow'] as const).map((entity) =>
      ledger.listRecords({ entity, unsettled: true, limit: 2_000 }),
    ),
  )
  const firstRowMs = since()
  await claimPage(runtime)
  const letters = (await ledger.listLetters()).length
  await healAtBoot(runtime)
  const records = new Map(await ledger.readRecords(LOGS))
  const recoveredMs = since()
  writer.start()
  onPageLeaving({ soon: () => writer.flush(), now: () => writer.leave(randomIds.next()) })

  return {
    opened: {
      ...told.sum(),
      copies: writer.copies,
      health: fallback ?? told.mirror() ?? 'ok',
      letters,
      firstRowMs,
      recoveredMs,
    },
    head: (log) => headOf(records.get(log)),
    append(prepared, small, durability) {
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
        ...small,
        logs: changes,
        transitions: changes.flatMap((change) => change.transitions),
        cursors: heads.map(({ log, sequence }) => cursorAt(log, sequence)),
        blobs: prepared.flatMap(({ blobs }) => blobs),
        contents: prepared.flatMap(({ contents }) => contents),
        durability,
      })
      return { heads, receipt: receipt.then((got) => toAcknowledged(got, small)) }
    },
    async verify() {
      const { healing, repaired, unreadable } = await verifyLedger(runtime)
      const { restored, copied, damagedBytes, integrity } = healing
      return {
        restored: restored.events + repaired,
        copied: copied.events,
        damagedBytes,
        rebuilt: integrity.rebuilt,
        reportedLost: integrity.lostEvents + unreadable,
      }
    },
    readBack: async () => ({
      logs: await Promise.all(LOGS.map((log) => readLog(ledger, log))),
      commands: await ledger.listCommands(),
      quarantine: await ledger.listQuarantine(ALL),
    }),
  }
}

/** What a start says of the copies, as the slices hear it. */
function listenToHealing() {
  const found = { restored: 0, copied: 0, damagedBytes: 0, rebuilt: 0, reportedLost: 0, vanished: false }
  let mirror: string | null = null
  return {
    dispatch(action: UnknownAction): UnknownAction {
      if (healed.match(action)) {
        const { vanished, restored, copied, damagedBytes } = action.payload
        Object.assign(found, { vanished, restored: restored.events, copied: copied.events, damagedBytes })
      }
      if (integrityChecked.match(action)) {
        const { rebuilt, lostEvents } = action.payload
        Object.assign(found, { rebuilt, reportedLost: lostEvents })
      }
      if (mirrorChanged.match(action)) mirror = action.payload.reason
      return action
    },
    sum: () => ({ ...found }),
    mirror: () => (mirror === null ? null : `no journal: ${mirror}`),
  }
}

const toAcknowledged = ({ logs }: AppendReceipt, { commands, quarantine }: Small): Acknowledged => ({
  logs: logs.map(({ log, last }) => ({ log, sequence: last })),
  commands: commands.map(({ id, state }) => ({ id, state })),
  quarantine: quarantine.map(({ id }) => id),
})

const headOf = (record: LogRecord | undefined): number =>
  record === undefined ? 0 : lifecycleOf(record).lastSequence

const cursorAt = (log: LogId, position: number) => ({
  stream: streamOf(log).id,
  position,
  gaps: [],
  keys: [],
})

async function readLog(ledger: Ledger, log: LogId): Promise<StoredLog> {
  const events = await ledger.readEvents(log, { limit: ALL })
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
