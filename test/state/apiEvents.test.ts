/** Event pages: in both orders, bounded, and open ones grow with what becomes durable. On fake-indexeddb. */
import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import type { EventPage, RunEventQuery } from '../../src/index.ts'
import { indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { memoryStorage } from '../../src/ledger/storage.ts'
import { selectPersistedSequence, selectRunEvents } from '../../src/state/selectors/selectors.ts'
import { chatter, chronicle, started } from '../../src/testing/conformance/samples.ts'
import { faultyLedger } from '../../src/testing/faults.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { eventually } from '../ledger/support/waiting.ts'
import { booted, dispatchTo, hear, tellRun } from './support/lists.ts'
import { newScope, openPage } from './support/page.ts'
import type { Page } from './support/page.ts'

describe('events', () => {
  const pagesOf = (page: Page, query: RunEventQuery): readonly EventPage[] =>
    page.ledger.api.endpoints.listRunEvents.select(query)(page.store.getState()).data?.pages ?? []
  const sequences = (page: Page, query: RunEventQuery): number[] =>
    pagesOf(page, query).flatMap(({ events }) => events.map(({ sequence }) => sequence))
  const read = (page: Page, query: RunEventQuery, direction?: 'forward' | 'backward') =>
    dispatchTo(page)(
      page.ledger.api.endpoints.listRunEvents.initiate(query, direction === undefined ? {} : { direction }),
    )
  const range = (from: number, to: number): number[] =>
    Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => (from <= to ? from + index : from - index))

  /** A run of so many events on disk, and a page that has nothing of it in memory but its record. */
  async function stored(events: number): Promise<Page> {
    const scope = newScope()
    const ledger = indexedDbLedger({ scope, clock: manualClock() })
    const story = chronicle()
    await ledger.write(story.tell([started('r:a')]))
    for (let from = 1; from < events; from += 40) {
      await ledger.write(story.tell(chatter('r:a', Math.min(40, events - from), from)))
    }
    await ledger.close()
    const page = openPage(scope)
    await page.boot()
    return page
  }

  test('latest means the latest: newest first, back to the beginning, 100 a page', async () => {
    const page = await stored(250)
    const query = { runId: 'a' }
    await read(page, query)
    expect(sequences(page, query)).toEqual(range(250, 151))
    let answer = await read(page, query, 'forward')
    answer = await read(page, query, 'forward')
    expect(sequences(page, query)).toEqual(range(250, 1))
    expect(answer.hasNextPage).toBe(false)
    await page.ledger.dispose()
  })

  test('ascending begins at the start, or behind a sequence', async () => {
    const page = await stored(120)
    const query = { runId: 'a', order: 'ascending', limit: 50 } as const
    await read(page, query)
    await read(page, query, 'forward')
    const answer = await read(page, query, 'forward')
    expect(sequences(page, query)).toEqual(range(1, 120))
    expect(answer.hasNextPage).toBe(false)
    const behind = { ...query, afterSequence: 100 }
    await read(page, behind)
    expect(sequences(page, behind)).toEqual(range(101, 120))
    const latest = { runId: 'a', afterSequence: 100, limit: 15 }
    await read(page, latest)
    const last = await read(page, latest, 'forward')
    expect(sequences(page, latest)).toEqual(range(120, 101))
    expect(last.hasNextPage).toBe(false)
    await page.ledger.dispose()
  })

  for (const order of ['ascending', 'latest'] as const) {
    test(`at most ten pages are kept (${order}); what was let go is read again on the way back`, async () => {
      const page = await stored(150)
      const query = { runId: 'a', order, limit: 10 }
      await read(page, query)
      for (let each = 0; each < 14; each += 1) await read(page, query, 'forward')
      const [far, near] =
        order === 'ascending' ? [range(51, 150), range(1, 100)] : [range(100, 1), range(150, 51)]
      expect(sequences(page, query)).toEqual(far)
      let answer = await read(page, query, 'backward')
      for (let each = 0; each < 4; each += 1) answer = await read(page, query, 'backward')
      expect(sequences(page, query)).toEqual(near)
      expect(answer.hasPreviousPage).toBe(false)
      await page.ledger.dispose()
    })

    test(`an open log grows with what becomes durable (${order}), without a read`, async () => {
      const { page, lines } = await booted()
      await hear(page, lines, tellRun(lines.event, 'a', {}))
      const query = { runId: 'a', order, limit: 3 }
      await read(page, query)
      const note = (): object => lines.event('r:a', 'iteration.started', { iteration: 1 })
      for (let each = 0; each < 9; each += 1) await hear(page, lines, [note()])
      expect(sequences(page, query)).toEqual(order === 'ascending' ? range(1, 10) : range(10, 1))
      for (let each = 0; each < 30; each += 1) await hear(page, lines, [note()])
      expect(pagesOf(page, query).length).toBe(10)
      const held = sequences(page, query)
      expect(order === 'ascending' ? held.at(-1) : held[0]).toBe(40)
      expect(held.length).toBeLessThanOrEqual(30)
      // The way back is read from disk, page by page.
      const back = order === 'ascending' ? 'backward' : 'forward'
      await read(page, query, back)
      const earlier = sequences(page, query)
      expect(Math.min(...earlier)).toBe(Math.min(...held) - 3)
      // The newest end was let go for it: nothing is added behind a hole.
      await hear(page, lines, [note()])
      expect(sequences(page, query)).toEqual(earlier)
      await page.ledger.dispose()
    })
  }

  test('an open log shows nothing that is not durable, also while more is on its way', async () => {
    const storage = memoryStorage()
    const faulty = faultyLedger(storage.ledger)
    const { page, lines } = await booted({ storage: { ...storage, ledger: faulty } })
    await hear(page, lines, tellRun(lines.event, 'a', {}))
    const query = { runId: 'a', order: 'ascending' } as const
    await read(page, query)
    const emit = async (): Promise<void> => {
      const { received } = page.state().ledger
      page.source.emit(lines.stream, [lines.event('r:a', 'iteration.started', { iteration: 1 })])
      await eventually(() => page.state().ledger.received > received)
    }
    const durable = (): number => selectPersistedSequence(page.state(), 'r:a')
    const [letFirst, attempts] = [faulty.hold(), faulty.attempts()]
    await emit()
    await eventually(() => faulty.attempts() > attempts)
    // In memory, and not in the transaction under way.
    const letSecond = faulty.hold()
    await emit()
    await emit()
    letFirst()
    await eventually(() => durable() === 2)
    expect([durable(), selectRunEvents(page.state(), 'r:a').length]).toEqual([2, 4])
    expect(sequences(page, query)).toEqual([1, 2])
    letSecond()
    await page.ledger.whenIdle()
    expect(sequences(page, query)).toEqual(range(1, 4))
    await page.ledger.dispose()
  })

  test('an unknown run is not found, and wrong questions are said', async () => {
    const { page } = await booted()
    expect((await read(page, { runId: 'nobody' })).error).toMatchObject({ kind: 'not-found' })
    for (const query of [
      {},
      { runId: 'a', workflowRunId: 'b' },
      { runId: 'a', limit: 1_001 },
      { runId: 'a', order: 'up' },
    ]) {
      expect((await read(page, query as RunEventQuery)).error).toMatchObject({ kind: 'invalid' })
    }
    await page.ledger.dispose()
  })
})
