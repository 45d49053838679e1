/** Asking owners and acting on their word, over real records. Laws C1–C3. */
import { afterEach, describe, expect, test } from 'vitest'
import { describeEvidence } from '../../src/core/evidence.ts'
import type { LogId } from '../../src/index.ts'
import { committed, decided } from '../../src/state/actions.ts'
import { selectEvidenceOf } from '../../src/state/selectors/evidence.ts'
import { at } from '../../src/state/table.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { memoryStorage } from '../../src/index.ts'
import {
  breakableSource,
  eventually,
  RUN,
  statusOf,
  tellPage,
  waiting,
  WORKFLOW,
} from './support/commands.ts'
import { newScope, openPage, research, START } from './support/page.ts'
import type { Page, Script } from './support/page.ts'

const GONE = { kind: 'gone', exitCode: null } as const
const LIVE = { kind: 'live' } as const
const pages: Page[] = []
afterEach(async () => {
  for (const page of pages.splice(0)) await page.ledger.dispose()
})

/** Told by an owner that then says this of its runs. */
async function restarted(
  events: (lines: Script) => object[],
  words: readonly (readonly [LogId, typeof GONE | typeof LIVE])[],
): Promise<Page> {
  const scope = newScope()
  const { page } = await tellPage(events, { scope })
  await page.ledger.dispose()
  const next = openPage(scope)
  pages.push(next)
  for (const [log, word] of words) next.source.evidence.set(log, word)
  await next.boot()
  return next
}

const bothGone = [
  [RUN, GONE],
  [WORKFLOW, GONE],
] as const

const waitingWorkflow = (lines: Script): object[] => [
  ...waiting(lines),
  lines.event(WORKFLOW, 'workflow.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
]

describe('an owner that is gone', () => {
  test('a run that waits keeps waiting while its checkpoint reads back, and so does its workflow run', async () => {
    const page = await restarted(waitingWorkflow, bothGone)
    expect(statusOf(page, RUN)).toBe('awaiting_user')
    expect(statusOf(page, WORKFLOW)).toBe('awaiting_user')
    const record = at(page.state().runs.records, RUN)
    expect(record?.entity === 'run' && record.questions).toMatchObject([{ questionId: 'q1', state: 'open' }])
  })

  test.each([
    ['damaged', '{"checkpoint":1,"digest":"no","state":{}}'],
    ['of another run', null],
    ['no checkpoint at all', 'just words'],
  ])('a checkpoint that is %s is none: both are interrupted, in one transaction', async (_, text) => {
    const events = (lines: Script): object[] => {
      const told = waitingWorkflow(lines).map(
        (event) => event as { type: string; payload: { state?: string } },
      )
      return told.map((event) => {
        if (event.type !== 'checkpoint.saved') return event
        const state = text ?? event.payload.state?.replaceAll('wf1.research.1', 'wf1.research.2')
        return { ...event, payload: { state } }
      })
    }
    const page = await restarted(events, bothGone)
    expect(statusOf(page, RUN)).toBe('interrupted')
    expect(statusOf(page, WORKFLOW)).toBe('interrupted')
    const written = page.actions.filter((action) => decided.match(action))
    expect(written.map(({ payload }) => payload.changes.map(({ log }) => log))).toEqual([[RUN, WORKFLOW]])
  })

  test('C3 a checkpoint that cannot be read just now is not missing: the run is left as it is', async () => {
    const storage = memoryStorage()
    const { page: first } = await tellPage(
      (lines) => [
        ...waiting(lines),
        lines.event(RUN, 'checkpoint.saved', {
          state: `{"checkpoint":1,"digest":"no","state":"${'x'.repeat(5_000)}"}`,
        }),
      ],
      { storage },
    )
    pages.push(first)
    storage.ledger.readBlob = async () => {
      throw new Error('The disk does not answer.')
    }
    first.source.evidence.set(RUN, GONE)
    await first.ledger.reconcile()
    expect(statusOf(first, RUN)).toBe('awaiting_user')
  })
})

describe('an owner that was there all along', () => {
  test('a run we had given up begins a new attempt, confirmed, once', async () => {
    const page = await restarted(research, [[RUN, GONE]])
    expect(statusOf(page, RUN)).toBe('interrupted')
    page.source.evidence.set(RUN, LIVE)
    await page.ledger.reconcile()
    const record = at(page.state().runs.records, RUN)
    expect(record?.entity === 'run' && record.run).toMatchObject({
      status: 'running',
      attempt: 2,
      inferred: false,
      trigger: 'reconciliation',
    })
    expect(at(page.state().runs.unconfirmed, RUN)).toBeUndefined()
    await page.ledger.reconcile()
    expect(at(page.state().runs.records, RUN)).toBe(record)
  })

  test('what its owner itself settled stays settled, whatever is said of it', async () => {
    const page = await restarted(
      (lines) => [
        ...research(lines),
        lines.event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received' }),
      ],
      [[RUN, LIVE]],
    )
    await page.ledger.reconcile()
    expect(statusOf(page, RUN)).toBe('completed')
  })
})

describe('a connection that comes back', () => {
  test('has its runs asked about at once', async () => {
    const { source, say } = breakableSource()
    const { page } = await tellPage(research, { source })
    pages.push(page)
    say('disconnected')
    source.evidence.set(RUN, GONE)
    say('connected')
    await eventually(() => expect(statusOf(page, RUN)).toBe('interrupted'))
    const told = page.actions.findLast((action) => committed.match(action))
    expect(told?.payload.transitions).toMatchObject([{ log: RUN, to: 'interrupted', inferred: true }])
  })
})

describe('how it is known', () => {
  test('events, heartbeats and the word of the owner each leave their time', async () => {
    const clock = manualClock(START + 1_000_000)
    const { page, lines } = await tellPage(research, { clock, storage: memoryStorage() })
    pages.push(page)
    const evidence = () => selectEvidenceOf(page.state(), RUN)
    const heard = clock.now()
    expect(evidence()).toMatchObject({
      status: 'running',
      unconfirmed: false,
      confirmedAt: heard,
      lastEventAt: START + 9_000,
      heartbeatAt: null,
      stream: 'live:1',
    })
    await clock.advance(5_000)
    page.source.emit(lines.stream, [lines.event(RUN, 'heartbeat', {})])
    await page.ledger.whenIdle()
    expect(evidence()).toMatchObject({ confirmedAt: heard + 5_000, heartbeatAt: heard + 5_000 })
    await clock.advance(5_000)
    page.source.evidence.set(RUN, LIVE)
    await page.ledger.reconcile()
    expect(evidence()).toMatchObject({ confirmedAt: heard + 10_000, heartbeatAt: heard + 5_000 })
    const known = evidence()
    if (known === null) throw new Error('no evidence')
    expect(describeEvidence({ ...known, now: clock.now() })).toMatchObject({ kind: 'confirmed', ageMs: 0 })
  })

  test('a heartbeat is a word of the owner, and what we conclude ourselves is not', async () => {
    const page = await restarted(research, [])
    expect(selectEvidenceOf(page.state(), RUN)).toMatchObject({ unconfirmed: true, confirmedAt: null })
    page.source.emit({ id: 'live:1', contiguous: true, first: 1, kind: 'live' }, [
      { log: RUN, type: 'heartbeat', payload: {}, timestamp: START + 10_000, position: 10 },
    ])
    await page.ledger.whenIdle()
    expect(selectEvidenceOf(page.state(), RUN)).toMatchObject({
      unconfirmed: false,
      lastEventAt: START + 9_000,
    })
    page.source.answer = async () => ({ kind: 'rejected', reason: 'No.' })
    await page.ledger.send({ log: RUN, verb: 'stop', payload: null })
    expect(selectEvidenceOf(page.state(), RUN)).toMatchObject({ lastEventAt: null })
    expect(selectEvidenceOf(page.state(), 'r:nobody')).toBeNull()
  })
})
