/** What goes wrong with a part, or for a time, costs no more than that: nothing else is deleted or hidden. SPEC W2, W3. */
import 'fake-indexeddb/auto'
import { afterEach, expect, test, vi } from 'vitest'
import { ALL, refusal } from '../../src/testing/conformance/context.ts'
import { chronicle, fullBatch } from '../../src/testing/conformance/samples.ts'
import { freshDisk, onDisk } from './support/databases.ts'
import { watch } from './support/writing.ts'

afterEach(() => void vi.restoreAllMocks())

test('W3 fault F5: a database that does not open in time is whole when it opens again', async () => {
  const disk = await freshDisk()
  const story = chronicle()
  await disk.ledger.write(story.keep(fullBatch(story, 'a')))
  const before = await disk.ledger.counts()
  await disk.ledger.close()
  const Silent = IDBOpenDBRequest as unknown as new () => IDBOpenDBRequest
  vi.spyOn(indexedDB, 'open').mockImplementationOnce(() => new Silent())
  const outcome = refusal(disk.ledger.open())
  const seen = watch(outcome)
  await disk.clock.advance(4_999)
  expect(seen.settled).toBe(false)
  await disk.clock.advance(1)
  expect(await outcome).toBe('unavailable')
  await new Promise<void>((resolve) => void setImmediate(resolve))
  expect(await (await disk.reopen()).counts()).toEqual(before)
  await disk.cleanup()
})

test('W2 fault F9: a row of an older fold whose events cannot be read is shown as it is, and the others with it', async () => {
  const disk = await freshDisk()
  const story = chronicle()
  await disk.ledger.write(story.keep(fullBatch(story, 'a')))
  await disk.ledger.write(story.keep(fullBatch(story, 'b')))
  const query = { entity: 'run', limit: ALL } as const
  const before = JSON.stringify(await disk.ledger.listRecords(query))
  await onDisk(disk, async (db) => {
    const row = await db.get('runs', 'r:a')
    const [key] = await db.getAllKeys('segments', IDBKeyRange.bound(['r:a', 0], ['r:a', Infinity]))
    const segment = key === undefined ? undefined : await db.get('segments', key)
    if (row === undefined || segment === undefined) throw new Error('There is nothing to damage.')
    await db.put('runs', { ...row, projection: row.projection - 1 || -1 }, 'r:a')
    await db.put('segments', { ...segment, body: segment.body.slice(1) }, key)
  })
  const ledger = await disk.reopen()
  expect(JSON.stringify(await ledger.listRecords(query))).toBe(before)
  expect((await ledger.listPage(query)).records).toHaveLength(2)
  expect([...(await ledger.readRecords(['r:a', 'r:b'])).keys()]).toEqual(['r:a', 'r:b'])
  await disk.cleanup()
})
