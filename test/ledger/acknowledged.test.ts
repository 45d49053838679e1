/** When a write counts as done: committed without delay, and held by both copies. SPEC W1, W4, W6. */
import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { memoryJournal } from '../../src/ledger/journal/memory.ts'
import type { Journal } from '../../src/ledger/journal/port.ts'
import { LedgerError } from '../../src/ledger/port.ts'
import { memoryLocks } from '../../src/platform/memoryLocks.ts'
import { chronicle, fullBatch, started } from '../../src/testing/conformance/samples.ts'
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
function slowJournal(): Journal & { land: () => void; fail: () => void } {
  const journal = memoryJournal({ locks: memoryLocks() })
  let land = (): void => {}
  let fail = (): void => {}
  return {
    ...journal,
    append: async (frame) => {
      await new Promise<void>((resolve, reject) => {
        land = resolve
        fail = () => reject(new LedgerError('transient', 'injected'))
      })
      await journal.append(frame)
    },
    land: () => land(),
    fail: () => fail(),
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
