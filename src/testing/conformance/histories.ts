/** Owns the laws over whole histories: what is stored is what was accepted, and rows are its fold. */
import { refold } from '../../core/accept.ts'
import type { LogRecord, RunEvent } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { Ledger } from '../../ledger/port.ts'
import type { Conformance } from './context.ts'
import { ALL, contentsOf, logsOf, refusal } from './context.ts'
import type { Chronicle } from './samples.ts'
import { chronicle, cursor, fullBatch, randomEvent, seeded, started } from './samples.ts'

/** So many that one write may touch more logs than it is worth a record each. */
const LOGS: readonly LogId[] = [
  'r:one',
  'r:two',
  'r:three',
  'r:four',
  'r:five',
  'r:six',
  'r:seven',
  'w:flow',
  'w:stream',
]
const HISTORIES = 12

export function historyLaws({ law, same, expect }: Conformance): void {
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    law(
      `W1 W2 H1 history ${seed}: stored as accepted, rows equal the fold, also after a restart`,
      async (t) => {
        const story = await tellHistory(t.ledger, seed)
        const expected = LOGS.map((log) => ({
          log,
          record: story.records.get(log) ?? null,
          events: story.events.get(log) ?? [],
        }))
        same(await logsOf(t.ledger, LOGS), expected)
        await t.ledger.close()
        const again = await t.reopen()
        same(await logsOf(again, LOGS), expected)
        for (const { record, events } of await readAll(again)) same(refold(events)?.record ?? null, record)
      },
    )
  }

  law('W2 everything reads the same after a restart, to the byte', async (t) => {
    const story = chronicle()
    const batch = story.keep(fullBatch(story, 'a'))
    await t.ledger.write(batch)
    const before = await contentsOf(t.ledger, batch)
    await t.ledger.close()
    const again = await t.reopen()
    same(await contentsOf(again, batch), before)
    // And it goes on from there.
    await again.write(story.tell([started('r:a', 50), started('r:b', 60)]))
    expect((await again.counts()).events).toBe(7)
  })

  law('W7 a check of a whole store reports nothing and changes nothing', async (t) => {
    const story = chronicle()
    const batch = story.keep(fullBatch(story, 'a'))
    await t.ledger.write(batch)
    const before = await contentsOf(t.ledger, batch)
    expect(await t.ledger.check()).toEqual({ rebuilt: 0, lostEvents: 0, lostLogs: [] })
    same(await contentsOf(t.ledger, batch), before)
  })

  law('W7 an empty store is whole', async (t) => {
    expect(await t.ledger.check()).toEqual({ rebuilt: 0, lostEvents: 0, lostLogs: [] })
    expect(await t.ledger.counts()).toEqual({ runs: 0, workflows: 0, events: 0, quarantined: 0 })
  })

  /** Random batches, some of which build on a head that is not there; those must leave no trace. */
  async function tellHistory(ledger: Ledger, seed: number): Promise<Chronicle> {
    const random = seeded(seed)
    const story = chronicle()
    let at = 0
    for (let round = 0; round < 14; round += 1) {
      const some = Array.from({ length: 1 + random.below(8) }, () => random.pick(LOGS))
      const told = random.below(2) === 0 ? [...some, ...LOGS] : some
      const events = told.map((log) => randomEvent(random, log, (at += random.below(20))))
      const batch = story.propose(events, { cursors: [cursor('live', round)] })
      if (random.below(4) === 0) {
        const logs = batch.logs.map((write, index) => ({
          ...write,
          base: write.base + (index === 0 ? 1 : 0),
        }))
        expect(await refusal(ledger.write({ ...batch, logs }))).toBe(`conflict ${logs[0]?.log}`)
      } else await ledger.write(story.keep(batch))
    }
    return story
  }
}

async function readAll(ledger: Ledger): Promise<{ record: LogRecord | null; events: readonly RunEvent[] }[]> {
  const records = await ledger.readRecords(LOGS)
  return Promise.all(
    LOGS.map(async (log) => ({
      record: records.get(log) ?? null,
      events: await ledger.readEvents(log, { limit: ALL }),
    })),
  )
}
