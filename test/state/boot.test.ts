/** Boot: hydrate, hold, reconcile. Laws W3, H1–H4, C1–C3. */
import { describe, expect, test, vi } from 'vitest'
import { memoryStorage, selectPendingQuestions, selectRunList, selectThreadRows } from '../../src/index.ts'
import { committed, decided, eventsReceived, hydrated } from '../../src/state/actions.ts'
import { runsReducer } from '../../src/state/runsSlice.ts'
import { at, keysOf } from '../../src/state/table.ts'
import { newScope, openPage, research, script } from './support/page.ts'
import type { Page } from './support/page.ts'

const RUN = 'r:wf1.research.1'

async function liveRun(scope: string): Promise<Page> {
  const page = openPage(scope)
  await page.boot()
  const lines = script()
  page.source.emit(lines.stream, research(lines))
  await page.ledger.whenIdle()
  return page
}

function statusOf(page: Page, log: 'r:wf1.research.1' | 'w:wf1'): string | undefined {
  const record = at(page.state().runs.records, log)
  return record?.entity === 'run' ? record.run.status : record?.workflow.status
}

describe('boot', () => {
  test('W3 no event is folded and nothing is written before hydration ends', async () => {
    const storage = memoryStorage()
    const page = openPage(newScope(), { storage })
    const lines = script()
    page.source.emit(lines.stream, research(lines))
    const writes: string[] = []
    const { write, listRecords } = storage.ledger
    storage.ledger.write = (batch) => {
      writes.push(page.state().ledger.phase)
      return write(batch)
    }
    storage.ledger.listRecords = async (query) => {
      // Reading takes its time.
      await new Promise<void>((resolve) => void setTimeout(resolve, 0))
      expect(writes).toEqual([])
      expect(keysOf(page.state().runs.records)).toEqual([])
      return listRecords(query)
    }
    await page.boot()
    await page.ledger.whenIdle()
    expect(writes.length).toBeGreaterThan(0)
    expect(new Set(writes)).toEqual(new Set(['ready']))
    expect(statusOf(page, RUN)).toBe('running')
  })

  test('H1 hydrating and then hearing the rest live gives what hearing all of it live gives', async () => {
    const whole = openPage(newScope())
    await whole.boot()
    const lines = script()
    const events = research(lines)
    const rest = [
      lines.event(RUN, 'tool.finished', { callId: 'c2', status: 'completed', output: 'text', elapsedMs: 5 }),
      lines.event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received', summary: 'done' }),
    ]
    whole.source.emit(lines.stream, [...events, ...rest])
    await whole.ledger.whenIdle()

    for (let cut = 1; cut < events.length; cut += 1) {
      const scope = newScope()
      const first = openPage(scope)
      await first.boot()
      first.source.emit(lines.stream, events.slice(0, cut))
      await first.ledger.whenIdle()
      await first.ledger.dispose()

      const second = openPage(scope)
      // The source replays from the start, as reconnects do; what was seen changes nothing.
      second.source.emit(lines.stream, [...events, ...rest])
      await second.boot({ thread: 't1' })
      await second.ledger.whenIdle()
      expect(second.state().runs.records).toEqual(whole.state().runs.records)
      expect(selectThreadRows(second.state(), 't1')).toEqual(selectThreadRows(whole.state(), 't1'))
      await second.ledger.dispose()
    }
    await whole.ledger.dispose()
  })

  test('H2 a slower earlier hydration loses', () => {
    const newer = runsReducer(undefined, hydrated({ epoch: 2, records: [], commands: [] }))
    const record = { log: 'r:old' } as never
    expect(runsReducer(newer, hydrated({ epoch: 1, records: [record], commands: [] }))).toBe(newer)
  })

  test('H2 a hydration never replaces a record that live events have moved on', async () => {
    const page = await liveRun(newScope())
    const live = at(page.state().runs.records, RUN)
    if (live?.entity !== 'run') throw new Error('no run')
    const stale = { ...live, run: { ...live.run, lastSequence: 1, summary: 'stale' } }
    const next = runsReducer(page.state().runs, hydrated({ epoch: 9, records: [stale], commands: [] }))
    expect(at(next.records, RUN)).toBe(live)
  })

  test('H3 hydrated rows have the ids and the tool rows of the live ones', async () => {
    const scope = newScope()
    const first = await liveRun(scope)
    const live = selectThreadRows(first.state(), 't1')
    await first.ledger.dispose()

    const second = openPage(scope)
    await second.boot({ thread: 't1' })
    const back = selectThreadRows(second.state(), 't1')
    expect(back.map((row) => row.id)).toEqual(live.map((row) => row.id))
    expect(back.map((row) => row.toolCalls)).toEqual(live.map((row) => row.toolCalls))
    expect(back.map((row) => ({ ...row, unconfirmed: false }))).toEqual(live)
  })

  test('H4 restoring dispatches no transition, sends no command and confirms nothing', async () => {
    const scope = newScope()
    await (await liveRun(scope)).ledger.dispose()
    const second = openPage(scope)
    await second.boot({ thread: 't1' })
    await second.ledger.whenIdle()
    const heard = second.actions.filter((action) => committed.match(action) || decided.match(action))
    expect(heard).toEqual([])
    expect(second.actions.some((action) => eventsReceived.match(action))).toBe(false)
    expect(second.source.sent).toEqual([])
  })

  test('in-flight rows come back unconfirmed and are never listed as confirmed work', async () => {
    const scope = newScope()
    await (await liveRun(scope)).ledger.dispose()
    const second = openPage(scope)
    await second.boot({ thread: 't1' })
    expect(selectRunList(second.state())).toMatchObject([{ status: 'running', unconfirmed: true }])
    expect(selectThreadRows(second.state(), 't1')).toMatchObject([{ unconfirmed: true }])
  })
})

describe('evidence', () => {
  test('a run whose owner is gone is settled as interrupted, inferred, and says so to listeners', async () => {
    const scope = newScope()
    await (await liveRun(scope)).ledger.dispose()
    const second = openPage(scope)
    second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    second.source.evidence.set('w:wf1', { kind: 'gone', exitCode: null })
    await second.boot({ thread: 't1' })
    expect(statusOf(second, RUN)).toBe('interrupted')
    expect(statusOf(second, 'w:wf1')).toBe('interrupted')
    const record = at(second.state().runs.records, RUN)
    if (record?.entity !== 'run') throw new Error('no run')
    expect(record.run).toMatchObject({ inferred: true, trigger: 'reconciliation' })
    expect(record.telemetry.elapsedMs).toBe(4_000)
    expect(at(second.state().runs.toolCalls, RUN)?.calls.map((call) => call.status)).toEqual([
      'completed',
      'interrupted',
    ])
    expect(selectThreadRows(second.state(), 't1')).toMatchObject([
      { status: 'cancelled', unconfirmed: false },
    ])
    const told = second.actions
      .filter((action) => committed.match(action))
      .flatMap((action) => action.payload.transitions)
    expect(told.map((each) => [each.log, each.from, each.to])).toEqual([
      [RUN, 'running', 'interrupted'],
      ['w:wf1', 'running', 'interrupted'],
    ])
  })

  test('C1 asking twice is asking once', async () => {
    const scope = newScope()
    await (await liveRun(scope)).ledger.dispose()
    const second = openPage(scope)
    second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await second.boot()
    const once = second.state().runs.records
    await second.ledger.reconcile()
    expect(second.state().runs.records).toEqual(once)
    await second.ledger.dispose()
    const third = openPage(scope)
    third.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await third.boot()
    expect(at(third.state().runs.records, RUN)).toEqual(at(once, RUN))
  })

  test('C2 a run touched after the question was asked is left alone', async () => {
    const scope = newScope()
    const page = await liveRun(scope)
    const lines = script('live:1', 10)
    const { ask } = page.source
    page.source.ask = async (runs) => {
      page.source.emit(lines.stream, [lines.event(RUN, 'iteration.started', { iteration: 2 })])
      await page.ledger.whenIdle()
      return new Map([...(await ask(runs)), [RUN, { kind: 'gone', exitCode: null }]])
    }
    await page.ledger.reconcile()
    expect(statusOf(page, RUN)).toBe('running')
  })

  test('C3 an owner that cannot be reached changes nothing', async () => {
    const scope = newScope()
    await (await liveRun(scope)).ledger.dispose()
    const second = openPage(scope)
    second.source.unreachable = true
    await second.boot({ thread: 't1' })
    expect(statusOf(second, RUN)).toBe('running')
    expect(at(second.state().runs.unconfirmed, RUN)).toBe(true)
  })

  test('a run its owner calls live is confirmed without an event', async () => {
    const scope = newScope()
    await (await liveRun(scope)).ledger.dispose()
    const second = openPage(scope)
    second.source.evidence.set(RUN, { kind: 'live' })
    await second.boot({ thread: 't1' })
    expect(at(second.state().runs.unconfirmed, RUN)).toBeUndefined()
    expect(selectThreadRows(second.state(), 't1')).toMatchObject([{ unconfirmed: false }])
  })

  test('an open question of a dead owner is closed as unknown, not left answerable', async () => {
    const scope = newScope()
    const first = await liveRun(scope)
    const lines = script('live:1', 10)
    first.source.emit(lines.stream, [
      lines.event(RUN, 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
      lines.event(RUN, 'question.asked', { questionId: 'q1', prompt: 'Which?' }),
    ])
    await first.ledger.whenIdle()
    expect(selectPendingQuestions(first.state())).toHaveLength(1)
    await first.ledger.dispose()
    const second = openPage(scope)
    second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await second.boot()
    expect(selectPendingQuestions(second.state())).toEqual([])
    const record = at(second.state().runs.records, RUN)
    expect(record?.entity === 'run' && record.questions).toMatchObject([
      { questionId: 'q1', state: 'unknown' },
    ])
  })
})

describe('an owner that cannot be judged yet', () => {
  test('is asked again until its lock is free', async () => {
    const scope = newScope()
    await (await liveRun(scope)).ledger.dispose()
    const second = openPage(scope)
    await second.boot({ thread: 't1' })
    expect(statusOf(second, RUN)).toBe('running')
    second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await vi.waitFor(() => expect(statusOf(second, RUN)).toBe('interrupted'), { timeout: 3_000 })
    expect(selectThreadRows(second.state(), 't1')).toMatchObject([
      { status: 'cancelled', unconfirmed: false },
    ])
  })

  test('C2 what another tab wrote meanwhile is read before it is judged', async () => {
    const scope = newScope()
    const first = await liveRun(scope)
    const second = openPage(scope)
    await second.boot({ thread: 't1' })
    const lines = script('live:1', 10)
    first.source.emit(lines.stream, [
      lines.event(RUN, 'tool.finished', { callId: 'c2', status: 'completed', output: 'text' }),
      lines.event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received', summary: 'done' }),
    ])
    await first.ledger.dispose()
    second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await second.ledger.reconcile()
    expect(statusOf(second, RUN)).toBe('completed')
    expect(at(second.state().runs.unconfirmed, RUN)).toBeUndefined()
    expect(selectThreadRows(second.state(), 't1')).toMatchObject([{ status: 'success', detail: 'done' }])
  })
})
