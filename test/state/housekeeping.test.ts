/** Idle work: it changes nothing anyone can read, waits while events flow, and is done by one tab at a time. */
import { openDB } from 'idb'
import { afterEach, describe, expect, test } from 'vitest'
import type { LogId, RunLedgerOptions } from '../../src/index.ts'
import { databaseName } from '../../src/ledger/indexedDb.ts'
import type { LedgerSchema } from '../../src/ledger/schema.ts'
import type { Device } from '../../src/platform/device.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { newScope, openPage, research, script, START } from './support/page.ts'
import type { Page, Script } from './support/page.ts'
import { at } from '../../src/state/table.ts'

const HOUR = 3_600_000
let pages: Page[] = []
afterEach(async () => {
  for (const page of pages) await page.ledger.dispose()
  pages = []
})

async function open(scope: string, options: Omit<Partial<RunLedgerOptions>, 'source'> = {}): Promise<Page> {
  const page = openPage(scope, { idle: async () => {}, ...options })
  pages.push(page)
  await page.boot()
  return page
}

/** One write each. */
async function toldOneByOne(page: Page, { stream }: Script, events: readonly object[]): Promise<void> {
  for (const event of events) {
    page.source.emit(stream, [event])
    await page.ledger.whenIdle()
  }
}

async function segmentsOf(scope: string, log: LogId): Promise<number> {
  const db = await openDB<LedgerSchema>(databaseName(scope))
  const count = await db.count('segments', IDBKeyRange.bound([log, 0], [log, Infinity]))
  db.close()
  return count
}

const END = { to: 'completed', trigger: 'result_received' }
const EVENTS = 12

async function finished(page: Page, id = 'wf1'): Promise<void> {
  const live = script(`live:${id}`)
  await toldOneByOne(page, live, [
    ...research(live, id),
    live.event(`r:${id}.research.1`, 'tool.finished', { callId: 'c2', status: 'completed' }),
    live.event(`r:${id}.research.1`, 'run.transitioned', END),
    live.event(`w:${id}`, 'workflow.transitioned', END),
  ])
}

async function readAll(page: Page): Promise<string> {
  let text = ''
  for await (const line of page.ledger.archive.export()) text += line
  return text
}

describe('merging', () => {
  test('W1 settled logs are joined and read as they did, in this page and in the next', async () => {
    const scope = newScope()
    const page = await open(scope)
    await finished(page)
    const before = await readAll(page)
    expect([await segmentsOf(scope, 'w:wf1'), await segmentsOf(scope, 'r:wf1.research.1')]).toEqual([5, 7])
    expect(await page.ledger.storage.tidy()).toMatchObject({ segmentsJoined: EVENTS - 2 })
    expect([await segmentsOf(scope, 'w:wf1'), await segmentsOf(scope, 'r:wf1.research.1')]).toEqual([1, 1])
    expect(await readAll(page)).toBe(before)
    // Done: nothing is left for another round, here or in the next page.
    expect(await page.ledger.storage.tidy()).toMatchObject({ segmentsJoined: 0 })
    await page.ledger.dispose()
    const next = await open(scope)
    expect(await readAll(next)).toBe(before)
    expect(next.state().ledger.integrity).toMatchObject({ rebuilt: 0, lostEvents: 0 })
  })

  test('a log in flight keeps its newest segments, and goes on', async () => {
    const scope = newScope()
    const page = await open(scope)
    const live = script()
    const note = () => live.event('r:a', 'foreign', { source: 's', name: 'note', value: 1 })
    await toldOneByOne(page, live, [live.event('r:a', 'run.registered', { status: 'running' })])
    await toldOneByOne(page, live, Array.from({ length: 40 }, note))
    expect(await page.ledger.storage.tidy()).toMatchObject({ segmentsJoined: 0 })
    await toldOneByOne(page, live, Array.from({ length: 40 }, note))
    expect(await page.ledger.storage.tidy()).toMatchObject({ segmentsJoined: 64 })
    expect(await segmentsOf(scope, 'r:a')).toBe(17)
    await toldOneByOne(page, live, [note()])
    expect(at(page.state().runs.persisted, 'r:a')).toBe(82)
    expect(page.state().ledger.health).toEqual({ state: 'ok' })
  })

  test('the start looks at what settled before, and a round follows each end by itself', async () => {
    const scope = newScope()
    const page = await open(scope)
    await finished(page)
    await page.ledger.dispose()
    const clock = manualClock(START)
    const next = await open(scope, { clock })
    expect(await segmentsOf(scope, 'w:wf1')).toBe(5)
    await clock.advance(5_000)
    await expect.poll(() => segmentsOf(scope, 'w:wf1')).toBe(1)
    expect(at(next.state().runs.records, 'w:wf1')).toBeDefined()
  })
})

describe('manners', () => {
  test('P1 no step is taken while events flow', async () => {
    const scope = newScope()
    const clock = manualClock(START)
    let page: Page | null = null
    const live = script('live:other')
    let flowing = 3
    const idle = async (): Promise<void> => {
      if (page === null || flowing === 0) return
      flowing -= 1
      page.source.emit(live.stream, [
        live.event('r:b', 'foreign', { source: 's', name: 'n', value: flowing }),
      ])
      await page.ledger.whenIdle()
    }
    const first = await open(scope)
    await finished(first)
    await first.ledger.dispose()
    page = await open(scope, { clock, idle })
    const round = page.ledger.storage.tidy()
    for (const left of [2, 1, 0]) {
      await expect.poll(() => flowing).toBe(left)
      expect(await segmentsOf(scope, 'w:wf1')).toBe(5)
      await clock.advance(2_000)
    }
    expect(await round).toMatchObject({ segmentsJoined: EVENTS - 2 })
  })

  test('one tab at a time', async () => {
    const scope = newScope()
    let go = (): void => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const first = await open(scope, { idle: () => gate })
    const second = await open(scope)
    const round = first.ledger.storage.tidy()
    await expect.poll(() => second.ledger.storage.tidy()).toBe(null)
    go()
    expect(await round).not.toBe(null)
    expect(await second.ledger.storage.tidy()).not.toBe(null)
  })

  test('a page that closes ends its round', async () => {
    const scope = newScope()
    const page = await open(scope)
    await finished(page)
    let reached = (): void => {}
    const asked = new Promise<void>((resolve) => {
      reached = resolve
    })
    let go = (): void => {}
    const next = await open(scope, {
      idle: () => {
        reached()
        return new Promise((resolve) => {
          go = resolve
        })
      },
    })
    const round = next.ledger.storage.tidy()
    await asked
    const disposing = next.ledger.dispose()
    go()
    expect(await round).toEqual({ segmentsJoined: 0, textsSwept: 0, streamsForgotten: 0, treesDeleted: 0 })
    await disposing
    pages = [page]
  })
})

describe('sweeping texts', () => {
  const tidyAt = async (scope: string, at: number): Promise<{ swept: number | undefined; texts: Page }> => {
    const page = await open(scope, { clock: manualClock(at) })
    return { swept: (await page.ledger.storage.tidy())?.textsSwept, texts: page }
  }

  test('A3 what nothing speaks of goes after a day; what any event or command mentions stays', async () => {
    const scope = newScope()
    const page = await open(scope)
    const kept = ['doc:input', 'doc:"quoted"', 'doc:deep', 'doc:asked', '__proto__']
    for (const ref of [...kept, 'doc:nobody', 'doc:inp']) await page.ledger.content.put(ref, ref)
    const live = script()
    await toldOneByOne(page, live, [
      live.event('w:a', 'workflow.registered', {
        definitionId: 'd',
        phases: [],
        input: { documents: [{ ref: 'doc:input' }] },
      }),
      live.event('r:a', 'foreign', {
        source: 's',
        name: 'n',
        value: ['doc:"quoted"', { any: { where: 'doc:deep' } }],
      }),
      live.event('r:a', 'run.registered', { metadata: { note: '__proto__' } }),
      live.event('r:a', 'tool.started', { name: 't', args: 'long '.repeat(1_000) }),
    ])
    await page.ledger.start({ documents: ['doc:asked'] })
    await page.ledger.dispose()

    expect((await tidyAt(scope, START)).swept).toBe(0)
    expect((await tidyAt(scope, START + 23 * HOUR)).swept).toBe(0)
    const { swept, texts } = await tidyAt(scope, START + 25 * HOUR)
    expect(swept).toBe(2)
    const left = await Promise.all(
      [...kept, 'doc:nobody', 'doc:inp'].map((ref) => texts.ledger.content.get(ref)),
    )
    expect(left).toEqual([...kept, null, null])
    expect((await texts.ledger.storage.report()).texts).toBe(kept.length + 1)
  })

  test('the document of a deleted run goes a minute later, unless another run has it too', async () => {
    const scope = newScope()
    const page = await open(scope, { clock: manualClock(START) })
    for (const ref of ['doc:one', 'doc:both']) await page.ledger.content.put(ref, ref)
    const live = script()
    const given = (id: string, ...refs: string[]) => [
      live.event(`w:${id}`, 'workflow.registered', {
        definitionId: 'd',
        phases: [],
        input: refs.map((ref) => ({ ref })),
      }),
      live.event(`w:${id}`, 'workflow.transitioned', END),
    ]
    page.source.emit(live.stream, [...given('a', 'doc:one', 'doc:both'), ...given('b', 'doc:both')])
    await page.ledger.whenIdle()
    await page.ledger.retention.prune(await page.ledger.retention.preview({ maxRuns: 1 }))
    await page.ledger.storage.tidy()
    expect(await page.ledger.content.get('doc:one')).toBe('doc:one')
    await page.ledger.dispose()
    const { swept, texts } = await tidyAt(scope, START + 61_000)
    expect(swept).toBe(1)
    expect(await texts.ledger.content.get('doc:one')).toBe(null)
    expect(await texts.ledger.content.get('doc:both')).toBe('doc:both')
  })
})

describe('streams', () => {
  test('cursors of dead local streams go, unless an unsettled run is bound to them', async () => {
    const scope = newScope()
    const page = await open(scope)
    const [dead, bound, foreign] = [script('local:dead'), script('local:bound'), script('other')]
    const ended = ({ event }: Script, log: string) => [
      event(log, 'run.registered', { status: 'running' }),
      event(log, 'run.transitioned', END),
    ]
    await toldOneByOne(page, dead, ended(dead, 'r:dead'))
    await toldOneByOne(page, foreign, ended(foreign, 'r:foreign'))
    await toldOneByOne(page, bound, [bound.event('r:bound', 'run.registered', { status: 'running' })])
    expect(await page.ledger.storage.tidy()).toMatchObject({ streamsForgotten: 1 })
    const db = await openDB<LedgerSchema>(databaseName(scope))
    expect(await db.getAllKeys('streams')).toEqual(['local:bound', 'other'])
    db.close()
  })
})

describe('asking the browser to keep the data', () => {
  function device(answer: boolean | null): Device & { asked: number } {
    const told = { asked: 0, kept: false }
    return {
      get asked() {
        return told.asked
      },
      estimate: async () => ({ usage: 1, quota: 2 }),
      persisted: async () => (answer === null ? null : told.kept),
      persist: async () => {
        told.asked += 1
        told.kept = answer === true
        return answer
      },
    }
  }

  test.each([
    [true, 'granted'],
    [false, 'denied'],
    [null, 'unknown'],
  ] as const)('happens once, after the first run that ended; %s is kept as %s', async (answer, kept) => {
    const asked = device(answer)
    const scope = newScope()
    const page = await open(scope, { device: asked })
    const live = script()
    await toldOneByOne(page, live, research(live))
    expect(asked.asked).toBe(0)
    expect((await page.ledger.storage.report()).answer).toBe(null)
    await finished(page, 'wf2')
    await expect.poll(async () => (await page.ledger.storage.report()).answer).toBe(kept)
    await finished(page, 'wf3')
    expect(asked.asked).toBe(1)
    expect(await page.ledger.storage.report()).toMatchObject({
      persisted: answer,
      estimate: { usage: 1, quota: 2 },
      counts: { events: EVENTS * 2 + 9 },
    })
  })

  test('H4 a start asks nothing, whatever it finds', async () => {
    const scope = newScope()
    const first = await open(scope)
    await finished(first)
    await first.ledger.dispose()
    const asked = device(true)
    const page = await open(scope, { device: asked })
    await page.ledger.storage.tidy()
    expect(asked.asked).toBe(0)
  })
})

test('W2 rows an older fold left behind are folded again, a few at a time', async () => {
  const scope = newScope()
  const page = await open(scope)
  await finished(page)
  await page.ledger.dispose()
  const db = await openDB<LedgerSchema>(databaseName(scope))
  const row = await db.get('runs', 'r:wf1.research.1')
  const meta = await db.get('meta', 'ledger')
  if (row === undefined || meta === undefined) throw new Error('nothing stored')
  await db.put('runs', { ...row, projection: row.projection - 1 }, 'r:wf1.research.1')
  const { projected: _, ...unlooked } = meta
  await db.put('meta', unlooked, 'ledger')
  const next = await open(scope)
  await next.ledger.storage.tidy()
  expect((await db.get('runs', 'r:wf1.research.1'))?.projection).toBe(row.projection)
  db.close()
})
