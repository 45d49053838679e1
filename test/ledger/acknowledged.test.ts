/** When a write counts as done: committed without delay, and held by both copies. SPEC W1, W4, W6. */
import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { memoryJournal } from '../../src/ledger/journal/memory.ts'
import type { JournalFrame } from '../../src/ledger/journal/port.ts'
import { Mirror } from '../../src/ledger/mirror.ts'
import { EMPTY_BATCH, LedgerError } from '../../src/ledger/port.ts'
import type { LedgerErrorKind } from '../../src/ledger/port.ts'
import { memoryLocks } from '../../src/platform/memoryLocks.ts'
import { chronicle, fullBatch, started } from '../../src/testing/conformance/samples.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { freshDisk } from './support/databases.ts'
import { turns, watch, writing } from './support/writing.ts'

/** How often transactions were told to commit while `work` ran. */
async function commitsOf(work: () => unknown): Promise<number> {
  const { commit } = IDBTransaction.prototype
  let commits = 0
  IDBTransaction.prototype.commit = function (this: IDBTransaction) {
    commits += 1
    commit.call(this)
  }
  try {
    await work()
  } finally {
    IDBTransaction.prototype.commit = commit
  }
  return commits
}

test('W1 every write tells its transaction to commit: one left alone waits for a turn that a dying page never has', async () => {
  const disk = await freshDisk()
  const story = chronicle()
  await disk.ledger.open()
  const batch = story.keep(fullBatch(story, 'a'))
  expect(await commitsOf(() => disk.ledger.write(batch))).toBe(1)
  const decided = fullBatch(story, 'b')
  expect(await commitsOf(() => disk.ledger.decide([], () => decided, 'strict'))).toBe(1)
  expect(await commitsOf(() => disk.ledger.writeLetter({ id: 'letter', batches: [batch] }))).toBe(1)
  await disk.cleanup()
})

/** A journal whose frames land when they are told to. */
function slowJournal() {
  const journal = memoryJournal({ locks: memoryLocks() })
  let waiting: { resolve: () => void; reject: (error: LedgerError) => void } | null = null
  const answered = () => {
    const answer = waiting
    waiting = null
    return answer
  }
  return {
    ...journal,
    append: async (frame: JournalFrame) => {
      await new Promise<void>((resolve, reject) => {
        waiting = { resolve, reject }
      })
      await journal.append(frame)
    },
    isAsked: () => waiting !== null,
    land: () => answered()?.resolve(),
    fail: (kind: LedgerErrorKind = 'transient') => answered()?.reject(new LedgerError(kind, 'injected')),
  }
}

test('W6 a receipt waits for the second copy, and so does whenIdle(); that it is durable in one is told before', async () => {
  const journal = slowJournal()
  const t = writing({ beneath: (await freshDisk()).ledger, journal })
  t.writer.start()
  const receipt = t.append([started('r:one')], { durability: 'strict' })
  const [acknowledged, idle] = [watch(receipt), watch(t.writer.whenIdle())]
  await expect.poll(() => t.commits.length).toBe(1)
  await turns()
  expect([acknowledged.settled, idle.settled]).toEqual([false, false])
  journal.land()
  expect(await receipt).toMatchObject({ logs: [{ log: 'r:one', first: 1, last: 1 }], copies: 2 })
})

test('W6 fault F4: a receipt of what the second copy could not take says so', async () => {
  const journal = slowJournal()
  const t = writing({ beneath: (await freshDisk()).ledger, journal })
  t.writer.start()
  const receipt = t.append([started('r:one')], { durability: 'strict' })
  await expect.poll(() => t.commits.length).toBe(1)
  journal.fail()
  expect(await receipt).toMatchObject({ copies: 1 })
  expect(t.mirror).toEqual(['transient'])
})

test('W6 fault F4: what there is no room for in the second copy is acknowledged when there is, in its order', async () => {
  const journal = slowJournal()
  const t = writing({ beneath: (await freshDisk()).ledger, journal })
  t.writer.start()
  const first = watch(t.append([started('r:one')], { durability: 'strict' }))
  await expect.poll(() => t.commits.length).toBe(1)
  journal.fail('capacity')
  await expect.poll(() => t.mirror).toEqual(['capacity'])
  // The first copy takes more, also a decision; nobody is told that it is safe.
  const second = watch(t.append([started('r:two')], { durability: 'strict' }))
  await expect.poll(() => t.commits.length).toBe(2)
  expect(await t.writer.decide([], () => null)).toBeNull()
  await t.writer.whenWritten()
  const idle = watch(t.writer.whenIdle())
  await turns()
  expect([first.settled, second.settled, idle.settled]).toEqual([false, false, false])
  expect(t.writer.copies).toBe(1)

  // Still none at the next look, and then there is room.
  t.clock.advance(100)
  await expect.poll(journal.isAsked).toBe(true)
  journal.fail('capacity')
  await turns()
  t.clock.advance(500)
  await expect.poll(journal.isAsked).toBe(true)
  journal.land()
  await expect.poll(() => first.settled).toBe(true)
  await expect.poll(journal.isAsked).toBe(true)
  journal.land()
  await expect.poll(() => [second.settled, idle.settled]).toEqual([true, true])
  expect(t.mirror).toEqual(['capacity', null])
  expect(t.writer.copies).toBe(2)
  const { heads } = await journal.scan()
  expect(heads.flatMap(({ segments }) => segments.map(({ log }) => log))).toEqual(['r:one', 'r:two'])
})

test('W6 fault F4: a repair brings what waits for room, and whoever waits is told', async () => {
  const journal = slowJournal()
  const t = writing({ beneath: (await freshDisk()).ledger, journal })
  t.writer.start()
  const receipt = t.append([started('r:one')], { durability: 'strict' })
  await expect.poll(() => t.commits.length).toBe(1)
  journal.fail('capacity')
  await expect.poll(() => t.mirror).toEqual(['capacity'])
  t.writer.repaired()
  expect(await receipt).toMatchObject({ copies: 2 })
  expect(t.mirror).toEqual(['capacity', null])
})

test('W6 fault F4: after a repair no frame is tried twice at a time, and nothing is said that was said', async () => {
  const frames: number[] = []
  let isFull = true
  const journal = {
    ...memoryJournal({ locks: memoryLocks() }),
    append: async ({ net }: JournalFrame) => {
      if (isFull) throw new LedgerError('capacity', 'injected')
      frames.push(net)
    },
  }
  const t = writing({ beneath: (await freshDisk()).ledger, journal })
  t.writer.start()
  const first = t.append([started('r:one')], { durability: 'strict' })
  await expect.poll(() => t.mirror).toEqual(['capacity'])
  t.writer.repaired()
  expect(await first).toMatchObject({ copies: 2 })
  const second = t.append([started('r:two')], { durability: 'strict' })
  await expect.poll(() => t.mirror).toEqual(['capacity', null, 'capacity'])
  isFull = false
  await t.clock.advance(60_000)
  expect(await second).toMatchObject({ copies: 2 })
  expect([frames, t.mirror]).toEqual([[1], ['capacity', null, 'capacity', null]])
})

test('W6 fault F4: beyond what can be held the second copy is behind until a repair, and receipts say so', async () => {
  const journal = slowJournal()
  const said: (string | null)[] = []
  const clock = manualClock()
  const mirror = new Mirror(() => journal, clock, { mirror: (error) => said.push(error?.kind ?? null) })
  const frame = (net: number): JournalFrame => ({
    ...EMPTY_BATCH,
    stamp: null,
    net,
    segments: [],
    tombstones: [],
  })
  const first = mirror.append(frame(15_000))
  journal.fail('capacity')
  await turns()
  // What takes events away makes no room for others.
  const waiting = [first, mirror.append(frame(-15_000)), mirror.append(frame(5_000))].map(watch)
  await turns()
  expect(waiting.map(({ settled }) => settled)).toEqual([false, false, false])
  expect(await mirror.append(frame(1))).toBe(false)
  expect([await first, mirror.isComplete]).toEqual([false, false])
  mirror.repaired()
  expect([mirror.isComplete, said]).toEqual([true, ['capacity', null]])
})
