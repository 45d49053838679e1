/** What is in flight without an owner, because it kept what it goes on from, says so. SPEC C3, R1. */
import { afterEach, describe, expect, test } from 'vitest'
import { describeEvidence } from '../../src/core/evidence.ts'
import type { LogId } from '../../src/index.ts'
import { selectEvidenceOf } from '../../src/state/selectors/evidence.ts'
import { selectLostWorkflows, selectMorningRoots } from '../../src/state/selectors/morning.ts'
import { at, keysOf } from '../../src/state/table.ts'
import { RUN, tellPage, waiting, WORKFLOW } from './support/commands.ts'
import { newScope, openPage } from './support/page.ts'
import type { Page, Script } from './support/page.ts'
import { openWorkshop, Outside, until } from './support/resuming.ts'

const pages: Page[] = []
const kept = <One extends Page>(page: One): One => {
  pages.push(page)
  return page
}
afterEach(async () => {
  for (const page of pages.splice(0)) await page.ledger.dispose()
})

const waitingWorkflow = (lines: Script): object[] => [
  ...waiting(lines),
  lines.event(WORKFLOW, 'workflow.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
]

const evidenceOf = (page: Page, log: LogId) => {
  const facts = selectEvidenceOf(page.state(), log)
  return facts === null ? null : describeEvidence({ ...facts, now: facts.lastEventAt ?? 0 })
}
const isGone = (page: Page, log: LogId): boolean => at(page.state().runs.gone, log) === true
function goneEach({ source }: Page): void {
  for (const log of [RUN, WORKFLOW] as const) source.evidence.set(log, { kind: 'gone', exitCode: null })
}

/** The next visit to a workflow whose worker waits. */
async function comeBack(prepare: (page: Page) => void): Promise<Page> {
  const scope = newScope()
  const { page: before } = await tellPage(waitingWorkflow, { scope })
  await before.ledger.dispose()
  const page = kept(openPage(scope))
  prepare(page)
  await page.boot()
  return page
}

describe('an owner that is known to be gone', () => {
  test('C3: is said of the run and of its workflow, which stay as they are', async () => {
    const page = await comeBack(goneEach)
    for (const log of [RUN, WORKFLOW] as const) {
      expect(isGone(page, log)).toBe(true)
      expect(evidenceOf(page, log)).toMatchObject({
        kind: 'gone',
        sentence: expect.stringContaining('Its owner is gone; it goes on from its checkpoint'),
      })
    }
    expect(selectLostWorkflows(page.state()).map(({ log }) => log)).toEqual([WORKFLOW])
    expect(selectMorningRoots(page.state())).toMatchObject([{ ownerGone: true }])
  })

  test('C3: is not said where no owner could be asked', async () => {
    const page = await comeBack(({ source }) => {
      source.unreachable = true
    })
    expect(keysOf(page.state().runs.gone)).toEqual([])
    expect(evidenceOf(page, RUN)?.kind).toBe('unconfirmed')
    expect(selectLostWorkflows(page.state())).toEqual([])
  })

  test('C3: is not said of what is settled for it', async () => {
    const { page } = await tellPage(waiting)
    kept(page)
    goneEach(page)
    await page.ledger.reconcile()
    // The workflow was at work, and keeps nothing itself.
    expect([isGone(page, RUN), isGone(page, WORKFLOW)]).toEqual([true, false])
    expect(evidenceOf(page, WORKFLOW)?.kind).toBe('inferred')
  })

  test('C3: is found out of a run that was confirmed here a moment ago', async () => {
    const { page } = await tellPage(waitingWorkflow)
    kept(page)
    expect(evidenceOf(page, RUN)?.kind).toBe('confirmed')
    goneEach(page)
    await page.ledger.reconcile()
    expect(evidenceOf(page, RUN)?.kind).toBe('gone')
    const rows = Object.values(page.state().chatRuntime.toolTimelineByThread).flat()
    expect(rows).toMatchObject([{ unconfirmed: true }])
  })

  test.each([
    [
      'its word',
      async (page: Page) => {
        page.source.evidence = new Map([[RUN, { kind: 'live' }]])
        await page.ledger.reconcile()
      },
    ],
    [
      'a heartbeat',
      async (page: Page, { stream, event }: Script) => {
        page.source.emit(stream, [event(RUN, 'heartbeat', {})])
      },
    ],
    [
      'an event',
      async (page: Page, { stream, event }: Script) => {
        page.source.emit(stream, [event(RUN, 'iteration.started', { iteration: 2 })])
      },
    ],
  ] as const)('C3: is taken back by %s', async (_what, live) => {
    const { page, lines } = await tellPage(waitingWorkflow)
    kept(page)
    goneEach(page)
    await page.ledger.reconcile()
    expect(isGone(page, RUN)).toBe(true)
    await live(page, lines)
    await page.ledger.whenIdle()
    expect([isGone(page, RUN), isGone(page, WORKFLOW)]).toEqual([false, true])
    expect(evidenceOf(page, RUN)?.kind).toBe('confirmed')
  })

  test('C3: says nothing twice', async () => {
    const page = await comeBack(goneEach)
    await page.ledger.reconcile()
    expect(page.actions.filter(({ type }) => type === 'runs/foundGone')).toHaveLength(1)
  })

  test('R1: is forgotten as soon as the answer is taken on by another', async () => {
    const outside = new Outside()
    outside.asking.add('b')
    const first = await openWorkshop(outside)
    const id = await first.start()
    const child = `${id}.work.2`
    await until(() => outside.calls.length === 4)
    await until(() => first.workflow(id).workflow.status === 'awaiting_user')
    await first.crash()
    const page = kept(await openWorkshop(outside))
    expect([isGone(page, `r:${child}`), isGone(page, `w:${id}`)]).toEqual([true, true])
    const questionId = page.run(child).questions[0]?.questionId ?? ''
    await page.ledger.send({ log: `r:${child}`, verb: 'answer', payload: { questionId, answer: 'So.' } })
    await until(() => page.run(child).run.status === 'completed')
    expect(isGone(page, `r:${child}`)).toBe(false)
  })

  test('R1: is said of a workflow that a person paused, and its plan needs their word', async () => {
    const outside = new Outside()
    outside.asking.add('b')
    const first = await openWorkshop(outside)
    const id = await first.start()
    await until(() => first.workflow(id).workflow.status === 'awaiting_user')
    await first.ledger.send({ log: `w:${id}`, verb: 'pause', payload: null })
    await until(() => first.workflow(id).workflow.status === 'paused')
    await first.crash()
    const page = kept(await openWorkshop(outside))
    expect(page.workflow(id).workflow.status).toBe('paused')
    expect(isGone(page, `w:${id}`)).toBe(true)
    expect(await page.ledger.planResume(id)).toMatchObject({ refusal: null, isSafe: false })
  })
})
