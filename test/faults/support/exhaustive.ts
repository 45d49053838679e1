/** Owns the script that is cut short at every point, and what must be true of the disk afterwards. Laws W1, W2, W6. */
import { expect } from 'vitest'
import { refold } from '../../../src/core/accept.ts'
import { lifecycleOf } from '../../../src/core/entities.ts'
import type { LogId } from '../../../src/core/ids.ts'
import { indexedDbLedger } from '../../../src/ledger/indexedDb.ts'
import type { Ledger } from '../../../src/ledger/port.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'
import { at as recordOf } from '../../../src/state/table.ts'
import { script } from '../../state/support/page.ts'
import type { Injury, Point } from './faultIdb.ts'
import { machine, persistedOf, statesOf } from './page.ts'
import type { FaultyPage, Machine } from './page.ts'

export const LOGS: readonly LogId[] = ['w:flow', 'r:one', 'r:two']
const BATCHES = 10
const PER_BATCH = 4
export const EVENTS = BATCHES * PER_BATCH

/** Forty events: a workflow, two children, tools, a question, a checkpoint with a text, usage, an end. */
export function story(): object[] {
  const { event } = script()
  const child = (run: string): object[] => [
    event(run, 'run.registered', { kind: 'workflow_child', workflowRunId: 'flow', parentThreadId: 't' }),
    event(run, 'run.transitioned', { to: 'running', trigger: 'spawn' }),
    event(run, 'tool.started', { callId: 'c1', name: 'search', args: '{}' }),
    event(run, 'tool.finished', { callId: 'c1', status: 'completed', output: 'found '.repeat(800) }),
    event(run, 'usage.reported', { key: 'u1', scope: 'own', inputTokens: 10, outputTokens: 3 }),
    event(run, 'iteration.started', { iteration: 2 }),
    event(run, 'tool.started', { callId: 'c2', name: 'read', args: '{}' }),
    event(run, 'tool.finished', { callId: 'c2', status: 'failed', failure: 'gone' }),
    event(run, 'checkpoint.saved', { state: 'where it was '.repeat(400) }),
    event(run, 'question.asked', { questionId: 'q', prompt: 'Which?' }),
    event(run, 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
    event(run, 'question.settled', { questionId: 'q', state: 'answered', answer: 'that' }),
    event(run, 'run.transitioned', { to: 'running', trigger: 'answered' }),
    event(run, 'artifact.recorded', {
      name: 'report',
      mediaType: 'text/plain',
      content: 'result '.repeat(900),
    }),
    event(run, 'usage.reported', { key: 'u2', scope: 'own', inputTokens: 20, outputTokens: 6 }),
    event(run, 'not.a.type', { anything: true }),
    event(run, 'run.transitioned', {
      to: 'completed',
      trigger: 'result_received',
      output: 'done '.repeat(700),
    }),
  ]
  return [
    event('w:flow', 'workflow.registered', {
      definitionId: 'd',
      phases: [{ name: 'p', agentIds: ['a'], dependsOn: [] }],
    }),
    event('w:flow', 'workflow.transitioned', { to: 'running', trigger: 'spawn' }),
    event('w:flow', 'phase.transitioned', { phase: 'p', to: 'running' }),
    ...child('r:one'),
    ...child('r:two'),
    event('w:flow', 'phase.transitioned', { phase: 'p', to: 'completed' }),
    event('w:flow', 'log.note', {}),
    event('w:flow', 'workflow.transitioned', { to: 'completed', trigger: 'result_received' }),
  ]
}

const { stream } = script()
const hash = (values: readonly unknown[]): string => JSON.stringify(values)

/** Dead, or started without a database: what it holds is as gone as it says. */
function isLost(at: Machine, page: FaultyPage): boolean {
  const { phase, health } = page.state().ledger
  return at.idb.isDead() || (phase === 'opening' && health.state !== 'ok')
}

/** Feeds what the source has from `from` on, and waits until all of it is durable, or the page is dead. */
async function feed(at: Machine, page: FaultyPage, from: number, events: readonly object[]): Promise<void> {
  const booting = page.boot()
  const isBooted = (): boolean => page.state().ledger.phase === 'ready'
  expect(await page.until(() => isLost(at, page) || isBooted()), 'the page starts').toBe(true)
  for (let next = from; next < events.length && !isLost(at, page); next += PER_BATCH) {
    page.source.emit(stream, events.slice(next, next + PER_BATCH))
    const upTo = Math.min(next + PER_BATCH, events.length)
    const isDone = (): boolean => at.idb.isDead() || persistedOf(page, LOGS) >= upTo
    expect(await page.until(isDone), `events up to ${upTo} become durable`).toBe(true)
  }
  if (!isLost(at, page)) {
    await page.meanwhile(booting)
    await page.meanwhile(page.ledger.whenIdle())
  }
}

/** Every point the script passes when nothing happens. The first time code runs cold, and more writes go alone. */
export async function pointsOf(): Promise<readonly Point[]> {
  const [cold, warm] = [await pointsOnce(), await pointsOnce()]
  return warm.length < cold.length ? warm : cold
}

async function pointsOnce(): Promise<readonly Point[]> {
  const at = machine()
  try {
    const page = at.open()
    await feed(at, page, 0, story())
    return at.idb.points
  } finally {
    at.end()
  }
}

export interface Outcome {
  /** The states the page that was hurt went through. */
  health: readonly string[]
  hit: Point
}

/** Runs the script, hurts it at the point, and checks everything that must hold. */
export async function hurtAt(number: number, injury: Injury): Promise<Outcome> {
  const at = machine()
  try {
    const events = story()
    at.idb.injure = (point) => (point.number === number ? injury : null)
    const page = at.open()
    await feed(at, page, 0, events)
    const [hit] = at.idb.hit
    if (hit === undefined) throw new Error(`The script has no point ${number}.`)
    const health = statesOf(page.health())
    let last = page
    if (isLost(at, page)) {
      const acked = persistedOf(page, LOGS)
      at.bury(page)
      const stored = await check(at, acked)
      last = at.open()
      await feed(at, last, stored, events)
    }
    expect(last.state().ledger.health, 'health in the end').toEqual({ state: 'ok' })
    expect(last.state().ledger).toMatchObject({ quarantined: 0, copies: 2, mirrorError: null })
    await last.meanwhile(last.ledger.dispose())
    expect(await check(at, EVENTS)).toBe(EVENTS)
    await bootsEqually(at)
    return { health, hit }
  } finally {
    at.end()
  }
}

/** What must be true of a disk at any time; gives back how many events it has. */
async function check(at: Machine, acked: number): Promise<number> {
  const { injure } = at.idb
  at.idb.injure = () => null
  const ledger = indexedDbLedger({ scope: at.scope, clock: manualClock() })
  try {
    const told = story() as { log: LogId; position: number }[]
    const cursor = (await ledger.readCursor(stream.id))?.position ?? 0
    let sum = 0
    for (const log of LOGS) {
      const stored = await ledger.readEvents(log, { after: 0, limit: EVENTS * 2 })
      const submitted = told.filter((event) => event.log === log).map(({ position }) => position)
      expect(
        stored.map(({ position }) => position),
        `${log} holds a prefix`,
      ).toEqual(submitted.slice(0, stored.length))
      expect(submitted.filter((position) => position <= cursor).length, 'no cursor is ahead').toBe(
        stored.length,
      )
      expect(stored.map(({ sequence }) => sequence)).toEqual(stored.map((_, index) => index + 1))
      const record = (await ledger.readRecords([log])).get(log)
      expect(hash([record]), 'rows are the fold').toBe(hash([refold(stored)?.record]))
      await textsOf(ledger, stored)
      sum += stored.length
    }
    expect(sum).toBeGreaterThanOrEqual(acked)
    expect((await ledger.counts()).events).toBe(sum)
    return sum
  } finally {
    await ledger.close()
    at.idb.injure = injure
  }
}

/** Results and checkpoints resolve. */
async function textsOf(ledger: Ledger, events: readonly { type: string; payload: object }[]): Promise<void> {
  for (const { payload } of events) {
    for (const text of Object.values(payload) as ({ ref?: string } | null)[]) {
      const ref = text?.ref
      if (typeof ref === 'string' && !ref.includes('output'))
        expect(await ledger.readBlob(ref), ref).not.toBe(null)
    }
  }
}

/** Starting twice is like starting once. */
async function bootsEqually(at: Machine): Promise<void> {
  const seen: string[] = []
  for (let start = 0; start < 2; start += 1) {
    const page = at.open()
    await page.meanwhile(page.boot())
    const { runs, ledger } = page.state()
    expect(ledger).toMatchObject({ health: { state: 'ok' }, integrity: { rebuilt: 0, lostEvents: 0 } })
    seen.push(hash(LOGS.map((log) => recordOf(runs.records, log))))
    for (const log of LOGS)
      expect(lifecycleOf(recordOf(runs.records, log) ?? never()).status).toBe('completed')
    await page.meanwhile(page.ledger.dispose())
  }
  expect(seen[0]).toBe(seen[1])
}

function never(): never {
  throw new Error('A run is missing.')
}
