/** Owns the laws of writing: one transaction for everything, heads checked, what landed reads back. */
import type { LogRecord } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { LedgerBatch, LogWrite } from '../../ledger/port.ts'
import { EMPTY_BATCH } from '../../ledger/port.ts'
import type { Conformance } from './context.ts'
import { contentsOf, logsOf, refusal } from './context.ts'
import { chatter, chronicle, command, cursor, ended, fullBatch, refused, started } from './samples.ts'

const NOTHING = { runs: 0, workflows: 0, events: 0, quarantined: 0 }

/** Batches no store may take, each wrong in one place, in a batch that is fine otherwise. */
const UNSTORABLE: Readonly<Record<string, (batch: LedgerBatch) => LedgerBatch>> = {
  'a record': (batch) => ({ ...batch, logs: batch.logs.map(withFunction) }),
  'the last record': (batch) => ({ ...batch, logs: [...batch.logs.slice(0, -1), ...lastOf(batch)] }),
  'a cursor': (batch) => ({
    ...batch,
    cursors: [...batch.cursors, { ...cursor('bad', 1), keys: unstorable([]) }],
  }),
  'a command': (batch) => ({
    ...batch,
    commands: [...batch.commands, { ...command('bad', 'r:bad'), payload: unstorable(null) }],
  }),
  'a quarantined input': (batch) => ({
    ...batch,
    quarantine: [...batch.quarantine, { ...refused('bad'), raw: unstorable('') }],
  }),
}

export function writeLaws({ law, same, expect }: Conformance): void {
  law('W1 everything of a batch lands: events, rows, blobs, cursors, commands, quarantine', async (t) => {
    const batch = fullBatch(chronicle(), 'a')
    await t.ledger.write(batch)
    same(await contentsOf(t.ledger, batch), {
      counts: { runs: 1, workflows: 1, events: 5, quarantined: 1 },
      logs: batch.logs.map(({ log, record, events }) => ({ log, record, events })),
      runs: [batch.logs[0]?.record],
      workflows: [batch.logs[1]?.record],
      blobs: ['text of a'],
      cursors: batch.cursors,
      commands: batch.commands,
      quarantine: batch.quarantine,
    })
  })

  for (const [where, spoil] of Object.entries(UNSTORABLE)) {
    law(`W1 a batch with something unstorable in ${where} is invalid and leaves nothing`, async (t) => {
      const story = chronicle()
      await t.ledger.write(story.keep(fullBatch(story, 'before')))
      const batch = fullBatch(story, 'a')
      const before = await contentsOf(t.ledger, batch)
      expect(await refusal(t.ledger.write(spoil(batch)))).toBe('invalid')
      same(await contentsOf(t.ledger, batch), before)
      // The store goes on.
      await t.ledger.write(batch)
      expect(await t.ledger.counts()).toEqual({ runs: 2, workflows: 2, events: 10, quarantined: 2 })
    })
  }

  law('W1 a batch in which one log is behind names that log and leaves nothing of the others', async (t) => {
    const story = chronicle()
    await t.ledger.write(story.tell([started('r:taken'), ...chatter('r:taken', 2)]))
    const batch = fullBatch(story, 'a')
    const stale = chronicle().propose([started('r:taken')]).logs
    const before = await contentsOf(t.ledger, { ...batch, logs: [...batch.logs, ...stale] })
    for (const logs of [
      [...stale, ...batch.logs],
      [...batch.logs, ...stale],
    ]) {
      expect(await refusal(t.ledger.write({ ...batch, logs }))).toBe('conflict r:taken')
    }
    same(await contentsOf(t.ledger, { ...batch, logs: [...batch.logs, ...stale] }), before)
  })

  law('W1 a batch that builds on events the store never got is refused', async (t) => {
    const story = chronicle()
    const unwritten = story.tell([started('r:a')])
    const ahead = story.tell(chatter('r:a', 2))
    expect(await refusal(t.ledger.write(ahead))).toBe('conflict r:a')
    expect(await t.ledger.counts()).toEqual(NOTHING)
    await t.ledger.write(unwritten)
    await t.ledger.write(ahead)
    same(await logsOf(t.ledger, ['r:a']), logsIn(story.records, story.events))
  })

  law('W1 the same batch written twice lands once', async (t) => {
    const batch = fullBatch(chronicle(), 'a')
    await t.ledger.write(batch)
    expect(await refusal(t.ledger.write(batch))).toBe('conflict r:a')
    expect(await t.ledger.counts()).toEqual({ runs: 1, workflows: 1, events: 5, quarantined: 1 })
  })

  law('W5 of two writers that build on one head exactly one wins', async (t) => {
    const other = await t.reopen()
    const story = chronicle()
    await t.ledger.write(story.tell([started('r:a')]))
    const first = story.propose(chatter('r:a', 2), { cursors: [cursor('first', 1)] })
    const second = story.propose(chatter('r:a', 3), { cursors: [cursor('second', 1)] })
    const outcomes = await Promise.allSettled([t.ledger.write(first), other.write(second)])
    const won = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
    expect(won.length).toBe(1)
    const winner = won[0] === 0 ? first : second
    story.keep(winner)
    same(await logsOf(other, ['r:a']), logsIn(story.records, story.events))
    const cursors = await Promise.all(['first', 'second'].map((stream) => t.ledger.readCursor(stream)))
    same(cursors, winner === first ? [first.cursors[0], null] : [null, second.cursors[0]])
  })

  law('W2 the row is the one after the last event, and moves with it', async (t) => {
    const story = chronicle()
    for (const events of [[started('r:a', 0)], chatter('r:a', 3, 10), [ended('r:a', 20)]]) {
      await t.ledger.write(story.tell(events))
      same([...(await t.ledger.readRecords(['r:a'])).values()], [...story.records.values()])
    }
    expect(await t.ledger.counts()).toEqual({ ...NOTHING, runs: 1, events: 5 })
  })

  law('W1 a batch without logs lands as well, and an empty one changes nothing', async (t) => {
    await t.ledger.write({ ...EMPTY_BATCH, cursors: [cursor('s', 7)], durability: 'strict' })
    await t.ledger.write(EMPTY_BATCH)
    same(await t.ledger.readCursor('s'), cursor('s', 7))
    expect(await t.ledger.counts()).toEqual(NOTHING)
  })

  law('W1 what is changed after it was handed over is stored as it was', async (t) => {
    const story = chronicle()
    const batch = story.propose([started('r:a', 0, { metadata: { color: 'red' } })])
    const expected = JSON.stringify(batch.logs[0]?.record)
    await t.ledger.write(batch)
    const record = batch.logs[0]?.record
    if (record?.entity === 'run') Object.assign(record.run.metadata, { color: 'blue' })
    expect(JSON.stringify((await t.ledger.readRecords(['r:a'])).get('r:a'))).toBe(expected)
  })

  law('blobs, cursors and commands: the last one wins, an unknown one is null', async (t) => {
    await t.ledger.write({
      ...EMPTY_BATCH,
      blobs: [
        { ref: 'a', text: 'first' },
        { ref: 'empty', text: '' },
        { ref: 'long', text: 'é🜁'.repeat(300_000) },
      ],
      cursors: [cursor('s', 1)],
      commands: [command('c', 'r:a', 'sending'), command('d', 'r:a')],
    })
    await t.ledger.write({
      ...EMPTY_BATCH,
      blobs: [{ ref: 'a', text: 'second' }],
      cursors: [{ ...cursor('s', 2), gaps: [[2, 2]], keys: ['k'] }],
      commands: [command('c', 'r:a', 'applied')],
    })
    same(await Promise.all(['a', 'empty', 'none'].map((ref) => t.ledger.readBlob(ref))), ['second', '', null])
    expect((await t.ledger.readBlob('long')) === 'é🜁'.repeat(300_000)).toBe(true)
    same(await t.ledger.readCursor('s'), { stream: 's', position: 2, gaps: [[2, 2]], keys: ['k'] })
    expect(await t.ledger.readCursor('none')).toBe(null)
    const commands = (await t.ledger.listCommands()).toSorted((a, b) => (a.id < b.id ? -1 : 1))
    same(commands, [command('c', 'r:a', 'applied'), command('d', 'r:a')])
  })

  law('W5 T2 a cursor never goes back, whoever writes it last', async (t) => {
    const write = (position: number, gaps: [number, number][], keys: string[] = []): Promise<unknown> =>
      t.ledger.write({ ...EMPTY_BATCH, cursors: [{ ...cursor('s', position), gaps, keys }] })
    await write(6, [[2, 3]], ['a'])
    // Was away while others read on; has the third that they gave up, and misses the fifth that they have.
    await write(
      5,
      [
        [2, 2],
        [5, 5],
      ],
      ['b'],
    )
    same(await t.ledger.readCursor('s'), { stream: 's', position: 6, gaps: [[2, 2]], keys: ['a', 'b'] })
    await write(9, [
      [2, 2],
      [8, 8],
    ])
    same(await t.ledger.readCursor('s'), {
      stream: 's',
      position: 9,
      gaps: [
        [2, 2],
        [8, 8],
      ],
      keys: ['a', 'b'],
    })
  })

  law('A3 quarantined inputs are counted and come newest first', async (t) => {
    const reasons = Array.from({ length: 12 }, (_, index) => `reason ${String(index).padStart(2, '0')}`)
    for (let at = 0; at < reasons.length; at += 5) {
      await t.ledger.write({ ...EMPTY_BATCH, quarantine: reasons.slice(at, at + 5).map(refused) })
    }
    const newest = reasons.toReversed().map(refused)
    for (const limit of [0, 1, 5, 12, 99]) same(await t.ledger.listQuarantine(limit), newest.slice(0, limit))
    expect(await t.ledger.counts()).toEqual({ ...NOTHING, quarantined: 12 })
  })

  law('what was destroyed is gone, and the scope starts again', async (t) => {
    const batch = fullBatch(chronicle(), 'a')
    await t.ledger.write(batch)
    await t.ledger.destroy()
    const again = await t.reopen()
    expect(await again.counts()).toEqual(NOTHING)
    await again.write(batch)
    expect(await again.counts()).toEqual({ runs: 1, workflows: 1, events: 5, quarantined: 1 })
  })
}

/** A function has no place in a store; the types say so too, hence the cast. */
const unstorable = <Value>(_like: Value): Value => (() => {}) as unknown as Value

const withFunction = (write: LogWrite): LogWrite => ({ ...write, record: spoilt(write.record) })
const lastOf = (batch: LedgerBatch): LogWrite[] => batch.logs.slice(-1).map(withFunction)

function spoilt(record: LogRecord): LogRecord {
  return record.entity === 'run'
    ? { ...record, run: { ...record.run, metadata: { bad: unstorable(null) } } }
    : { ...record, workflow: { ...record.workflow, input: unstorable(null) } }
}

function logsIn(
  records: ReadonlyMap<LogId, LogRecord>,
  events: ReadonlyMap<LogId, readonly unknown[]>,
): readonly unknown[] {
  return [...records].map(([log, record]) => ({ log, record, events: events.get(log) ?? [] }))
}
