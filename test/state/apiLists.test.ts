/** The endpoints' lists: every filter, pages, limits, errors. Over real stores on fake-indexeddb. */
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { RUN_KINDS } from '../../src/core/entities.ts'
import type { AgentRunQuery, WorkflowRunQuery } from '../../src/index.ts'
import { indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { chronicle, started } from '../../src/testing/conformance/samples.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { workOf } from '../ledger/support/work.ts'
import { asyncProperty } from '../support/property.ts'
import {
  agentRuns,
  allRecords,
  dispatchTo,
  end,
  idsOf,
  tellRun,
  totalOf,
  workflowRuns,
} from './support/lists.ts'
import { newScope, openPage, script } from './support/page.ts'
import type { Page } from './support/page.ts'

/** Asks and gives back the answer; the list stays open. */
async function ask(page: Page, query: AgentRunQuery) {
  const { endpoints } = page.ledger.api
  await dispatchTo(page)(endpoints.listAgentRuns.initiate(query))
  return endpoints.listAgentRuns.select(query)(page.store.getState())
}

async function more(page: Page, query: AgentRunQuery) {
  const { endpoints } = page.ledger.api
  await dispatchTo(page)(endpoints.listAgentRuns.initiate(query, { direction: 'forward' }))
  return endpoints.listAgentRuns.select(query)(page.store.getState())
}

interface Told {
  kind: number
  thread: number
  parent: number
  end: number
}

const told = fc.record<Told>({
  kind: fc.nat(4),
  thread: fc.nat(2),
  parent: fc.nat(2),
  end: fc.nat(3),
})
const ENDS = [undefined, 'completed', 'failed', 'awaiting_user'] as const
const query = fc.record<AgentRunQuery>(
  {
    status: fc.constantFrom('running', 'completed', 'failed', 'awaiting_user', 'paused'),
    kind: fc.constantFrom(...RUN_KINDS),
    parentRunId: fc.constantFrom('p1', 'p2', 'nobody'),
    parentThreadId: fc.constantFrom('t1', 't2', 'nowhere'),
    limit: fc.integer({ min: 1, max: 7 }),
  },
  { requiredKeys: [] },
)

const fieldsOf = ({ kind, thread, parent }: Told): object => ({
  kind: RUN_KINDS[kind],
  ...(thread > 0 && { parentThreadId: `t${thread}` }),
  ...(parent > 0 && { parentRunId: `p${parent}` }),
})

asyncProperty(
  'F3 any filter gives what an oracle gives, each run once and newest first, while runs come and go',
  fc.record({
    before: fc.array(told, { maxLength: 24 }),
    during: fc.array(fc.array(told, { maxLength: 3 }), { maxLength: 6 }),
    query,
  }),
  async ({ before, during, query }) => {
    const page = openPage(newScope())
    await page.boot()
    const lines = script()
    let made = 0
    const tell = async (each: Told): Promise<void> => {
      made += 1
      const id = `run-${made}`
      page.source.emit(lines.stream, tellRun(lines.event, id, fieldsOf(each), ENDS[each.end]))
      // An older one settles meanwhile and moves to the front.
      if (each.end === 1 && made > 2) {
        page.source.emit(lines.stream, [end(lines.event, `run-${made - 2}`, 'completed')])
      }
    }
    for (const each of before) await tell(each)
    await page.ledger.whenIdle()
    await ask(page, query)
    for (const step of during) {
      for (const each of step) await tell(each)
      await more(page, query)
    }
    await page.ledger.whenIdle()
    let answer = await more(page, query)
    while (answer.hasNextPage) answer = await more(page, query)
    await page.ledger.whenIdle()
    const expected = agentRuns(await allRecords(page), query)
    expect(idsOf(answer.data)).toEqual(expected)
    const total = totalOf(await ask(page, query).then(({ data }) => data))
    expect(total?.count).toBe(expected.length)
    // A fetch of its own agrees with what was followed.
    const ledger = await dispatchTo(page)(
      page.ledger.api.endpoints.listAgentRuns.initiate({ ...query, limit: 500 }, { forceRefetch: true }),
    )
    expect(idsOf(ledger.data)).toEqual(expected)
    await page.ledger.dispose()
  },
  40,
)

describe('questions', () => {
  test('A1 what makes no sense is said, and nothing is read for it', async () => {
    const page = openPage(newScope())
    await page.boot()
    const wrong: [AgentRunQuery | object, RegExp][] = [
      [{ limit: 0 }, /limit takes a whole number from 1 to 500, not 0/],
      [{ limit: 501 }, /limit/],
      [{ limit: 1.5 }, /limit/],
      [{ status: 'sleeping' }, /status takes one of pending/],
      [{ kind: '__proto__' }, /kind/],
      [{ parentRunID: 'x' }, /There is no filter "parentRunID"/],
      [{ constructor: 'x' }, /There is no filter "constructor"/],
      [{ parentThreadId: '' }, /parentThreadId takes an id/],
    ]
    for (const [query, message] of wrong) {
      const work = await workOf(async () => {
        const answer = await ask(page, query as AgentRunQuery)
        expect(answer.error).toEqual({ kind: 'invalid', message: expect.stringMatching(message) })
      })
      expect(work.requests).toEqual({})
    }
    const cursor = { initialPageParam: { sortAt: Number.NaN, id: 'x' } }
    const answer = await dispatchTo(page)(
      page.ledger.api.endpoints.listAgentRuns.initiate({ limit: 3 }, cursor),
    )
    expect(answer.error).toMatchObject({ kind: 'invalid' })
    await page.ledger.dispose()
  })

  test('the limit is 50 unless told, and 500 are given when asked for', async () => {
    const scope = newScope()
    await fill(scope, 520)
    const page = openPage(scope)
    await page.boot()
    const usual = await ask(page, {})
    expect(idsOf(usual.data)).toHaveLength(50)
    expect(totalOf(usual.data)).toEqual({ count: 520, exact: true })
    expect(idsOf((await ask(page, { limit: 500 })).data)).toHaveLength(500)
    await page.ledger.dispose()
  })

  test('a run by id is found on disk, and an unknown one is not', async () => {
    const scope = newScope()
    await fill(scope, 300)
    const page = openPage(scope)
    await page.boot()
    const { endpoints } = page.ledger.api
    const found = await dispatchTo(page)(endpoints.getAgentRun.initiate({ id: 'run-00001' }))
    expect(found.data).toEqual({ id: 'run-00001' })
    const missing = await dispatchTo(page)(endpoints.getAgentRun.initiate({ id: 'nobody' }))
    expect(missing.error).toEqual({ kind: 'not-found', message: 'There is no run "nobody".' })
    const flow = await dispatchTo(page)(endpoints.getWorkflowRun.initiate({ id: 'nobody' }))
    expect(flow.error).toMatchObject({ kind: 'not-found' })
    const bad = await dispatchTo(page)(endpoints.getAgentRun.initiate({} as { id: string }))
    expect(bad.error).toMatchObject({ kind: 'invalid' })
    await page.ledger.dispose()
  })

  test('W3 a question asked before the ledger is there waits for it', async () => {
    const scope = newScope()
    await fill(scope, 3)
    const page = openPage(scope)
    await page.boot().then(() => page.ledger.dispose())
    const later = openPage(scope)
    // Rendering does not wait for boot; its store is attached at once.
    const boot = later.boot()
    const answer = await ask(later, {})
    expect(idsOf(answer.data)).toHaveLength(3)
    await boot
    await later.ledger.dispose()
  })

  test('memory only with nothing in it is an error, until something is there', async () => {
    vi.stubGlobal('indexedDB', undefined)
    const page = openPage(newScope())
    await page.boot()
    const answer = await ask(page, {})
    expect(page.state().ledger.health.state).toBe('memory-only')
    expect(answer.error).toEqual({ kind: 'unavailable', message: expect.stringContaining('Error') })
    const lines = script()
    page.source.emit(lines.stream, tellRun(lines.event, 'a', {}))
    await page.ledger.whenIdle()
    await Promise.all(dispatchTo(page)(page.ledger.api.util.getRunningQueriesThunk()))
    expect(idsOf(page.ledger.api.endpoints.listAgentRuns.select({})(page.store.getState()).data)).toEqual([
      'a',
    ])
    vi.unstubAllGlobals()
    await page.ledger.dispose()
  })

  test('workflow runs are listed by definition, status and thread', async () => {
    const page = openPage(newScope())
    await page.boot()
    const lines = script()
    for (let each = 0; each < 12; each += 1) {
      const log = `w:flow-${each}`
      const thread = each % 2 === 0 ? { parentThreadId: `t${each % 3}` } : {}
      page.source.emit(lines.stream, [
        lines.event(log, 'workflow.registered', {
          definitionId: `d${each % 3}`,
          phases: [],
          status: 'running',
          ...thread,
        }),
        ...(each % 4 === 0
          ? [lines.event(log, 'workflow.transitioned', { to: 'completed', trigger: 'result_received' })]
          : []),
      ])
    }
    await page.ledger.whenIdle()
    const queries: WorkflowRunQuery[] = [
      {},
      { definitionId: 'd1' },
      { status: 'completed' },
      { definitionId: 'd0', status: 'completed' },
      { parentThreadId: 't0', definitionId: 'd0' },
      { definitionId: 'none' },
    ]
    for (const query of queries) {
      const { data } = await dispatchTo(page)(page.ledger.api.endpoints.listWorkflowRuns.initiate(query))
      const expected = workflowRuns(await allRecords(page), query)
      expect(idsOf(data)).toEqual(expected)
      expect(totalOf(data)).toEqual({ count: expected.length, exact: true })
    }
    const wrong = await dispatchTo(page)(
      page.ledger.api.endpoints.listWorkflowRuns.initiate({ status: 'idle' } as never),
    )
    expect(wrong.error).toMatchObject({ kind: 'invalid' })
    await page.ledger.dispose()
  })
})

test(
  'P1 a page of 50 costs the same beside 60 runs and 1,500: one scan, fifty rows and the tallies',
  { timeout: 30_000 },
  async () => {
    const counted: unknown[] = []
    for (const runs of [60, 1_500]) {
      const scope = newScope()
      await fill(scope, runs)
      const ledger = indexedDbLedger({ scope, clock: manualClock() })
      await ledger.open()
      const work = []
      for (const filter of [
        {},
        { status: 'running' },
        { kind: 'subagent' },
        { status: 'running', kind: 'subagent' },
      ]) {
        work.push(await workOf(() => ledger.listPage({ entity: 'run', limit: 50, ...filter } as never)))
      }
      expect(work[0]?.requests).toEqual({ getAll: 2, getAllKeys: 2, get: 51 })
      counted.push(work.map(({ requests }) => requests))
      await ledger.close()
    }
    expect(counted[1]).toEqual(counted[0])
  },
)

/** A database with so many runs, written in few transactions. */
async function fill(scope: string, runs: number): Promise<void> {
  const ledger = indexedDbLedger({ scope, clock: manualClock() })
  const story = chronicle()
  for (let from = 0; from < runs; from += 250) {
    const ids = Array.from({ length: Math.min(250, runs - from) }, (_, index) => from + index)
    await ledger.write(
      story.tell(
        ids.map((id) => started(`r:run-${String(id).padStart(5, '0')}`, id, { parentThreadId: 't1' })),
      ),
    )
  }
  await ledger.close()
}
