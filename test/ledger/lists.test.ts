/** Listings, tallies and rows of an older fold, on IndexedDB. SPEC W2, P1. */
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accept } from '../../src/core/accept.ts'
import type { LogRecord } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import { INTACT } from '../../src/ledger/port.ts'
import { isSameListing, PROJECTION_VERSION, toListing } from '../../src/ledger/rows.ts'
import { ALL } from '../../src/testing/conformance/context.ts'
import { chronicle, ended, randomEvent, seeded, started } from '../../src/testing/conformance/samples.ts'
import { asyncProperty, property } from '../support/property.ts'
import type { CrashPoint } from './support/crash.ts'
import { dyingAt } from './support/crash.ts'
import { freshDisk, onDisk } from './support/databases.ts'
import type { Disk } from './support/databases.ts'
import { workOf } from './support/work.ts'

const LOGS: readonly LogId[] = ['r:one', 'r:two', 'w:flow']

property(
  'W2 a record is relisted exactly when a list would say something else of it',
  fc.record({ seed: fc.nat(100_000), batches: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 20 }) }),
  ({ seed, batches }) => {
    const random = seeded(seed)
    const records = new Map<LogId, LogRecord>()
    for (const [at, size] of batches.entries()) {
      const told = Array.from({ length: size }, () => randomEvent(random, random.pick(LOGS), at * 10))
      for (const { log, record, relisted } of accept((each) => records.get(each), told).changes) {
        const before = records.get(log)
        expect(relisted).toBe(before === undefined || !isSameListing(toListing(before), toListing(record)))
        records.set(log, record)
      }
    }
  },
)

/** What the listings and tallies should be, out of the rows. */
async function expectListed(disk: Disk): Promise<void> {
  await onDisk(disk, async (db) => {
    const rows = [...(await db.getAll('runs')), ...(await db.getAll('workflows'))]
    const expected = rows.map(({ record }) => toListing(record)).toSorted((a, b) => (a.log < b.log ? -1 : 1))
    expect(await db.getAll('listings')).toEqual(expected)
    const counts = new Map<string, number>()
    for (const { entity, status, kind } of expected) {
      const key = JSON.stringify([entity, status, kind])
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const keys = (await db.getAllKeys('tallies')).map((key) => JSON.stringify(key))
    const values = await db.getAll('tallies')
    expect(new Map(keys.map((key, index) => [key, values[index]]))).toEqual(counts)
  })
}

const crash: fc.Arbitrary<CrashPoint | null> = fc.option(
  fc.oneof(
    fc.record({ at: fc.constant('put' as const), nth: fc.integer({ min: 1, max: 10 }) }),
    fc.constant({ at: 'commit' as const }),
    fc.constant({ at: 'receipt' as const }),
  ),
  { nil: null },
)

asyncProperty(
  'W2 listings and tallies are those of the rows, whatever is written, deleted or dies half-way',
  fc.record({
    seed: fc.nat(100_000),
    steps: fc.array(fc.record({ crash, gone: fc.nat(9) }), { maxLength: 12 }),
  }),
  async ({ seed, steps }) => {
    const disk = await freshDisk()
    const random = seeded(seed)
    for (const [at, step] of steps.entries()) {
      const ledger = await disk.reopen()
      const story = chronicle()
      for (const [log, record] of await ledger.readRecords(LOGS)) story.records.set(log, record)
      const told = Array.from({ length: 3 }, () => randomEvent(random, random.pick(LOGS), at * 10))
      const work = (): Promise<unknown> =>
        step.gone === 0 ? ledger.deleteLogs(['r:two'], at) : ledger.write(story.tell(told))
      if (step.crash === null) await work()
      else await dyingAt(step.crash, work)
      await ledger.close()
      await expectListed(disk)
    }
    await disk.cleanup()
  },
  40,
)

describe('listings', () => {
  test('W2 those that are gone, wrong or of nobody are mended by a full look, and the tallies with them', async () => {
    const disk = await freshDisk()
    const story = chronicle()
    await disk.ledger.write(story.tell([started('r:a'), started('r:b', 1), started('w:c', 2)]))
    await disk.ledger.write(story.tell([ended('r:a', 5, 'failed')]))
    await onDisk(disk, async (db) => {
      const listing = await db.get('listings', 'r:b')
      if (listing === undefined) throw new Error('not listed')
      await db.put('listings', { ...listing, status: 'failed' }, 'r:b')
      await db.delete('listings', 'r:a')
      await db.put('listings', { ...listing, log: 'r:nobody' }, 'r:nobody')
      await db.clear('tallies')
    })
    await disk.ledger.check({ full: true })
    await expectListed(disk)
    expect(await disk.ledger.check()).toEqual(INTACT)
    await disk.cleanup()
  })

  test('P1 events that change nothing of a list write no listing', async () => {
    const disk = await freshDisk()
    const story = chronicle()
    const random = seeded(3)
    await disk.ledger.write(story.tell([started('r:a')]))
    const quiet = story.tell([
      {
        ...randomEvent(random, 'r:a', 1),
        type: 'foreign',
        payload: { source: 's', name: 'n', value: 1 },
      } as never,
    ])
    const { requests } = await workOf(() => disk.ledger.write(quiet))
    const moving = await workOf(() => disk.ledger.write(story.tell([ended('r:a', 9)])))
    // Segment and counters; a change adds the row, the listing and the tally it joins.
    expect([requests['put'], moving.requests['put']]).toEqual([2, 5])
    await disk.cleanup()
  })

  test(
    'P1 a count by status and kind reads tallies, however much there is; others say "at least" beyond 2,000',
    { timeout: 30_000 },
    async () => {
      const disk = await freshDisk()
      const story = chronicle()
      const fields = { parentThreadId: 'big' }
      const ids = Array.from({ length: 2_100 }, (_, index) => `r:${String(index).padStart(5, '0')}` as const)
      await disk.ledger.write(story.tell(ids.map((log, at) => started(log, at, fields))))
      const { records } = await workOf(() => disk.ledger.countRecords({ entity: 'run', status: 'running' }))
      expect(records).toBeLessThan(5)
      const count = (filter: object) => disk.ledger.countRecords({ entity: 'run', ...filter })
      expect(await count({})).toEqual({ count: 2_100, exact: true })
      expect(await count({ status: 'running', kind: 'subagent', unsettled: true })).toEqual({
        count: 2_100,
        exact: true,
      })
      expect(await count({ thread: 'big' })).toEqual({ count: 2_100, exact: true })
      expect(await count({ thread: 'big', status: 'running' })).toEqual({ count: 2_000, exact: false })
      expect(await count({ thread: 'big', status: 'failed' })).toEqual({ count: 0, exact: false })
      expect(await count({ thread: 'none', status: 'failed' })).toEqual({ count: 0, exact: true })
      await disk.cleanup()
    },
  )
})

describe('rows of an older fold', () => {
  /** Seven runs, of which the odd ones are as an older fold left them: another status, so another list. */
  async function outdated(): Promise<Disk> {
    const disk = await freshDisk()
    const story = chronicle()
    for (let each = 0; each < 7; each += 1) await disk.ledger.write(story.tell([started(`r:${each}`, each)]))
    await onDisk(disk, async (db) => {
      for (let each = 1; each < 7; each += 2) {
        const log: LogId = `r:${each}`
        const row = await db.get('runs', log)
        const listing = await db.get('listings', log)
        if (row?.record.entity !== 'run' || listing === undefined) throw new Error('not there')
        const run = { ...row.record.run, status: 'paused' as never }
        await db.put(
          'runs',
          { ...row, projection: PROJECTION_VERSION - 0.5, record: { ...row.record, run } },
          log,
        )
        await db.put('listings', { ...listing, status: 'paused' }, log)
      }
      await db.put('tallies', 4, ['run', 'running', 'subagent'])
      await db.put('tallies', 3, ['run', 'paused', 'subagent'])
    })
    return disk
  }

  test('W2 they are folded again in bounded steps, lists and tallies with them, and only once', async () => {
    const disk = await outdated()
    const left: number[] = []
    for (let step = 0; step < 4; step += 1) left.push(await disk.ledger.refoldStale(2))
    expect(left).toEqual([5, 3, 1, 0])
    await expectListed(disk)
    const rows = await onDisk(disk, (db) => db.getAll('runs'))
    expect(rows.map(({ projection }) => projection)).toEqual(rows.map(() => PROJECTION_VERSION))
    expect((await disk.ledger.countRecords({ entity: 'run', status: 'running' })).count).toBe(7)
    const again = await workOf(() => disk.ledger.refoldStale(2))
    expect(again.requests).toEqual({ get: 1 })
    await disk.cleanup()
  })

  test('W2 a page that dies in between leaves the rest to the next one', async () => {
    for (let nth = 1; nth <= 6; nth += 1) {
      const disk = await outdated()
      await disk.ledger.refoldStale(2)
      await dyingAt({ at: 'put', nth }, () => disk.ledger.refoldStale(3))
      const ledger = await disk.reopen()
      let left = Infinity
      for (let step = 0; step < 9 && left > 0; step += 1) left = await ledger.refoldStale(2)
      expect(left).toBe(0)
      await expectListed(disk)
      await disk.cleanup()
    }
  })

  test('W2 a row whose events are lost is the only one who remembers them, and stays', async () => {
    const disk = await outdated()
    await onDisk(disk, async (db) => {
      // The registration is gone; what is left of the log knows less than the row.
      const [registered] = await disk.ledger.readEvents('r:1', { limit: 1 })
      const later = { ...registered, sequence: 2, type: 'iteration.started', payload: { iteration: 1 } }
      await db.put('segments', { first: 1, last: 1, body: '[]', lost: true }, ['r:1', 1])
      await db.put('segments', { first: 2, last: 2, body: JSON.stringify([later]) }, ['r:1', 2])
    })
    expect(await disk.ledger.refoldStale(100)).toBe(0)
    const [kept] = await disk.ledger.listRecords({ entity: 'run', status: 'paused', limit: ALL })
    expect(kept?.log).toBe('r:1')
    await expectListed(disk)
    await disk.cleanup()
  })
})
