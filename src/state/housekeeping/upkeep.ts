/**
 * Owns how looking after the stored runs is put together: housekeeping, retention, archives and sizes as one part of
 * the run ledger.
 */
import { isSettled } from '../../core/status.ts'
import type { RetentionPlan, RetentionPolicy } from '../../ledger/retention.ts'
import type { Commit } from '../../ledger/delivery.ts'
import { browserDevice } from '../../platform/device.ts'
import type { Device } from '../../platform/device.ts'
import { pageIdle } from '../../platform/idle.ts'
import type { Idle } from '../../platform/idle.ts'
import { exportArchive, importArchive } from '../archive/archive.ts'
import type { ArchiveScope, ImportResult } from '../archive/archive.ts'
import { importEvents } from '../archive/importEvents.ts'
import type { ImportedEvent, ImportedEvents } from '../archive/importEvents.ts'
import { inspectArchive } from '../archive/inspect.ts'
import type { ArchiveDiff } from '../archive/inspect.ts'
import { scrubJournal } from '../healLedger.ts'
import { createHousekeeping } from './housekeeping.ts'
import type { HousekeepingReport } from './housekeeping.ts'
import { askToPersist, reportStorage } from './storage.ts'
import type { PersistAnswer, StorageReport } from './storage.ts'
import { previewRetention, prune } from './retention.ts'
import type { PruneResult, RetentionPreview } from './retention.ts'
import type { Runtime } from '../runtime.ts'

export interface UpkeepOptions {
  /** Deletes by itself, when idle, what goes beyond it. Default: nothing is ever deleted unless asked for. */
  retention?: RetentionPolicy
  device?: Device
  idle?: Idle
}

/** Rows folded again in one transaction; each reads all events of its run. */
const FOLDED_AT_ONCE = 10

/** Rows that an older fold left behind; those that are shown are folded again before. */
async function* foldStaleRows({ ledger }: Runtime): AsyncGenerator<void, number> {
  for (;;) {
    const left = await ledger.refoldStale(FOLDED_AT_ONCE)
    if (left === 0) return left
    yield
  }
}

async function* packJournal({ journal }: Runtime): AsyncGenerator<void, number> {
  const packed = await journal()?.compact()
  yield
  return packed === undefined ? 0 : packed.before - packed.after
}

/** How far long work has got, 0 to 1. */
type Progress = (done: number) => void

export function createUpkeep(
  runtime: Runtime,
  { retention, device = browserDevice, idle = pageIdle }: UpkeepOptions,
) {
  const housekeeping = createHousekeeping(runtime, {
    idle,
    ...(retention !== undefined && { policy: retention }),
    chores: [foldStaleRows, scrubJournal, packJournal],
  })

  return {
    /** Hears of every commit of this page. */
    noticed(commit: Commit): void {
      housekeeping.noticed(commit)
      const hasEnded = commit.transitions.some(({ to }) => isSettled(to))
      if (hasEnded && commit.copies > 0) void askToPersist(runtime, device)
    },
    booted: (): void => housekeeping.schedule(),
    stop: (): void => housekeeping.stop(),

    api: {
      retention: {
        /** What a policy would delete now, with counts and sizes, and why the others stay. */
        preview: (policy: RetentionPolicy): Promise<RetentionPreview> => previewRetention(runtime, policy),
        /** Deletes what a preview showed; trees that have changed since are refused and named. */
        prune: (plan: Pick<RetentionPlan, 'trees'>, onProgress?: Progress): Promise<PruneResult> =>
          prune(runtime, plan, onProgress),
      },
      archive: {
        /** One run, its tree or everything, as lines of JSON; holds a bounded piece at a time. */
        export: (scope?: ArchiveScope): AsyncIterable<string> => exportArchive(runtime, scope),
        /** What importing the file would do. Changes nothing. @throws ArchiveError */
        inspect: (file: Blob, onProgress?: Progress): Promise<ArchiveDiff> =>
          inspectArchive(runtime, file, onProgress),
        /** Adds what is missing; nothing that is here changes. @throws ArchiveError, LedgerError */
        import: (file: Blob, onProgress?: Progress): Promise<ImportResult> =>
          importArchive(runtime, file, onProgress),
      },
      /**
       * Takes in history of another system, as its importer (`run-ledger/sources/harn`) made it events. Adds what is
       * missing; what was in flight there and nobody drives is settled as interrupted. @throws LedgerError
       */
      importEvents: (events: readonly ImportedEvent[], onProgress?: Progress): Promise<ImportedEvents> =>
        importEvents(runtime, events, onProgress),
      storage: {
        /** How much there is, and what the browser says about keeping it. */
        report: (): Promise<StorageReport> => reportStorage(runtime, device),
        /** Asks the browser to keep the data, unless it was asked before. */
        persist: (): Promise<PersistAnswer> => askToPersist(runtime, device),
        /** One round of idle work, now; null while another tab is at it. */
        tidy: (): Promise<HousekeepingReport | null> => housekeeping.round(),
      },
    },
  }
}
