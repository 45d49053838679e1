/**
 * The conversation stream over real sockets, into a real store: cut at every frame, with the page and without, slow,
 * doubled and skipped. B7, checklist row 30. SPEC W1, W2, F1.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RunEvent, RunRecord } from '../../../src/core/entities.ts'
import type { LogId } from '../../../src/core/ids.ts'
import { indexedDbLedger } from '../../../src/ledger/indexedDb.ts'
import type { SourceSink } from '../../../src/core/ports.ts'
import { followAgent } from '../../../src/sources/agentd/stream.ts'
import type { WebSocketLike } from '../../../src/sources/agentd/stream.ts'
import type { AgentdDouble } from '../../../src/testing/doubles/agentd/index.ts'
import { agentRow, createAgentdDouble, turn } from '../../../src/testing/doubles/agentd/index.ts'
import { at as inTable } from '../../../src/state/table.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'
import { machine } from '../../faults/support/page.ts'
import type { FaultyPage, Machine } from '../../faults/support/page.ts'
import { bootWith, lineTo } from './pages.ts'

const LOG: LogId = 'r:a1'
const STREAM = 'agentd:a1'

let at: Machine
let double: AgentdDouble

beforeEach(async () => {
  double = await createAgentdDouble()
  double.agents.set('a1', agentRow('a1'))
})
afterEach(async () => {
  at.end()
  await double.close()
})

function say(prompt: string, answer: string): void {
  for (const [type, content, metadata] of turn(prompt, answer)) double.append('a1', type, content, metadata)
}

interface OnDisk {
  position: number
  positions: readonly number[]
  events: readonly RunEvent[]
  record: RunRecord | null
}

/** As it lies there, read by nobody who is connected. */
async function readDisk(): Promise<OnDisk> {
  const ledger = indexedDbLedger({ scope: at.scope, clock: manualClock() })
  await ledger.open()
  const events = await ledger.readEvents(LOG, { after: 0, limit: 10_000 })
  const cursor = await ledger.readCursor(STREAM)
  const record = (await ledger.readRecords([LOG])).get(LOG)
  await ledger.close()
  return {
    position: cursor?.position ?? 0,
    positions: events.flatMap(({ stream, position }) =>
      stream === STREAM && typeof position === 'number' ? position : [],
    ),
    events,
    record: record?.entity === 'run' ? record : null,
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

async function untilStored(page: FaultyPage, count: number): Promise<void> {
  const isStored = (): boolean => {
    const persisted = inTable(page.state().runs.persisted, LOG) ?? 0
    const tail = inTable(page.state().runs.tails, LOG) ?? []
    return tail.some(({ position }) => position === count) && persisted >= (tail.at(-1)?.sequence ?? 1)
  }
  expect(await page.until(isStored)).toBe(true)
}

/** What a person sees of the run, without when and in which order of streams it came. */
function shown({ record }: OnDisk): unknown {
  if (record === null) return null
  const { run, telemetry, questions, toolCalls, notes } = record
  const { lastSequence: _, updatedAt: __, sortAt: ___, startedAt: ____, ...rest } = run
  const artifacts = run.artifacts.map(({ name, content }) => [name, content.preview])
  const { updatedAt: _____, ...figures } = telemetry
  return {
    run: { ...rest, artifacts },
    figures,
    questions,
    calls: toolCalls.map(({ id, status }) => [id, status]),
    notes,
  }
}

/** `snapshot_begin`, nine events, `snapshot_end`, nine live ones. */
const FRAMES = [0, ...upTo(19)]
const FIRST_LIVE = 11

describe('cut at every frame', () => {
  test.each(FRAMES)(
    'B7 after %i frames the page dies too: no gap, no duplicate, no cursor ahead',
    async (frame) => {
      at = machine()
      say('What is here?', 'Three files.')
      // Slowly, so that writes land between frames: a cursor that is always 0 proves nothing.
      Object.assign(double.switches, { dieAtFrame: frame, slow: 3 })
      let lost = false
      // Gone with the connection; what it was writing has landed or has not.
      const line = lineTo(double, () => {
        lost = true
        at.idb.kill(frame % 2 === 0)
        line.cut()
      })
      const page = await bootWith(at, line.options)
      await page.until(() => double.subscribed.length > 0)
      if (frame >= FIRST_LIVE) await untilStored(page, 9)
      say('And now?', 'Four files.')
      expect(await page.until(() => lost)).toBe(true)
      at.bury(page)

      const left = await readDisk()
      expect(left.positions).toEqual(upTo(left.positions.length))
      expect(left.position).toBe(left.positions.length)
      if (frame >= FIRST_LIVE) expect(left.position).toBeGreaterThanOrEqual(9)

      Object.assign(double.switches, { dieAtFrame: null, slow: 0 })
      const next = await bootWith(at, lineTo(double).options)
      await untilStored(next, 18)
      await next.meanwhile(next.ledger.dispose())
      const right = await readDisk()
      expect([right.positions, right.position]).toEqual([upTo(18), 18])
      expect(double.subscribed.at(-1)?.since).toBe(left.position)
      const identities = right.events.map(({ stream, position }) => `${stream} ${position}`)
      expect(new Set(identities).size).toBe(identities.length)
      expect(right.events.some(({ type }) => type === 'log.gap')).toBe(false)
    },
  )

  test.each([2, 3, 7])(
    'B7 a page whose connections all end after %i frames gets everything, once',
    async (frame) => {
      at = machine()
      say('What is here?', 'Three files.')
      double.switches.dieAtFrame = frame
      const page = await bootWith(at, lineTo(double).options)
      await untilStored(page, 9)
      double.switches.dieAtFrame = null
      say('And now?', 'Four files.')
      await untilStored(page, 18)
      await page.meanwhile(page.ledger.dispose())
      const disk = await readDisk()
      expect(disk.positions).toEqual(upTo(18))
      expect(shown(disk)).toEqual(await undisturbed())
    },
  )
})

async function undisturbed(): Promise<unknown> {
  at.end()
  at = machine()
  const page = await bootWith(at, lineTo(double).options)
  await untilStored(page, 18)
  await page.meanwhile(page.ledger.dispose())
  return shown(await readDisk())
}

describe('a wire that is not cut', () => {
  test.each([
    ['slow', { slow: 2 }],
    ['duplicating', { duplicate: true }],
    ['skipping, and saying so', { skipLive: { count: 2, silently: false } }],
    ['skipping silently', { skipLive: { count: 2, silently: true } }],
  ] as const)('B7 one that is %s gives the same run', async (_name, switches) => {
    at = machine()
    say('What is here?', 'Three files.')
    const page = await bootWith(at, lineTo(double).options)
    await untilStored(page, 9)
    Object.assign(double.switches, switches)
    say('And now?', 'Four files.')
    await untilStored(page, 18)
    await page.meanwhile(page.ledger.dispose())
    const disk = await readDisk()
    expect(disk.positions).toEqual(upTo(18))
    expect(disk.events.some(({ type }) => type === 'log.gap')).toBe(false)
    Object.assign(double.switches, { slow: 0, duplicate: false, skipLive: null })
    expect(shown(disk)).toEqual(await undisturbed())
  })

  test('B7 a second page asks only for what is new', async () => {
    at = machine()
    say('What is here?', 'Three files.')
    const page = await bootWith(at, lineTo(double).options)
    await untilStored(page, 9)
    await page.meanwhile(page.ledger.dispose())
    say('And now?', 'Four files.')
    const next = await bootWith(at, lineTo(double).options)
    await untilStored(next, 18)
    expect(double.subscribed.map(({ since }) => since)).toEqual([0, 9])
  })

  test('B7 a history that is shorter there than here is said, not waited for', async () => {
    at = machine()
    say('What is here?', 'Three files.')
    const page = await bootWith(at, lineTo(double).options)
    await untilStored(page, 9)
    await page.meanwhile(page.ledger.dispose())
    double.forget('a1')
    double.append('a1', 'prompt_sent', 'Hello again')
    const next = await bootWith(at, lineTo(double).options)
    const source = (): unknown => next.state().ledger.sources['agentd']
    expect(await next.until(() => JSON.stringify(source()).includes('deleted or replaced'))).toBe(true)
    expect(source()).toMatchObject({ state: 'disconnected' })
    expect((await next.ledger.openRun(LOG)) && inTable(next.state().runs.records, LOG)).toMatchObject({
      run: { status: 'idle' },
    })
  })
})

test('B7 a server that says again and again that it skipped something is asked ever less often', async () => {
  at = machine()
  const clock = manualClock()
  const subscribed: number[] = []
  const open = (): WebSocketLike => {
    const heard = new Map<string, (event: { data: unknown }) => void>()
    queueMicrotask(() => heard.get('open')?.({ data: null }))
    return {
      close() {},
      addEventListener: (type: string, listener: (event: { data: unknown }) => void) =>
        void heard.set(type, listener),
      send() {
        subscribed.push(clock.now())
        for (const frame of ['snapshot_begin', 'snapshot_end', 'gap'])
          heard.get('message')?.({ data: JSON.stringify({ frame, cursor: 0, seq: 0 }) })
      },
    }
  }
  const sink = { position: async () => null, receive() {} } as unknown as SourceSink
  const end = followAgent({
    agentId: 'a1',
    open,
    sink,
    clock,
    backoff: [100, 1_000],
    once: false,
    heard() {},
  })
  for (let step = 0; step < 60; step += 1) {
    await clock.advance(100)
  }
  end()
  const waits = subscribed.slice(1).map((time, at) => time - (subscribed[at] ?? 0))
  expect(waits.slice(0, 5)).toEqual([0, 100, 1_000, 1_000, 1_000])
})
