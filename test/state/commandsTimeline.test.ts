/** What becomes of a command that its run's owner never got, and how the timeline says so. Law O1. */
import { afterEach, describe, expect, test } from 'vitest'
import { memoryStorage } from '../../src/index.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { decided } from '../../src/state/actions.ts'
import {
  breakableSource,
  commandsOf,
  eventually,
  RUN,
  saidOf,
  statusOf,
  tellPage,
  waiting,
  WORKFLOW,
} from './support/commands.ts'
import { newScope, openPage, research } from './support/page.ts'
import type { Page } from './support/page.ts'

const stop = { log: RUN, verb: 'stop', payload: null } as const
const pages: Page[] = []
const open: typeof tellPage = async (...given) => {
  const told = await tellPage(...given)
  pages.push(told.page)
  return told
}
afterEach(async () => {
  for (const page of pages.splice(0)) await page.ledger.dispose()
})

describe('an owner that is away', () => {
  test('O1 a command waits for it, says so, and is delivered once it is back', async () => {
    const { source, say } = breakableSource()
    const { page } = await open(research, { source })
    say('disconnected')
    const command = await page.ledger.send(stop)
    const detail = 'Waits for scripted, which is not connected.'
    expect(command).toMatchObject({ state: 'queued', detail })
    expect(source.sent).toEqual([])
    expect(saidOf(page, RUN)).toEqual([
      {
        type: 'control.requested',
        stream: 'ledger:commands',
        payload: { commandId: command.id, verb: 'stop', detail, state: 'queued' },
      },
    ])
    say('connected')
    await expect
      .poll(() => commandsOf(page))
      .toMatchObject([{ id: command.id, state: 'delivered', detail: null }])
    expect(source.sent).toMatchObject([{ id: command.id }])
    expect(saidOf(page, RUN)).toHaveLength(1)
  })

  test('O1 a command that waited too long expires by itself, and never reaches it afterwards', async () => {
    const { source, say } = breakableSource()
    const clock = manualClock()
    const { page } = await open(research, { source, clock, storage: memoryStorage() })
    say('disconnected')
    await page.ledger.send(stop)
    await clock.advance(3_500_000)
    expect(commandsOf(page)).toMatchObject([{ state: 'queued' }])
    await clock.advance(200_000)
    expect(commandsOf(page)).toMatchObject([
      { state: 'expired', detail: 'It could not be delivered in time.' },
    ])
    expect(saidOf(page, RUN).map(({ type, payload }) => [type, payload['state']])).toEqual([
      ['control.requested', 'queued'],
      ['control.settled', 'expired'],
    ])
    say('connected')
    await clock.advance(60_000)
    expect(source.sent).toEqual([])
  })

  test('O1 one that was delivered and never confirmed expires, and yields to the word that comes after all', async () => {
    const { source } = breakableSource()
    const clock = manualClock()
    const storage = memoryStorage()
    const { page, lines } = await open(research, { source, clock, storage })
    const command = await page.ledger.send(stop)
    await clock.advance(3_700_000)
    expect(commandsOf(page)).toMatchObject([{ state: 'expired' }])
    page.source.emit(lines.stream, [
      lines.event(RUN, 'control.settled', { commandId: command.id, state: 'applied' }),
    ])
    await page.ledger.whenIdle()
    expect(commandsOf(page)).toMatchObject([{ state: 'applied' }])
    expect(await storage.ledger.listCommands()).toMatchObject([{ state: 'applied' }])
  })

  test('a command that waits is no sign of life of its run', async () => {
    const scope = newScope()
    const first = await tellPage(research, { scope })
    await first.page.ledger.dispose()
    const { source, say } = breakableSource()
    const second = openPage(scope, { source })
    pages.push(second)
    await second.boot({ thread: 't1' })
    say('disconnected')
    await second.ledger.send(stop)
    expect(saidOf(second, RUN)).toHaveLength(1)
    expect(second.state().runs.unconfirmed.some((bucket) => bucket[RUN] === true)).toBe(true)
    expect(second.state().chatRuntime.toolTimelineByThread['t:t1']).toMatchObject([{ unconfirmed: true }])
  })
})

describe('another tab', () => {
  test('T1 sees what waits, and does not take it for a sign of life', async () => {
    const scope = newScope()
    const { source, say } = breakableSource()
    const { page: first } = await open(research, { scope, source })
    const second = openPage(scope)
    pages.push(second)
    await second.boot({ thread: 't1' })
    say('disconnected')
    await first.ledger.send(stop)
    const known = () => second.state().runs.records.flatMap((bucket) => bucket[RUN] ?? [])[0]
    await eventually(() => expect(known()).toMatchObject({ run: { lastSequence: 6 } }))
    expect(commandsOf(second)).toMatchObject([{ state: 'queued' }])
    expect(second.state().runs.unconfirmed.some((bucket) => bucket[RUN] === true)).toBe(true)
    expect(second.state().runs.followed.some((bucket) => bucket[RUN] === true)).toBe(false)
    expect(second.state().chatRuntime.toolTimelineByThread['t:t1']).toMatchObject([{ unconfirmed: true }])
  })
})

describe('what the timeline says', () => {
  test('a refusal of an owner that says nothing itself is said once', async () => {
    const { page } = await open(research)
    page.source.answer = async () => ({ kind: 'rejected', reason: 'Not now.' })
    await page.ledger.send(stop)
    expect(saidOf(page, RUN)).toMatchObject([
      {
        type: 'control.settled',
        stream: 'ledger:commands',
        payload: { state: 'rejected', detail: 'Not now.' },
      },
    ])
  })

  test('a refusal that its owner reports itself is not said twice', async () => {
    const { page, lines } = await open(research)
    page.source.answer = async ({ id }) => {
      page.source.emit(lines.stream, [
        lines.event(RUN, 'control.settled', { commandId: id, state: 'rejected', detail: 'Not now.' }),
      ])
      return { kind: 'rejected', reason: 'Not now.' }
    }
    expect(await page.ledger.send(stop)).toMatchObject({ state: 'rejected', detail: 'Not now.' })
    expect(saidOf(page, RUN)).toMatchObject([{ stream: 'live:1' }])
  })

  test('O1 a send that breaks off is said to be unknown, and yields to the owner', async () => {
    const { page, lines } = await open(research)
    page.source.answer = async () => {
      throw new Error('the line went dead')
    }
    const command = await page.ledger.send(stop)
    expect(saidOf(page, RUN)).toMatchObject([{ payload: { commandId: command.id, state: 'unknown' } }])
    page.source.emit(lines.stream, [
      lines.event(RUN, 'control.settled', { commandId: command.id, state: 'applied' }),
    ])
    await page.ledger.whenIdle()
    expect(commandsOf(page)).toMatchObject([{ state: 'applied', detail: null }])
  })

  test('a command begins no history: a start that is refused leaves no run behind', async () => {
    const storage = memoryStorage()
    const { page } = await open(research, { storage })
    page.source.answer = async () => ({ kind: 'rejected', reason: 'No such agent.' })
    const command = await page.ledger.send({ log: 'w:new', verb: 'start', payload: null })
    expect(command).toMatchObject({ state: 'rejected', detail: 'No such agent.' })
    expect((await storage.ledger.readRecords(['w:new'])).size).toBe(0)
  })
})

describe('a run that is not known', () => {
  test('is refused by name, and nothing is written', async () => {
    const storage = memoryStorage()
    const { page } = await open(research, { storage })
    const sending = page.ledger.send({ log: 'r:nobody', verb: 'stop', payload: null })
    await expect(sending).rejects.toThrow('There is no run nobody here.')
    expect(await storage.ledger.listCommands()).toEqual([])
    expect(page.source.sent).toEqual([])
  })

  test('is asked for by its owner, who may know it before its events arrive', async () => {
    const { page } = await open(research)
    page.source.evidence.set('r:new', { kind: 'live' })
    expect(await page.ledger.send({ log: 'r:new', verb: 'stop', payload: null })).toMatchObject({
      state: 'delivered',
    })
  })
})

describe('stopping what nobody drives', () => {
  const cancelled = { status: 'cancelled', inferred: true, trigger: 'user_terminated' }
  const runOf = (page: Page, log: 'r:a' | 'r:b' | 'r:c' | 'r:d' | typeof RUN) => {
    const found = page.state().runs.records.flatMap((bucket) => bucket[log] ?? [])[0]
    return found?.entity === 'run' ? found.run : null
  }

  test('O1 C3 an id its owner does not know is settled, inferred, with the command, in one transaction', async () => {
    const storage = memoryStorage()
    const { page } = await open(research, { storage })
    page.source.answer = async () => ({ kind: 'unknownRun', reason: 'Not run by this orchestrator.' })
    const before = page.actions.length
    const command = await page.ledger.send({ log: WORKFLOW, verb: 'stop', payload: null })
    const detail = 'Nobody drove it any more: it was settled here, and 1 run with it.'
    expect(command).toMatchObject({ state: 'applied', detail })
    expect(runOf(page, RUN)).toMatchObject(cancelled)
    expect(statusOf(page, WORKFLOW)).toBe('cancelled')
    const written = page.actions.slice(before).filter((action) => decided.match(action))
    expect(written.map(({ payload }) => payload.changes.map(({ log }) => log))).toEqual([[RUN, WORKFLOW]])
    expect(saidOf(page, WORKFLOW)).toMatchObject([{ payload: { state: 'applied', detail } }])
    expect(await storage.ledger.listCommands()).toMatchObject([{ id: command.id, state: 'applied' }])
  })

  test('a run whose owner is gone is settled without asking anyone, its question closed as unknown', async () => {
    const scope = newScope()
    const first = await tellPage(waiting, { scope })
    await first.page.ledger.dispose()
    const page = openPage(scope)
    pages.push(page)
    page.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await page.boot()
    expect(statusOf(page, RUN)).toBe('awaiting_user')
    const command = await page.ledger.send(stop)
    expect(command).toMatchObject({
      state: 'applied',
      detail: 'Nobody drove it any more: it was settled here.',
    })
    expect(page.source.sent).toEqual([])
    expect(runOf(page, RUN)).toMatchObject(cancelled)
    // Once is enough.
    expect(await page.ledger.send(stop)).toMatchObject({ state: 'rejected', detail: 'It had ended already.' })
    // It yields to what the owner said after all.
    page.source.emit({ id: 'live:1', contiguous: true, first: 1, kind: 'live' }, [
      {
        log: RUN,
        type: 'run.transitioned',
        payload: { to: 'completed', trigger: 'result_received' },
        timestamp: 1_800_000_000_000,
        position: 13,
      },
    ])
    await page.ledger.whenIdle()
    expect(statusOf(page, RUN)).toBe('completed')
  })

  test('a parent takes what it had at work along, and leaves what has ended and what lives', async () => {
    const { page } = await open(({ event }) => [
      event('r:a', 'run.registered', { status: 'running' }),
      event('r:b', 'run.registered', { status: 'running', parentRunId: 'a' }),
      event('r:c', 'run.registered', { status: 'running', parentRunId: 'b' }),
      event('r:d', 'run.registered', { status: 'running', parentRunId: 'a' }),
      event(RUN, 'run.registered', { status: 'running', parentRunId: 'a' }),
      event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received' }),
    ])
    page.source.answer = async () => ({ kind: 'unknownRun', reason: 'Unknown.' })
    page.source.evidence.set('r:d', { kind: 'live' })
    const command = await page.ledger.send({ log: 'r:a', verb: 'stop', payload: null })
    expect(command.detail).toBe('Nobody drove it any more: it was settled here, and 2 runs with it.')
    expect(runOf(page, 'r:a')).toMatchObject(cancelled)
    expect(runOf(page, 'r:b')).toMatchObject(cancelled)
    expect(runOf(page, 'r:c')).toMatchObject(cancelled)
    expect(runOf(page, 'r:d')).toMatchObject({ status: 'running' })
    expect(runOf(page, RUN)).toMatchObject({ status: 'completed' })
  })

  test('C2 a child that was touched after its owner was asked is left alone', async () => {
    const { page, lines } = await open(research)
    const { ask } = page.source
    page.source.answer = async () => ({ kind: 'unknownRun', reason: 'Unknown.' })
    page.source.ask = async (runs) => {
      page.source.emit(lines.stream, [lines.event(RUN, 'iteration.started', { iteration: 2 })])
      await page.ledger.whenIdle()
      return ask(runs)
    }
    await page.ledger.send({ log: WORKFLOW, verb: 'stop', payload: null })
    expect(statusOf(page, RUN)).toBe('running')
    expect(statusOf(page, WORKFLOW)).toBe('cancelled')
  })
})
