/** The writer while the store, the content store or a listener fails. SPEC W1, W4. */
import { expect, test } from 'vitest'
import type { ContentStore } from '../../src/core/ports.ts'
import { memoryLedger } from '../../src/ledger/memory.ts'
import { WRITE_GAP_MS } from '../../src/ledger/writer.ts'
import { chatter, command, cursor, refused, started } from '../../src/testing/conformance/samples.ts'
import { failing, turns, writing } from './support/writing.ts'

test('W1 a failing store is tried again after 0.1, 0.5, 2, 10 and 30 s, then every 30 s', async () => {
  const t = writing()
  t.ledger.always({ kind: 'refuse', error: failing() })
  t.writer.start()
  t.append([started('r:a')], { durability: 'strict' })
  const tries: number[] = []
  await turns()
  for (const wait of [100, 500, 2_000, 10_000, 30_000, 30_000, 30_000]) {
    const before = t.ledger.attempts()
    await t.clock.advance(wait - 1)
    expect(t.ledger.attempts()).toBe(before)
    await t.clock.advance(1)
    tries.push(t.ledger.attempts() - before)
  }
  expect(tries).toEqual([1, 1, 1, 1, 1, 1, 1])
})

test('W1 appending in the meantime, urgent or not, does not make a failing store busier', async () => {
  const t = writing()
  t.ledger.always({ kind: 'refuse', error: failing() })
  t.writer.start()
  t.append([started('r:a')])
  for (let second = 0; second < 60; second += 1) {
    for (let frame = 0; frame < 4; frame += 1) {
      t.append(chatter('r:a', 1), { durability: frame % 2 === 0 ? 'strict' : 'relaxed' })
      await t.clock.advance(250)
    }
  }
  expect(t.ledger.attempts()).toBeLessThanOrEqual(8)
  t.ledger.always(null)
  await t.clock.advance(30_000)
  expect(await t.stored('r:a')).toHaveLength(241)
})

test('W1 a batch that failed is kept whole, and what came after it follows in the same batch', async () => {
  const t = writing()
  t.ledger.next({ kind: 'refuse', error: failing() })
  t.writer.start()
  t.append([started('r:a'), ...chatter('r:a', 2)], {
    durability: 'strict',
    blobs: [{ ref: 'b', text: 'blob' }],
    quarantine: [refused('x')],
    cursors: [cursor('s', 1), cursor('kept', 1)],
    commands: [command('c', 'r:a')],
  })
  await turns()
  t.append(chatter('r:a', 2), { cursors: [cursor('s', 2)] })
  expect(await t.stored('r:a')).toEqual([])
  await t.clock.advance(100)
  expect(await t.stored('r:a')).toEqual([1, 2, 3, 4, 5])
  expect(await t.beneath.readBlob('b')).toBe('blob')
  expect(await t.beneath.readCursor('s')).toEqual(cursor('s', 2))
  expect(await t.beneath.readCursor('kept')).toEqual(cursor('kept', 1))
  expect(await t.beneath.counts()).toEqual({ runs: 1, workflows: 0, events: 5, quarantined: 1 })
  expect(t.commits).toHaveLength(1)
  expect(t.commits[0]?.transitions.map(({ to }) => to)).toEqual(['running'])
})

test('health is told at every failure and once when the store works again; gaps are short again', async () => {
  const t = writing()
  t.ledger.next({ kind: 'refuse', error: failing() }, { kind: 'refuse', error: failing('capacity') })
  t.writer.start()
  t.append([started('r:a')])
  await t.clock.advance(WRITE_GAP_MS)
  expect(t.health).toEqual(['transient'])
  await t.clock.advance(100)
  expect(t.health).toEqual(['transient', 'capacity'])
  await t.clock.advance(500)
  expect(t.health).toEqual(['transient', 'capacity', null])
  t.append(chatter('r:a', 1))
  await t.clock.advance(WRITE_GAP_MS)
  expect(await t.stored('r:a')).toEqual([1, 2])
  expect(t.health).toEqual(['transient', 'capacity', null])
})

test('W1 a full store is said so, keeps what waits, and takes it when there is room again', async () => {
  const t = writing()
  t.ledger.always({ kind: 'refuse', error: failing('capacity') })
  t.writer.start()
  t.append([started('r:a'), ...chatter('r:a', 3)])
  await t.clock.advance(5_000)
  expect(new Set(t.health)).toEqual(new Set(['capacity']))
  t.ledger.always(null)
  await t.clock.advance(30_000)
  expect(await t.stored('r:a')).toEqual([1, 2, 3, 4])
  expect(t.health.at(-1)).toBe(null)
})

test('W1 a content store that fails does not hold up the events', async () => {
  const t = writing({ content: contentThat(() => Promise.reject(new Error('no room'))) })
  t.writer.start()
  t.append([started('r:a')], { contents: [{ ref: 'c', text: 'long' }] })
  await t.writer.whenIdle()
  expect(await t.stored('r:a')).toEqual([1])
  expect(t.health).toEqual([])
})

test('W1 a content store that throws does not hold up the events', async () => {
  const t = writing({
    content: contentThat(() => {
      throw new Error('broken')
    }),
  })
  t.writer.start()
  t.append([started('r:a')], { contents: [{ ref: 'c', text: 'long' }] })
  await t.clock.advance(60_000)
  expect(await t.stored('r:a')).toEqual([1])
})

test('W1 a content store that never answers does not hold up the events for ever', async () => {
  const t = writing({ content: contentThat(() => new Promise(() => {})) })
  t.writer.start()
  t.append([started('r:a')], { contents: [{ ref: 'c', text: 'long' }] })
  await t.clock.advance(60_000)
  expect(await t.stored('r:a')).toEqual([1])
})

test('a text is in the content store before the events that refer to it are written', async () => {
  const t = writing()
  t.writer.start()
  const release = t.ledger.hold()
  t.append([started('r:a')], { contents: [{ ref: 'c', text: 'long' }], durability: 'strict' })
  await turns()
  expect(await t.stored('r:a')).toEqual([])
  expect(await t.content.get('c')).toBe('long')
  release()
  await t.writer.whenIdle()
})

test('W1 a listener that throws does not stop the writer', async () => {
  const broken = { times: 0 }
  const t = writing({
    on: {
      committed: () => {
        broken.times += 1
        if (broken.times === 1) throw new Error('a subscriber of the host')
      },
    },
  })
  t.writer.start()
  t.append([started('r:a')], { durability: 'strict' })
  await t.clock.advance(1_000)
  t.append(chatter('r:a', 1), { durability: 'strict' })
  await t.clock.advance(1_000)
  expect(await t.stored('r:a')).toEqual([1, 2])
})

test('W1 what the store can never take does not hold up everything else', async () => {
  const beneath = memoryLedger()
  const picky = {
    ...beneath,
    write: async (batch: Parameters<typeof beneath.write>[0]) => {
      if (batch.logs.some(({ log }) => log === 'r:bad')) throw failing('invalid')
      return beneath.write(batch)
    },
  }
  const t = writing({ beneath: picky })
  t.writer.start()
  t.append([started('r:good'), started('r:bad')], { durability: 'strict' })
  await t.clock.advance(120_000)
  t.append(chatter('r:good', 1), { durability: 'strict' })
  await t.clock.advance(120_000)
  expect(await t.stored('r:good')).toEqual([1, 2])
})

const contentThat = (put: ContentStore['put']): ContentStore => ({
  put,
  get: async () => null,
  delete: async () => {},
  keys: async () => [],
})

test('W4 who waits for what will never be written is told so, and does not wait for ever', async () => {
  const t = writing()
  const over = failing('newer-schema')
  t.ledger.always({ kind: 'refuse', error: failing() })
  t.writer.start()
  t.append([started('r:a')])
  await turns()
  const waiting = t.writer.whenIdle()
  t.writer.refuse(over)
  await expect(waiting).rejects.toBe(over)
  await expect(t.writer.whenIdle()).rejects.toBe(over)
})
