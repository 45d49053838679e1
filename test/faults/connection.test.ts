/**
 * What a browser, another tab or another version can do to the connection: refuse it, lose it, take it away, hang it.
 * Every fault ends in a state with a reason a person can read. Faults F2–F5, F8–F15, F30. SPEC W3, W7, T3, M1.
 */
import { deleteDB, openDB } from 'idb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Health } from '../../src/state/actions.ts'
import type { LogId } from '../../src/core/ids.ts'
import { at as recordOf } from '../../src/state/table.ts'
import { databaseName } from '../../src/ledger/indexedDb.ts'
import { SCHEMA_VERSION } from '../../src/ledger/schema.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { newScope, openPage, research, script } from '../state/support/page.ts'
import { story } from './support/exhaustive.ts'
import type { Injury, Point } from './support/faultIdb.ts'
import { machine, persistedOf } from './support/page.ts'
import type { FaultyPage, Machine } from './support/page.ts'

const LOGS: readonly LogId[] = ['w:wf1', 'r:wf1.research.1']
const EVENTS = 9

let at: Machine
afterEach(() => at.end())

/** A page that has booted and stored its first events. */
async function stored(): Promise<{ page: FaultyPage; lines: ReturnType<typeof script> }> {
  at = machine()
  const page = at.open()
  await page.meanwhile(page.boot())
  const lines = script()
  page.source.emit(lines.stream, research(lines))
  await page.meanwhile(page.ledger.whenIdle())
  return { page, lines }
}

const more = (lines: ReturnType<typeof script>, iteration: number): object =>
  lines.event('r:wf1.research.1', 'iteration.started', { iteration })

/** The healths of a kind that were said, each with a reason to read. */
function said(page: FaultyPage, state: Health['state']): string[] {
  const reasons = page
    .health()
    .flatMap((each) => (each.state === state && 'reason' in each ? [each.reason] : []))
  for (const reason of reasons) expect(reason).toMatch(/\w+ \w+/)
  return reasons
}

const always = (kind: Point['kind'], injury: Injury) => (point: Point) =>
  point.kind === kind ? injury : null
const onWrites = (injury: Injury) => (point: Point) =>
  point.kind === 'commit' && point.mode === 'readwrite' ? injury : null

describe('opening', () => {
  test('fault F3: a store that cannot be opened for a moment is opened again after 0.1, 0.5 and 2 s', async () => {
    at = machine()
    const opens: number[] = []
    const page = at.open()
    at.idb.injure = (point) => {
      if (point.kind !== 'open') return null
      opens.push(page.clock.monotonic())
      return opens.length <= 3 ? { kind: 'abort', name: 'UnknownError', landed: false } : null
    }
    await page.meanwhile(page.boot())
    expect(opens).toHaveLength(4)
    const waits = opens.slice(1).map((time, index) => time - (opens[index] ?? 0))
    for (const [index, wait] of [100, 500, 2_000].entries()) expect(waits[index]).toBeGreaterThanOrEqual(wait)
    expect(page.state().ledger).toMatchObject({ phase: 'ready', health: { state: 'ok' } })
  })

  test('fault F3: one that never opens costs four attempts, then the page works in memory and says why', async () => {
    at = machine()
    const clock = manualClock()
    let opens = 0
    at.idb.injure = (point) => {
      if (point.kind !== 'open') return null
      opens += 1
      return { kind: 'abort', name: 'UnknownError', landed: false }
    }
    const page = openPage(at.scope, { clock })
    const booting = page.boot()
    for (let step = 0; step < 100 && page.state().ledger.phase !== 'ready'; step += 1) {
      await new Promise((resolve) => void setImmediate(resolve))
      await clock.advance(100)
    }
    await booting
    expect(opens).toBe(4)
    const { health, copies } = page.state().ledger
    expect(health).toEqual({
      state: 'memory-only',
      reason: expect.stringContaining('UnknownError') as string,
    })
    expect(copies).toBe(0)
  })

  test('fault F3 F29: a store lost for good in the middle is not hammered, and what waits goes out when it is back', async () => {
    const { page, lines } = await stored()
    let opens = 0
    at.idb.injure = (point) => {
      if (point.kind === 'open') opens += 1
      return point.kind === 'open' || point.mode === 'readwrite'
        ? { kind: 'abort', name: 'UnknownError', landed: false }
        : null
    }
    const begun = page.clock.monotonic()
    for (let iteration = 2; iteration < 302; iteration += 1) {
      page.source.emit(lines.stream, [more(lines, iteration)])
      await page.pass(200)
    }
    const seconds = (page.clock.monotonic() - begun) / 1_000
    expect(opens).toBeLessThanOrEqual(seconds + 4)
    expect(page.state().ledger.health).toMatchObject({
      state: 'recovering',
      reason: expect.stringContaining('UnknownError') as string,
    })
    at.idb.injure = () => null
    await page.meanwhile(page.ledger.whenIdle())
    expect(persistedOf(page, LOGS)).toBe(EVENTS + 300)
    expect(page.state().ledger.health).toEqual({ state: 'ok' })
  })

  test('fault F14: a first open that hangs is poked every second, and given up after five (injected)', async () => {
    at = machine()
    at.idb.injure = always('open', { kind: 'hang', landed: false })
    const poked = vi.spyOn(indexedDB, 'databases')
    const page = at.open()
    await page.meanwhile(page.boot())
    expect(poked.mock.calls.length).toBeGreaterThanOrEqual(4)
    expect(page.clock.monotonic()).toBeLessThan(8_000)
    expect(said(page, 'memory-only')[0]).toContain('did not open within 5 seconds')
    poked.mockRestore()
  })

  test.each([
    ['missing', (): void => void vi.stubGlobal('indexedDB', undefined)],
    [
      'forbidden',
      (): void => {
        vi.stubGlobal('indexedDB', {
          open: () => {
            throw new DOMException('not here', 'SecurityError')
          },
        })
      },
    ],
  ])(
    'fault F15: with IndexedDB %s the page says from the first second that nothing is kept',
    async (_how, take) => {
      at = machine()
      take()
      try {
        const page = openPage(newScope())
        await page.boot()
        const lines = script()
        page.source.emit(lines.stream, research(lines))
        await page.ledger.whenIdle()
        const { health, copies, phase } = page.state().ledger
        expect({ state: health.state, copies, phase }).toEqual({
          state: 'memory-only',
          copies: 0,
          phase: 'ready',
        })
        expect('reason' in health && health.reason).toMatch(/\w+/)
        expect(persistedOf(page, LOGS)).toBe(EVENTS)
      } finally {
        vi.unstubAllGlobals()
      }
    },
  )
})

describe('a connection that is lost', () => {
  test.each<[string, (point: Point) => Injury | null]>([
    ['closed by the browser', always('commit', { kind: 'close' })],
    ['dead to every call', always('transaction', { kind: 'throw', name: 'InvalidStateError' })],
    [
      'lost to a server process, as in Safari (injected)',
      always('transaction', { kind: 'throw', name: 'UnknownError' }),
    ],
  ])('fault F9: one that is %s is replaced by the next use, and nothing is lost', async (_how, injure) => {
    const { page, lines } = await stored()
    let injured = false
    at.idb.injure = (point) => {
      if (injured || point.mode !== 'readwrite') return null
      const injury = injure(point)
      injured = injury !== null
      return injury
    }
    page.source.emit(lines.stream, [more(lines, 2)])
    expect(await page.until(() => persistedOf(page, LOGS) === EVENTS + 1)).toBe(true)
    expect(injured).toBe(true)
    expect(said(page, 'recovering').length).toBeGreaterThan(0)
    await page.meanwhile(page.ledger.whenIdle())
    expect(page.state().ledger.health).toEqual({ state: 'ok' })
  })

  test('fault F9: a text asked for as the connection goes is read over the next one', async () => {
    const { page, lines } = await stored()
    const output = 'Oak and ash. '.repeat(400)
    page.source.emit(lines.stream, [
      lines.event('r:wf1.research.1', 'run.transitioned', {
        to: 'completed',
        trigger: 'result_received',
        output,
      }),
    ])
    await page.meanwhile(page.ledger.whenIdle())
    const record = recordOf(page.state().runs.records, 'r:wf1.research.1')
    const text = record?.entity === 'run' ? record.run.output : null
    if (text?.ref == null) return expect.fail('It fits into its row.')
    let hurt = 0
    at.idb.injure = ({ kind, mode }) => {
      if (kind !== 'request' || mode !== 'readonly' || hurt > 0) return null
      hurt += 1
      return { kind: 'close' }
    }
    expect(await page.meanwhile(page.ledger.readText(text))).toEqual({ kind: 'found', text: output })
    expect(hurt).toBe(1)
  })

  test('fault F9: five dead handles in a row do not use up the patience of the page (injected)', async () => {
    const { page, lines } = await stored()
    let left = 5
    at.idb.injure = (point) => {
      if (point.kind !== 'transaction' || left === 0) return null
      left -= 1
      return { kind: 'throw', name: 'InvalidStateError' }
    }
    page.source.emit(lines.stream, [more(lines, 2)])
    expect(await page.until(() => persistedOf(page, LOGS) === EVENTS + 1)).toBe(true)
    expect(left).toBe(0)
  })

  test('fault F10: another tab may delete the database; that is said, and the page goes on', async () => {
    const { page, lines } = await stored()
    let isDeleted = false
    void deleteDB(databaseName(at.scope)).then(() => {
      isDeleted = true
    })
    expect(await page.until(() => isDeleted)).toBe(true)
    page.source.emit(lines.stream, [more(lines, 2)])
    await page.meanwhile(page.ledger.whenIdle())
    expect(said(page, 'recovering')[0]).toContain('another tab')
    expect(said(page, 'history-lost').length).toBeGreaterThan(0)
    expect(persistedOf(page, ['r:wf1.research.1'])).toBe(6)
  })

  test('fault F10 F11: while another tab holds the database, writes wait with a reason, and go out afterwards', async () => {
    const { page, lines } = await stored()
    at.idb.injure = (point) =>
      point.kind === 'open'
        ? { kind: 'hang', landed: false }
        : point.kind === 'transaction'
          ? { kind: 'throw', name: 'InvalidStateError' }
          : null
    page.source.emit(lines.stream, [more(lines, 2)])
    await page.pass(12_000)
    const { health } = page.state().ledger
    expect(health).toMatchObject({ reason: expect.stringContaining('another tab may hold it') as string })
    at.idb.injure = () => null
    expect(await page.until(() => persistedOf(page, LOGS) === EVENTS + 1)).toBe(true)
    await page.meanwhile(page.ledger.whenIdle())
    expect(page.state().ledger.health).toEqual({ state: 'ok' })
  })

  test('fault F11 F12: a newer version upgrades at once, and this page shows, refuses to write, and says reload', async () => {
    const { page, lines } = await stored()
    const next = openDB(databaseName(at.scope), SCHEMA_VERSION + 1)
    let isOpen = false
    void next.then((db) => {
      isOpen = true
      db.close()
    })
    expect(await page.until(() => isOpen)).toBe(true)
    page.source.emit(lines.stream, [more(lines, 2)])
    await page.pass(5_000)
    expect(said(page, 'read-only')[0]).toContain('Reload')
    expect(persistedOf(page, LOGS)).toBe(EVENTS)

    at.bury(page)
    const old = at.open()
    await old.meanwhile(old.boot())
    expect(old.state().ledger.health.state).toBe('read-only')
    const db = await openDB(databaseName(at.scope))
    expect(db.version).toBe(SCHEMA_VERSION + 1)
    db.close()
  })

  test('fault F13: an upgrade that fails leaves the old database as it was, and the page reads it', async () => {
    at = machine()
    const stores = [
      'runs',
      'workflows',
      'segments',
      'blobs',
      'streams',
      'commands',
      'quarantine',
      'tombstones',
      'meta',
    ]
    const old = await openDB(databaseName(at.scope), 1, {
      upgrade(db) {
        // The last one is in the way of the next version.
        for (const name of [...stores, 'letters']) db.createObjectStore(name)
      },
    })
    await old.put('blobs', 'a text', 'ref')
    old.close()
    const page = at.open()
    await page.meanwhile(page.boot())
    expect(said(page, 'read-only')[0]).toMatch(/Step 2/)
    const after = await openDB(databaseName(at.scope))
    expect([after.version, await after.get('blobs', 'ref')]).toEqual([1, 'a text'])
    after.close()
  })
})

describe('a history that is gone', () => {
  test('fault F2 F8: a database that vanished while closed comes back from the second copy, in numbers', async () => {
    const { page } = await stored()
    const before = page.state().runs.records
    await page.meanwhile(page.ledger.dispose())
    await deleteDB(databaseName(at.scope))
    at.bury(page)
    const next = at.open()
    await next.meanwhile(next.boot())
    expect(next.state().runs.records).toEqual(before)
    expect(next.state().ledger.healing).toMatchObject({
      vanished: true,
      restored: { events: EVENTS, logs: 2 },
    })
    expect(next.state().ledger.health).toEqual({ state: 'ok' })
  })

  test('fault F2: with both copies cut, the loss is said in numbers and at later starts, too', async () => {
    const { page } = await stored()
    await page.meanwhile(page.ledger.dispose())
    const db = await openDB(databaseName(at.scope))
    await db.clear('segments')
    db.close()
    for (const name of at.files.files.keys()) at.files.files.delete(name)
    for (let start = 0; start < 2; start += 1) {
      const next = at.open()
      await next.meanwhile(next.boot())
      expect(said(next, 'history-lost')[0]).toContain(`lost ${EVENTS} events of 2 runs`)
      await next.meanwhile(next.ledger.dispose())
      at.bury(next)
    }
  })
})

describe('no room', () => {
  test.each([
    ['F5', 'QuotaExceededError', 'full'],
    ['F4', 'UnknownError', 'recovering'],
  ] as const)(
    'fault %s: at %s nothing is lost, the page says %s, and goes on by itself when there is room',
    async (_fault, name, state) => {
      at = machine()
      const page = at.open()
      await page.meanwhile(page.boot())
      at.idb.injure = onWrites({ kind: 'abort', name, landed: false })
      const lines = script()
      page.source.emit(lines.stream, story())
      await page.pass(20_000)
      expect(persistedOf(page, ['w:flow', 'r:one', 'r:two'])).toBe(0)
      expect(said(page, state).at(-1)).toContain(name)
      expect(page.state().ledger.health.state).toBe(state)
      // Not more than one failing write a second.
      expect(at.idb.hit.length).toBeLessThanOrEqual(8)
      at.idb.injure = () => null
      await page.meanwhile(page.ledger.whenIdle())
      expect(persistedOf(page, ['w:flow', 'r:one', 'r:two'])).toBe(40)
      expect(page.state().ledger.health).toEqual({ state: 'ok' })
    },
  )

  test('fault F4: a transaction that never settles is given up after five seconds, and closing it frees what waits', async () => {
    const { page, lines } = await stored()
    let hung = 0
    at.idb.injure = (point) => {
      if (point.kind !== 'commit' || point.mode !== 'readwrite' || hung === 2) return null
      hung += 1
      return hung === 1 ? { kind: 'hang', landed: false } : { kind: 'close' }
    }
    page.source.emit(lines.stream, [more(lines, 2)])
    await page.pass(4_000)
    expect(persistedOf(page, LOGS)).toBe(EVENTS)
    expect(await page.until(() => persistedOf(page, LOGS) === EVENTS + 1)).toBe(true)
    expect(said(page, 'recovering').join()).toContain('within 5 seconds')
  })

  test(
    'fault F5: beyond 20,000 waiting events bulk loses its payload and keeps its place; all else survives',
    { timeout: 60_000 },
    async () => {
      at = machine({ journal: false })
      const page = at.open()
      await page.meanwhile(page.boot())
      at.idb.injure = onWrites({ kind: 'abort', name: 'QuotaExceededError', landed: false })
      const lines = script()
      const run = 'r:long'
      const bulk = Array.from({ length: 20_400 }, (_, index) => lines.event(run, 'tick', { index }))
      const essential = [
        lines.event(run, 'usage.reported', { key: 'u', scope: 'own', inputTokens: 5 }),
        lines.event(run, 'question.asked', { questionId: 'q', prompt: 'Which?' }),
        lines.event(run, 'run.transitioned', { to: 'completed', trigger: 'result_received' }),
      ]
      page.source.emit(lines.stream, bulk)
      await page.pass(40_000)
      page.source.emit(lines.stream, essential)
      await page.pass(40_000)
      at.idb.injure = () => null
      await page.meanwhile(page.ledger.whenIdle())
      const { readEvents, readRecords, readCursor } = page.storage.ledger
      const events = await page.meanwhile(readEvents(run, { after: 0, limit: 30_000 }))
      expect(events.map(({ position }) => position)).toEqual(
        Array.from({ length: 20_403 }, (_, index) => index + 1),
      )
      expect(events.some(({ payload }) => payload.name === 'stripped')).toBe(true)
      expect(events.slice(-3).map(({ type }) => type)).toEqual([
        'usage.reported',
        'question.asked',
        'run.transitioned',
      ])
      expect(await page.meanwhile(readCursor(lines.stream.id))).toMatchObject({ position: 20_403 })
      const record = (await page.meanwhile(readRecords([run]))).get(run)
      expect(record?.entity === 'run' && record).toMatchObject({
        run: { status: 'completed' },
        telemetry: { inputTokens: 5 },
      })
      expect(page.state().ledger.health).toEqual({ state: 'ok' })
    },
  )
})

test('fault F30: 40 switches between two people in the middle of writing, and nobody sees a row of the other', async () => {
  at = machine()
  const scopes = [newScope(), newScope()]
  const { openLedger } = await import('./support/scopes.ts')
  const told = await openLedger(scopes)
  for (const [index, { logs, own }] of told.entries()) {
    expect(logs.length, `person ${index}`).toBeGreaterThan(0)
    expect(logs.filter((log) => !own(log))).toEqual([])
  }
})
