/**
 * What happens to a page: it is closed, kept, throttled, cut off from the world or from power, or has company.
 * Frozen tabs and lost messages (F17, F20) are in test/state/tabs.test.ts, exits in a real browser in test/kill.
 * Faults F6, F7, F16, F18, F19, F21, F22, F29. SPEC H1, H2, W3, W5, W6, C3.
 */
import { openDB } from 'idb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { LogId } from '../../src/core/ids.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import type { Clock } from '../../src/core/ports.ts'
import { memoryStorage } from '../../src/index.ts'
import { databaseName } from '../../src/ledger/indexedDb.ts'
import { pageFrames } from '../../src/platform/page.ts'
import { at as recordOf } from '../../src/state/table.ts'
import { seeded } from '../../src/testing/conformance/samples.ts'
import { newScope, openPage, research, script } from '../state/support/page.ts'
import { LOGS as STORY, story } from './support/exhaustive.ts'
import { machine, persistedOf, turn } from './support/page.ts'
import type { FaultyPage, Machine } from './support/page.ts'

const RUN = 'r:wf1.research.1'
const LOGS: readonly LogId[] = ['w:wf1', RUN]

let at: Machine
afterEach(() => {
  at.end()
  vi.unstubAllGlobals()
})

async function booted(options: Parameters<Machine['open']>[0] = {}): Promise<FaultyPage> {
  const page = at.open(options)
  await page.meanwhile(page.boot())
  return page
}

/** A document that can be hidden and left. */
function stubDocument(): { leave(): void } {
  const [document, page] = [new EventTarget(), new EventTarget()]
  vi.stubGlobal('document', Object.assign(document, { visibilityState: 'visible' }))
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  return { leave: () => void page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false })) }
}

describe('the end of a page', () => {
  test('fault F6: a renderer that crashes leaves whole transactions, and all that was acknowledged', async () => {
    at = machine()
    const page = await booted()
    const { stream } = script()
    page.source.emit(stream, story())
    await page.until(() => persistedOf(page, STORY) > 0)
    const acknowledged = persistedOf(page, STORY)
    at.idb.kill(false)
    at.bury(page)
    const next = await booted()
    expect(persistedOf(next, STORY)).toBeGreaterThanOrEqual(acknowledged)
    expect(next.state().ledger).toMatchObject({
      health: { state: 'ok' },
      integrity: { rebuilt: 0, lostEvents: 0 },
    })
  })

  test('fault F16: what a page had taken in when it was closed is there at the next start, at whatever moment', async () => {
    let most = 0
    for (let moment = 1; moment <= 60; moment += 3) {
      at = machine()
      const exit = stubDocument()
      const page = await booted()
      const lines = script()
      page.source.emit(lines.stream, research(lines))
      for (let step = 0; step < moment; step += 1) await turn()
      const taken = LOGS.reduce((sum, log) => {
        const record = recordOf(page.state().runs.records, log)
        return sum + (record === undefined ? 0 : lifecycleOf(record).lastSequence)
      }, 0)
      exit.leave()
      at.idb.kill(true)
      for (let step = 0; step < 60; step += 1) await turn()
      vi.unstubAllGlobals()
      at.bury(page)
      const next = await booted()
      expect(persistedOf(next, LOGS), `left after ${moment} turns`).toBe(taken)
      most = Math.max(most, taken)
      expect(next.state().ledger.health).toEqual({ state: 'ok' })
      at.end()
    }
    expect(most).toBe(9)
  })

  test('fault F7 (injected): power is cut; what only the second copy had flushed comes back, and nothing acknowledged is lost', async () => {
    at = machine()
    const flushed = new Map<string, Uint8Array>()
    at.files.onChange = ({ kind, file }) => {
      if (kind === 'flush') flushed.set(file, (at.files.files.get(file) ?? new Uint8Array()).slice())
    }
    const page = await booted()
    const lines = script()
    page.source.emit(lines.stream, research(lines))
    await page.meanwhile(page.ledger.whenIdle())
    const strict = await snapshot(at)
    // Relaxed writes: acknowledged, and in no file of the database yet.
    page.source.emit(lines.stream, [lines.event(RUN, 'iteration.started', { iteration: 2 })])
    page.source.emit(lines.stream, [lines.event(RUN, 'tool.started', { callId: 'c3', name: 'search' })])
    await page.meanwhile(page.ledger.whenIdle())
    at.idb.kill(true)
    at.bury(page)
    await putBack(at, strict)
    for (const name of at.files.files.keys()) at.files.files.set(name, flushed.get(name) ?? new Uint8Array())
    const next = await booted()
    expect(persistedOf(next, LOGS)).toBe(11)
    expect(next.state().ledger.healing?.restored).toMatchObject({ events: 2 })
    expect(next.state().ledger.health).toEqual({ state: 'ok' })
  })

  test('fault F7 (injected): settled statuses, questions, checkpoints and results are written through to the disk', async () => {
    at = machine()
    const page = await booted()
    const lines = script()
    page.source.emit(lines.stream, research(lines))
    await page.meanwhile(page.ledger.whenIdle())
    const hints: string[] = []
    const { transaction } = IDBDatabase.prototype
    IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...args) {
      if (this.name === databaseName(at.scope) && args[1] === 'readwrite')
        hints.push(args[2]?.durability ?? 'default')
      return transaction.apply(this, args)
    }
    const written = async (type: string, payload: object): Promise<string[]> => {
      hints.length = 0
      page.source.emit(lines.stream, [lines.event(RUN, type, payload)])
      await page.meanwhile(page.ledger.whenIdle())
      return [...hints]
    }
    try {
      expect(await written('iteration.started', { iteration: 2 })).toEqual(['relaxed'])
      expect(await written('checkpoint.saved', { state: 'here' })).toEqual(['strict'])
      expect(await written('question.asked', { questionId: 'q', prompt: 'Which?' })).toEqual(['strict'])
      expect(
        await written('artifact.recorded', { name: 'a', mediaType: 'text/plain', content: 'x' }),
      ).toEqual(['strict'])
      expect(await written('run.transitioned', { to: 'completed', trigger: 'result_received' })).toEqual([
        'strict',
      ])
    } finally {
      IDBDatabase.prototype.transaction = transaction
    }
  })
})

type Snapshot = readonly { name: string; records: readonly (readonly [IDBValidKey, unknown])[] }[]

async function snapshot({ scope }: Machine): Promise<Snapshot> {
  const db = await openDB(databaseName(scope))
  const taken = await Promise.all(
    [...db.objectStoreNames].map(async (name) => {
      const [keys, values] = await Promise.all([db.getAllKeys(name), db.getAll(name)])
      return { name, records: keys.map((key, index) => [key, values[index]] as const) }
    }),
  )
  db.close()
  return taken
}

async function putBack({ scope }: Machine, taken: Snapshot): Promise<void> {
  const db = await openDB(databaseName(scope))
  for (const { name, records } of taken) {
    await db.clear(name)
    for (const [key, value] of records) await db.put(name, value, key)
  }
  db.close()
}

describe('a page among others', () => {
  test('fault F18: a page that was kept without running shows, when it is back, what another one wrote meanwhile', async () => {
    at = machine({ journal: false })
    const on: { stored(): void; restored(): void }[] = []
    const life = {
      isVisible: () => true,
      watch(events: { back(): void; stored(): void; restored(): void }) {
        on.push(events)
        return () => {}
      },
    }
    const kept = await booted({ life })
    const lines = script()
    kept.source.emit(lines.stream, research(lines))
    await kept.meanwhile(kept.ledger.whenIdle())
    on[0]?.stored()
    const other = await booted()
    const theirs = script('live:2')
    other.source.emit(theirs.stream, [theirs.event(RUN, 'iteration.started', { iteration: 5 })])
    await other.meanwhile(other.ledger.whenIdle())
    on[0]?.restored()
    const iteration = (): number | undefined => {
      const record = recordOf(kept.state().runs.records, RUN)
      return record?.entity === 'run' ? (record.run.iteration ?? undefined) : undefined
    }
    expect(await kept.until(() => iteration() === 5)).toBe(true)
    expect(kept.state().ledger.health).toEqual({ state: 'ok' })
  })

  test('fault F19: two pages write one run at once, each without knowing of the other; nothing is lost or doubled', async () => {
    at = machine({ journal: false })
    const [one, two] = [await booted(), await booted()]
    const [mine, theirs] = [script('live:1'), script('live:2')]
    one.source.emit(mine.stream, research(mine))
    await one.meanwhile(one.ledger.whenIdle())
    for (let step = 2; step < 22; step += 1) {
      one.source.emit(mine.stream, [mine.event(RUN, 'tick', { step })])
      two.source.emit(theirs.stream, [theirs.event(RUN, 'tock', { step })])
      if (step % 3 === 0) await turn()
    }
    expect(await one.until(() => persistedOf(one, [RUN]) >= 25)).toBe(true)
    await Promise.all([two.until(() => persistedOf(two, [RUN]) >= 25), one.pass(2_000)])
    const events = await one.meanwhile(one.storage.ledger.readEvents(RUN, { after: 0, limit: 100 }))
    expect(events.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 45 }, (_, index) => index + 1),
    )
    expect(new Set(events.map(({ stream, position }) => `${stream} ${position}`)).size).toBe(45)
    for (const stream of ['live:1', 'live:2']) {
      const positions = events.filter((event) => event.stream === stream).map(({ position }) => position)
      expect(positions).toEqual(positions.toSorted((a, b) => Number(a) - Number(b)))
    }
  })
})

test('fault F21: live events before, during or after the history is read: the same runs, whatever the order', async () => {
  at = machine({ journal: false })
  const storage = memoryStorage()
  const scope = newScope()
  const first = openPage(scope, { storage })
  await first.boot()
  const lines = script()
  const events = [
    ...research(lines),
    ...Array.from({ length: 12 }, (_, step) => lines.event(RUN, 'tick', { step })),
  ]
  first.source.emit(lines.stream, events.slice(0, 12))
  await first.ledger.whenIdle()
  first.die()
  const expected = openPage(newScope())
  await expected.boot()
  expected.source.emit(lines.stream, events)
  await expected.ledger.whenIdle()
  const random = seeded(21)
  for (let schedule = 0; schedule < 60; schedule += 1) {
    const disk = memoryStorage()
    const past = openPage(newScope(), { storage: disk })
    await past.boot()
    past.source.emit(lines.stream, events.slice(0, 12))
    await past.ledger.whenIdle()
    const page = openPage(newScope(), { storage: disk })
    const booting = page.boot()
    // The source replays from anywhere, in pieces, at any moment of the start.
    for (let from = random.below(13); from < events.length;) {
      const size = 1 + random.below(5)
      page.source.emit(lines.stream, events.slice(from, from + size))
      from += size
      for (let wait = random.below(30); wait > 0; wait -= 1) await Promise.resolve()
    }
    await booting
    await page.ledger.whenIdle()
    for (const log of LOGS) {
      expect(recordOf(page.state().runs.records, log)).toEqual(recordOf(expected.state().runs.records, log))
    }
  }
})

/** A hidden page's timers: none below a second. */
const throttled = (clock: Clock): Clock => ({
  ...clock,
  setTimeout: (callback, ms) => clock.setTimeout(callback, Math.max(1_000, Math.ceil(ms / 1_000) * 1_000)),
})

test('fault F22: in a hidden page what matters is durable without a single timer, the rest within a second', async () => {
  at = machine()
  const shown = at.open()
  const page = { ...shown, ...at.open({ clock: throttled(shown.clock), frames: pageFrames }) }
  page.clock = shown.clock
  void page.boot()
  for (let step = 0; step < 400 && page.state().ledger.phase !== 'ready'; step += 1) await turn()
  expect(page.state().ledger.phase).toBe('ready')
  const lines = script()
  page.source.emit(lines.stream, [...research(lines), lines.event(RUN, 'checkpoint.saved', { state: 'x' })])
  await vi.waitFor(() => expect(persistedOf(page, LOGS)).toBe(10))
  page.source.emit(lines.stream, [lines.event(RUN, 'tool.started', { callId: 'late', name: 'x' })])
  for (let step = 0; step < 50; step += 1) await turn()
  await shown.clock.advance(1_000)
  await vi.waitFor(() => expect(persistedOf(page, LOGS)).toBe(11))
  expect(shown.clock.monotonic()).toBe(1_000)
})

test('fault F29: with the core gone the ledger goes on, says so of the source, and asks ever more rarely', async () => {
  at = machine()
  const before = await booted()
  const lines = script()
  before.source.emit(lines.stream, research(lines))
  await before.meanwhile(before.ledger.whenIdle())
  at.idb.kill(true)
  at.bury(before)
  const page = at.open()
  page.source.unreachable = true
  const asks: number[] = []
  const { ask } = page.source
  page.source.ask = (runs) => {
    asks.push(page.clock.monotonic())
    return ask(runs)
  }
  await page.meanwhile(page.boot())
  await page.pass(300_000)
  expect(asks.length).toBeGreaterThan(3)
  expect(asks.length).toBeLessThanOrEqual(16)
  expect(recordOf(page.state().runs.unconfirmed, RUN)).toBe(true)
  expect(page.state().ledger).toMatchObject({ phase: 'ready', health: { state: 'ok' } })
  page.source.unreachable = false
  page.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
  await page.pass(60_000)
  expect(recordOf(page.state().runs.records, RUN)).toMatchObject({ run: { status: 'interrupted' } })
})
