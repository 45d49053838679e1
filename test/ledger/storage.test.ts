/** Storage that a browser refuses: memory instead, and said so. SPEC W7. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import 'fake-indexeddb/auto'
import { openDB } from 'idb'
import { localForageContentStore } from '../../src/ledger/contentStore.ts'
import { databaseName } from '../../src/ledger/indexedDb.ts'
import type { LedgerError } from '../../src/ledger/port.ts'
import { SCHEMA_VERSION } from '../../src/ledger/schema.ts'
import { browserStorage, memoryStorage } from '../../src/ledger/storage.ts'
import { memoryLocks } from '../../src/platform/memoryLocks.ts'
import { chronicle, fullBatch, started } from '../../src/testing/conformance/samples.ts'
import { contentsOf } from '../../src/testing/conformance/context.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { dump, freshDisk, onDisk } from './support/databases.ts'
import { memorySyncStore } from './support/syncStore.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

function storage(scope = `storage ${Math.random()}`) {
  const heard: LedgerError[] = []
  const clock = manualClock()
  const onFallback = (error: LedgerError): number => heard.push(error)
  const storage = browserStorage({
    scope,
    writer: 'page',
    clock,
    locks: memoryLocks(),
    syncStore: memorySyncStore(),
    onFallback,
  })
  return { heard, clock, ...storage }
}

const REFUSALS = {
  'IndexedDB is missing': undefined,
  'IndexedDB throws a SecurityError': {
    open() {
      throw new DOMException('The operation is insecure.', 'SecurityError')
    },
  },
  'IndexedDB is null, as in some private windows': null,
}

describe('fallback', () => {
  for (const [why, indexedDB] of Object.entries(REFUSALS)) {
    test(`W7 when ${why}, the ledger goes on in memory and says why, once`, async () => {
      vi.stubGlobal('indexedDB', indexedDB)
      const t = storage()
      await t.ledger.open()
      expect(t.ledger.kind).toBe('memory')
      expect(t.heard.map(({ kind }) => kind)).toEqual(['unavailable'])
      expect(t.heard[0]?.message).toMatch(/\w/)
      const story = chronicle()
      const batch = story.keep(fullBatch(story, 'a'))
      await t.ledger.write(batch)
      await t.ledger.open()
      expect((await t.ledger.counts()).runs).toBe(1)
      await t.content.put('c', 'text')
      expect(await t.content.get('c')).toBe('text')
      expect(t.heard).toHaveLength(1)
    })
  }

  test('W7 opened twice at once, it falls back once', async () => {
    vi.stubGlobal('indexedDB', undefined)
    const t = storage()
    await Promise.all([t.ledger.open(), t.ledger.open()])
    expect(t.heard).toHaveLength(1)
  })

  test('M1 beside a database of a newer version it goes on in memory and leaves it alone', async () => {
    const disk = await freshDisk()
    const newer = await openDB(databaseName(disk.scope), SCHEMA_VERSION + 1, {
      upgrade: (db) => {
        db.createObjectStore('runs').put({ of: 'tomorrow' }, 'r:a')
      },
    })
    newer.close()
    const before = await onDisk(disk, dump)
    const t = storage(disk.scope)
    await t.ledger.open()
    await t.ledger.write(chronicle().tell([started('r:a')]))
    expect(t.heard.map(({ kind }) => kind)).toEqual(['newer-schema'])
    expect(await onDisk(disk, dump)).toBe(before)
    // Texts go where their events go: nothing on disk would ever refer to them.
    await t.content.put('c', 'text')
    expect(await t.content.get('c')).toBe('text')
    expect(await localForageContentStore(disk.scope).get('c')).toBe(null)
  })

  test('where IndexedDB works there is no fallback, and every call reaches the disk', async () => {
    const disk = await freshDisk()
    const t = storage(disk.scope)
    await t.ledger.open()
    expect(t.ledger.kind).toBe('indexedDb')
    const story = chronicle()
    const batch = story.keep(fullBatch(story, 'a'))
    await t.ledger.write(batch)
    const seen = await contentsOf(t.ledger, batch)
    await t.ledger.close()
    expect(await contentsOf(await disk.reopen(), batch)).toEqual(seen)
    expect(t.heard).toEqual([])
    await disk.cleanup()
  })
})

test('a missing text reads as null, never as empty, and a deleted one is missing', async () => {
  const { content } = memoryStorage()
  expect(await content.get('none')).toBe(null)
  await content.put('empty', '')
  expect(await content.get('empty')).toBe('')
  await content.delete('empty')
  expect(await content.get('empty')).toBe(null)
})
