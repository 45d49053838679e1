/** When the writer writes, and what `whenIdle()` means. SPEC W3, W4. */
import { describe, expect, test } from 'vitest'
import { EMPTY_BATCH } from '../../src/ledger/port.ts'
import { NO_WORK } from '../../src/ledger/work.ts'
import { WRITE_GAP_MS } from '../../src/ledger/writer.ts'
import {
  chatter,
  chronicle,
  command,
  cursor,
  ended,
  refused,
  started,
} from '../../src/testing/conformance/samples.ts'
import { failing, turns, watch, writing } from './support/writing.ts'

describe('time', () => {
  test('W3 nothing is written before start(), however long and however urgent', async () => {
    const t = writing()
    t.append([started('r:a')])
    t.append([ended('r:a')], { durability: 'strict' })
    const decided = watch(t.writer.decide(['r:a'], () => null))
    t.writer.flush()
    const idle = watch(t.writer.whenIdle())
    await t.clock.advance(120_000)
    expect(t.ledger.attempts()).toBe(0)
    expect([decided.settled, idle.settled]).toEqual([false, false])
    t.writer.start()
    await t.writer.whenIdle()
    expect(await t.stored('r:a')).toEqual([1, 2])
    expect([decided.settled, idle.settled]).toEqual([true, true])
  })

  test('W3 what came before start() goes out in one transaction', async () => {
    const t = writing()
    t.append([started('r:a')])
    t.append([started('r:b')])
    t.append(chatter('r:a', 3))
    t.writer.start()
    await t.clock.advance(WRITE_GAP_MS)
    expect(t.ledger.attempts()).toBe(1)
    expect(await t.stored('r:a')).toEqual([1, 2, 3, 4])
  })

  test('relaxed work that follows another write waits for the gap and shares a transaction; strict work goes at once', async () => {
    const t = writing()
    t.writer.start()
    t.append([started('r:a')])
    await turns()
    expect(t.ledger.attempts()).toBe(1)
    t.append([started('r:b')])
    t.append(chatter('r:a', 1))
    await t.clock.advance(WRITE_GAP_MS - 1)
    expect(t.ledger.attempts()).toBe(1)
    await t.clock.advance(1)
    expect(t.ledger.attempts()).toBe(2)
    expect(t.ledger.landed()[1]?.durability).toBe('relaxed')

    t.append(chatter('r:a', 1))
    t.append([ended('r:a')], { durability: 'strict' })
    await turns()
    expect(t.ledger.attempts()).toBe(3)
    expect(t.ledger.landed()[2]?.durability).toBe('strict')
    expect(await t.stored('r:a')).toEqual([1, 2, 3, 4])
    // The gap that the relaxed work had started is over with it.
    expect(t.clock.waiting()).toBe(0)
  })

  test('one transaction is in flight at a time, and what comes meanwhile is merged per log', async () => {
    const t = writing()
    t.writer.start()
    const release = t.ledger.hold()
    t.append([started('r:a')], { durability: 'strict' })
    await turns()
    for (let at = 0; at < 5; at += 1) {
      t.append([...chatter('r:a', 2), ...(at === 0 ? [started('r:b')] : chatter('r:b', 1))], {
        durability: 'strict',
        cursors: [cursor('live', at)],
      })
      t.writer.flush()
      await turns()
    }
    expect(t.ledger.attempts()).toBe(1)
    release()
    await t.writer.whenIdle()
    expect(t.ledger.attempts()).toBe(2)
    expect(t.ledger.mostAtOnce()).toBe(1)
    const [, merged] = t.ledger.landed()
    expect(merged?.logs.map(({ log, base, events }) => [log, base, events.length])).toEqual([
      ['r:a', 1, 10],
      ['r:b', 0, 5],
    ])
    expect(merged?.cursors).toEqual([cursor('live', 4)])
    expect((await t.beneath.readRecords(['r:a'])).get('r:a')).toEqual(t.records.get('r:a'))
  })

  test('W1 a merged batch keeps everything else it was given, in order, the newest command last', async () => {
    const t = writing()
    t.append([started('r:a')], { blobs: [{ ref: 'b1', text: '1' }], quarantine: [refused('1')] })
    t.append([], {
      commands: [command('c', 'r:a', 'sending'), command('d', 'r:a')],
      cursors: [cursor('s', 1)],
    })
    t.append([], { blobs: [{ ref: 'b2', text: '2' }], quarantine: [refused('2')] })
    t.append([], { commands: [command('c', 'r:a', 'applied')], cursors: [cursor('s', 2), cursor('t', 1)] })
    t.writer.start()
    await t.writer.whenIdle()
    expect(t.ledger.attempts()).toBe(1)
    expect(await t.beneath.readBlob('b1')).toBe('1')
    expect(await t.beneath.readBlob('b2')).toBe('2')
    expect((await t.beneath.listQuarantine(9)).map((entry) => entry.reason)).toEqual(['2', '1'])
    expect(await t.beneath.readCursor('s')).toEqual(cursor('s', 2))
    const commands = await t.beneath.listCommands()
    expect(commands).toEqual([command('c', 'r:a', 'applied'), command('d', 'r:a')])
  })

  test('a commit tells what is durable now, with the transitions of its events', async () => {
    const t = writing()
    t.append([started('r:a'), ...chatter('r:a', 2), started('w:f')])
    t.append([ended('r:a')], { commands: [command('c', 'r:a', 'applied')] })
    t.writer.start()
    await t.writer.whenIdle()
    expect(t.commits).toHaveLength(1)
    expect(t.commits[0]?.persisted).toEqual([
      { log: 'r:a', sequence: 4 },
      { log: 'w:f', sequence: 1 },
    ])
    expect(t.commits[0]?.transitions.map(({ log, to }) => [log, to])).toEqual([
      ['r:a', 'running'],
      ['w:f', 'running'],
      ['r:a', 'completed'],
    ])
    expect(t.commits[0]?.commands).toEqual([command('c', 'r:a', 'applied')])
  })
})

describe('whenIdle', () => {
  test('W4 whenIdle() resolves at once when nothing waits', async () => {
    const t = writing()
    await t.writer.whenIdle()
    t.writer.start()
    await t.writer.whenIdle()
    expect(t.ledger.attempts()).toBe(0)
  })

  test('W4 when whenIdle() resolves, all that was accepted is on disk, and it does not wait for the gap', async () => {
    const t = writing()
    t.writer.start()
    t.append([started('r:a'), ...chatter('r:a', 9)])
    await t.writer.whenIdle()
    expect(await t.stored('r:a')).toHaveLength(10)
    t.append(chatter('r:a', 5))
    const release = t.ledger.hold()
    t.writer.flush()
    t.append(chatter('r:a', 5))
    const idle = t.writer.whenIdle()
    const seen = watch(idle)
    await turns()
    expect(seen.settled).toBe(false)
    release()
    await t.clock.advance(WRITE_GAP_MS)
    await idle
    expect(await t.stored('r:a')).toHaveLength(20)
  })

  test('W4 whenIdle() waits for decisions', async () => {
    const t = writing()
    t.writer.start()
    const story = chronicle()
    const release = t.ledger.hold()
    void t.writer.decide([], () => story.tell([started('r:d')]))
    const idle = t.writer.whenIdle()
    const seen = watch(idle)
    await turns()
    expect(seen.settled).toBe(false)
    release()
    await idle
    expect(await t.stored('r:d')).toEqual([1])
  })

  test('W4 whenIdle() holds through failures and resolves once the batch has landed', async () => {
    const t = writing()
    t.ledger.always({ kind: 'refuse', error: failing() })
    t.writer.start()
    t.append([started('r:a')])
    const idle = t.writer.whenIdle()
    const seen = watch(idle)
    await t.clock.advance(60_000)
    expect(seen.settled).toBe(false)
    t.ledger.always(null)
    await t.clock.advance(30_000)
    await idle
    expect(await t.stored('r:a')).toEqual([1])
  })

  test('W4 whenIdle() resolves for everyone who asked, after a rejected decision too', async () => {
    const t = writing()
    t.writer.start()
    t.ledger.next({ kind: 'refuse', error: failing() })
    const decision = t.writer.decide([], () => ({ ...EMPTY_BATCH, cursors: [cursor('s', 1)] }))
    const waiting = [t.writer.whenIdle(), t.writer.whenIdle()]
    await expect(decision).rejects.toThrow('injected transient')
    await Promise.all(waiting)
    await t.writer.whenIdle()
  })

  test('W4 whenIdle() asks about what was accepted so far: later work does not hold it up', async () => {
    const t = writing()
    t.writer.start()
    t.append([started('r:a')])
    const seen = watch(t.writer.whenIdle())
    // A run that never stops talking.
    for (let round = 0; round < 50 && !seen.settled; round += 1) {
      t.append(chatter('r:a', 1), { durability: 'strict' })
      await turns(3)
    }
    expect(seen.settled).toBe(true)
  })
})

test('NO_WORK is nothing to write', async () => {
  const t = writing()
  t.writer.start()
  t.writer.append(NO_WORK)
  await t.clock.advance(1_000)
  expect(t.ledger.attempts()).toBe(0)
})
