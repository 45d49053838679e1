/** Events that are gone: counted, named where a name is left, and never in the way of what comes next. */
import { describe, expect, test } from 'vitest'
import { lifecycleOf } from '../../../src/core/entities.ts'
import { INTACT } from '../../../src/ledger/port.ts'
import { ALL } from '../../../src/testing/conformance/context.ts'
import { chatter, chronicle, ended, seeded } from '../../../src/testing/conformance/samples.ts'
import { onDisk } from './databases.ts'
import { drop, dropRows, fail, filled, LOGS, segmentsOf } from './filled.ts'

export function lossLaws(): void {
  describe('events', () => {
    test('W7 lost segments are reported in numbers, once, and the logs go on', async () => {
      const { disk, story, events } = await filled()
      await onDisk(disk, (db) => db.clear('segments'))
      const ledger = await disk.reopen()
      const report = await ledger.check()
      expect({ ...report, lostLogs: report.lostLogs.toSorted() }).toEqual({
        rebuilt: 0,
        lostEvents: events,
        lostLogs: LOGS.toSorted(),
      })
      expect(await ledger.check()).toEqual(INTACT)
      // The rows are still there, and the hole is a hole.
      expect((await ledger.readRecords(LOGS)).size).toBe(4)
      expect(await ledger.readEvents('r:one', { limit: ALL })).toEqual([])
      expect((await ledger.counts()).events).toBe(0)
      expect(await ledger.readHead('r:one')).toBe(story.events.get('r:one')?.length)
      await ledger.write(story.tell([...chatter('r:one', 2), ended('r:one')]))
      const head = lifecycleOf(story.records.get('r:one') ?? fail()).lastSequence
      for (const query of [{ limit: ALL }, { after: 0, limit: ALL }, { before: head + 1, limit: ALL }]) {
        const found = await ledger.readEvents('r:one', query)
        expect(found.map((event) => event.sequence)).toEqual([head - 2, head - 1, head])
      }
      expect(await ledger.check()).toEqual(INTACT)
      expect((await ledger.counts()).events).toBe(3)
      await disk.cleanup()
    })

    for (const place of ['first', 'middle', 'last'] as const) {
      test(`W7 the loss of the ${place} segment of a log is reported, and reads leave it out`, async () => {
        const { disk, story } = await filled()
        const own = (await segmentsOf(disk)).filter(({ key }) => key[0] === 'r:one')
        const lost = own.at({ first: 0, middle: 2, last: -1 }[place]) ?? fail()
        await drop(disk, [lost.key])
        const ledger = await disk.reopen()
        const { first, last } = lost.segment
        expect(await ledger.check()).toEqual({
          rebuilt: 0,
          lostEvents: last - first + 1,
          lostLogs: ['r:one'],
        })
        expect(await ledger.check()).toEqual(INTACT)
        const rest = (story.events.get('r:one') ?? []).filter(
          ({ sequence }) => sequence < first || sequence > last,
        )
        for (const query of [{ limit: ALL }, { after: 0, limit: ALL }]) {
          expect(JSON.stringify(await ledger.readEvents('r:one', query))).toBe(JSON.stringify(rest))
        }
        await ledger.write(story.tell(chatter('r:one', 1)))
        await disk.cleanup()
      })
    }

    test('W7 a log of which nothing is left is reported too', async () => {
      const { disk, story } = await filled()
      const all = await segmentsOf(disk)
      await drop(
        disk,
        all.filter(({ key }) => key[0] === 'r:two').map(({ key }) => key),
      )
      await dropRows(disk, ['r:two'])
      const ledger = await disk.reopen()
      expect((await ledger.check()).lostEvents).toBe(story.events.get('r:two')?.length)
      expect(await ledger.check()).toEqual(INTACT)
      await disk.cleanup()
    })

    test('W7 whatever is lost: counted exactly, once, and every log that is left can be appended to', async () => {
      for (let seed = 1; seed <= 20; seed += 1) {
        const random = seeded(seed)
        const { disk, story } = await filled(seed)
        const all = await segmentsOf(disk)
        const lost = all.filter(() => random.below(3) === 0)
        await drop(
          disk,
          lost.map(({ key }) => key),
        )
        // Rows may be gone where events are left, or the other way round, not both.
        const left = LOGS.filter((log) => all.some((each) => each.key[0] === log && !lost.includes(each)))
        await dropRows(
          disk,
          left.filter(() => random.below(3) === 0),
        )
        const ledger = await disk.reopen()
        const report = await ledger.check()
        const events = lost.reduce((sum, { segment }) => sum + segment.last - segment.first + 1, 0)
        expect(`seed ${seed}: ${report.lostEvents} lost`).toBe(`seed ${seed}: ${events} lost`)
        expect(await ledger.check()).toEqual(INTACT)
        for (const [log, record] of await ledger.readRecords(LOGS)) {
          const next = chronicle()
          next.records.set(log, record)
          await ledger.write(next.tell(chatter(log, 1)))
          const [newest] = await ledger.readEvents(log, { limit: 1 })
          expect(newest?.sequence).toBe(lifecycleOf(record).lastSequence + 1)
        }
        expect([...story.records.keys()].toSorted()).toEqual(
          [...(await ledger.readRecords(LOGS)).keys()].toSorted(),
        )
        await disk.cleanup()
      }
    })

    test('W7 rows that are folded again beside a hole keep the head, so that the log goes on', async () => {
      const { disk, story } = await filled()
      const own = (await segmentsOf(disk)).filter(({ key }) => key[0] === 'r:one')
      await drop(disk, [own.at(-1)?.key ?? fail()])
      const ledger = await disk.reopen()
      await ledger.check()
      await dropRows(disk, ['r:one'])
      await ledger.check()
      const record = (await ledger.readRecords(['r:one'])).get('r:one') ?? fail()
      expect(lifecycleOf(record).lastSequence).toBe(story.events.get('r:one')?.length)
      const next = chronicle()
      next.records.set('r:one', record)
      await ledger.write(next.tell(chatter('r:one', 1)))
      expect(await ledger.check()).toEqual(INTACT)
      await disk.cleanup()
    })
  })
}
