/** Deleting whole logs: everything of them goes in one transaction, nothing of the others does. */
import 'fake-indexeddb/auto'
import { afterEach, describe, expect, test } from 'vitest'
import { contentRef } from '../../src/core/ids.ts'
import type { LogId } from '../../src/core/ids.ts'
import { deleteLogs } from '../../src/ledger/deletion.ts'
import { STORES } from '../../src/ledger/schema.ts'
import type { LedgerDatabase } from '../../src/ledger/schema.ts'
import { chatter, chronicle, command, ended, started } from '../../src/testing/conformance/samples.ts'
import type { Chronicle } from '../../src/testing/conformance/samples.ts'
import type { Disk } from './support/databases.ts'
import { dump, freshDisk, onDisk } from './support/databases.ts'

let disk: Disk | null = null
afterEach(() => disk?.cleanup())

const AT = 1_000

/** Logs whose names are hostile to prefixes: one begins like another, one holds a colon and a percent sign. */
const LOGS: readonly LogId[] = ['r:a', 'r:ab', 'r:a:b', 'r:a%3Ab', 'w:a']

const write = (story: Chronicle, log: LogId, pieces: number) => {
  const blob = { ref: contentRef(log, 'live', 1, 'state'), text: `text of ${log}` }
  return [
    story.tell([started(log)], { blobs: [blob], commands: [command(`about ${log}`, log)] }),
    ...Array.from({ length: pieces - 2 }, (_, at) => story.tell(chatter(log, 3, at))),
    story.tell([ended(log, 90)]),
  ]
}

async function filledDisk(logs = LOGS): Promise<{ disk: Disk; story: Chronicle }> {
  disk = await freshDisk()
  const story = chronicle()
  for (const log of logs) for (const batch of write(story, log, 4)) await disk.ledger.write(batch)
  return { disk, story }
}

const remove = (on: Disk, logs: readonly LogId[], heads?: ReadonlyMap<LogId, number>) =>
  onDisk(on, async (db) => {
    const tx = db.transaction(STORES, 'readwrite')
    try {
      const deletion = await deleteLogs(tx, logs, AT, heads)
      await tx.done
      return deletion
    } catch (error) {
      tx.done.catch(() => {})
      tx.abort()
      throw error
    }
  })

/** Everything in the database but the tombstones and the number of the last write. */
async function holdings(db: LedgerDatabase): Promise<unknown> {
  const { all } = JSON.parse(await dump(db)) as { all: { name: string; values: { batch?: number }[] }[] }
  return all
    .filter(({ name }) => name !== 'tombstones')
    .map((store) =>
      store.name === 'meta'
        ? { ...store, values: store.values.map((meta) => ({ ...meta, batch: 0 })) }
        : store,
    )
}

describe('deleting logs', () => {
  test.each(LOGS)(
    'W7 without %s the ledger is as if it had never been written, but for a tombstone',
    async (log) => {
      const { disk: on, story } = await filledDisk()
      const deletion = await remove(on, [log])
      expect(deletion.events).toBe(story.events.get(log)?.length)
      expect(deletion.tombstones).toEqual([{ log, at: AT, batch: deletion.stamp.batch }])
      const left = await onDisk(on, holdings)
      expect(await onDisk(on, (db) => db.getAll('tombstones'))).toEqual([
        { at: AT, batch: deletion.stamp.batch },
      ])
      const stamp = deletion.stamp.events
      await on.cleanup()

      // The same events under the same positions, less those of the log.
      disk = await freshDisk()
      const others = LOGS.filter((each) => each !== log)
      for (const other of others) {
        const events = story.events.get(other) ?? []
        expect(events.length).toBe(8)
      }
      expect(stamp).toBe(8 * others.length)
      const counters = (left as { name: string; values: Record<string, number>[] }[]).find(
        ({ name }) => name === 'meta',
      )
      expect(counters?.values[0]).toMatchObject({ events: stamp, segments: 4 * others.length })
      const text = JSON.stringify(left)
      expect(text.includes(JSON.stringify(log))).toBe(false)
      expect(text.includes(`text of ${log}"`)).toBe(false)
      for (const other of others) expect(text.includes(`text of ${other}"`)).toBe(true)
    },
  )

  test('counters agree with the contents afterwards, and an integrity check finds nothing to do', async () => {
    const { disk: on } = await filledDisk()
    await remove(on, ['r:a', 'w:a'])
    const ledger = await on.reopen()
    expect(await ledger.check({ full: true })).toEqual({ rebuilt: 0, lostEvents: 0, lostLogs: [] })
    expect(await ledger.counts()).toEqual({ runs: 3, workflows: 0, events: 24, quarantined: 0 })
    const meta = await onDisk(on, (db) => db.get('meta', 'ledger'))
    const [segments, blobs] = await onDisk(on, async (db) => [
      await db.getAll('segments'),
      await db.getAll('blobs'),
    ])
    const chars = [...segments.map(({ body }) => body), ...blobs].reduce((sum, { length }) => sum + length, 0)
    expect(meta?.bytes).toBe(chars)
  })

  test('a log that moved on is named, and nothing of the others is deleted', async () => {
    const { disk: on } = await filledDisk()
    const before = await onDisk(on, dump)
    const heads = new Map<LogId, number>([
      ['r:a', 8],
      ['r:ab', 7],
    ])
    await expect(remove(on, ['r:a', 'r:ab'], heads)).rejects.toMatchObject({ kind: 'conflict', log: 'r:ab' })
    expect(await onDisk(on, dump)).toBe(before)
  })

  test('W7 events that were lost before are not taken off the count once more', async () => {
    const { disk: on } = await filledDisk(['r:a', 'r:b'])
    await onDisk(on, (db) => db.delete('segments', ['r:a', 4]))
    const ledger = await on.reopen()
    expect(await ledger.check({ full: true })).toMatchObject({ lostEvents: 3, lostLogs: ['r:a'] })
    expect((await remove(on, ['r:a'])).events).toBe(5)
    expect(await ledger.counts()).toMatchObject({ runs: 1, events: 8 })
  })

  test('deleting twice takes nothing twice, and a log nobody has still gets its tombstone', async () => {
    const { disk: on } = await filledDisk()
    await remove(on, ['r:a'])
    const again = await remove(on, ['r:a', 'r:never'])
    expect(again.events).toBe(0)
    expect(again.tombstones.map(({ log }) => log)).toEqual(['r:a', 'r:never'])
    expect(await (await on.reopen()).counts()).toMatchObject({ runs: 3, workflows: 1, events: 32 })
  })

  test('a deleted log can be written again from its beginning', async () => {
    const { disk: on } = await filledDisk(['r:a'])
    await remove(on, ['r:a'])
    await on.ledger.write(chronicle().tell([started('r:a')]))
    expect(await on.ledger.readHead('r:a')).toBe(1)
  })
})
