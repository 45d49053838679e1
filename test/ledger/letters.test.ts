/**
 * What a page on its way out leaves behind is adopted by identity: once, in order, whoever wrote in the meantime.
 * SPEC W1, W5.
 */
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogId } from '../../src/core/ids.ts'
import { refold } from '../../src/core/accept.ts'
import { adoptLetters } from '../../src/ledger/letters.ts'
import { EMPTY_BATCH, LedgerError } from '../../src/ledger/port.ts'
import type { Ledger, LedgerBatch } from '../../src/ledger/port.ts'
import { ALL } from '../../src/testing/conformance/context.ts'
import {
  chatter,
  chronicle,
  command,
  cursor,
  randomEvent,
  seeded,
  started,
} from '../../src/testing/conformance/samples.ts'
import { asyncProperty } from '../support/property.ts'
import { freshDisk, onDisk } from './support/databases.ts'
import type { Disk } from './support/databases.ts'
import { turns } from './support/writing.ts'

async function onFreshDisk(body: (disk: Disk, ledger: Ledger) => Promise<void>): Promise<void> {
  const disk = await freshDisk()
  try {
    await disk.ledger.open()
    await body(disk, disk.ledger)
  } finally {
    await disk.cleanup()
  }
}

/** As the browser does it: nobody waits, and the page is gone. */
async function leave(ledger: Ledger, id: string, batches: readonly LedgerBatch[]): Promise<void> {
  ledger.writeLetter({ id, batches })
  await expect.poll(async () => (await ledger.listLetters()).some((letter) => letter.id === id)).toBe(true)
}

const adopt = (ledger: Ledger): Promise<number> => adoptLetters(ledger, (batch) => ledger.write(batch))

const positions = async (ledger: Ledger, log: LogId) =>
  (await ledger.readEvents(log, { after: 0, limit: ALL })).map(({ position }) => position)

test('W1 a letter is adopted, with its cursor, and gone', () =>
  onFreshDisk(async (_, ledger) => {
    const story = chronicle()
    await ledger.write(story.tell([started('r:one')], { cursors: [cursor('live', 1)] }))
    const rest = story.tell(chatter('r:one', 3), { cursors: [cursor('live', 4)] })
    await leave(ledger, 'a', [rest])
    expect(await adopt(ledger)).toBe(3)
    expect(await ledger.readEvents('r:one', { after: 0, limit: ALL })).toEqual(story.events.get('r:one'))
    expect((await ledger.readCursor('live'))?.position).toBe(4)
    expect(await ledger.listLetters()).toEqual([])
    expect(await adopt(ledger)).toBe(0)
  }))

test('W1 fault F16: a letter whose transaction the browser drops is adopted from the synchronous store', () =>
  onFreshDisk(async (disk, ledger) => {
    const story = chronicle()
    await ledger.write(story.tell([started('r:one')]))
    await leave(ledger, 'a', [story.tell(chatter('r:one', 3))])
    await onDisk(disk, (db) => db.clear('letters'))
    expect(await adopt(ledger)).toBe(3)
    expect(await ledger.readEvents('r:one', { after: 0, limit: ALL })).toEqual(story.events.get('r:one'))
    expect([await ledger.listLetters(), disk.syncStore.texts.size]).toEqual([[], 0])
  }))

test('W1 fault F16: a long letter lies in the database alone', () =>
  onFreshDisk(async (disk, ledger) => {
    const blobs = [{ ref: 'sha256:x', text: 'x'.repeat(1_000_000) }]
    await leave(ledger, 'a', [{ ...EMPTY_BATCH, blobs }])
    expect(disk.syncStore.texts.size).toBe(0)
    expect(await ledger.listLetters()).toMatchObject([{ id: 'a' }])
  }))

test('W1 a letter that comes back after it was adopted adds nothing, and nothing that was deleted since', () =>
  onFreshDisk(async (disk, ledger) => {
    const { texts } = disk.syncStore
    const story = chronicle()
    const letter = story.tell([started('r:one'), started('r:two')])
    await leave(ledger, 'a', [letter])
    const left = new Map(texts)
    expect(await adopt(ledger)).toBe(2)
    await ledger.deleteLogs(['r:two'], 1)
    for (const [key, text] of left) texts.set(key, text)
    expect(await adopt(ledger)).toBe(0)
    expect(await positions(ledger, 'r:one')).toHaveLength(1)
    expect(await positions(ledger, 'r:two')).toEqual([])
    expect(texts.size).toBe(0)
  }))

test('W1 a torn letter costs itself, and those of other scopes are left alone', () =>
  onFreshDisk(async (disk, ledger) => {
    const { texts } = disk.syncStore
    const story = chronicle()
    await ledger.write(story.tell([started('r:one')]))
    await leave(ledger, 'a', [story.tell(chatter('r:one', 3))])
    const [key, text] = [...texts][0] ?? expect.fail('Nothing was left there.')
    const other = key.replace(/[0-9a-f]{32}/, '0123')
    expect(other).not.toBe(key)
    texts.set(`${key}-torn`, text.slice(0, -5)).set(other, text)
    expect(await adopt(ledger)).toBe(3)
    expect([...texts.keys()]).toEqual([other])
    await leave(ledger, 'b', [story.tell(chatter('r:one', 1))])
    await ledger.destroy()
    expect([...texts.keys()]).toEqual([other])
  }))

test('W5 what landed in order after all is not written a second time', () =>
  onFreshDisk(async (_, ledger) => {
    const story = chronicle()
    const first = story.tell([started('r:one')], { cursors: [cursor('live', 1)] })
    const rest = story.tell(chatter('r:one', 3), { cursors: [cursor('live', 4)] })
    await leave(ledger, 'a', [first, rest])
    await ledger.write(first)
    await ledger.write(rest)
    const before = await positions(ledger, 'r:one')
    expect(await adopt(ledger)).toBe(0)
    expect(await positions(ledger, 'r:one')).toEqual(before)
  }))

test('W5 where another page has written since, the events follow its events, and no cursor walks back', () =>
  onFreshDisk(async (_, ledger) => {
    const ours = chronicle()
    const base = ours.keep(ours.propose([started('r:one')]))
    await ledger.write(base)
    const letter = ours.propose(chatter('r:one', 2), { cursors: [cursor('live', 3)] })
    const theirs = ours.tell(chatter('r:one', 3), { cursors: [cursor('live', 7)] })
    await leave(ledger, 'a', [letter])
    await ledger.write(theirs)
    expect(await adopt(ledger)).toBe(2)
    const stored = await ledger.readEvents('r:one', { after: 0, limit: ALL })
    const said = [base, theirs, letter].flatMap(({ logs }) => logs.flatMap(({ events }) => events))
    expect(stored.map(({ position }) => position)).toEqual(said.map(({ position }) => position))
    expect(stored.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6])
    expect((await ledger.readCursor('live'))?.position).toBe(7)
  }))

test('O1 a command that got further since stays where it is', () =>
  onFreshDisk(async (_, ledger) => {
    const say = (state: 'sending' | 'applied') =>
      chronicle().tell([], { commands: [command('c', 'r:one', state)] })
    await leave(ledger, 'a', [say('sending')])
    await ledger.write(say('applied'))
    await adopt(ledger)
    expect((await ledger.listCommands())[0]?.state).toBe('applied')
  }))

test('W5 a page that is overtaken while it adopts looks again', () =>
  onFreshDisk(async (_, ledger) => {
    const story = chronicle()
    await ledger.write(story.tell([started('r:one')]))
    const letter = story.propose(chatter('r:one', 2))
    const others = story.tell(chatter('r:one', 1))
    await leave(ledger, 'a', [letter])
    let overtaken = false
    const adopted = await adoptLetters(ledger, async (batch) => {
      if (!overtaken) {
        overtaken = true
        await ledger.write(others)
      }
      return ledger.write(batch)
    })
    expect(adopted).toBe(2)
    expect(await positions(ledger, 'r:one')).toHaveLength(4)
  }))

test('W1 a letter that cannot be adopted now stays for the next start', () =>
  onFreshDisk(async (_, ledger) => {
    const story = chronicle()
    await leave(ledger, 'a', [story.tell([started('r:one')])])
    const full = new LedgerError('capacity', 'full')
    await expect(adoptLetters(ledger, () => Promise.reject(full))).rejects.toBe(full)
    expect(await adopt(ledger)).toBe(1)
  }))

asyncProperty(
  'W1 W5 letters and ordinary writes, in any order: every event once, in the order of its page, rows are the fold',
  fc.record({
    seed: fc.nat(10_000),
    steps: fc.array(fc.constantFrom('write', 'leave', 'leave and write', 'adopt'), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
  ({ seed, steps }) =>
    onFreshDisk(async (_, ledger) => {
      const random = seeded(seed)
      const logs: LogId[] = ['r:one', 'w:flow']
      const said: (string | number)[] = []
      let at = 0
      for (const [index, step] of steps.entries()) {
        const story = chronicle()
        for (const [log, record] of await ledger.readRecords(logs)) story.records.set(log, record)
        const events = Array.from({ length: 3 }, () => randomEvent(random, random.pick(logs), (at += 1)))
        const batch = story.tell(events)
        if (step !== 'adopt') said.push(...events.map(({ position }) => position))
        if (step === 'leave' || step === 'leave and write') await leave(ledger, `${index}`, [batch])
        if (step === 'write' || step === 'leave and write') await ledger.write(batch)
        if (step === 'adopt') await adopt(ledger)
      }
      await adopt(ledger)
      await turns()
      const stored = (await Promise.all(logs.map((log) => positions(ledger, log)))).flat()
      expect(stored.toSorted()).toEqual(said.toSorted())
      for (const log of logs) {
        const events = await ledger.readEvents(log, { after: 0, limit: ALL })
        const record = (await ledger.readRecords([log])).get(log)
        expect(JSON.stringify(record)).toBe(JSON.stringify(refold(events)?.record))
      }
    }),
  60,
)
