/** Joining small segments: what can be read is the same, wherever it is cut, and whoever writes meanwhile. */
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { LogId } from '../../src/core/ids.ts'
import type { Ledger } from '../../src/ledger/port.ts'
import { JOINED_CHARS, JOINED_EVENTS } from '../../src/ledger/joining.ts'
import { mergeSegments } from '../../src/ledger/merge.ts'
import { STORES } from '../../src/ledger/schema.ts'
import { ALL } from '../../src/testing/conformance/context.ts'
import { chatter, chronicle, ended, started, tells } from '../../src/testing/conformance/samples.ts'
import type { Chronicle } from '../../src/testing/conformance/samples.ts'
import type { Disk } from './support/databases.ts'
import { freshDisk, onDisk } from './support/databases.ts'

const LOG: LogId = 'r:a'
let disks: Disk[] = []
afterEach(async () => {
  for (const disk of disks) await disk.cleanup()
  disks = []
})

async function newDisk(): Promise<Disk> {
  const disk = await freshDisk()
  disks.push(disk)
  return disk
}

async function write(
  disk: Disk,
  sizes: readonly number[],
  story: Chronicle = chronicle(),
): Promise<Chronicle> {
  for (const [at, size] of sizes.entries()) {
    const events = chatter(LOG, story.events.size === 0 ? size - 1 : size, at * 100)
    await disk.ledger.write(story.tell(story.events.size === 0 ? [started(LOG), ...events] : events))
  }
  return story
}

const step = (disk: Disk, from = 0, keep = 0, log: LogId = LOG) =>
  onDisk(disk, async (db) => {
    const tx = db.transaction(STORES, 'readwrite')
    const done = await mergeSegments(tx, log, { from, keep })
    await tx.done
    return done
  })

async function mergeAll(disk: Disk, keep = 0): Promise<{ steps: number; removed: number }> {
  let steps = 0
  let removed = 0
  for (let from: number | null = 0; from !== null; steps += 1) {
    const done: Awaited<ReturnType<typeof step>> = await step(disk, from, keep)
    removed += done.removed
    from = done.next
    if (steps > 1_000) throw new Error('It does not end.')
  }
  return { steps, removed }
}

const segments = (disk: Disk) => onDisk(disk, (db) => db.getAll('segments'))
const meta = (disk: Disk) => onDisk(disk, (db) => db.get('meta', 'ledger'))

/** Every window a reader could ask for around these places, and the head. */
async function reads(ledger: Ledger, head: number): Promise<unknown> {
  const places = [0, 1, 2, Math.floor(head / 2), head - 1, head, head + 1]
  const windows = places.flatMap((at) => [
    { after: at, limit: ALL },
    { after: at, limit: 3 },
    { before: at, limit: ALL },
    { before: at, limit: 3 },
  ])
  return {
    head: await ledger.readHead(LOG),
    latest: await ledger.readEvents(LOG, { limit: 5 }),
    windows: await Promise.all(windows.map((query) => ledger.readEvents(LOG, query))),
    record: [...(await ledger.readRecords([LOG])).values()],
  }
}

describe('merging', () => {
  test('W1 any pieces, merged any number of times with appends in between, read as they did', async () => {
    const sizes = fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.integer({ min: 0, max: 3 }), async (first, second, keep) => {
        const [merged, plain] = [await newDisk(), await newDisk()]
        const story = chronicle()
        for (const [at, size] of [...first, ...second].entries()) {
          const batch = story.tell(at === 0 ? [started(LOG), ...chatter(LOG, size)] : chatter(LOG, size, at))
          await plain.ledger.write(batch)
          await merged.ledger.write(batch)
          if (at === first.length - 1) await mergeAll(merged, keep)
        }
        await mergeAll(merged)
        const head = story.events.get(LOG)?.length ?? 0
        expect(await reads(merged.ledger, head)).toEqual(await reads(plain.ledger, head))
        const left = await segments(merged)
        expect(left.length).toBeLessThanOrEqual(Math.ceil(head / (JOINED_EVENTS - 40)))
        const counters = await meta(merged)
        expect(counters?.segments).toBe(left.length)
        expect(counters?.events).toBe(head)
        expect(counters?.bytes).toBe(left.reduce((sum, { body }) => sum + body.length, 0))
        expect(await merged.ledger.check({ full: true })).toMatchObject({ rebuilt: 0, lostEvents: 0 })
        for (const disk of disks) await disk.cleanup()
        disks = []
      }),
      { numRuns: 15 },
    )
  })

  test('P1 a step looks at a bounded number of segments and takes up where it stopped', async () => {
    const disk = await newDisk()
    await write(
      disk,
      Array.from({ length: 300 }, () => 2),
    )
    const first = await step(disk)
    expect(first).toEqual({ removed: 127, next: 1 })
    expect(await mergeAll(disk)).toEqual({ steps: 2, removed: 300 - 127 - 2 })
    expect((await segments(disk)).map((each) => each.last - each.first + 1)).toEqual([512, 88])
    // Through: nothing is read twice to find out.
    expect(await mergeAll(disk)).toEqual({ steps: 1, removed: 0 })
  })

  test('a merged segment stays below its bounds, in characters as well', async () => {
    const disk = await newDisk()
    const story = chronicle()
    const long = 'x'.repeat(30_000)
    await disk.ledger.write(story.tell([started(LOG)]))
    for (let at = 0; at < 40; at += 1) {
      await disk.ledger.write(
        story.tell([tells(LOG, 'foreign', { source: 'test', name: 'long', value: { at, long } }, at)]),
      )
    }
    await mergeAll(disk)
    const left = await segments(disk)
    expect(left.length).toBe(5)
    for (const { body } of left) expect(body.length).toBeLessThanOrEqual(JOINED_CHARS)
    expect(await disk.ledger.readEvents(LOG, { after: 0, limit: ALL })).toEqual(story.events.get(LOG))
  })

  test('W7 markers of lost events and unmarked holes stay what and where they are', async () => {
    const disk = await newDisk()
    const story = await write(disk, [4, 4, 4, 4, 4, 4])
    await onDisk(disk, (db) => db.delete('segments', [LOG, 8]))
    await disk.ledger.check({ full: true })
    await onDisk(disk, (db) => db.delete('segments', [LOG, 16]))
    await mergeAll(disk)
    expect((await segments(disk)).map(({ first, last, lost }) => [first, last, lost ?? false])).toEqual([
      [1, 4, false],
      [5, 8, true],
      [9, 12, false],
      [17, 24, false],
    ])
    const events = story.events.get(LOG) ?? []
    const readable = events.filter(({ sequence: at }) => !(at > 4 && at < 9) && !(at > 12 && at < 17))
    expect(await disk.ledger.readEvents(LOG, { after: 0, limit: ALL })).toEqual(readable)
    // The hole is still found.
    expect(await disk.ledger.check({ full: true })).toMatchObject({ lostEvents: 4, lostLogs: [LOG] })
  })

  test('a body that is no list is left to who reads it', async () => {
    const disk = await newDisk()
    await write(disk, [2, 2, 2])
    await onDisk(disk, (db) => db.put('segments', { first: 3, last: 4, body: '[{"cut' }, [LOG, 4]))
    expect(await mergeAll(disk)).toEqual({ steps: 1, removed: 0 })
  })

  test('the newest segments of a log that goes on are left alone', async () => {
    const disk = await newDisk()
    await write(disk, [2, 2, 2, 2, 2])
    await mergeAll(disk, 2)
    expect((await segments(disk)).map(({ last }) => last)).toEqual([6, 8, 10])
  })

  test('W5 a merge beside another connection that appends loses and doubles nothing', async () => {
    const disk = await newDisk()
    const story = await write(
      disk,
      Array.from({ length: 60 }, () => 2),
    )
    const other = await disk.reopen()
    const appending = (async () => {
      for (let at = 0; at < 60; at += 1) await other.write(story.tell(chatter(LOG, 2, at)))
      await other.write(story.tell([ended(LOG, 999)]))
    })()
    const merging = (async () => {
      for (let at = 0; at < 20; at += 1) await mergeAll(disk, at % 2)
    })()
    await Promise.all([appending, merging])
    await mergeAll(disk)
    expect(await disk.ledger.readEvents(LOG, { after: 0, limit: ALL })).toEqual(story.events.get(LOG))
    expect((await segments(disk)).length).toBe(1)
    expect(await disk.ledger.check({ full: true })).toMatchObject({ rebuilt: 0, lostEvents: 0 })
  })

  test('W1 a merge that is cut off leaves the pieces', async () => {
    const disk = await newDisk()
    const story = await write(disk, [2, 2, 2])
    await onDisk(disk, async (db) => {
      const tx = db.transaction(STORES, 'readwrite')
      tx.done.catch(() => {})
      await mergeSegments(tx, LOG, { from: 0, keep: 0 })
      tx.abort()
    })
    expect((await segments(disk)).length).toBe(3)
    expect((await meta(disk))?.segments).toBe(3)
    expect(await disk.ledger.readEvents(LOG, { after: 0, limit: ALL })).toEqual(story.events.get(LOG))
  })
})
