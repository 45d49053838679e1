/** What the page does when the store is damaged, refused or shared. Laws W2, W5, W7. */
import { deleteDB, openDB } from 'idb'
import { describe, expect, test, vi } from 'vitest'
import { memoryStorage, selectLedgerStatus } from '../../src/index.ts'
import { databaseName } from '../../src/ledger/indexedDb.ts'
import { healthChanged } from '../../src/state/actions.ts'
import { at } from '../../src/state/table.ts'
import { newScope, openPage, research, script } from './support/page.ts'

const RUN = 'r:wf1.research.1'

async function stored(scope: string): Promise<void> {
  const page = openPage(scope)
  await page.boot()
  const lines = script()
  page.source.emit(lines.stream, research(lines))
  await page.ledger.whenIdle()
  await page.ledger.dispose()
}

async function clear(scope: string, stores: string[]): Promise<void> {
  const db = await openDB(databaseName(scope))
  const tx = db.transaction(stores, 'readwrite')
  await Promise.all(stores.map((name) => tx.objectStore(name).clear()))
  await tx.done
  db.close()
}

describe('damage', () => {
  test('W2 after all rows are deleted, boot folds equal ones again and says how many', async () => {
    const scope = newScope()
    await stored(scope)
    const before = openPage(scope)
    await before.boot()
    const records = before.state().runs.records
    await before.ledger.dispose()
    await clear(scope, ['runs', 'workflows'])
    const after = openPage(scope)
    await after.boot()
    expect(JSON.stringify(at(after.state().runs.records, RUN))).toBe(JSON.stringify(at(records, RUN)))
    expect(after.state().runs.records).toEqual(records)
    expect(selectLedgerStatus(after.state()).integrity).toMatchObject({ rebuilt: 2, lostEvents: 0 })
    expect(selectLedgerStatus(after.state()).health.state).toBe('ok')
  })

  test('W7 after all segments are deleted, the loss is reported in numbers', async () => {
    const scope = newScope()
    await stored(scope)
    await clear(scope, ['segments'])
    const page = openPage(scope)
    await page.boot()
    const status = selectLedgerStatus(page.state())
    expect(status.integrity).toMatchObject({ lostEvents: 9, lostLogs: [RUN, 'w:wf1'] })
    expect(status.health).toEqual({
      state: 'history-lost',
      reason: 'The browser lost 9 events of 2 runs.',
    })
    // The run goes on after the hole.
    const lines = script('live:1', 10)
    page.source.emit(lines.stream, [lines.event(RUN, 'iteration.started', { iteration: 2 })])
    await page.ledger.whenIdle()
    expect(at(page.state().runs.persisted, RUN)).toBe(6)
  })

  test('a browser without IndexedDB gets memory, and is told so', async () => {
    vi.stubGlobal('indexedDB', undefined)
    try {
      const page = openPage(newScope())
      await page.boot()
      const lines = script()
      page.source.emit(lines.stream, research(lines))
      await page.ledger.whenIdle()
      const { health, copies, phase } = selectLedgerStatus(page.state())
      expect({ health: health.state, copies, phase }).toEqual({
        health: 'memory-only',
        copies: 0,
        phase: 'ready',
      })
      expect(at(page.state().runs.records, RUN)).toBeDefined()
    } finally {
      vi.unstubAllGlobals()
    }
  })
})

describe('a store that does not answer at first', () => {
  test('W3 is asked again, and nothing is written over what was not read', async () => {
    const storage = memoryStorage()
    const page = openPage(newScope(), { storage })
    const { listRecords } = storage.ledger
    let refusals = 2
    storage.ledger.listRecords = async (query) => {
      refusals -= 1
      if (refusals >= 0) throw new Error('not now')
      expect(await storage.ledger.counts()).toMatchObject({ events: 0 })
      return listRecords(query)
    }
    const lines = script()
    page.source.emit(lines.stream, research(lines))
    await page.boot()
    await page.ledger.whenIdle()
    expect(selectLedgerStatus(page.state())).toMatchObject({ phase: 'ready', health: { state: 'ok' } })
    expect(at(page.state().runs.persisted, RUN)).toBe(5)
  })
})

describe('another writer', () => {
  test('W5 when another page was first, the disk is read again and our events follow, none twice', async () => {
    const storage = memoryStorage()
    const [ours, theirs] = [openPage(newScope(), { storage }), openPage(newScope(), { storage })]
    await ours.boot()
    const lines = script()
    ours.source.emit(lines.stream, research(lines))
    await ours.ledger.whenIdle()
    await theirs.boot()

    const other = script('live:2')
    theirs.source.emit(other.stream, [other.event(RUN, 'iteration.started', { iteration: 7 })])
    await theirs.ledger.whenIdle()
    const late = lines.event(RUN, 'tool.finished', { callId: 'c2', status: 'completed', output: 'text' })
    ours.source.emit(lines.stream, [late])
    await ours.ledger.whenIdle()
    await vi.waitFor(() => expect(at(ours.state().runs.persisted, RUN)).toBe(7))

    const events = await storage.ledger.readEvents(RUN, { after: 0, limit: 100 })
    expect(events.map((event) => event.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(events.slice(-2).map((event) => event.stream)).toEqual(['live:2', 'live:1'])
    const record = at(ours.state().runs.records, RUN)
    expect(record?.entity === 'run' && record.run).toMatchObject({ iteration: 7, lastSequence: 7 })
  })
})

describe('a database damaged under the page', () => {
  test('a database deleted by another tab is said, and the page goes on', async () => {
    const scope = newScope()
    const page = openPage(scope)
    await page.boot()
    const lines = script()
    page.source.emit(lines.stream, research(lines))
    await page.ledger.whenIdle()
    await deleteDB(databaseName(scope))
    const states = () =>
      page.actions.filter((action) => healthChanged.match(action)).map((action) => action.payload.state)
    await vi.waitFor(() => expect(states()).toEqual(['recovering', 'ok']))
    page.source.emit(lines.stream, [lines.event(RUN, 'iteration.started', { iteration: 2 })])
    await page.ledger.whenIdle()
    expect(selectLedgerStatus(page.state()).health.state).toBe('history-lost')
    expect(at(page.state().runs.persisted, RUN)).toBe(6)
  })

  test('W7 segments deleted while the page is open are counted, and its events go on behind the hole', async () => {
    const scope = newScope()
    const page = openPage(scope)
    await page.boot()
    const lines = script()
    page.source.emit(lines.stream, research(lines))
    await page.ledger.whenIdle()
    await clear(scope, ['segments'])
    page.source.emit(lines.stream, [lines.event(RUN, 'iteration.started', { iteration: 2 })])
    await vi.waitFor(() => expect(at(page.state().runs.persisted, RUN)).toBe(6), { timeout: 5_000 })
    expect(selectLedgerStatus(page.state())).toMatchObject({
      health: { state: 'history-lost' },
      integrity: { lostEvents: 9 },
    })
  })

  test('W7 the loss is said, and what the page still has is stored again', async () => {
    const scope = newScope()
    const page = openPage(scope)
    await page.boot()
    const lines = script()
    page.source.emit(lines.stream, research(lines))
    await page.ledger.whenIdle()
    await clear(scope, ['runs', 'workflows', 'segments', 'meta', 'streams'])
    page.source.emit(lines.stream, [lines.event(RUN, 'iteration.started', { iteration: 2 })])
    await page.ledger.whenIdle()
    await vi.waitFor(() => expect(at(page.state().runs.persisted, RUN)).toBe(6))
    expect(selectLedgerStatus(page.state()).health.state).toBe('history-lost')
    await page.ledger.dispose()

    const after = openPage(scope)
    await after.boot()
    const record = at(after.state().runs.records, RUN)
    expect(record?.entity === 'run' && record.run).toMatchObject({ iteration: 2, lastSequence: 6 })
    after.source.emit(lines.stream, [lines.event(RUN, 'iteration.started', { iteration: 3 })])
    await after.ledger.whenIdle()
    expect(at(after.state().runs.persisted, RUN)).toBe(7)
  })
})
