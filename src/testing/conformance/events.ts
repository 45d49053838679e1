/** Owns the laws of reading a log: any window, across any segment boundary, of that log only. */
import type { RunEvent } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { EventQuery, Ledger } from '../../ledger/port.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { Conformance } from './context.ts'
import { ALL, logsOf } from './context.ts'
import type { Chronicle } from './samples.ts'
import { chatter, chronicle, command, cursor, started } from './samples.ts'

/** How many events each write of a log has. */
const LAYOUTS: readonly (readonly number[])[] = [
  [1],
  [255],
  [256],
  [257],
  [256, 1],
  [255, 1, 1],
  [1, 255, 257],
  [3, 1, 4, 1, 5, 9, 2, 6],
  Array.from({ length: 40 }, () => 1),
]

export const HOSTILE_IDS: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'r:a',
  'w:a',
  ':',
  '/',
  'a',
  'a:b',
  'a,b',
  'a b',
  'a"b\\',
  'A',
  'é',
  'e\u0301',
  '\u{1F701}',
  '\uD800',
  '\uFFFF',
  '0',
  '-1',
  'NaN',
  'x'.repeat(200),
  'x'.repeat(199),
]

export function eventLaws({ law, same, expect }: Conformance): void {
  for (const layout of LAYOUTS) {
    const total = layout.reduce((sum, count) => sum + count, 0)
    law(`any window of a log is read, written as ${nameOf(layout)}`, async (t) => {
      const events = await write(t.ledger, chronicle(), 'r:a', layout)
      for (const query of queriesOf(total, layout)) {
        const found = await t.ledger.readEvents('r:a', query)
        expect(`${JSON.stringify(query)} ${sequences(found)}`).toBe(
          `${JSON.stringify(query)} ${sequences(windowOf(events, query))}`,
        )
      }
      same(await t.ledger.readEvents('r:a', { limit: ALL }), events)
      expect(await t.ledger.readHead('r:a')).toBe(total)
    })
  }

  law('pages in either direction give every event once', async (t) => {
    const events = await write(t.ledger, chronicle(), 'r:a', [1, 255, 256, 257, 3])
    for (const limit of [64, 256, 300]) {
      const forward: RunEvent[] = []
      for (;;) {
        const page = await t.ledger.readEvents('r:a', { after: forward.at(-1)?.sequence ?? 0, limit })
        if (page.length === 0) break
        forward.push(...page)
      }
      same(forward, events)
      const backward: RunEvent[] = [...(await t.ledger.readEvents('r:a', { limit }))]
      for (;;) {
        const page = await t.ledger.readEvents('r:a', { before: backward[0]?.sequence ?? 0, limit })
        if (page.length === 0) break
        backward.unshift(...page)
      }
      same(backward, events)
    }
  })

  law('a window of no events is empty', async (t) => {
    await write(t.ledger, chronicle(), 'r:a', [3])
    for (const query of [{ limit: 0 }, { after: 0, limit: 0 }, { before: 3, limit: 0 }]) {
      expect(await t.ledger.readEvents('r:a', query)).toEqual([])
    }
  })

  law('a log nobody wrote has no events and no record', async (t) => {
    await write(t.ledger, chronicle(), 'r:a', [2])
    for (const query of [{ limit: 5 }, { after: 0, limit: 5 }, { before: 9, limit: 5 }]) {
      expect(await t.ledger.readEvents('r:none', query)).toEqual([])
    }
    expect((await t.ledger.readRecords(['r:none', 'w:a'])).size).toBe(0)
    expect(await Promise.all([t.ledger.readHead('r:none'), t.ledger.readHead('w:a')])).toEqual([0, 0])
  })

  law('S1 logs with hostile ids stay apart and read back as they are', async (t) => {
    const story = chronicle()
    const logs = HOSTILE_IDS.flatMap((id): LogId[] => [`r:${id}`, `w:${id}`])
    for (const [index, log] of logs.entries()) {
      await t.ledger.write(story.tell([started(log, index), ...chatter(log, index % 3, index)]))
    }
    // A second round, so that every head was found again.
    for (const [index, log] of logs.entries()) {
      await t.ledger.write(story.tell(chatter(log, 1 + (index % 2), index)))
    }
    const expected = logs.map((log) => ({
      log,
      record: story.records.get(log),
      events: story.events.get(log),
    }))
    same(await logsOf(t.ledger, logs), expected)
    same([...(await t.ledger.readRecords(logs)).keys()].toSorted(), logs.toSorted())
    same(
      await Promise.all(logs.map((log) => t.ledger.readHead(log))),
      expected.map(({ record }) => record && lifecycleOf(record).lastSequence),
    )
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  law('S1 hostile references, streams and command ids are names like any other', async (t) => {
    const names = [...HOSTILE_IDS, '', ' ', '\u0000', 'long '.repeat(2_000)]
    await t.ledger.write({
      ...chronicle().propose([]),
      blobs: names.map((ref, index) => ({ ref, text: `text ${index}` })),
      cursors: names.map((stream, index) => cursor(stream, index)),
      commands: names.map((id) => command(id, 'r:a')),
    })
    const blobs = await Promise.all(names.map((ref) => t.ledger.readBlob(ref)))
    expect(blobs).toEqual(names.map((_, index) => `text ${index}`))
    const cursors = await Promise.all(names.map((stream) => t.ledger.readCursor(stream)))
    expect(cursors.map((each) => each?.position)).toEqual(names.map((_, index) => index))
    const commands = await t.ledger.listCommands()
    expect(commands.map(({ id }) => id).toSorted()).toEqual(names.toSorted())
  })
}

async function write(
  ledger: Ledger,
  story: Chronicle,
  log: LogId,
  layout: readonly number[],
): Promise<readonly RunEvent[]> {
  for (const [index, count] of layout.entries()) {
    const told = index === 0 ? [started(log), ...chatter(log, count - 1)] : chatter(log, count)
    await ledger.write(story.tell(told))
  }
  return story.events.get(log) ?? []
}

/** Every kind of window around the places where a segment ends. */
function queriesOf(total: number, layout: readonly number[]): EventQuery[] {
  let end = 0
  const ends = layout.slice(0, 8).map((count) => (end += count))
  const edges = [0, 1, 2, ...ends.flatMap((at) => [at - 1, at, at + 1]), total, total + 1, total + 100]
  const limits = [1, 2, 256, ALL]
  return [...new Set(edges)].flatMap((edge) =>
    limits.flatMap((limit): EventQuery[] => [{ limit }, { after: edge, limit }, { before: edge, limit }]),
  )
}

/** What the port promises, said naively. */
function windowOf(events: readonly RunEvent[], { after, before, limit }: EventQuery): readonly RunEvent[] {
  if (after !== undefined) return events.filter((event) => event.sequence > after).slice(0, limit)
  const upTo = events.filter((event) => before === undefined || event.sequence < before)
  return upTo.slice(Math.max(0, upTo.length - limit))
}

const sequences = (events: readonly RunEvent[]): string => events.map((event) => event.sequence).join(' ')

function nameOf(layout: readonly number[]): string {
  return layout.length > 10 ? `${layout.length} segments of ${layout[0]}` : layout.join(' + ')
}
