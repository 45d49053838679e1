/** From one layout to the next, whatever goes wrong on the way; and pages that meet a newer one. SPEC M1, T3. */
import 'fake-indexeddb/auto'
import { openDB } from 'idb'
import { describe, expect, test } from 'vitest'
import { databaseName } from '../../src/ledger/indexedDb.ts'
import { migrate, MigrationError } from '../../src/ledger/migrations.ts'
import type { AnyUpgrade } from '../../src/ledger/migrations.ts'
import type { Ledger } from '../../src/ledger/port.ts'
import { INTACT, LedgerError } from '../../src/ledger/port.ts'
import { SCHEMA_VERSION } from '../../src/ledger/schema.ts'
import { ALL, refusal } from '../../src/testing/conformance/context.ts'
import { chronicle, fullBatch } from '../../src/testing/conformance/samples.ts'
import one from '../fixtures/schema-1/dump.json' with { type: 'json' }
import two from '../fixtures/schema-2/dump.json' with { type: 'json' }
import three from '../fixtures/schema-3/dump.json' with { type: 'json' }
import { dumpDatabase, loadDatabase } from '../fixtures/schema-1/load.ts'
import type { DatabaseDump } from '../fixtures/schema-1/load.ts'
import { dyingAt, fullAtCommit } from './support/crash.ts'
import { freshDisk, onDisk } from './support/databases.ts'
import type { Disk } from './support/databases.ts'
import { eventually } from './support/waiting.ts'

const first = one as DatabaseDump
const second = two as DatabaseDump
const latest = three as DatabaseDump

async function diskOf(dump: DatabaseDump): Promise<Disk> {
  const disk = await freshDisk()
  await loadDatabase(databaseName(disk.scope), dump)
  return disk
}

const bytesOf = async (disk: Disk): Promise<string> =>
  JSON.stringify(await onDisk(disk, (db) => dumpDatabase(db)))

/** Everything a page shows of a ledger. */
async function shownBy(ledger: Ledger): Promise<string> {
  const [runs, workflows] = await Promise.all([
    ledger.listPage({ entity: 'run', limit: ALL }),
    ledger.listPage({ entity: 'workflow', limit: ALL }),
  ])
  const records = [...runs.records, ...workflows.records]
  const events = await Promise.all(records.map(({ log }) => ledger.readEvents(log, { after: 0, limit: ALL })))
  const inThread = await ledger.listRecords({ entity: 'run', thread: 'thread', limit: ALL })
  const [commands, quarantine, counts] = [
    await ledger.listCommands(),
    await ledger.listQuarantine(ALL),
    await ledger.counts(),
  ]
  return JSON.stringify({ runs, workflows, events, inThread, commands, quarantine, counts })
}

describe('from schema 1', () => {
  test('M1 each step says what it did, once', async () => {
    const disk = await diskOf(first)
    await disk.ledger.open()
    const { refusal: none, migrated } = disk.ledger.opening()
    expect(none).toBe(null)
    expect(migrated).toEqual([
      { to: 2, sentence: expect.stringMatching(/^Lists are served/), records: 6 },
      { to: 3, sentence: expect.stringMatching(/^What many runs tell/), records: 1 },
    ])
    const again = await disk.reopen()
    expect(again.opening()).toEqual({ refusal: null, migrated: [] })
    expect(await again.check()).toEqual(INTACT)
    await disk.cleanup()
  })

  test('M1 the migrated database is what the same story makes today', async () => {
    const recordsOf = async (dump: DatabaseDump) => {
      const disk = await diskOf(dump)
      await disk.ledger.open()
      const { stores } = await onDisk(disk, (db) => dumpDatabase(db))
      await disk.cleanup()
      return new Map(stores.map(({ name, records }) => [name, records]))
    }
    const [ofFirst, ofSecond, today] = [
      await recordsOf(first),
      await recordsOf(second),
      await recordsOf(latest),
    ]
    for (const name of ['listings', 'tallies', 'segments', 'blobs', 'meta', 'tombstones']) {
      expect({ name, records: ofFirst.get(name) }).toEqual({ name, records: ofSecond.get(name) })
    }
    // What the story tells since schema 3 is of runs of their own.
    const isOld = ({ key }: { key: unknown }): boolean => !JSON.stringify(key).includes('r:talk')
    for (const name of ['listings', 'segments', 'blobs', 'tombstones']) {
      expect({ name, records: ofFirst.get(name) }).toEqual({ name, records: today.get(name)?.filter(isOld) })
    }
  })

  test('M1 a deletion of schema 1 stays one, numbered', async () => {
    const graves = { name: 'tombstones', records: [{ key: 'r:gone', value: { at: 7 } }] }
    const disk = await diskOf({
      ...first,
      stores: first.stores.map((store) => (store.name === graves.name ? { ...store, ...graves } : store)),
    })
    const { stamp, tombstones } = await disk.ledger.inventory()
    expect(tombstones).toEqual([{ log: 'r:gone', at: 7, batch: stamp.batch }])
    await disk.cleanup()
  })

  test('M1 a page that dies at any put of the migration leaves what was there, and the next one goes on', async () => {
    const untouched = await diskOf(first)
    const before = await bytesOf(untouched)
    await untouched.ledger.open()
    const expected = await shownBy(untouched.ledger)
    let deaths = 0
    for (let nth = 1; ; nth += 1) {
      const disk = await diskOf(first)
      const { died } = await dyingAt({ at: 'put', nth }, () => disk.ledger.open())
      if (died) {
        deaths += 1
        // It shows what is there as it is, and touches nothing.
        expect(disk.ledger.opening().refusal?.kind).toBe('unmigrated')
        expect(await shownBy(disk.ledger)).toBe(expected)
        expect(await refusal(disk.ledger.write(fullBatch(chronicle(), 'a')))).toBe('unmigrated')
        await disk.ledger.close()
        expect(await bytesOf(disk)).toBe(before)
      }
      const ledger = await disk.reopen()
      expect(ledger.opening().refusal).toBe(null)
      expect(await shownBy(ledger)).toBe(expected)
      expect(await ledger.check()).toEqual(INTACT)
      await disk.cleanup()
      if (!died) break
    }
    expect(deaths).toBe(5 + 4 + 1 + 1)
    await untouched.cleanup()
  })

  test('M1 T3 an older page that is open lets the migration through, and never writes again', async () => {
    const disk = await diskOf(first)
    // A page of schema 1, as its code held the database.
    const old = await openDB(databaseName(disk.scope), 1)
    const closed: string[] = []
    old.addEventListener('versionchange', () => {
      closed.push('closed')
      old.close()
    })
    await disk.ledger.open()
    expect(closed).toEqual(['closed'])
    expect(disk.ledger.opening().migrated).toHaveLength(SCHEMA_VERSION - 1)
    await expect(openDB(databaseName(disk.scope), 1)).rejects.toThrow(/version/i)
    await disk.cleanup()
  })

  test('M1 a large database is not given up on while it is being migrated', async () => {
    const disk = await diskOf(first)
    const opening = disk.ledger.open()
    await eventually(() => disk.clock.waiting() > 0)
    // The deadline ends when the upgrade begins.
    await eventually(() => disk.clock.waiting() === 0)
    await disk.clock.advance(60_000)
    await opening
    expect(disk.ledger.opening().refusal).toBe(null)
    await disk.cleanup()
  })

  test('M1 a new database that cannot be made is an error, not an empty ledger to read', async () => {
    const disk = await freshDisk()
    await fullAtCommit(async () => {
      const { died } = await dyingAt({ at: 'commit' }, () => disk.ledger.open())
      expect(died).toBe(false)
    })
    await disk.cleanup()
  })

  test('M1 a step that fails takes those before it back', async () => {
    const name = `steps ${Math.random()}`
    let outcome: Promise<unknown> = Promise.resolve()
    const attempt = openDB(name, 2, {
      upgrade: (db, from, _to, tx) => {
        outcome = migrate(db, from, tx as unknown as AnyUpgrade, [
          { to: 1, sentence: 'One.', run: async (each) => (each.createObjectStore('one'), 0) },
          { to: 2, sentence: 'Two.', run: () => Promise.reject(new Error('no')) },
        ]).catch((error: unknown) => error)
      },
    })
    await expect(attempt).rejects.toThrow()
    expect(await outcome).toBeInstanceOf(MigrationError)
    expect(await outcome).toMatchObject({ step: { to: 2, sentence: 'Two.' } })
    expect((await openDB(name)).version).toBe(1)
  })
})

describe('a newer schema', () => {
  /** As later code may leave it: more stores and indexes, lists laid out anew, rows as they are. */
  const future: DatabaseDump = {
    version: SCHEMA_VERSION + 3,
    stores: [
      ...latest.stores.filter(({ name }) => name !== 'listings' && name !== 'tallies'),
      { name: 'lists', keyPath: null, autoIncrement: false, indexes: [], records: [{ key: 'x', value: 1 }] },
    ],
  }

  test('M1 T3 fault F12: its rows are shown, nothing is written, not a byte changes', async () => {
    const present = await diskOf(latest)
    const expected = await shownBy(present.ledger)
    const disk = await diskOf(future)
    const before = await bytesOf(disk)
    await disk.ledger.open()
    expect(disk.ledger.opening().refusal).toBeInstanceOf(LedgerError)
    expect(disk.ledger.opening().refusal?.kind).toBe('newer-schema')
    expect(await shownBy(disk.ledger)).toBe(expected)
    expect(await disk.ledger.listPage({ entity: 'run', status: 'failed', limit: 1 })).toMatchObject({
      total: { count: 2, exact: true },
    })
    const batch = fullBatch(chronicle(), 'a')
    disk.ledger.writeLetter({ id: 'last words', batches: [batch] })
    expect(await disk.ledger.listLetters()).toEqual([])
    for (const attempt of [
      () => disk.ledger.write(batch),
      () => disk.ledger.decide([], () => batch, 'strict'),
      () => disk.ledger.check({ full: true }),
      () => disk.ledger.deleteLetters(['x']),
      () => disk.ledger.restamp(9),
    ]) {
      expect(await refusal(attempt())).toBe('newer-schema')
    }
    expect(await disk.ledger.check()).toEqual(INTACT)
    await disk.ledger.close()
    expect(await bytesOf(disk)).toBe(before)
    await present.cleanup()
    await disk.cleanup()
  })

  test('T3 a page that is upgraded under goes on showing and never writes again', async () => {
    const disk = await diskOf(latest)
    const expected = await shownBy(disk.ledger)
    const newer = await openDB(databaseName(disk.scope), SCHEMA_VERSION + 1)
    expect(await refusal(disk.ledger.write(fullBatch(chronicle(), 'a')))).toBe('newer-schema')
    expect(await shownBy(disk.ledger)).toBe(expected)
    expect(disk.ledger.opening().refusal?.kind).toBe('newer-schema')
    newer.close()
    await disk.cleanup()
  })
})
