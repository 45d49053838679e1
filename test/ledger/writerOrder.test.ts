/** Decisions of ours and other writers: who goes first, and what happens to who came second. SPEC W1, W5. */
import { describe, expect, test } from 'vitest'
import { lifecycleOf } from '../../src/core/entities.ts'
import { EMPTY_BATCH } from '../../src/ledger/port.ts'
import { chatter, chronicle, cursor, ended, refused, started } from '../../src/testing/conformance/samples.ts'
import { failing, turns, watch, writing } from './support/writing.ts'

describe('decisions', () => {
  test('a decision runs after everything enqueued before it, and before nothing that came later', async () => {
    const t = writing()
    t.writer.start()
    t.append([started('r:a'), ...chatter('r:a', 2)])
    let seen = 0
    const decided = t.writer.decide(['r:a'], (records) => {
      const record = records.get('r:a')
      seen = record === undefined ? 0 : lifecycleOf(record).lastSequence
      return null
    })
    expect(await decided).toBe(null)
    expect(seen).toBe(3)
  })

  test('decisions run one by one, in order', async () => {
    const t = writing()
    t.writer.start()
    const order: number[] = []
    const story = chronicle()
    await Promise.all(
      [1, 2, 3].map((each) =>
        t.writer.decide(['r:d'], () => {
          order.push(each)
          return story.tell(each === 1 ? [started('r:d')] : chatter('r:d', 1))
        }),
      ),
    )
    expect(order).toEqual([1, 2, 3])
    expect(t.ledger.mostAtOnce()).toBe(1)
    expect(await t.stored('r:d')).toEqual([1, 2, 3])
  })

  test('a decision waits out a failing store, and sees what was written then', async () => {
    const t = writing()
    t.ledger.next({ kind: 'refuse', error: failing() })
    t.writer.start()
    t.append([started('r:a')], { durability: 'strict' })
    let seen: number | undefined
    const decided = watch(
      t.writer.decide(['r:a'], (records) => {
        seen = records.size
        return null
      }),
    )
    await turns()
    expect(decided.settled).toBe(false)
    await t.clock.advance(100)
    expect([decided.settled, seen]).toEqual([true, 1])
  })

  test('a decision that could not be written rejects, writes nothing, and the queue goes on', async () => {
    const t = writing()
    t.writer.start()
    t.ledger.next({ kind: 'refuse', error: failing('capacity') })
    const decided = t.writer.decide([], () => ({ ...EMPTY_BATCH, cursors: [cursor('s', 1)] }))
    t.append([started('r:a')])
    await expect(decided).rejects.toMatchObject({ name: 'LedgerError', kind: 'capacity' })
    await t.writer.whenIdle()
    expect(await t.beneath.readCursor('s')).toBe(null)
    expect(await t.stored('r:a')).toEqual([1])
  })

  test('a decision that throws rejects with its own error, and the queue goes on', async () => {
    const t = writing()
    t.writer.start()
    const decided = t.writer.decide([], () => {
      throw new RangeError('no such run')
    })
    await expect(decided).rejects.toThrow(new RangeError('no such run'))
    t.append([started('r:a')])
    await t.writer.whenIdle()
    expect(await t.stored('r:a')).toEqual([1])
  })
})

describe('another writer', () => {
  /** A writer that holds r:a at 1, while somebody else moves r:a to 3. */
  async function overtaken(on: Parameters<typeof writing>[0] = {}) {
    const t = writing(on)
    t.writer.start()
    t.append([started('r:a'), started('r:b')])
    await t.writer.whenIdle()
    const other = chronicle()
    other.records.set('r:a', t.records.get('r:a') ?? fail())
    await t.beneath.write(other.tell(chatter('r:a', 2)))
    return t
  }

  test('W5 on a conflict only that log is handed back, whole; the others land', async () => {
    const t = await overtaken()
    t.append([...chatter('r:a', 1), ended('r:a'), ended('r:b')], { durability: 'strict' })
    const release = t.ledger.hold()
    t.append([...chatter('r:a', 1), started('r:c')], { durability: 'strict' })
    release()
    await t.clock.advance(1_000)
    await t.writer.whenIdle()
    expect(t.handedBack).toHaveLength(1)
    expect(t.handedBack[0]?.log).toBe('r:a')
    expect(t.handedBack[0]?.events).toEqual(t.accepted.get('r:a')?.slice(1))
    expect(await t.stored('r:a')).toEqual([1, 2, 3])
    expect(await t.stored('r:b')).toEqual([1, 2])
    expect(await t.stored('r:c')).toEqual([1])
    // Nothing of the log that was handed back is told to be durable.
    const told = t.commits.slice(1).flatMap(({ persisted, transitions }) => [...persisted, ...transitions])
    expect(new Set(told.map(({ log }) => log))).toEqual(new Set(['r:b', 'r:c']))
    expect(t.health).toEqual([])
  })

  test('W5 several logs overtaken at once are handed back one after the other', async () => {
    const t = writing()
    t.writer.start()
    t.append([started('r:a'), started('r:b'), started('r:c')])
    await t.writer.whenIdle()
    const other = chronicle()
    for (const [log, record] of t.records) other.records.set(log, record)
    await t.beneath.write(other.tell([...chatter('r:a', 1), ...chatter('r:c', 1)]))
    t.append([...chatter('r:a', 1), ...chatter('r:b', 1), ...chatter('r:c', 1)])
    await t.clock.advance(1_000)
    expect(t.handedBack.map(({ log }) => log).toSorted()).toEqual(['r:a', 'r:c'])
    expect(await t.stored('r:b')).toEqual([1, 2])
  })

  test('W1 the cursor of events that were handed back is never on disk before they are', async () => {
    let accept = (): void => {}
    const t = await overtaken({
      on: {
        async conflict(log, events) {
          // Reading the record again takes its time.
          await new Promise<void>((resolve) => {
            accept = resolve
          })
          await t.rebase(log, events)
        },
      },
    })
    t.append([...chatter('r:a', 2), ...chatter('r:b', 1)], {
      durability: 'strict',
      cursors: [cursor('live', 9)],
    })
    await t.clock.advance(1_000)
    expect(t.handedBack).toHaveLength(1)
    // Were the page to die here, the source would be asked for what follows the cursor.
    expect(await t.beneath.readCursor('live')).toBe(null)
    t.writer.leave('last words')
    expect(await t.beneath.listLetters()).toEqual([])
    accept()
    await t.clock.advance(1_000)
    expect(await t.beneath.readCursor('live')).toEqual(cursor('live', 9))
    expect(await t.stored('r:a')).toEqual([1, 2, 3, 4, 5])
    expect(await t.stored('r:b')).toEqual([1, 2])
  })

  test('W1 neither is it when a decision waits between them', async () => {
    const t = await overtaken({ on: { conflict: (log, events) => t.rebase(log, events) } })
    const release = t.ledger.hold()
    t.append(chatter('r:a', 2), { durability: 'strict', cursors: [cursor('live', 9)] })
    const seen: (readonly [events: number, cursor: number | null])[] = []
    const look = t.writer.job(async () => {
      seen.push([(await t.stored('r:a')).length, (await t.beneath.readCursor('live'))?.position ?? null])
    })
    release()
    await t.clock.advance(1_000)
    await look
    expect(t.handedBack).toHaveLength(1)
    // Were the page to die in the middle of the decision, the source would be asked for what follows the cursor.
    expect(seen).toEqual([[5, 9]])
  })

  test('W1 a receipt that got lost is no loss and no duplicate: the log is handed back, not written twice', async () => {
    const t = writing()
    t.ledger.next({ kind: 'lose-receipt', error: failing() })
    t.writer.start()
    t.append([started('r:a'), ...chatter('r:a', 2), started('r:b')], {
      durability: 'strict',
      quarantine: [refused('once')],
      cursors: [cursor('s', 1)],
    })
    await t.clock.advance(60_000)
    await t.writer.whenIdle()
    expect(await t.stored('r:a')).toEqual([1, 2, 3])
    expect(await t.stored('r:b')).toEqual([1])
    expect(t.handedBack.map(({ log }) => log)).toEqual(['r:a', 'r:b'])
  })

  test('A3 a refused input is counted once, also when the receipt of its batch got lost', async () => {
    const t = writing()
    t.ledger.next({ kind: 'lose-receipt', error: failing() })
    t.writer.start()
    t.append([started('r:a')], { durability: 'strict', quarantine: [refused('once')] })
    await t.clock.advance(60_000)
    expect((await t.beneath.counts()).quarantined).toBe(1)
  })

  test('W4 whenIdle() waits until what was handed back is accepted again and on disk', async () => {
    const t = await overtaken({
      on: {
        async conflict(log, events) {
          await t.rebase(log, events)
        },
      },
    })
    t.append(chatter('r:a', 2), { durability: 'strict' })
    const stored = t.writer.whenIdle().then(() => t.stored('r:a'))
    await t.clock.advance(60_000)
    expect(await stored).toEqual([1, 2, 3, 4, 5])
  })
})

function fail(): never {
  throw new Error('The sample is too small.')
}
