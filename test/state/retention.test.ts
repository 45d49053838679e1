/** Deleting runs by wish or by policy: whole trees, as they were looked at, from disk and memory alike. */
import { afterEach, describe, expect, test } from 'vitest'
import { pinToggled } from '../../src/index.ts'
import type { RunLedgerOptions } from '../../src/index.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { keysOf } from '../../src/state/table.ts'
import { newScope, openPage, research, script, START } from './support/page.ts'
import type { Page, Script } from './support/page.ts'

const DAY = 86_400_000
let pages: Page[] = []
afterEach(async () => {
  for (const page of pages) await page.ledger.dispose()
  pages = []
})

async function open(
  scope = newScope(),
  options: Omit<Partial<RunLedgerOptions>, 'source'> = {},
): Promise<Page> {
  const page = openPage(scope, { idle: async () => {}, ...options })
  pages.push(page)
  await page.boot()
  return page
}

async function told(page: Page, { stream }: Script, events: readonly object[]): Promise<void> {
  page.source.emit(stream, events)
  await page.ledger.whenIdle()
}

/** A research over one document, ended or not. */
async function run(
  page: Page,
  id: string,
  options: { ends?: boolean; document?: string } = {},
): Promise<Script> {
  const { ends = true, document = `doc:${id}` } = options
  const live = script(`live:${id}`)
  await page.ledger.content.put(document, `text of ${document}`)
  const events = research(live, id)
  const [registered] = events as { payload: Record<string, unknown> }[]
  if (registered !== undefined) registered.payload['input'] = { documents: [{ ref: document }] }
  const agent = `r:${id}.research.1`
  await told(page, live, [
    ...events,
    live.event(agent, 'tool.finished', { callId: 'c2', status: 'completed', output: 'long '.repeat(2_000) }),
    ...(ends
      ? [
          live.event(agent, 'run.transitioned', {
            to: 'completed',
            trigger: 'result_received',
            output: 'x'.repeat(5_000),
          }),
          live.event(`w:${id}`, 'workflow.transitioned', { to: 'completed', trigger: 'result_received' }),
        ]
      : []),
  ])
  return live
}

const ALL = { maxRuns: 0 } as const

describe('preview and prune', () => {
  test('nothing is deleted by itself, and a preview changes nothing', async () => {
    const page = await open()
    await run(page, 'wf1')
    const before = page.state()
    const preview = await page.ledger.retention.preview(ALL)
    expect(preview.trees.map(({ root, logs, events }) => [root, logs.length, events])).toEqual([
      ['w:wf1', 2, 12],
    ])
    expect(preview.sizes.get('w:wf1')).toBeGreaterThan(5_000)
    await page.ledger.storage.tidy()
    expect(page.state().runs).toEqual(before.runs)
    expect((await page.ledger.storage.report()).counts).toMatchObject({ runs: 1, workflows: 1, events: 12 })
  })

  test('W6 a deleted tree is gone from memory and disk, texts included, and does not come back', async () => {
    const scope = newScope()
    const page = await open(scope)
    await run(page, 'wf1')
    await run(page, 'wf2')
    const preview = await page.ledger.retention.preview({ maxRuns: 1 })
    const progress: number[] = []
    expect(await page.ledger.retention.prune(preview, (done) => progress.push(done))).toEqual({
      trees: 1,
      logs: 2,
      events: 12,
      refused: [],
    })
    expect(progress).toEqual([1])
    expect(keysOf(page.state().runs.records).toSorted()).toEqual(['r:wf2.research.1', 'w:wf2'])
    expect(JSON.stringify(page.state().chatRuntime)).not.toContain('wf1')
    expect(page.state().ledger.stored).toMatchObject({ runs: 1, workflows: 1, events: 12 })
    await page.ledger.dispose()

    const next = await open(scope)
    expect(keysOf(next.state().runs.records).toSorted()).toEqual(['r:wf2.research.1', 'w:wf2'])
    expect(await next.ledger.openRun('r:wf1.research.1')).toBe(false)
    const report = await next.ledger.storage.report()
    // The other run's tool output, and both documents: that of the deleted run is looked at later.
    expect(report.texts).toBe(3)
    expect(report.counts).toMatchObject({ runs: 1, workflows: 1, events: 12 })
  })

  test('what goes on, waits for a person or is pinned stays, whatever was planned', async () => {
    const page = await open()
    await run(page, 'wf1')
    await run(page, 'wf2', { ends: false })
    await run(page, 'wf3')
    const asks = script('live:asks')
    await told(page, asks, [
      asks.event('r:asks', 'run.registered', { status: 'running' }),
      asks.event('r:asks', 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
    ])
    const preview = await page.ledger.retention.preview(ALL)
    expect(preview.trees.map(({ root }) => root)).toEqual(['w:wf1', 'w:wf3'])
    expect(preview.kept).toEqual({ 'within-limits': 0, unsettled: 1, waiting: 1, pinned: 0 })
    // Pinned after the preview.
    page.store.dispatch(pinToggled('wf3'))
    expect(await page.ledger.retention.prune(preview)).toMatchObject({
      trees: 1,
      refused: [{ root: 'w:wf3', reason: 'It is pinned.' }],
    })
    expect((await page.ledger.storage.report()).counts).toMatchObject({ runs: 3, workflows: 2 })
  })

  test('W1 a tree that changed since the preview is refused and named; the others go', async () => {
    const page = await open()
    const first = await run(page, 'wf1')
    await run(page, 'wf2')
    await run(page, 'wf3')
    const preview = await page.ledger.retention.preview(ALL)
    await told(page, first, [first.event('w:wf1', 'control.settled', { commandId: 'c', state: 'applied' })])
    const late = script('live:late')
    await told(page, late, [
      late.event('r:late', 'run.registered', { parentRunId: 'wf2.research.1' }),
      late.event('r:late', 'run.transitioned', { to: 'failed', trigger: 'errored' }),
    ])
    const result = await page.ledger.retention.prune(preview)
    expect(result.refused.map(({ root, reason }) => [root, reason])).toEqual([
      ['w:wf1', 'It has changed since the preview.'],
      ['w:wf2', 'It has changed since the preview.'],
    ])
    expect(result.trees).toBe(1)
    // Twice is once.
    expect((await page.ledger.retention.prune(preview)).trees).toBe(0)
  })

  test('W5 an event another tab wrote between the look and the deletion keeps the tree', async () => {
    const scope = newScope()
    const page = await open(scope)
    const live = await run(page, 'wf1')
    const other = await open(scope)
    await other.ledger.openRun('w:wf1')
    const preview = await page.ledger.retention.preview(ALL)
    const pruning = page.ledger.retention.prune(preview)
    other.source.emit(live.stream, [
      live.event('w:wf1', 'control.settled', { commandId: 'c', state: 'applied' }),
    ])
    await other.ledger.whenIdle()
    const { trees, refused } = await pruning
    const { counts } = await page.ledger.storage.report()
    // Whoever was first: either the tree is whole, or it was deleted and the late event stands alone.
    if (trees === 0) expect([refused.length, counts.events]).toEqual([1, 13])
    else expect(counts.events).toBeLessThanOrEqual(1)
  })

  test('a deleted run that is told of again begins again', async () => {
    const page = await open()
    const live = await run(page, 'wf1')
    await page.ledger.retention.prune(await page.ledger.retention.preview(ALL))
    await told(page, live, [live.event('w:wf1', 'run.linked', { childRunId: 'x' })])
    expect(page.state().ledger.health).toEqual({ state: 'ok' })
    expect((await page.ledger.storage.report()).counts).toMatchObject({ workflows: 1, runs: 0, events: 1 })
  })

  test('a tree of many logs is deleted whole', async () => {
    const page = await open()
    const live = script()
    const events = Array.from({ length: 120 }, (_, at) => [
      live.event(`r:child-${at}`, 'run.registered', { parentRunId: at === 0 ? null : 'child-0' }),
      live.event(`r:child-${at}`, 'run.transitioned', { to: 'completed', trigger: 'result_received' }),
    ]).flat()
    await told(page, live, events)
    const preview = await page.ledger.retention.preview(ALL)
    expect(preview.trees).toHaveLength(1)
    expect(await page.ledger.retention.prune(preview)).toMatchObject({ trees: 1, logs: 120, events: 240 })
    expect((await page.ledger.storage.report()).counts).toMatchObject({ runs: 0, events: 0 })
  })
})

describe('by policy', () => {
  test('a host that wants it has old trees deleted when the page is idle, and only those', async () => {
    const scope = newScope()
    const page = await open(scope)
    await run(page, 'wf1')
    await run(page, 'wf2', { ends: false })
    await page.ledger.dispose()
    const clock = manualClock(START + 40 * DAY)
    const later = await open(scope, { clock, retention: { maxAgeDays: 30 } })
    expect(await later.ledger.storage.tidy()).toMatchObject({ treesDeleted: 1 })
    expect(keysOf(later.state().runs.records).toSorted()).toEqual(['r:wf2.research.1', 'w:wf2'])
  })
})
