/** A ledger on IndexedDB with a journal beside it, and what can happen to either of them while nobody looks. */
import type { LogId } from '../../../src/core/ids.ts'
import { refold } from '../../../src/core/accept.ts'
import { heal } from '../../../src/ledger/heal.ts'
import type { HealReport } from '../../../src/ledger/heal.ts'
import { memoryDisk, memoryJournal } from '../../../src/ledger/journal/memory.ts'
import type { Journal } from '../../../src/ledger/journal/port.ts'
import { frameOf } from '../../../src/ledger/mirror.ts'
import { EMPTY_BATCH } from '../../../src/ledger/port.ts'
import type { Ledger, LedgerBatch } from '../../../src/ledger/port.ts'
import { createLockRegistry, memoryLocks } from '../../../src/platform/memoryLocks.ts'
import { ALL } from '../../../src/testing/conformance/context.ts'
import { freshDisk } from './databases.ts'
import type { Disk } from './databases.ts'
import { eraseDatabase, restoreSnapshot, takeSnapshot } from './snapshots.ts'
import type { Snapshot } from './snapshots.ts'

export async function twoCopies() {
  const disk: Disk = await freshDisk()
  const files = memoryDisk()
  const registry = createLockRegistry()
  let pages = 0
  let ledger: Ledger = disk.ledger
  await ledger.open()
  let locks = memoryLocks(registry)
  let journal: Journal = memoryJournal({ disk: files, writer: 'page0', locks })

  const copies = {
    disk,
    files,
    get ledger() {
      return ledger
    },
    get journal() {
      return journal
    },
    /** An acknowledged write: in both copies. */
    async write(batch: LedgerBatch) {
      const receipt = await ledger.write(batch)
      await journal.append(frameOf(batch, receipt))
    },
    /** The page died between its two copies. */
    async writeFirstOnly(batch: LedgerBatch) {
      await ledger.write(batch)
    },
    async deleteLogs(logs: readonly LogId[]) {
      const { stamp, events, tombstones } = await ledger.deleteLogs(logs, 1)
      await journal.append({ ...EMPTY_BATCH, stamp, net: -events, segments: [], tombstones })
    },
    /** The page dies; the next one opens what is there. */
    async restart() {
      locks.die()
      files.open.clear()
      await ledger.close().catch(() => {})
      pages += 1
      ledger = await disk.reopen()
      locks = memoryLocks(registry)
      journal = memoryJournal({ disk: files, writer: `page${pages}`, locks })
    },
    heal: (options?: { full: boolean }): Promise<HealReport> => heal(ledger, journal, options),

    /** The browser removes the whole database. */
    async wipeLedger() {
      await ledger.close()
      await eraseDatabase(disk.scope)
      await copies.restart()
    },
    snapshot: (): Promise<Snapshot> => takeSnapshot(disk.scope),
    /** A history comes back shorter, without a signal. */
    async rollBack(snapshot: Snapshot) {
      await ledger.close()
      await restoreSnapshot(disk.scope, snapshot)
      await copies.restart()
    },
    wipeJournal: () => files.files.clear(),
    /** Cuts the newest file of the journal. */
    cutJournal(share: number) {
      const name = [...files.files.keys()].at(-1)
      const bytes = name === undefined ? undefined : files.files.get(name)
      if (name !== undefined && bytes !== undefined) {
        files.files.set(name, bytes.slice(0, Math.floor(bytes.length * share)))
      }
    },

    /** Events of each log as JSON; throws where a record is not the fold of its events. */
    async contents(): Promise<ReadonlyMap<LogId, readonly string[]>> {
      const { logs } = await ledger.inventory()
      const found = new Map<LogId, readonly string[]>()
      const records = await ledger.readRecords([...logs.keys()])
      for (const log of logs.keys()) {
        const events = await ledger.readEvents(log, { after: 0, limit: ALL })
        if (events.length === 0) continue
        found.set(
          log,
          events.map((event) => JSON.stringify(event)),
        )
        const folded = JSON.stringify(refold(events)?.record)
        const stored = JSON.stringify(records.get(log))
        if (folded !== stored) throw new Error(`${log}: the record is not the fold of its events`)
      }
      return found
    },
    /** The same of what the journal holds. */
    async journalled(): Promise<ReadonlyMap<LogId, ReadonlySet<number>>> {
      const { heads } = await journal.scan()
      const found = new Map<LogId, Set<number>>()
      for (const { segments } of heads) {
        for (const { log, first, last } of segments) {
          const sequences = found.get(log) ?? new Set()
          for (let sequence = first; sequence <= last; sequence += 1) sequences.add(sequence)
          found.set(log, sequences)
        }
      }
      return found
    },
    cleanup: () => disk.cleanup(),
  }
  return copies
}

export type TwoCopies = Awaited<ReturnType<typeof twoCopies>>
