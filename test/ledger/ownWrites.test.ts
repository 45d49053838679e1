/** What a page remembers of its own writes is worth nothing once another page has written. SPEC W5. */
import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { refusal } from '../../src/testing/conformance/context.ts'
import { chatter, chronicle, cursor, started } from '../../src/testing/conformance/samples.ts'
import { freshDisk } from './support/databases.ts'
import { workOf } from './support/work.ts'

test.each([0, 1, 2])(
  'W5 of three logs the one at %i was moved by another page, and it alone is named',
  async (moved) => {
    const disk = await freshDisk()
    const logs = ['r:a', 'r:b', 'r:c'] as const
    const story = chronicle()
    await disk.ledger.write(story.tell(logs.map((log) => started(log))))
    const theirs = chronicle()
    for (const [log, record] of story.records) theirs.records.set(log, record)
    const other = await disk.reopen()
    await other.write(theirs.tell(chatter(logs[moved] ?? 'r:a', 1)))
    const batch = story.tell(logs.flatMap((log) => chatter(log, 1)))
    expect(await refusal(disk.ledger.write(batch))).toBe(`conflict ${logs[moved]}`)
    expect(await Promise.all(logs.map((log) => disk.ledger.readHead(log)))).toEqual(
      logs.map((_, index) => (index === moved ? 2 : 1)),
    )
    await disk.cleanup()
  },
)

test('W5 a cursor that another page moved on is not taken back by a page that remembers its own', async () => {
  const disk = await freshDisk()
  const story = chronicle()
  await disk.ledger.write(story.tell([started('r:a')], { cursors: [cursor('live', 1)] }))
  const other = await disk.reopen()
  const theirs = chronicle()
  await other.write(theirs.tell([started('r:b')], { cursors: [cursor('live', 9)] }))
  await disk.ledger.write(story.tell(chatter('r:a', 1), { cursors: [cursor('live', 3)] }))
  expect((await disk.ledger.readCursor('live'))?.position).toBe(9)
  // With its own write as the last one, what it knows is what is there, and nothing is read for it.
  const batch = story.tell(chatter('r:a', 1), { cursors: [cursor('live', 12)] })
  const { requests } = await workOf(() => disk.ledger.write(batch))
  expect(requests['get']).toBe(1)
  expect((await disk.ledger.readCursor('live'))?.position).toBe(12)
  await disk.cleanup()
})
