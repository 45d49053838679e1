/** Open lists follow what happens without being fetched again. Over real stores on fake-indexeddb. */
import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import type { AgentRunQuery } from '../../src/index.ts'
import { indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { recordsLoaded } from '../../src/state/actions.ts'
import { chronicle, started } from '../../src/testing/conformance/samples.ts'
import { faultyLedger } from '../../src/testing/faults.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { memoryStorage } from '../../src/ledger/storage.ts'
import type { Storage } from '../../src/ledger/storage.ts'
import { eventually } from '../ledger/support/waiting.ts'
import { booted, dispatchTo, end, hear, idsOf, tellRun, totalOf } from './support/lists.ts'
import { newScope, openPage, START } from './support/page.ts'
import type { Page } from './support/page.ts'

const shown = (page: Page, query: AgentRunQuery) =>
  page.ledger.api.endpoints.listAgentRuns.select(query)(page.store.getState()).data

async function open(page: Page, query: AgentRunQuery): Promise<void> {
  await dispatchTo(page)(page.ledger.api.endpoints.listAgentRuns.initiate(query))
}

/** A storage that tells which lists, records and events were read. */
function countingReads(): { storage: Storage; reads: string[] } {
  const storage = memoryStorage()
  const { ledger } = storage
  const reads: string[] = []
  for (const name of ['listPage', 'listRecords', 'countRecords', 'readRecords', 'readEvents'] as const) {
    const read = ledger[name] as (...args: unknown[]) => unknown
    Object.assign(ledger, {
      [name]: (...args: unknown[]) => {
        reads.push(name)
        return read(...args)
      },
    })
  }
  return { storage, reads }
}

describe('lists', () => {
  test('a run that settles leaves one open list, joins another and moves up in a third; nothing is read', async () => {
    const { storage, reads } = countingReads()
    const { page, lines } = await booted({ storage })
    await hear(
      page,
      lines,
      ['a', 'b', 'c'].flatMap((id) => tellRun(lines.event, id, {})),
    )
    const queries: AgentRunQuery[] = [{}, { status: 'running' }, { status: 'completed' }]
    for (const query of queries) await open(page, query)
    const before = reads.length
    await hear(page, lines, [end(lines.event, 'a', 'completed')])
    expect(reads.slice(before)).toEqual([])
    expect(queries.map((query) => idsOf(shown(page, query)))).toEqual([['a', 'c', 'b'], ['c', 'b'], ['a']])
    expect(queries.map((query) => totalOf(shown(page, query)))).toEqual([
      { count: 3, exact: true },
      { count: 2, exact: true },
      { count: 1, exact: true },
    ])
    await page.ledger.dispose()
  })

  test('events that change nothing of a list leave its cache as it is', async () => {
    const { page, lines } = await booted()
    await hear(page, lines, tellRun(lines.event, 'a', {}))
    await open(page, {})
    const before = shown(page, {})
    await hear(page, lines, [
      lines.event('r:a', 'tool.started', { callId: 'c', name: 'read' }),
      lines.event('r:a', 'iteration.started', { iteration: 2 }),
    ])
    expect(shown(page, {})).toBe(before)
    await page.ledger.dispose()
  })

  test('a list that is open beyond its first page takes in what is newer and leaves out what is older', async () => {
    const { page, lines } = await booted()
    const ids = Array.from({ length: 9 }, (_, index) => `r${index}`)
    await hear(
      page,
      lines,
      ids.flatMap((id) => tellRun(lines.event, id, {})),
    )
    const query = { limit: 3 }
    await open(page, query)
    expect(idsOf(shown(page, query))).toEqual(['r8', 'r7', 'r6'])
    await hear(page, lines, [end(lines.event, 'r1', 'failed'), ...tellRun(lines.event, 'new', {})])
    expect(idsOf(shown(page, query))).toEqual(['new', 'r1', 'r8', 'r7', 'r6'])
    expect(totalOf(shown(page, query))).toEqual({ count: 10, exact: true })
    const next = page.ledger.api.endpoints.listAgentRuns.initiate(query, { direction: 'forward' })
    for (let each = 0; each < 3; each += 1) await dispatchTo(page)(next)
    expect(idsOf(shown(page, query))).toEqual(['new', 'r1', 'r8', 'r7', 'r6', 'r5', 'r4', 'r3', 'r2', 'r0'])
    await page.ledger.dispose()
  })

  test('a run that is older than what was loaded is counted, and shown when its page is', async () => {
    const { page, lines } = await booted()
    const ids = ['r0', 'r1', 'r2', 'r3']
    await hear(
      page,
      lines,
      ids.flatMap((id) => tellRun(lines.event, id, {})),
    )
    const query = { limit: 2 }
    await open(page, query)
    const [late] = tellRun(lines.event, 'late', {})
    await hear(page, lines, [{ ...late, timestamp: START }])
    expect(idsOf(shown(page, query))).toEqual(['r3', 'r2'])
    expect(totalOf(shown(page, query))).toEqual({ count: 5, exact: true })
    const next = page.ledger.api.endpoints.listAgentRuns.initiate(query, { direction: 'forward' })
    for (let each = 0; each < 2; each += 1) await dispatchTo(page)(next)
    expect(idsOf(shown(page, query))).toEqual(['r3', 'r2', 'r1', 'r0', 'late'])
    await page.ledger.dispose()
  })

  test('H2 what changes while a page is being read is in it when it is there, and counted once', async () => {
    const beneath = memoryStorage()
    let release = (): void => {}
    const { listPage } = beneath.ledger
    let held = new Promise<void>((resolve) => {
      release = resolve
    })
    beneath.ledger.listPage = async (query) => {
      // Read before, handed over after what happens meanwhile: the slowest answer there is.
      const page = await listPage(query)
      await held
      return page
    }
    const { page, lines } = await booted({ storage: beneath })
    await hear(page, lines, [...tellRun(lines.event, 'a', {}), ...tellRun(lines.event, 'b', {})])
    const query = { status: 'running' } as const
    const asked = open(page, query)
    await hear(page, lines, [end(lines.event, 'a', 'completed'), ...tellRun(lines.event, 'c', {})])
    release()
    held = Promise.resolve()
    await asked
    await eventually(() => totalOf(shown(page, query))?.exact === true)
    expect(idsOf(shown(page, query))).toEqual(['c', 'b'])
    expect(totalOf(shown(page, query))).toEqual({ count: 2, exact: true })
    await page.ledger.dispose()
  })

  test('a list goes on while nothing can be written, and its total says that it is not sure', async () => {
    const storage = memoryStorage()
    const faulty = faultyLedger(storage.ledger)
    const { page, lines } = await booted({ storage: { ...storage, ledger: faulty } })
    await hear(page, lines, tellRun(lines.event, 'a', {}))
    const letThrough = faulty.hold()
    page.source.emit(lines.stream, tellRun(lines.event, 'b', {}))
    await eventually(() => page.state().ledger.received > 1)
    await open(page, {})
    expect(idsOf(shown(page, {}))).toEqual(['b', 'a'])
    expect(totalOf(shown(page, {}))?.exact).toBe(false)
    letThrough()
    await page.ledger.whenIdle()
    await eventually(() => totalOf(shown(page, {}))?.exact === true)
    expect(totalOf(shown(page, {}))).toEqual({ count: 2, exact: true })
    await page.ledger.dispose()
  })

  test('T1 runs that another tab wrote join an open list once they are heard of', async () => {
    const scope = newScope()
    const page = openPage(scope)
    await page.boot()
    await open(page, {})
    const other = indexedDbLedger({ scope, clock: manualClock() })
    const story = chronicle()
    await other.write(story.tell([started('r:theirs')]))
    page.store.dispatch(recordsLoaded({ records: [...story.records.values()] }))
    await eventually(() => totalOf(shown(page, {}))?.count === 1)
    expect(idsOf(shown(page, {}))).toEqual(['theirs'])
    expect(totalOf(shown(page, {}))).toEqual({ count: 1, exact: true })
    await other.close()
    await page.ledger.dispose()
  })

  test('runs of an open list stay in memory, however many settle meanwhile', async () => {
    const { page, lines } = await booted()
    const ids = Array.from({ length: 450 }, (_, index) => `r${index}`)
    await hear(
      page,
      lines,
      ids.flatMap((id) => tellRun(lines.event, id, {}, 'completed')),
    )
    const query = { limit: 500 }
    await open(page, query)
    await hear(page, lines, tellRun(lines.event, 'one-more', {}, 'completed'))
    const listed = idsOf(shown(page, query))
    expect(listed).toHaveLength(451)
    const { listed: held } = page.state().runs
    expect(Object.keys(held)).toHaveLength(451)
    const { selectRun } = await import('../../src/index.ts')
    expect(listed.filter((id) => selectRun(page.state(), id) === null)).toEqual([])
    await page.ledger.dispose()
    expect(page.store.getState()['runLedgerApi'].queries).toEqual({})
  })
})
