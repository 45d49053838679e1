/**
 * A page that dies at random points of its writes, comes back, reads where its source was, and goes on from
 * there. SPEC W1, W2, W6.
 */
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refold } from '../../src/core/accept.ts'
import type { SourceEvent } from '../../src/core/events.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { Ledger, LedgerBatch } from '../../src/ledger/port.ts'
import { INTACT } from '../../src/ledger/port.ts'
import { ALL, contentsOf, refusal } from '../../src/testing/conformance/context.ts'
import type { Chronicle } from '../../src/testing/conformance/samples.ts'
import {
  chronicle,
  command,
  cursor,
  fullBatch,
  randomEvent,
  refused,
  seeded,
} from '../../src/testing/conformance/samples.ts'
import type { CrashPoint } from './support/crash.ts'
import { dyingAt, fullAtCommit } from './support/crash.ts'
import type { Disk } from './support/databases.ts'
import { freshDisk, onDisk } from './support/databases.ts'
import { asyncProperty } from '../support/property.ts'
import { identityOf } from './support/writing.ts'

const LOGS: readonly LogId[] = ['r:one', 'r:two', 'w:flow']

interface Step {
  events: number
  decide: boolean
  crash: CrashPoint | null
}

const crash: fc.Arbitrary<CrashPoint> = fc.oneof(
  fc.record({ at: fc.constant('put' as const), nth: fc.integer({ min: 1, max: 12 }) }),
  fc.constant({ at: 'commit' as const }),
  fc.constant({ at: 'receipt' as const }),
)
const steps = fc.array(
  fc.record<Step>({
    events: fc.integer({ min: 1, max: 8 }),
    decide: fc.boolean(),
    crash: fc.option(crash, { nil: null, freq: 2 }),
  }),
  { minLength: 1, maxLength: 12 },
)

/** What the source has said so far; position n is the n-th event. */
interface Source {
  said: SourceEvent[]
  /** The highest position any batch was submitted with, and the highest that was acknowledged. */
  submitted: number
  acked: number
}

/** Sorts as the positions do. */
const upTo = (position: number): string => `up to ${String(position).padStart(6, '0')}`

/** The batch that follows position `from`, with a record of its own in every store. */
function nextBatch(story: Chronicle, source: Source, from: number, count: number): LedgerBatch {
  const to = from + count
  source.submitted = Math.max(source.submitted, to)
  return story.propose(source.said.slice(from, to), {
    cursors: [cursor('live', to)],
    blobs: source.said
      .slice(from, to)
      .map((event) => ({ ref: identityOf(event), text: `of ${event.position}` })),
    quarantine: [refused(upTo(to))],
    commands: [command('last', LOGS[0] ?? 'r:one', to % 2 === 0 ? 'delivered' : 'applied')],
    durability: 'strict',
  })
}

/** What a new page knows, and what must be true of a disk at any time. */
async function comeBack(
  disk: Disk,
  source: Source,
): Promise<{ ledger: Ledger; story: Chronicle; at: number }> {
  const ledger = await disk.reopen()
  expect(await ledger.check()).toEqual(INTACT)
  const story = chronicle()
  const records = await ledger.readRecords(LOGS)
  const at = (await ledger.readCursor('live'))?.position ?? 0

  expect(at).toBeGreaterThanOrEqual(source.acked)
  expect(at).toBeLessThanOrEqual(source.submitted)
  let events = 0
  for (const log of LOGS) {
    const stored = await ledger.readEvents(log, { after: 0, limit: ALL })
    // Exactly what the source said up to the cursor, in order: nothing behind it is missing, nothing ahead is there.
    const expected = source.said.slice(0, at).filter((event) => event.log === log)
    expect(stored.map(identityOf)).toEqual(expected.map(identityOf))
    expect(stored.map(({ sequence }) => sequence)).toEqual(stored.map((_, index) => index + 1))
    const record = records.get(log)
    expect(JSON.stringify(record)).toBe(JSON.stringify(refold(stored)?.record))
    if (record !== undefined) story.records.set(log, record)
    events += stored.length
    for (const event of stored) expect(await ledger.readBlob(identityOf(event))).toBe(`of ${event.position}`)
  }
  const ahead = source.said[at]
  if (ahead !== undefined) expect(await ledger.readBlob(identityOf(ahead))).toBe(null)
  const [newest] = await ledger.listQuarantine(1)
  expect(newest?.reason).toBe(at === 0 ? undefined : upTo(at))
  const counts = await ledger.counts()
  expect(counts.events).toBe(events)
  expect(counts.quarantined).toBe((await ledger.listQuarantine(ALL)).length)
  const [sent] = await ledger.listCommands()
  expect(sent?.state).toBe(at === 0 ? undefined : at % 2 === 0 ? 'delivered' : 'applied')
  return { ledger, story, at }
}

asyncProperty(
  'W1 W2 W6 acknowledged ⊆ stored ⊆ submitted, rows are the fold, and no cursor is ahead of its events',
  fc.record({ seed: fc.nat(10_000), steps }),
  async ({ seed, steps }) => {
    const random = seeded(seed)
    const total = steps.reduce((sum, step) => sum + step.events, 0)
    const said = Array.from({ length: total * 2 }, (_, at) => randomEvent(random, random.pick(LOGS), at))
    const source: Source = { said, submitted: 0, acked: 0 }
    const disk = await freshDisk()
    let page = await comeBack(disk, source)
    for (const step of steps) {
      const batch = nextBatch(page.story, source, page.at, step.events)
      const write = () =>
        step.decide ? page.ledger.decide(LOGS, () => batch, 'strict') : page.ledger.write(batch)
      const end = page.at + step.events
      const { died, acked } =
        step.crash === null ? (await write(), { died: false, acked: true }) : await dyingAt(step.crash, write)
      expect(acked).toBe(!died || step.crash?.at === 'receipt')
      if (!died) {
        page.story.keep(batch)
        source.acked = page.at = end
        continue
      }
      // The dead page's connection goes with it.
      await page.ledger.close().catch(() => {})
      page = await comeBack(disk, source)
      // An unknown outcome that turns out to have landed is as good as acknowledged.
      source.acked = page.at
    }
    await comeBack(disk, source)
    await disk.cleanup()
  },
  80,
)

describe('one batch, every point', () => {
  const points: CrashPoint[] = [
    ...Array.from({ length: 9 }, (_, index): CrashPoint => ({ at: 'put', nth: index + 1 })),
    { at: 'commit' },
  ]
  for (const point of points) {
    const where = point.at === 'put' ? `put ${point.nth}` : point.at
    test(`W1 a page that dies at ${where} leaves nothing of its batch`, async () => {
      const disk = await freshDisk()
      const story = chronicle()
      const first = story.keep(fullBatch(story, 'before'))
      await disk.ledger.write(first)
      const batch = fullBatch(story, 'a')
      const before = JSON.stringify(await contentsOf(disk.ledger, batch))
      expect(await dyingAt(point, () => disk.ledger.write(batch))).toEqual({ died: true, acked: false })
      const again = await disk.reopen()
      expect(JSON.stringify(await contentsOf(again, batch))).toBe(before)
      expect(await again.check()).toEqual(INTACT)
      await disk.cleanup()
    })
  }

  test('W1 a disk that is full at the commit is said so, and nothing of the batch is on it', async () => {
    const disk = await freshDisk()
    const story = chronicle()
    await disk.ledger.write(story.keep(fullBatch(story, 'before')))
    const batch = fullBatch(story, 'a')
    const before = JSON.stringify(await contentsOf(disk.ledger, batch))
    await fullAtCommit(async () => expect(await refusal(disk.ledger.write(batch))).toBe('capacity'))
    expect(JSON.stringify(await contentsOf(disk.ledger, batch))).toBe(before)
    // There is room again, on the same connection.
    await disk.ledger.write(batch)
    expect((await disk.ledger.counts()).runs).toBe(2)
    await disk.cleanup()
  })

  test('W1 a page that dies before it hears of its commit left all of it', async () => {
    const disk = await freshDisk()
    const batch = fullBatch(chronicle(), 'a')
    await dyingAt({ at: 'receipt' }, () => disk.ledger.write(batch))
    expect(await (await disk.reopen()).counts()).toEqual({ runs: 1, workflows: 1, events: 5, quarantined: 1 })
    await disk.cleanup()
  })

  test('W2 a page that dies while rows are folded again leaves the work to the next one', async () => {
    for (let nth = 1; nth <= 4; nth += 1) {
      const disk = await freshDisk()
      const story = chronicle()
      const batch = story.keep(fullBatch(story, 'a'))
      await disk.ledger.write(batch)
      await disk.ledger.write(story.keep(fullBatch(story, 'b')))
      const before = JSON.stringify(await contentsOf(disk.ledger, batch))
      await onDisk(disk, async (db) => {
        await db.clear('runs')
        await db.delete('workflows', 'w:a')
      })
      const { died } = await dyingAt({ at: 'put', nth }, () => disk.ledger.check())
      expect(died).toBe(true)
      const again = await disk.reopen()
      expect(await again.check()).toEqual({ rebuilt: 3, lostEvents: 0, lostLogs: [] })
      expect(JSON.stringify(await contentsOf(again, batch))).toBe(before)
      await disk.cleanup()
    }
  })
})
