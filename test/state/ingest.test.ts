/** The way of an event: bad input, order, identity, content, what is told after the commit. */
import { describe, expect, test } from 'vitest'
import { memoryStorage, selectLedgerStatus, selectRunEvents, selectRunTotals } from '../../src/index.ts'
import { memoryContentStore } from '../../src/ledger/contentStore.ts'
import { committed, eventsReceived } from '../../src/state/actions.ts'
import { at } from '../../src/state/table.ts'
import { liveStream } from '../../src/testing/scriptedSource.ts'
import { newScope, openPage, research, script, START } from './support/page.ts'

const RUN = 'r:wf1.research.1'

async function bootedPage(options: Parameters<typeof openPage>[1] = {}) {
  const page = openPage(newScope(), options)
  await page.boot()
  return page
}

function deep(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = { value }
  return value
}

describe('bad input', () => {
  test('A3 S1 each hostile event is quarantined with its reason and its neighbours land', async () => {
    const page = await bootedPage()
    const { stream, event } = script()
    const [first, ...rest] = research({ stream, event })
    const at = (position: number, extra: object): object => ({
      log: RUN,
      type: 'run.transitioned',
      timestamp: START,
      position,
      ...extra,
    })
    const hostile = [
      at(1_000, { payload: { to: 'flying', trigger: 'spawn' } }),
      at(1_001, { payload: { to: 7, trigger: 'spawn' } }),
      at(1_002, { timestamp: 'yesterday', payload: {} }),
      at(1_003, { log: 'nowhere', payload: {} }),
      at(1_004, { type: 'run.registered', payload: { agentName: 'x'.repeat(1024 * 1024) } }),
      at(1_005, { type: 'custom.thing', payload: deep(10_000) }),
      at(1_006, { payload: JSON.parse('{"__proto__": {"polluted": true}}') as object }),
      'not an object',
      null,
      42,
    ]
    // A stream of its own without holes to wait for, so that every one of them is looked at.
    const sparse = { ...liveStream('hostile'), contiguous: false }
    page.source.emit(stream, [first])
    page.source.emit(sparse, hostile)
    page.source.emit(stream, rest)
    await page.ledger.whenIdle()

    const status = selectLedgerStatus(page.state())
    expect(status.quarantined).toBe(hostile.length)
    expect(status.quarantine.map((entry) => entry.reason).toReversed()).toEqual([
      expect.stringContaining('run.transitioned to:'),
      expect.stringContaining('run.transitioned to:'),
      expect.stringContaining('timestamp'),
      expect.stringContaining('log'),
      expect.stringContaining('run.registered agentName:'),
      expect.stringContaining('nested deeper than 64'),
      expect.stringContaining('__proto__'),
      'event is not an object',
      'event is not an object',
      'event is not an object',
    ])
    expect(selectRunTotals(page.state(), RUN)?.toolCount).toBe(2)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('A3 quarantined entries are still there after a reload', async () => {
    const scope = newScope()
    const first = openPage(scope)
    await first.boot()
    first.source.emit(liveStream('live:1'), [{ position: 1 }])
    await first.ledger.whenIdle()
    await first.ledger.dispose()
    const second = openPage(scope)
    await second.boot()
    expect(selectLedgerStatus(second.state())).toMatchObject({
      quarantined: 1,
      quarantine: [{ stream: 'live:1', position: 1, raw: '{"position":1}' }],
    })
  })

  test('A3 an unknown type is kept verbatim as foreign and advances the head', async () => {
    const page = await bootedPage()
    const { stream, event } = script()
    page.source.emit(stream, [...research({ stream, event }), event(RUN, 'mood.changed', { mood: 'good' })])
    await page.ledger.whenIdle()
    expect(selectRunEvents(page.state(), RUN).at(-1)).toMatchObject({
      type: 'foreign',
      payload: { source: 'live:1', name: 'mood.changed', value: { mood: 'good' } },
    })
  })

  test('a refused event has its place in the stream: nothing waits for it', async () => {
    const page = await bootedPage()
    const { stream, event } = script()
    const [a, b, ...rest] = research({ stream, event })
    page.source.emit(stream, [a, { ...b, payload: 'junk' }, ...rest])
    await page.ledger.whenIdle()
    expect(selectRunTotals(page.state(), RUN)?.toolCount).toBe(2)
  })
})

describe('order and identity', () => {
  test('F1 a stream replayed thirteen times changes nothing and is counted', async () => {
    const page = await bootedPage()
    const { stream, event } = script()
    const events = research({ stream, event })
    page.source.emit(stream, events)
    await page.ledger.whenIdle()
    const before = page.state().runs.records
    for (let again = 0; again < 13; again += 1) page.source.emit(stream, events)
    await page.ledger.whenIdle()
    expect(page.state().runs.records).toEqual(before)
    expect(selectLedgerStatus(page.state()).duplicates).toBe(13 * events.length)
  })

  test('F3 events that overtook each other are put in order', async () => {
    const [page, shuffled] = [await bootedPage(), await bootedPage()]
    const { stream, event } = script()
    const events = research({ stream, event })
    page.source.emit(stream, events)
    shuffled.source.emit(stream, events.toReversed())
    await Promise.all([page.ledger.whenIdle(), shuffled.ledger.whenIdle()])
    expect(shuffled.state().runs.records).toEqual(page.state().runs.records)
  })

  test('one frame is one dispatch', async () => {
    const page = await bootedPage()
    const { stream, event } = script()
    for (const each of research({ stream, event })) page.source.emit(stream, [each])
    await page.ledger.whenIdle()
    expect(page.actions.filter((action) => eventsReceived.match(action))).toHaveLength(1)
  })

  test('live prose reaches the rows, is never written, and ends with its run', async () => {
    const storage = memoryStorage()
    const page = await bootedPage({ storage })
    const { stream, event } = script()
    page.source.emit(stream, [
      ...research({ stream, event }),
      event(RUN, 'text.delta', { kind: 'text', text: 'Reading ' }),
      event(RUN, 'text.delta', { kind: 'text', text: 'on.' }),
    ])
    await page.ledger.whenIdle()
    expect(page.state().chatRuntime.liveTextByRun[RUN]?.text).toBe('Reading on.')
    page.source.emit(stream, [
      event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received' }),
    ])
    await page.ledger.whenIdle()
    expect(page.state().chatRuntime.liveTextByRun[RUN]).toBeUndefined()
    const stored = await storage.ledger.readEvents(RUN, { after: 0, limit: 100 })
    expect(stored.map((each) => each.type)).not.toContain('text.delta')
  })
})

describe('content', () => {
  test('a long result is cut to a preview, stored with its event, and read back whole', async () => {
    const page = await bootedPage()
    const { stream, event } = script()
    const report = 'line of the report\n'.repeat(2_000)
    const output = { to: 'completed', trigger: 'result_received', output: report }
    page.source.emit(stream, [...research({ stream, event }), event(RUN, 'run.transitioned', output)])
    await page.ledger.whenIdle()
    const record = at(page.state().runs.records, RUN)
    const text = record?.entity === 'run' ? record.run.output : null
    expect(text).toMatchObject({ chars: report.length, preview: report.slice(0, 2_000) })
    expect(text && (await page.ledger.readText(text))).toEqual({ kind: 'found', text: report })
  })

  test('tool output that cannot be kept reads as missing, and its event is not held up', async () => {
    const content = memoryContentStore()
    content.put = async () => {
      throw new Error('no room')
    }
    const page = await bootedPage({ storage: { ...memoryStorage(), content } })
    const { stream, event } = script()
    const finished = { callId: 'c2', status: 'completed', output: 'x'.repeat(10_000) }
    page.source.emit(stream, [...research({ stream, event }), event(RUN, 'tool.finished', finished)])
    await page.ledger.whenIdle()
    const output = at(page.state().runs.toolCalls, RUN)?.calls.at(-1)?.output
    expect(output?.chars).toBe(10_000)
    expect(output && (await page.ledger.readText(output))).toEqual({ kind: 'missing' })
  })
})

describe('after the commit', () => {
  test('W4 listeners hear of a transition once, when it is durable', async () => {
    const storage = memoryStorage()
    const page = await bootedPage({ storage })
    const { stream, event } = script()
    page.source.emit(stream, research({ stream, event }))
    await page.ledger.whenIdle()
    const told = page.actions
      .filter((action) => committed.match(action))
      .flatMap((action) => action.payload.transitions)
    expect(told.map(({ log, from, to, trigger }) => [log, from, to, trigger])).toEqual([
      ['w:wf1', null, 'pending', 'spawn'],
      ['w:wf1', 'pending', 'running', 'spawn'],
      [RUN, null, 'pending', 'spawn'],
      [RUN, 'pending', 'running', 'spawn'],
    ])
    const head = at(page.state().runs.persisted, RUN) ?? 0
    expect(await storage.ledger.readEvents(RUN, { after: 0, limit: 100 })).toHaveLength(head)
  })

  test('no slice but viewPrefs is serialized whole', async () => {
    const scope = newScope()
    const page = openPage(scope)
    await page.boot()
    const { stream, event } = script()
    page.source.emit(stream, research({ stream, event }))
    await page.ledger.whenIdle()
    const databases = (await indexedDB.databases()).map(({ name }) => name ?? '')
    const prefs = databases.filter((name) => name.includes('prefs') && name.includes(scope))
    expect(prefs).toHaveLength(1)
    const persisted = Object.entries(page.state()).filter(([, slice]) =>
      Object.hasOwn(slice as object, '_persist'),
    )
    expect(persisted.map(([key]) => key)).toEqual(['viewPrefs'])
  })
})
