/** Owns the laws of decisions: read, decide and write are one step that nothing comes between. */
import type { LogRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { Decision, LedgerBatch } from '../../ledger/port.ts'
import type { Conformance } from './context.ts'
import { contentsOf, logsOf, refusal, rejection } from './context.ts'
import { chatter, chronicle, cursor, ended, fullBatch, started } from './samples.ts'

class Refused extends Error {
  override readonly name = 'Refused'
}

export function decisionLaws({ law, same, expect }: Conformance): void {
  law('a decision sees the rows as they are and gives back what it wrote', async (t) => {
    const story = chronicle()
    await t.ledger.write(story.tell([started('r:a'), started('w:a'), started('r:b')]))
    let seen: ReadonlyMap<LogId, LogRecord> = new Map()
    const batch = story.propose([ended('r:a', 5)], { cursors: [cursor('s', 1)], durability: 'strict' })
    const written = await t.ledger.decide(
      ['r:a', 'w:a', 'r:none'],
      (records) => {
        seen = records
        return batch
      },
      'strict',
    )
    same(
      [...seen],
      [
        ['r:a', story.records.get('r:a')],
        ['w:a', story.records.get('w:a')],
      ],
    )
    same(written?.batch, batch)
    story.keep(batch)
    same(await logsOf(t.ledger, ['r:a']), [
      { log: 'r:a', record: story.records.get('r:a'), events: story.events.get('r:a') },
    ])
    same(await t.ledger.readCursor('s'), cursor('s', 1))
  })

  law('a decision that comes to nothing writes nothing', async (t) => {
    const story = chronicle()
    const batch = story.keep(fullBatch(story, 'a'))
    await t.ledger.write(batch)
    const before = await contentsOf(t.ledger, batch)
    expect(await t.ledger.decide(['r:a'], () => null, 'strict')).toBe(null)
    same(await contentsOf(t.ledger, batch), before)
  })

  law('W5 of decisions about one row each sees the one before', async (t) => {
    const other = await t.reopen()
    const story = chronicle()
    await t.ledger.write(story.tell([started('r:a')]))
    const seen: number[] = []
    const next: Decision = (records) => {
      const record = records.get('r:a')
      if (record === undefined) return null
      seen.push(lifecycleOf(record).lastSequence)
      return following(record)
    }
    const ledgers = [t.ledger, other, t.ledger, other, t.ledger]
    await Promise.all(ledgers.map((ledger) => ledger.decide(['r:a'], next, 'strict')))
    expect(seen).toEqual([1, 2, 3, 4, 5])
    const events = await t.ledger.readEvents('r:a', { after: 0, limit: 99 })
    expect(events.map((event) => event.sequence)).toEqual([1, 2, 3, 4, 5, 6])
  })

  law('W5 two decisions that may both act only once act once', async (t) => {
    const other = await t.reopen()
    const story = chronicle()
    await t.ledger.write(story.tell([started('r:a')]))
    const once: Decision = (records) => {
      const record = records.get('r:a')
      return record === undefined || lifecycleOf(record).lastSequence > 1 ? null : following(record)
    }
    const written = await Promise.all(
      [t.ledger, other].map((ledger) => ledger.decide(['r:a'], once, 'strict')),
    )
    expect(written.filter((batch) => batch !== null).length).toBe(1)
    expect((await t.ledger.counts()).events).toBe(2)
  })

  law('a decision that throws rejects with its own error and leaves nothing', async (t) => {
    const story = chronicle()
    const batch = story.keep(fullBatch(story, 'a'))
    await t.ledger.write(batch)
    const before = await contentsOf(t.ledger, batch)
    const error = new Refused('The run has ended.')
    const thrown = t.ledger.decide(
      ['r:a'],
      () => {
        throw error
      },
      'strict',
    )
    expect((await rejection(thrown)) === error).toBe(true)
    same(await contentsOf(t.ledger, batch), before)
  })

  law('a decision that builds on another head is refused whole', async (t) => {
    const story = chronicle()
    await t.ledger.write(story.tell([started('r:a')]))
    const stale = chronicle().propose([started('r:a'), started('r:new')], { cursors: [cursor('s', 1)] })
    expect(await refusal(t.ledger.decide(['r:a'], () => stale, 'strict'))).toBe('conflict r:a')
    expect(await t.ledger.counts()).toEqual({ runs: 1, workflows: 0, events: 1, quarantined: 0 })
    expect(await t.ledger.readCursor('s')).toBe(null)
  })
}

function following(record: LogRecord): LedgerBatch {
  const story = chronicle()
  story.records.set(record.log, record)
  return story.propose(chatter(record.log, 1))
}
