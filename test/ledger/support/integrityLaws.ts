/** What a ledger on IndexedDB makes of records that are gone. Run on fake-indexeddb and in a browser. */
import { describe, expect, test } from 'vitest'
import { refold } from '../../../src/core/accept.ts'
import { INTACT } from '../../../src/ledger/port.ts'
import { ALL, contentsOf } from '../../../src/testing/conformance/context.ts'
import { chatter, chronicle, fullBatch, refused, started } from '../../../src/testing/conformance/samples.ts'
import { freshDisk, onDisk } from './databases.ts'
import { workOf } from './work.ts'
import { dropRows, everything, fail, filled, LOGS, segmentsOf } from './filled.ts'
import { lossLaws } from './lossLaws.ts'

export function integrityLaws(): void {
  describe('rows', () => {
    test('W2 rows that are gone are folded again, equal to the byte, and counted', async () => {
      const { disk } = await filled()
      const ledger = await disk.reopen()
      const before = JSON.stringify(await contentsOf(ledger, everything()))
      await dropRows(disk, LOGS)
      expect((await ledger.listRecords({ entity: 'run', limit: ALL })).length).toBe(0)
      expect(await ledger.check()).toEqual({ rebuilt: 4, lostEvents: 0, lostLogs: [] })
      expect(JSON.stringify(await contentsOf(ledger, everything()))).toBe(before)
      expect(await ledger.check()).toEqual(INTACT)
      await disk.cleanup()
    })

    test('W2 a row that is behind its events is folded again as well', async () => {
      const { disk, story } = await filled()
      const behind = refold((story.events.get('r:one') ?? []).slice(0, 2))?.record ?? fail()
      await onDisk(disk, async (db) => {
        const row = (await db.get('runs', 'r:one')) ?? fail()
        await db.put('runs', { ...row, record: behind }, 'r:one')
      })
      await dropRows(disk, ['w:flow'])
      const ledger = await disk.reopen()
      expect(await ledger.check()).toEqual({ rebuilt: 2, lostEvents: 0, lostLogs: [] })
      const records = await ledger.readRecords(['r:one', 'w:flow'])
      for (const [log, record] of records) {
        expect(JSON.stringify(record)).toBe(JSON.stringify(story.records.get(log)))
      }
      await disk.cleanup()
    })

    test('W7 counters that are gone are counted again', async () => {
      const { disk } = await filled()
      const ledger = await disk.reopen()
      await ledger.write({ ...chronicle().propose([]), quarantine: [refused('a'), refused('b')] })
      const before = await ledger.counts()
      await onDisk(disk, (db) => db.delete('meta', 'ledger'))
      // Where rows are behind was noted there, too: those are folded again.
      expect(await ledger.check()).toMatchObject({ lostEvents: 0, lostLogs: [] })
      expect(await ledger.counts()).toEqual(before)
      await disk.cleanup()
    })

    test('W7 one damaged segment does not keep the other logs from being folded again', async () => {
      const { disk, story } = await filled()
      const all = await segmentsOf(disk)
      const bad = all.find(({ key }) => key[0] === 'r:one') ?? fail()
      await onDisk(disk, (db) => db.put('segments', { ...bad.segment, body: '[{"log":"r:o' }, bad.key))
      await dropRows(disk, LOGS)
      const ledger = await disk.reopen()
      await ledger.check()
      const records = await ledger.readRecords(['r:two', 'r:three', 'w:flow'])
      for (const [log, record] of records) expect(record).toEqual(story.records.get(log))
      expect(records.size).toBe(3)
      await disk.cleanup()
    })

    test('P1 when the counters agree nothing is scanned, however much there is', async () => {
      const counted = []
      for (const size of [1, 60]) {
        const disk = await freshDisk()
        const story = chronicle()
        await disk.ledger.open()
        for (let at = 0; at < size; at += 1) await disk.ledger.write(story.tell([started(`r:${at}`)]))
        counted.push(await workOf(() => disk.ledger.check()))
        await disk.cleanup()
      }
      expect(counted[1]).toEqual(counted[0])
      expect(counted[0]?.requests).toEqual({ get: 1, count: 5 })
    })
  })

  describe('older projections', () => {
    /** A row as an older fold left it: other text, an older version. */
    async function outdated() {
      const { disk, story } = await filled()
      await onDisk(disk, async (db) => {
        const row = (await db.get('runs', 'r:one')) ?? fail()
        if (row.record.entity !== 'run') fail()
        const run = { ...row.record.run, agentName: 'as an older fold said' }
        await db.put('runs', { ...row, projection: 0, record: { ...row.record, run } }, 'r:one')
      })
      return { disk, story, ledger: await disk.reopen() }
    }

    test('W2 a row of an older projection is folded again before it is shown', async () => {
      const { disk, story, ledger } = await outdated()
      const expected = JSON.stringify(story.records.get('r:one'))
      expect(JSON.stringify((await ledger.readRecords(['r:one'])).get('r:one'))).toBe(expected)
      const listed = await ledger.listRecords({ entity: 'run', limit: ALL })
      expect(JSON.stringify(listed.find(({ log }) => log === 'r:one'))).toBe(expected)
      await disk.cleanup()
    })

    test('W2 a decision sees the row as the present fold has it, and stores it so', async () => {
      const { disk, story, ledger } = await outdated()
      let seen = ''
      await ledger.decide(
        ['r:one'],
        (records) => {
          const record = records.get('r:one') ?? fail()
          seen = JSON.stringify(record)
          const next = chronicle()
          next.records.set('r:one', record)
          return next.tell(chatter('r:one', 1))
        },
        'strict',
      )
      expect(seen).toBe(JSON.stringify(story.records.get('r:one')))
      const events = await ledger.readEvents('r:one', { after: 0, limit: ALL })
      const record = (await ledger.readRecords(['r:one'])).get('r:one')
      expect(JSON.stringify(record)).toBe(JSON.stringify(refold(events)?.record))
      await disk.cleanup()
    })
  })

  lossLaws()

  describe('work', () => {
    test('P1 a window, a list and a write cost the same beside a long history', async () => {
      const counted: unknown[] = []
      for (const size of [8, 80]) {
        const disk = await freshDisk()
        const story = chronicle()
        await disk.ledger.open()
        for (let at = 0; at < size; at += 1) {
          await disk.ledger.write(
            story.tell([...(at === 0 ? [started('r:a')] : chatter('r:a', 4)), started(`r:${at}`)]),
          )
        }
        const half = size * 2
        counted.push({
          latest: await workOf(() => disk.ledger.readEvents('r:a', { limit: 16 })),
          earlier: await workOf(() => disk.ledger.readEvents('r:a', { before: half, limit: 16 })),
          later: await workOf(() => disk.ledger.readEvents('r:a', { after: half - 2, limit: 12 })),
          newest: await workOf(() => disk.ledger.listRecords({ entity: 'run', limit: 5 })),
          write: await workOf(() => disk.ledger.write(story.tell(chatter('r:a', 3)))),
          full: await workOf(() => disk.ledger.write(fullBatch(story, 'full'))),
        })
        await disk.cleanup()
      }
      expect(counted[1]).toEqual(counted[0])
    })
  })
}
