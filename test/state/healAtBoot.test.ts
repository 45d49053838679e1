/** A page that starts on copies that disagree makes them equal before it writes a word of its own. SPEC W3, W6, W7. */
import { expect, test } from 'vitest'
import type { RunLedgerOptions } from '../../src/index.ts'
import { selectLedgerStatus } from '../../src/index.ts'
import { systemClock } from '../../src/platform/browser.ts'
import { createLockRegistry, memoryLocks } from '../../src/platform/memoryLocks.ts'
import { memoryContentStore } from '../../src/ledger/contentStore.ts'
import { indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { memoryDisk, memoryJournal } from '../../src/ledger/journal/memory.ts'
import { at } from '../../src/state/table.ts'
import { eraseDatabase } from '../ledger/support/snapshots.ts'
import { newScope, openPage, research, script } from './support/page.ts'

const RUN = 'r:wf1.research.1'

/** Pages of one scope with both copies, one after the other. */
function twoCopies() {
  const scope = newScope()
  const files = memoryDisk()
  const registry = createLockRegistry()
  let pages = 0
  return {
    scope,
    open(options: Partial<RunLedgerOptions> = {}) {
      pages += 1
      const locks = memoryLocks(registry)
      const ledger = indexedDbLedger({ scope, clock: systemClock })
      const journal = memoryJournal({ disk: files, writer: `page${pages}`, locks })
      const storage = { ledger, journal, content: memoryContentStore() }
      const { source: _, ...rest } = options
      return { ...openPage(scope, { ...rest, locks, storage }), storage }
    },
  }
}

test('W3 W6 what the browser lost is back before the first event of the new page is written', async () => {
  const machine = twoCopies()
  const before = machine.open()
  await before.boot()
  const lines = script()
  before.source.emit(lines.stream, research(lines))
  await before.ledger.whenIdle()
  const stored = await before.storage.ledger.readEvents(RUN, { after: 0, limit: 100 })
  await before.ledger.dispose()
  await eraseDatabase(machine.scope)

  const after = machine.open()
  // A source that only knows what is new, and says it at once.
  const next = lines.event(RUN, 'iteration.started', { iteration: 2 })
  after.source.emit(lines.stream, [next])
  await after.boot()
  after.source.emit(lines.stream, [lines.event(RUN, 'iteration.started', { iteration: 3 })])
  await after.ledger.whenIdle()
  const now = await after.storage.ledger.readEvents(RUN, { after: 0, limit: 100 })
  expect(now.slice(0, stored.length)).toEqual(stored)
  expect(now.map(({ position }) => position)).toEqual([5, 6, 7, 8, 9, 10, 11])
  expect(selectLedgerStatus(after.state())).toMatchObject({ integrity: { lostEvents: 0 }, copies: 2 })
  expect(await after.storage.ledger.check({ full: true })).toMatchObject({ rebuilt: 0, lostEvents: 0 })
  await after.ledger.dispose()
})

test('W3 a history that cannot be read at first is asked for again, and nothing counts as known until it is there', async () => {
  const machine = twoCopies()
  const before = machine.open()
  await before.boot()
  const lines = script()
  before.source.emit(lines.stream, research(lines))
  await before.ledger.whenIdle()
  const known = at(before.state().runs.records, RUN)
  await before.ledger.dispose()

  const after = machine.open()
  const { ledger } = after.storage
  const { listRecords } = ledger
  let refusals = 2
  ledger.listRecords = async (query) => {
    refusals -= 1
    if (refusals >= 0) throw new Error('not now')
    return listRecords(query)
  }
  await after.boot()
  expect(refusals).toBeLessThan(0)
  expect(selectLedgerStatus(after.state())).toMatchObject({ phase: 'ready' })
  expect(at(after.state().runs.records, RUN)).toEqual(known)
  await after.ledger.dispose()
})
