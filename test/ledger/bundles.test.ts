/** Many logs in one record: what is read, counted, lost and found is what it is with a record for each. SPEC W1–W7, P1. */
import 'fake-indexeddb/auto'
import { deleteDB } from 'idb'
import { afterEach, describe, expect, test } from 'vitest'
import type { LogId } from '../../src/core/ids.ts'
import { Bundles } from '../../src/ledger/bundles.ts'
import { databaseName } from '../../src/ledger/indexedDb.ts'
import type { Ledger, LedgerBatch } from '../../src/ledger/port.ts'
import { INTACT } from '../../src/ledger/port.ts'
import type { StoredBundle } from '../../src/ledger/schema.ts'
import { ALL, refusal } from '../../src/testing/conformance/context.ts'
import { chatter, chronicle, ended } from '../../src/testing/conformance/samples.ts'
import two from '../fixtures/schema-2/dump.json' with { type: 'json' }
import { loadDatabase } from '../fixtures/schema-1/load.ts'
import type { DatabaseDump } from '../fixtures/schema-1/load.ts'
import { asyncProperty } from '../support/property.ts'
import * as bundling from './support/bundling.ts'
import { bundled, bundlesOf, checked, expectAll, expectLog, LOGS, more, newDisk } from './support/bundling.ts'
import { expectLogs, expectTold, forget, metaOf, sequencesOf } from './support/bundling.ts'
import { dyingAt } from './support/crash.ts'
import type { CrashPoint } from './support/crash.ts'
import { dump, onDisk } from './support/databases.ts'
import { twoCopies } from './support/twoCopies.ts'
import { workOf } from './support/work.ts'

afterEach(bundling.cleanUp)

asyncProperty(
  'W1 W2 W5 two pages read what was told, whatever is written, sorted, merged, deleted and opened again',
  bundling.steps,
  async (steps) => {
    await bundling.walk(steps)
    await bundling.cleanUp()
  },
  20,
)

describe('what a write costs', () => {
  const FIFTY = Array.from({ length: 50 }, (_, at): LogId => `r:agent ${at}`)

  test('P1 fifty logs that say one thing each are one record and the counters', async () => {
    const { disk, story } = await bundled(0, FIFTY)
    const batch = story.tell(more(story, FIFTY))
    const { requests } = await workOf(() => disk.ledger.write(batch))
    expect(requests).toEqual({ get: 1, getAllKeys: 1, openKeyCursor: 1, put: 2 })
    expect(await bundlesOf(disk)).toEqual([2])
    expect(await onDisk(disk, (db) => db.count('segments'))).toBe(50)
  })

  test('P1 fifty logs that go on and on keep few bundles, are a bounded way behind, and cost the same each round', async () => {
    const { disk, story } = await bundled(0, FIFTY)
    const puts: number[] = []
    let bundles = 0
    let behind = 0
    for (let round = 0; round < 400; round += 1) {
      const batch = story.tell(more(story, FIFTY))
      puts.push((await workOf(() => disk.ledger.write(batch))).requests['put'] ?? 0)
      const meta = await metaOf(disk)
      bundles = Math.max(bundles, (await bundlesOf(disk)).length, meta?.bundles ?? ALL)
      for (const [row, , head] of Object.values(meta?.behind ?? {})) behind = Math.max(behind, head - row)
    }
    // Beyond 64 the logs of the oldest get their segments, eight with each write.
    expect(bundles).toBeLessThanOrEqual(64 + Math.ceil(FIFTY.length / 8))
    expect(behind).toBeLessThanOrEqual(128)
    const mean = puts.reduce((sum, each) => sum + each, 0) / puts.length
    expect(mean).toBeLessThan(4)
    expect(Math.max(...puts)).toBeLessThan(5 * mean)
    const again = await disk.reopen()
    for (const log of FIFTY) await expectLog(again, log, story.events.get(log), 397, 9)
    expect(await again.check({ full: true })).toEqual(INTACT)
  })

  test('P1 a log that speaks once and never again keeps no bundle for ever', async () => {
    const { disk, story } = await bundled(1)
    for (let round = 0; round < 70; round += 1)
      await disk.ledger.write(story.tell(more(story, LOGS.slice(1))))
    expect((await bundlesOf(disk))[0]).toBeGreaterThan(2)
    await expectTold(disk.ledger, story)
  })

  test('W1 a bundle stays until all of its logs have their segments', async () => {
    const { disk, story } = await bundled(2)
    for (const log of LOGS) {
      expect(await bundlesOf(disk)).toEqual([2, 3])
      await disk.ledger.write(story.tell(more(story, [log])))
      await expectAll(await disk.reopen(), story)
    }
    expect(await bundlesOf(disk)).toEqual([])
    await expectTold(disk.ledger, story)
  })
})

describe('a page that dies', () => {
  const LAST: readonly LogId[] = ['w:one', 'w:two']
  const works: Record<string, (ledger: Ledger, batch: LedgerBatch) => Promise<unknown>> = {
    'a write that sorts and deletes': (ledger, batch) => ledger.write(batch),
    'catching up': (ledger) => ledger.catchUp(ALL),
    'a deletion': (ledger) => ledger.deleteLogs(LAST, 1),
  }
  test.each(Object.keys(works))('W1 anywhere in %s leaves what was there', async (name) => {
    const work = works[name] ?? expect.fail()
    const isWrite = name.startsWith('a write')
    let deaths = 0
    for (let nth = 0; ; nth += 1) {
      const { disk, story } = await bundled()
      await disk.ledger.write(story.tell(chatter('w:one', 1)))
      const sorted = [...LOGS.slice(0, -2).map((log) => ended(log, 9)), ...chatter('w:two', 40)]
      const batch = story.propose([...sorted, ...chatter('w:one', 1)])
      const point: CrashPoint = nth === 0 ? { at: 'commit' } : { at: 'put', nth }
      const before = await onDisk(disk, dump)
      const { died } = await dyingAt(point, () => work(disk.ledger, batch))
      if (died) {
        deaths += 1
        expect(await onDisk(disk, dump)).toBe(before)
        await expectAll(disk.ledger, story)
        await work(disk.ledger, batch)
      }
      if (isWrite) story.keep(batch)
      if (name === 'a deletion') for (const log of LAST) forget(story, log)
      expect(await bundlesOf(disk)).toEqual(isWrite ? [6] : [])
      await expectAll(await disk.reopen(), story)
      if (!died) break
    }
    expect(deaths).toBeGreaterThan(12)
  })
})

describe('two pages', () => {
  test('W5 that tell different logs in turn see each other’s bundles, and nothing is doubled', async () => {
    const { disk, story } = await bundled(0)
    const pages = [disk.ledger, await disk.reopen()]
    for (let round = 0; round < 140; round += 1) {
      const own = round % 2 === 0 ? LOGS.slice(0, 6) : LOGS.slice(6)
      await pages[round % 2]?.write(story.tell(more(story, own)))
      const log = bundling.logAt(round)
      for (const page of pages) await expectLog(page, log, story.events.get(log), round >> 2, 3)
    }
    for (const page of pages) await expectTold(page, story)
    expect(await pages[1]?.check({ full: true })).toEqual(INTACT)
  })

  test('W1 one that reads while the other writes and sorts sees all logs as of one moment', async () => {
    const { disk, story } = await bundled(0)
    const reader = await disk.reopen()
    let latest = 0
    for (let round = 0; round < 90; round += 1) {
      const writing = disk.ledger.write(story.tell(more(story, LOGS)))
      const sorting = round % 9 === 8 ? disk.ledger.catchUp(ALL) : null
      const head = await bundling.headsOf(reader, story)
      expect(head).toBeGreaterThanOrEqual(latest)
      latest = head
      await Promise.all([writing, sorting])
    }
    await expectTold(reader, story)
  })

  test('W1 an old transaction goes on seeing what it saw, and a memory shared with it harms no later one', async () => {
    const { disk, story } = await bundled()
    const [db, bundles] = [await disk.raw(), new Bundles()]
    const old = db.transaction(['bundles', 'meta'])
    const heads = async (tx: typeof old) => (await bundles.read(tx)).of('r:5').map(({ last }) => last)
    expect(await heads(old)).toEqual([2, 3, 4])
    const writing = disk.ledger.write(story.tell(LOGS.slice(0, -1).map((log) => ended(log, 9))))
    for (let turn = 0; turn < 20; turn += 1) expect(await heads(old)).toEqual([2, 3, 4])
    await writing
    await disk.ledger.write(story.tell(more(story, LOGS)))
    expect(await heads(db.transaction(['bundles', 'meta']))).toEqual([6])
    db.close()
  })

  // The database goes, at rest or some turns after a read began, and a new one has bundles under the same numbers.
  test.each(['at rest', 0, 1, 2])(
    'W5 what is remembered of a database that is no more is not believed (%s)',
    async (turns) => {
      const { disk } = await bundled()
      const reader = await disk.reopen()
      const reading = sequencesOf(reader, 'r:5').catch(() => null)
      if (turns === 'at rest') await reading
      else for (let turn = 0; turn < Number(turns); turn += 1) await new Promise((next) => setImmediate(next))
      await Promise.all([deleteDB(databaseName(disk.scope)), reading])
      const [other, story] = [await disk.reopen(), chronicle()]
      for (let round = 0; round < 4; round += 1) await other.write(story.tell(more(story, LOGS, 3)))
      await expectTold(reader, story)
    },
  )

  test('W5 heads of a database that is no more are not believed', async () => {
    const { disk, story } = await bundled(1)
    await deleteDB(databaseName(disk.scope))
    const [other, theirs] = [await disk.reopen(), chronicle()]
    for (let round = 0; round < 2; round += 1) await other.write(theirs.tell(more(theirs, ['r:0'])))
    expect(await refusal(disk.ledger.write(story.tell(more(story, ['r:0', 'r:1']))))).toBe('conflict r:1')
  })
})

describe('what is gone', () => {
  const all = { rebuilt: 0, lostEvents: LOGS.length, lostLogs: LOGS.toSorted() }

  test.each([2, 3, 4])(
    'W7 bundle %i of 2–4 is reported exactly, once, and its logs go on',
    async (number) => {
      const { disk, story } = await bundled()
      await onDisk(disk, (db) => db.delete('bundles', number))
      const again = await disk.reopen()
      expect(await checked(again)).toEqual(all)
      expect(await again.check()).toEqual(INTACT)
      expect((await again.losses()).events).toBe(LOGS.length)
      await again.write(story.tell(more(story, LOGS)))
      const left = [1, 2, 3, 4, 5].filter((at) => at !== number)
      for (const log of LOGS) expect(await sequencesOf(again, log)).toEqual(left)
      expect(await (await disk.reopen()).check({ full: true })).toEqual(INTACT)
    },
  )

  test('W7 a bundle that goes under an open page is missed with the next write', async () => {
    const { disk, story } = await bundled()
    await onDisk(disk, (db) => db.delete('bundles', 4))
    const batch = story.tell(more(story, LOGS))
    expect(await refusal(disk.ledger.write(batch))).toBe('conflict r:0')
    expect(await checked(disk.ledger)).toEqual(all)
    await disk.ledger.write(batch)
    expect(await sequencesOf(disk.ledger, 'r:0')).toEqual([1, 2, 3, 5])
  })

  const sorting: Record<string, (ledger: Ledger) => Promise<unknown>> = {
    'catching up': (ledger) => ledger.catchUp(100),
    'folding anew': (ledger) => ledger.refoldStale(100),
    'a deletion': (ledger) => ledger.deleteLogs(['r:never'], 1),
  }
  test.each(Object.keys(sorting))('W7 a bundle that is gone is reported also after %s', async (name) => {
    const { disk } = await bundled()
    await onDisk(disk, (db) => db.delete('bundles', 3))
    await sorting[name]?.(disk.ledger)
    expect(await checked(await disk.reopen())).toEqual(all)
  })

  const withoutCounters = async () => {
    const { disk, story } = await bundled()
    const other = await disk.reopen()
    await expectTold(other, story)
    await onDisk(disk, (db) => db.delete('meta', 'ledger'))
    return { disk, story, other }
  }

  test('W7 the counters: everything is found again and goes on', async () => {
    const { disk, story } = await withoutCounters()
    const again = await disk.reopen()
    expect(await again.check()).toEqual({ rebuilt: LOGS.length, lostEvents: 0, lostLogs: [] })
    await expectLogs(again, story)
    await again.write(story.tell(more(story, LOGS)))
    await expectLogs(again, story)
    expect((await again.readRecords(LOGS)).get('w:one')).toEqual(story.records.get('w:one'))
    expect(await again.check({ full: true })).toEqual(INTACT)
  })

  test('W7 the counters: characters are counted again as well', async () => {
    const { disk, story } = await withoutCounters()
    await disk.ledger.check()
    await expectAll(disk.ledger, story)
  })

  test('W7 the counters: a write of a page that is open takes no event of others with it', async () => {
    const { disk } = await withoutCounters()
    await disk.ledger.write(chronicle().tell(more(chronicle(), ['r:new']))).catch(() => null)
    const again = await disk.reopen()
    const { lostEvents } = await again.check()
    const left = await Promise.all(LOGS.map((log) => sequencesOf(again, log)))
    expect({ left: left.flat().length, lostEvents }).toEqual({ left: 4 * LOGS.length, lostEvents: 0 })
  })

  test('W5 the counters: what comes under a number later is not what another page remembers under it', async () => {
    const { disk, story, other } = await withoutCounters()
    await disk.ledger.check()
    for (let round = 0; round < 3; round += 1) await disk.ledger.write(story.tell(more(story, LOGS)))
    await expectLogs(other, story)
  })

  test.each(['null', '"text"', '[]', '{}', '{"logs":3}', '{"logs":["r:0"]}'])(
    'W7 a bundle that is %s costs its own events and no others',
    async (value) => {
      const { disk, story } = await bundled()
      await onDisk(disk, (db) => db.put('bundles', JSON.parse(value) as StoredBundle, 3))
      const again = await disk.reopen()
      for (const log of LOGS) expect(await sequencesOf(again, log)).toEqual([1, 2, 4])
      expect(await checked(again, { full: true })).toEqual(all)
      await again.write(story.tell(more(story, LOGS)))
      for (const log of LOGS) expect(await sequencesOf(again, log)).toEqual([1, 2, 4, 5])
    },
  )

  test('W7 a text in a bundle that is no JSON costs its log the windows that hold it, and no other log anything', async () => {
    const { disk, story } = await bundled()
    await onDisk(disk, async (db) => {
      const { bodies, ...rest } = (await db.get('bundles', 3)) ?? expect.fail()
      await db.put('bundles', { ...rest, bodies: ['[{"cut', ...bodies.slice(1)] }, 3)
    })
    for (const isSorted of [false, true]) {
      const again = await disk.reopen()
      if (isSorted) await again.catchUp(ALL)
      expect(await refusal(again.readEvents('r:0', { limit: ALL }))).toBe('invalid')
      expect(await again.readEvents('r:0', { limit: 1 })).toEqual(story.events.get('r:0')?.slice(-1))
      for (const log of LOGS.slice(1)) await expectLog(again, log, story.events.get(log))
      expect((await again.readRecords(LOGS)).size).toBe(LOGS.length)
    }
    expect(await disk.ledger.check({ full: true })).toEqual(INTACT)
    await disk.ledger.write(story.tell(more(story, LOGS)))
  })

  test.each([[['bundles']], [['bundles', 'meta']], [['bundles', 'runs', 'segments']]] as const)(
    'W6 %s: the second copy gives everything back',
    async (stores) => {
      const [copies, story] = [await twoCopies(), chronicle()]
      for (let round = 0; round < 5; round += 1) await copies.write(story.tell(more(story, LOGS)))
      await copies.writeFirstOnly(story.tell(more(story, LOGS)))
      await copies.heal()
      await copies.write(story.tell(more(story, LOGS)))
      await onDisk(copies.disk, async (db) => {
        for (const store of stores) await db.clear(store)
      })
      await copies.restart()
      expect((await copies.heal()).integrity.lostEvents).toBe(0)
      await expectLogs(copies.ledger, story)
      await copies.cleanup()
    },
  )

  const reads: Record<string, (ledger: Ledger) => Promise<unknown>> = {
    'what a log takes': (ledger) => ledger.sizeOf('r:child-1'),
    'what there is': (ledger) => ledger.inventory(),
  }
  test.each(Object.keys(reads))('M1 a store that could not be brought up to date says %s', async (name) => {
    const disk = await newDisk()
    await loadDatabase(databaseName(disk.scope), two as DatabaseDump)
    await dyingAt({ at: 'put', nth: 1 }, () => disk.ledger.open())
    expect(disk.ledger.opening().refusal?.kind).toBe('unmigrated')
    expect(await reads[name]?.(disk.ledger)).toBeTruthy()
  })
})
