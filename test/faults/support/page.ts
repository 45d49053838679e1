/**
 * Owns one page of these tests: a real store over a real ledger on IndexedDB that can be made to fail, a journal
 * beside it, and a clock that moves on when nothing else does.
 */
import type { LogId } from '../../../src/core/ids.ts'
import { memoryContentStore } from '../../../src/ledger/contentStore.ts'
import { indexedDbLedger } from '../../../src/ledger/indexedDb.ts'
import { memoryDisk, memoryJournal } from '../../../src/ledger/journal/memory.ts'
import type { MemoryDisk } from '../../../src/ledger/journal/memory.ts'
import { healthChanged } from '../../../src/state/actions.ts'
import type { Health } from '../../../src/state/actions.ts'
import { createLockRegistry, memoryLocks } from '../../../src/platform/memoryLocks.ts'
import type { Storage } from '../../../src/ledger/storage.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'
import type { ManualClock } from '../../../src/testing/manualClock.ts'
import { newScope, openPage } from '../../state/support/page.ts'
import type { Page } from '../../state/support/page.ts'
import { at } from '../../../src/state/table.ts'
import { faultIdb } from './faultIdb.ts'
import type { FaultIdb } from './faultIdb.ts'

export interface FaultyPage extends Page {
  clock: ManualClock
  storage: Storage
  /** Every health it ever said, the first `ok` included; equal ones in a row once. */
  health(): readonly Health[]
  /** Lets everything happen until it is true; false when it never comes to that. */
  until(isTrue: () => boolean): Promise<boolean>
  /** Lets time pass. */
  pass(ms: number): Promise<void>
  /** Runs `work` while time passes. */
  meanwhile<Result>(work: Promise<Result>): Promise<Result>
}

export interface Machine {
  scope: string
  idb: FaultIdb
  files: MemoryDisk
  open(options?: Parameters<typeof openPage>[1]): FaultyPage
  /** The page is gone without a word; the next one can be opened. */
  bury(page: FaultyPage): void
  end(): void
}

/** Turns of the event loop without a sign of life, after which nothing more happens by itself. */
const QUIET_TURNS = 8
const STEP_MS = 50
/** Turns after which a page that is still busy is going round in circles. */
const BUSY_TURNS = 5_000

/** `journal: false`: a browser without a place for a second copy. */
export function machine({ journal = true }: { journal?: boolean } = {}): Machine {
  const scope = newScope()
  const idb = faultIdb(scope)
  const files = memoryDisk()
  const registry = createLockRegistry()
  let pages = 0

  return {
    scope,
    idb,
    files,
    open(options = {}) {
      pages += 1
      const clock = manualClock()
      const locks = memoryLocks(registry)
      const storage: Storage = {
        ledger: indexedDbLedger({ scope, clock }),
        journal: journal ? memoryJournal({ disk: files, writer: `page${pages}`, locks }) : null,
        content: memoryContentStore(),
      }
      const page = openPage(scope, { clock, locks, storage, ...options })
      return {
        ...page,
        die: () => locks.die(),
        ...timeOf(page, clock, idb),
        clock,
        storage,
        health: () => healthOf(page),
      }
    },
    bury(page) {
      page.die()
      files.open.clear()
      idb.revive()
    },
    end: () => idb.uninstall(),
  }
}

function timeOf(
  page: Page,
  clock: ManualClock,
  idb: FaultIdb,
): Pick<FaultyPage, 'until' | 'pass' | 'meanwhile'> {
  async function rest(): Promise<void> {
    for (let quiet = 0, turns = 0; quiet < QUIET_TURNS; quiet += 1, turns += 1) {
      if (turns > BUSY_TURNS) throw new Error('This page never comes to rest.')
      const before = idb.passed() + page.actions.length
      await turn()
      if (idb.passed() + page.actions.length !== before) quiet = 0
    }
  }
  const until = async (isTrue: () => boolean, patience = 2_000): Promise<boolean> => {
    for (let step = 0; step < patience; step += 1) {
      await rest()
      if (isTrue()) return true
      await clock.advance(STEP_MS)
    }
    return false
  }
  return {
    until,
    async pass(ms) {
      for (let at = 0; at < ms; at += STEP_MS) {
        await rest()
        await clock.advance(STEP_MS)
      }
      await rest()
    },
    async meanwhile(work) {
      let done = false
      const note = (): void => {
        done = true
      }
      work.then(note, note)
      if (!(await until(() => done))) throw new Error('This never comes to an end.')
      return work
    },
  }
}

function healthOf({ actions, state }: Page): readonly Health[] {
  const said: Health[] = [{ state: 'ok' }]
  const say = (health: Health): void => {
    if (JSON.stringify(said.at(-1)) !== JSON.stringify(health)) said.push(health)
  }
  for (const action of actions) if (healthChanged.match(action)) say(action.payload)
  // Some reducers change it on their own.
  say(state().ledger.health)
  return said
}

export const statesOf = (health: readonly Health[]): string[] => health.map(({ state }) => state)

export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

export const persistedOf = (page: Page, logs: readonly LogId[]): number =>
  logs.reduce((sum, log) => sum + (at(page.state().runs.persisted, log) ?? 0), 0)
