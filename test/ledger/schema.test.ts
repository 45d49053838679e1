/** Databases of other versions, and connections that other tabs take away. SPEC M1, T3, W7. */
import 'fake-indexeddb/auto'
import { deleteDB, openDB } from 'idb'
import { describe, expect, test } from 'vitest'
import { refold } from '../../src/core/accept.ts'
import type { RunEvent } from '../../src/core/entities.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import { bundledSegments } from '../../src/ledger/bundles.ts'
import { databaseName, indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { INTACT, LedgerError } from '../../src/ledger/port.ts'
import type { Row } from '../../src/ledger/rows.ts'
import { PROJECTION_VERSION } from '../../src/ledger/rows.ts'
import type { Segment, StoredBundle } from '../../src/ledger/schema.ts'
import { SCHEMA_VERSION, STORES } from '../../src/ledger/schema.ts'
import { ALL, contentsOf, refusal } from '../../src/testing/conformance/context.ts'
import { chatter, chronicle, fullBatch, started } from '../../src/testing/conformance/samples.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import one from '../fixtures/schema-1/dump.json' with { type: 'json' }
import two from '../fixtures/schema-2/dump.json' with { type: 'json' }
import three from '../fixtures/schema-3/dump.json' with { type: 'json' }
import { dumpDatabase, loadDatabase } from '../fixtures/schema-1/load.ts'
import type { DatabaseDump } from '../fixtures/schema-1/load.ts'
import { freshDisk, onDisk } from './support/databases.ts'
import { eventually } from './support/waiting.ts'
import { watch } from './support/writing.ts'

const latest = three as DatabaseDump
/** The story, and from schema 3 on six runs that talk at once: 5 events each. */
const fixtures = [
  { dump: one as DatabaseDump, version: 1, talking: 0 },
  { dump: two as DatabaseDump, version: 2, talking: 0 },
  { dump: latest, version: 3, talking: 6 },
]

async function opened(dump: DatabaseDump) {
  const scope = `fixture ${Math.random()}`
  await loadDatabase(databaseName(scope), dump)
  return indexedDbLedger({ scope, clock: manualClock() })
}

describe.each(fixtures)('schema $version', ({ dump, talking }) => {
  const recordsIn = (store: string) => dump.stores.find(({ name }) => name === store)?.records ?? []

  function eventsOf(wanted: string): RunEvent[] {
    const sorted = recordsIn('segments').flatMap(({ value, key }) => {
      const [log] = key as string[]
      return log === wanted ? [value as Segment] : []
    })
    const bundled = recordsIn('bundles').flatMap(({ value }) =>
      bundledSegments(value as StoredBundle).filter(({ log }) => log === wanted),
    )
    return [...sorted, ...bundled].flatMap(({ body }) => JSON.parse(body) as RunEvent[])
  }

  test('M1 every record of it reads', async () => {
    const ledger = await opened(dump)
    await ledger.open()
    const rows = [...recordsIn('runs'), ...recordsIn('workflows')].map(({ value }) => value as Row)
    expect(rows.length).toBe(5 + talking)
    const records = await ledger.readRecords(rows.map(({ log }) => log))
    for (const row of rows) {
      const events = eventsOf(row.log)
      expect(await ledger.readEvents(row.log, { after: 0, limit: ALL })).toEqual(events)
      const shown = records.get(row.log)
      expect(JSON.stringify(shown)).toBe(JSON.stringify(refold(events)?.record))
      // As long as the fold is the one that wrote it and nothing came since, the row is what was stored.
      const isWhole = lifecycleOf(row.record).lastSequence === events.length
      if (row.projection === PROJECTION_VERSION && isWhole) expect(shown).toEqual(row.record)
    }
    for (const { key, value } of recordsIn('blobs')) expect(await ledger.readBlob(String(key))).toBe(value)
    for (const { key, value } of recordsIn('streams'))
      expect(await ledger.readCursor(String(key))).toEqual(value)
    expect(await ledger.listCommands()).toEqual(recordsIn('commands').map(({ value }) => value))
    const quarantined = recordsIn('quarantine').map(({ value }) => value)
    expect(await ledger.listQuarantine(ALL)).toEqual(quarantined.toReversed())
    expect(await ledger.counts()).toEqual({
      runs: 4 + talking,
      workflows: 1,
      events: 56 + 5 * talking,
      quarantined: 2,
    })
    expect(await ledger.check()).toEqual(INTACT)
    const inThread = await ledger.listPage({ entity: 'run', thread: 'thread', limit: ALL })
    expect(inThread.records.map(({ log }) => log)).toEqual(['r:child-2', 'r:child-1'])
    expect(inThread.total).toEqual({ count: 2, exact: true })
    expect(await ledger.countRecords({ entity: 'run', status: 'failed' })).toEqual({ count: 2, exact: true })
    await ledger.destroy()
  })

  test('M1 it can be written to', async () => {
    const ledger = await opened(dump)
    const story = chronicle()
    for (const [log, record] of await ledger.readRecords(['r:child-2', 'r:__proto__']))
      story.records.set(log, record)
    await ledger.write(
      story.tell([...chatter('r:child-2', 2), ...chatter('r:__proto__', 1), started('r:new')]),
    )
    expect((await ledger.counts()).events).toBe(60 + 5 * talking)
    expect(await ledger.check()).toEqual(INTACT)
    await ledger.destroy()
  })

  test('M1 what it becomes is laid out as a new database is', async () => {
    const disk = await freshDisk()
    await loadDatabase(databaseName(disk.scope), dump)
    await disk.ledger.open()
    const made = await onDisk(disk, (db) => dumpDatabase(db))
    const layout = ({ version, stores }: DatabaseDump) => ({
      version,
      stores: stores.map(({ records: _, ...rest }) => rest),
    })
    expect(layout(made)).toEqual(layout(latest))
    expect(made.version).toBe(SCHEMA_VERSION)
    const stores = made.stores.map(({ name }) => name)
    expect(STORES.filter((name) => !stores.includes(name))).toEqual([])
    await disk.cleanup()
  })
})

describe('a newer schema', () => {
  test('M1 T3 a database of a future version is refused, and not a byte of it changes', async () => {
    const disk = await freshDisk()
    const future: DatabaseDump = {
      version: SCHEMA_VERSION + 1,
      stores: [
        ...latest.stores.filter(({ name }) => name !== 'meta'),
        // Written by code that says what it takes to read it: more than we know.
        { ...store('meta'), records: [{ key: 'ledger', value: { minReader: SCHEMA_VERSION + 1 } }] },
        { ...store('journal'), records: [{ key: 'x', value: { of: 'tomorrow' } }] },
      ],
    }
    await loadDatabase(databaseName(disk.scope), future)
    const before = JSON.stringify(await onDisk(disk, (db) => dumpDatabase(db)))
    expect(await refusal(disk.ledger.open())).toBe('newer-schema')
    const batch = fullBatch(chronicle(), 'a')
    expect(await refusal(disk.ledger.write(batch))).toBe('newer-schema')
    expect(await refusal(disk.ledger.check())).toBe('newer-schema')
    expect(await refusal(disk.ledger.counts())).toBe('newer-schema')
    expect(JSON.stringify(await onDisk(disk, (db) => dumpDatabase(db)))).toBe(before)
    await disk.cleanup()
  })

  test('T3 a tab that upgrades is let through, and the older one does not write after it', async () => {
    const disk = await freshDisk()
    await disk.ledger.open()
    const reasons: string[] = []
    disk.ledger.onClosed((reason) => reasons.push(reason))
    const story = chronicle()
    await disk.ledger.write(story.tell([started('r:a')]))
    const newer = await openDB(databaseName(disk.scope), SCHEMA_VERSION + 1, {
      upgrade: (db) => {
        db.createObjectStore('journal')
      },
    })
    expect(newer.version).toBe(SCHEMA_VERSION + 1)
    expect(reasons).toHaveLength(1)
    expect(await refusal(disk.ledger.write(story.tell(chatter('r:a', 1))))).toBe('newer-schema')
    expect(await newer.count('segments')).toBe(1)
    newer.close()
    await disk.cleanup()
  })
})

describe('connections', () => {
  test('a tab that deletes the ledger is let through, and the next call starts again', async () => {
    const disk = await freshDisk()
    const story = chronicle()
    const reasons: string[] = []
    disk.ledger.onClosed((reason) => reasons.push(reason))
    await disk.ledger.write(story.tell([started('r:a')]))
    await deleteDB(databaseName(disk.scope))
    expect(reasons).toHaveLength(1)
    expect((await disk.ledger.counts()).runs).toBe(0)
    await disk.ledger.write(chronicle().tell([started('r:a')]))
    expect((await disk.ledger.counts()).runs).toBe(1)
    await disk.cleanup()
  })

  test('W1 what is being written while another tab deletes or upgrades lands or fails, and says which', async () => {
    const disk = await freshDisk()
    await disk.ledger.open()
    const batch = fullBatch(chronicle(), 'a')
    const [written, upgraded] = await Promise.allSettled([
      disk.ledger.write(batch),
      openDB(databaseName(disk.scope), SCHEMA_VERSION + 1),
    ])
    expect(upgraded.status).toBe('fulfilled')
    if (upgraded.status !== 'fulfilled') return
    expect(await upgraded.value.count('segments')).toBe(written.status === 'fulfilled' ? 2 : 0)
    upgraded.value.close()
    await disk.cleanup()
  })

  test('an own close tells nobody, and the next call opens again', async () => {
    const disk = await freshDisk()
    const reasons: string[] = []
    disk.ledger.onClosed((reason) => reasons.push(reason))
    const story = chronicle()
    const batch = story.keep(fullBatch(story, 'a'))
    await disk.ledger.write(batch)
    const before = JSON.stringify(await contentsOf(disk.ledger, batch))
    await disk.ledger.close()
    await disk.ledger.close()
    expect(JSON.stringify(await contentsOf(disk.ledger, batch))).toBe(before)
    expect(reasons).toEqual([])
    await disk.cleanup()
  })

  test('an open that never settles is given up after five seconds, and can be tried again', async () => {
    const disk = await freshDisk()
    const name = databaseName(disk.scope)
    // A tab that ignores `versionchange`, and another one that wants to delete: every open hangs.
    const holder = await openDB(name, SCHEMA_VERSION, { upgrade: () => {} })
    const deletion = deleteDB(name)
    const opening = disk.ledger.open()
    const seen = watch(opening)
    await disk.clock.advance(4_999)
    expect(seen.settled).toBe(false)
    const outcome = refusal(opening)
    await disk.clock.advance(1)
    expect(await outcome).toBe('unavailable')
    holder.close()
    await deletion
    await disk.ledger.open()
    await disk.ledger.write(fullBatch(chronicle(), 'a'))
    expect((await disk.ledger.counts()).runs).toBe(1)
    // The connection that came too late must not speak for the one in use.
    const reasons: string[] = []
    disk.ledger.onClosed((reason) => reasons.push(reason))
    await deleteDB(name)
    expect(reasons).toHaveLength(1)
    await disk.cleanup()
  })

  for (const kind of ['write', 'decision', 'read'] as const) {
    test(`W1 a ${kind} that another tab holds up is given up after five seconds; nothing of it lands later`, async () => {
      const disk = await freshDisk()
      await disk.ledger.open()
      const holder = await holdAll(databaseName(disk.scope))
      const batch = fullBatch(chronicle(), 'a')
      const call = {
        write: () => disk.ledger.write(batch),
        decision: () => disk.ledger.decide([], () => batch, 'strict'),
        read: () => disk.ledger.counts(),
      }[kind]()
      const outcome = refusal(call)
      const seen = watch(outcome)
      await eventually(() => disk.clock.waiting() > 0 || seen.settled, 40)
      await disk.clock.advance(5_000)
      await eventually(() => seen.settled, 40)
      expect(seen.settled).toBe(true)
      expect(await outcome).toBe('transient')
      await holder.release()
      expect(await disk.ledger.counts()).toEqual({ runs: 0, workflows: 0, events: 0, quarantined: 0 })
      await disk.cleanup()
    })
  }

  test('S1 every scope is a database of its own, whatever its name', async () => {
    const scopes = ['', 'a', 'A', 'a/b', 'a%2Fb', '__proto__', 'é', 'e\u0301', 'x'.repeat(500), '\ud800']
    const clock = manualClock()
    const ledgers = scopes.map((scope) => indexedDbLedger({ scope, clock }))
    for (const [index, ledger] of ledgers.entries()) {
      await ledger.write(chronicle().tell([started(`r:${index}`)]))
    }
    for (const [index, ledger] of ledgers.entries()) {
      const records = await ledger.listRecords({ entity: 'run', limit: ALL })
      expect(records.map(({ log }) => log)).toEqual([`r:${index}`])
      await ledger.destroy()
    }
  })

  test('a LedgerError names its kind', () => {
    expect(new LedgerError('transient', 'x')).toMatchObject({
      name: 'LedgerError',
      kind: 'transient',
      log: null,
    })
  })
})

const store = (name: string) => ({ name, keyPath: null, autoIncrement: false, indexes: [], records: [] })

/** A frozen tab: a transaction on every store that does not end until it is released. */
async function holdAll(name: string): Promise<{ release(): Promise<void> }> {
  const db = await openDB(name)
  const tx = db.transaction([...db.objectStoreNames], 'readwrite')
  const end = new AbortController()
  const loop = (async () => {
    while (!end.signal.aborted) await tx.objectStore('meta').get('ledger')
    await tx.done
    db.close()
  })()
  return {
    release: async () => {
      end.abort()
      await loop
    },
  }
}
