/**
 * Two copies, and what happens to one of them: the other one gives back what it has, in either direction, and
 * nothing deleted comes back. SPEC W6, W7.
 */
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogId } from '../../src/core/ids.ts'
import { contentRef } from '../../src/core/ids.ts'
import {
  chatter,
  chronicle,
  command,
  cursor,
  fullBatch,
  randomEvent,
  refused,
  seeded,
  started,
} from '../../src/testing/conformance/samples.ts'
import { asyncProperty } from '../support/property.ts'
import { verify } from '../../src/ledger/verify.ts'
import { dyingAt } from './support/crash.ts'
import type { CrashPoint } from './support/crash.ts'
import { onDisk } from './support/databases.ts'
import { twoCopies } from './support/twoCopies.ts'
import type { TwoCopies } from './support/twoCopies.ts'

const LOGS: readonly LogId[] = ['r:one', 'r:two', 'w:flow']

async function withCopies(body: (copies: TwoCopies) => Promise<void>): Promise<void> {
  const copies = await twoCopies()
  try {
    await body(copies)
  } finally {
    await copies.cleanup()
  }
}

describe('what one copy lost, the other gives back', () => {
  test('W6 a database that vanished comes back whole, and that it vanished is said', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      await copies.write(story.keep(fullBatch(story, 'a')))
      await copies.write(story.keep(fullBatch(story, 'b')))
      const before = await copies.contents()
      await copies.wipeLedger()
      expect(await copies.contents()).toEqual(new Map())
      const report = await copies.heal()
      expect(report).toMatchObject({ compared: true, vanished: true })
      expect(report.restored).toEqual({ events: 10, logs: 4, texts: 2 })
      expect(report.integrity.lostEvents).toBe(0)
      expect(await copies.contents()).toEqual(before)
      expect(await copies.ledger.readBlob('blob-a')).toBe('text of a')
      expect(await copies.ledger.readCursor('stream-b')).toEqual(cursor('stream-b', 4))
      expect((await copies.ledger.listCommands()).map(({ id }) => id)).toEqual(['command-a', 'command-b'])
      expect(await copies.ledger.listQuarantine(9)).toEqual([refused('odd-b'), refused('odd-a')])
      expect(await copies.ledger.counts()).toEqual({ runs: 2, workflows: 2, events: 10, quarantined: 2 })
      // Lists find them again as well.
      const runs = await copies.ledger.listRecords({ entity: 'run', unsettled: true, limit: 9 })
      expect(runs.map(({ log }) => log).toSorted()).toEqual(['r:a', 'r:b'])
    }))

  test('W7 a history that came back shorter is made whole, cursors included', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      await copies.write(story.tell([started('r:one')], { cursors: [cursor('live', 1)] }))
      const early = await copies.snapshot()
      await copies.write(story.tell(chatter('r:one', 5), { cursors: [cursor('live', 6)] }))
      const before = await copies.contents()
      await copies.rollBack(early)
      expect((await copies.heal()).restored).toEqual({ events: 5, logs: 1, texts: 0 })
      expect(await copies.contents()).toEqual(before)
      expect((await copies.ledger.readCursor('live'))?.position).toBe(6)
    }))

  test('W6 a journal that vanished is written again', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      await copies.write(story.keep(fullBatch(story, 'a')))
      copies.wipeJournal()
      await copies.restart()
      expect((await copies.heal()).copied).toEqual({ events: 5, texts: 1 })
      const before = await copies.contents()
      await copies.wipeLedger()
      await copies.heal()
      expect(await copies.contents()).toEqual(before)
    }))

  test('A3 W6 refused inputs that the journal lost are in both copies again, and outlive the database', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      await copies.write(
        story.keep({ ...fullBatch(story, 'a'), quarantine: [refused('one'), refused('two')] }),
      )
      const before = await copies.ledger.listQuarantine(9)
      copies.wipeJournal()
      await copies.restart()
      await copies.heal()
      await copies.wipeLedger()
      await copies.heal()
      expect(before).toHaveLength(2)
      expect(await copies.ledger.listQuarantine(9)).toEqual(before)
    }))

  test('W6 a page that died between its copies: the journal gets what it lacks', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      await copies.write(story.tell([started('r:one')]))
      await copies.writeFirstOnly(story.tell(chatter('r:one', 3)))
      await copies.restart()
      expect((await copies.heal()).copied.events).toBe(3)
      expect((await copies.heal()).compared).toBe(false)
    }))

  test('W7 events that no copy has any more are counted once, and still at later starts', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      await copies.write(story.tell([started('r:one')]))
      const early = await copies.snapshot()
      const file = [...copies.files.files.keys()][0] ?? ''
      const start = copies.files.files.get(file)?.length ?? 0
      await copies.write(story.tell(chatter('r:one', 3)))
      await copies.write(story.tell(chatter('r:one', 2)))
      // The ledger forgets five events, the journal three of them; its end still says how many there were.
      const bytes = copies.files.files.get(file) ?? new Uint8Array()
      bytes.fill(0, start, start + 8)
      await copies.rollBack(early)
      const report = await copies.heal()
      expect(report.damagedBytes).toBeGreaterThan(0)
      expect(report.restored.events).toBe(2)
      expect(report.integrity).toMatchObject({ lostEvents: 3, lostLogs: ['r:one'] })
      expect((await copies.heal()).compared).toBe(false)
      expect(await copies.ledger.losses()).toEqual({ events: 3, logs: ['r:one'] })
    }))

  test('W7 a log that no copy has a trace of any more has no name, but it had a number of events', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      await copies.write(story.tell([started('r:one')]))
      const early = await copies.snapshot()
      const file = [...copies.files.files.keys()][0] ?? ''
      const start = copies.files.files.get(file)?.length ?? 0
      await copies.write(story.tell([started('r:gone'), ...chatter('r:gone', 3)]))
      const damaged = copies.files.files.get(file)?.length ?? 0
      await copies.write(story.tell(chatter('r:one', 2)))
      copies.files.files.get(file)?.fill(0, start, damaged)
      await copies.rollBack(early)
      expect((await copies.heal()).integrity).toEqual({ rebuilt: 1, lostEvents: 4, lostLogs: [] })
      expect(await copies.ledger.losses()).toEqual({ events: 4, logs: [] })
      expect((await copies.heal()).compared).toBe(false)
    }))
})

describe('a page that dies while it heals', () => {
  const points: CrashPoint[] = [
    ...Array.from({ length: 16 }, (_, index): CrashPoint => ({ at: 'put', nth: index + 1 })),
    { at: 'commit' },
  ]
  for (const point of points) {
    test(`W6 at ${point.at === 'put' ? `put ${point.nth}` : point.at}, it leaves the rest to the next one`, () =>
      withCopies(async (copies) => {
        const story = chronicle()
        await copies.write(story.keep(fullBatch(story, 'a')))
        await copies.write(story.keep(fullBatch(story, 'b')))
        const before = await copies.contents()
        await copies.wipeLedger()
        await dyingAt(point, () => copies.heal())
        await copies.restart()
        await copies.heal()
        expect(await copies.contents()).toEqual(before)
        expect(await copies.heal()).toMatchObject({
          compared: false,
          integrity: { rebuilt: 0, lostEvents: 0 },
        })
        expect(await copies.ledger.losses()).toEqual({ events: 0, logs: [] })
      }))
  }
})

describe('verify', () => {
  test('W7 it reads every event of both copies, and finds nothing in copies that are whole', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      await copies.write(story.keep(fullBatch(story, 'a')))
      await copies.write(story.keep(fullBatch(story, 'b')))
      const seen: number[] = []
      const found = await verify(copies.ledger, copies.journal, ({ done }) => seen.push(done))
      expect(found).toMatchObject({ logs: 4, events: 10, repaired: 0, unreadable: 0 })
      expect(seen).toEqual([1, 2, 3, 4])
    }))

  test('W7 a segment that cannot be read any more is put back from the journal', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      await copies.write(story.tell([started('r:one'), ...chatter('r:one', 2)]))
      await copies.write(story.tell(chatter('r:one', 2)))
      const before = await copies.contents()
      await onDisk(copies.disk, (db) =>
        db.put('segments', { first: 1, last: 3, body: '[{"log":' }, ['r:one', 3]),
      )
      const found = await verify(copies.ledger, copies.journal)
      expect(found).toMatchObject({ events: 2, repaired: 3, unreadable: 0 })
      expect(await copies.contents()).toEqual(before)
    }))

  test('W7 what is not what was written is put back: the journal has a checksum, the database none', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      const blobs = [{ ref: 'report', text: 'as written' }]
      await copies.write(story.tell([started('r:one'), ...chatter('r:one', 2)], { blobs }))
      const before = await copies.contents()
      await onDisk(copies.disk, async (db) => {
        const segment = await db.get('segments', ['r:one', 3])
        const body = segment?.body.replace('"index":1', '"index":8') ?? ''
        await db.put('segments', { first: 1, last: 3, body }, ['r:one', 3])
        await db.put('blobs', 'as wrotten', 'report')
      })
      expect((await copies.heal()).compared).toBe(false)
      expect(await verify(copies.ledger, copies.journal)).toMatchObject({
        repaired: 4,
        unreadable: 0,
        texts: 1,
      })
      expect(await copies.contents()).toEqual(before)
      expect(await copies.ledger.readBlob('report')).toBe('as written')
    }))

  test('W7 what no copy can be read for is said to be unreadable', () =>
    withCopies(async (copies) => {
      await copies.ledger.write(chronicle().tell([started('r:one'), ...chatter('r:one', 2)]))
      await onDisk(copies.disk, (db) => db.put('segments', { first: 1, last: 3, body: 'x' }, ['r:one', 3]))
      expect(await verify(copies.ledger, null)).toMatchObject({ events: 0, unreadable: 3 })
    }))
})

describe('deletions', () => {
  test('W6 what was deleted comes back from neither copy', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      const ref = contentRef('r:one', 'live', 1, 'output')
      await copies.write(story.tell([started('r:one')], { blobs: [{ ref, text: 'result' }] }))
      await copies.write(story.tell([started('r:two')]))
      const before = await copies.snapshot()
      await copies.deleteLogs(['r:one'])
      await copies.rollBack(before)
      expect([...(await copies.contents()).keys()]).toContain('r:one')
      expect((await copies.heal()).deleted).toBe(1)
      expect([...(await copies.contents()).keys()]).toEqual(['r:two'])
      expect(await copies.ledger.readBlob(ref)).toBe(null)
      await copies.wipeLedger()
      await copies.heal()
      expect([...(await copies.contents()).keys()]).toEqual(['r:two'])
      expect(await copies.ledger.readBlob(ref)).toBe(null)
    }))

  test('W6 a log that begins anew after its deletion is a log like any other', () =>
    withCopies(async (copies) => {
      await copies.write(chronicle().tell([started('r:one'), ...chatter('r:one', 4)]))
      await copies.deleteLogs(['r:one'])
      await copies.write(chronicle().tell([started('r:one'), ...chatter('r:one', 1)]))
      const before = await copies.contents()
      await copies.wipeLedger()
      await copies.heal()
      expect(await copies.contents()).toEqual(before)
    }))
})

describe('what two tellings of one thing are worth', () => {
  test('O1 of a command the one that got further stays, whichever copy has it', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      const say = (state: 'sending' | 'applied') =>
        story.tell([], { commands: [command('c', 'r:one', state)], durability: 'strict' })
      await copies.write(story.tell([started('r:one')]))
      await copies.write(say('sending'))
      const early = await copies.snapshot()
      await copies.write(say('applied'))
      await copies.rollBack(early)
      await copies.heal()
      expect((await copies.ledger.listCommands())[0]?.state).toBe('applied')
    }))

  test('F1 a key that passed stays passed, whichever copy remembers it', () =>
    withCopies(async (copies) => {
      const story = chronicle()
      const keyed = (keys: string[]) => ({ ...cursor('live', 0), keys })
      await copies.write(story.tell([started('r:one')], { cursors: [keyed(['a'])] }))
      const early = await copies.snapshot()
      await copies.write(story.tell(chatter('r:one', 1), { cursors: [keyed(['a', 'b'])] }))
      await copies.rollBack(early)
      await copies.heal()
      expect((await copies.ledger.readCursor('live'))?.keys).toEqual(['a', 'b'])
    }))
})

type Misfortune = 'none' | 'wipe ledger' | 'roll back' | 'wipe journal' | 'cut journal' | 'half written'
const step = fc.record({
  events: fc.integer({ min: 1, max: 9 }),
  deletes: fc.integer({ min: 0, max: 9 }),
  misfortune: fc.constantFrom<Misfortune>(
    'none',
    'none',
    'wipe ledger',
    'roll back',
    'wipe journal',
    'cut journal',
    'half written',
  ),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})

asyncProperty(
  'W6 while one copy survives, every acknowledged event does; healing again finds nothing to do',
  fc.record({ seed: fc.nat(10_000), steps: fc.array(step, { minLength: 1, maxLength: 10 }) }),
  ({ seed, steps }) =>
    withCopies(async (copies) => {
      const random = seeded(seed)
      const story = chronicle()
      let at = 0
      for (const { events, deletes, misfortune, share } of steps) {
        const snapshot = await copies.snapshot()
        const log = random.pick(LOGS)
        if (deletes === 0) {
          await copies.deleteLogs([log])
          story.records.delete(log)
          story.events.delete(log)
        }
        const said = Array.from({ length: events }, () => randomEvent(random, random.pick(LOGS), (at += 1)))
        const batch = story.tell(said, {
          cursors: [cursor('live', at)],
          blobs: [{ ref: contentRef(random.pick(LOGS), 'live', at, 'output'), text: `text ${at}` }],
        })
        if (misfortune === 'half written') await copies.writeFirstOnly(batch)
        else await copies.write(batch)

        if (misfortune === 'wipe ledger') await copies.wipeLedger()
        else if (misfortune === 'roll back') await copies.rollBack(snapshot)
        else await copies.restart()
        if (misfortune === 'wipe journal') copies.wipeJournal()
        if (misfortune === 'cut journal') copies.cutJournal(share)

        await copies.heal()
        const expected = new Map(
          [...story.events].map(([each, list]) => [each, list.map((e) => JSON.stringify(e))]),
        )
        expect(await copies.contents()).toEqual(expected)
        expect((await copies.ledger.readCursor('live'))?.position).toBe(at)
        for (const [each, list] of story.events) {
          const held = (await copies.journalled()).get(each) ?? new Set()
          expect(list.every(({ sequence }) => held.has(sequence))).toBe(true)
        }
        expect(await copies.heal()).toMatchObject({
          compared: false,
          integrity: { rebuilt: 0, lostEvents: 0 },
        })
      }
    }),
  60,
)
