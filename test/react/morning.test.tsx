/** The morning view: what is found after an absence, each run in one group, and nothing on a first visit. */
import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { Provider } from 'react-redux'
import { describe, expect, test } from 'vitest'
import { encodeCheckpoint } from '../../src/core/checkpoint.ts'
import { presenceNoted, runLog, workflowLog } from 'run-ledger'
import { RunLedgerProvider, useMorning } from 'run-ledger/react'
import { newScope, openPage, research, script, START } from '../state/support/page.ts'
import type { Page } from '../state/support/page.ts'

const show = (page: Page, node: ReactNode) =>
  render(
    <Provider store={page.store}>
      <RunLedgerProvider ledger={page.ledger}>{node}</RunLedgerProvider>
    </Provider>,
  )

function Morning() {
  const { isShown, groups, total, planning, oldestWaitMs, dismiss } = useMorning()
  if (!isShown) return <p>{planning ? 'Planning.' : 'Nothing.'}</p>
  return (
    <>
      <p>
        {total} in all, oldest wait {oldestWaitMs === null ? 'none' : 'known'}
      </p>
      {groups.map(({ name, entries }) => (
        <p key={name}>
          {name}: {entries.map(({ entry }) => entry.id).join() || 'none'}
        </p>
      ))}
      <button type="button" onClick={dismiss}>
        Dismiss
      </button>
    </>
  )
}

const settle = (lines: ReturnType<typeof script>, id: string, to: string): object[] => [
  lines.event(`r:${id}.research.1`, 'run.transitioned', { to, trigger: 'result_received' }),
  lines.event(`w:${id}`, 'workflow.transitioned', { to, trigger: 'result_received' }),
]

const checkpointOf = (runId: string): string =>
  encodeCheckpoint({
    runId,
    agentId: 'researcher',
    contentKey: 'key',
    attempt: 1,
    iteration: 1,
    history: [],
    questionId: null,
  })

/** One visit that ends: three workflow runs, of which one has finished, one asks and one is at work. */
async function leave(scope: string, leftAt: number): Promise<void> {
  const page = openPage(scope)
  await page.boot()
  await waitFor(() => expect(page.state().viewPrefs).toHaveProperty('_persist.rehydrated', true))
  page.store.dispatch(presenceNoted(leftAt))
  const lines = script('live:1')
  page.source.emit(lines.stream, [
    ...research(lines, 'done', 't1'),
    ...settle(lines, 'done', 'completed'),
    ...research(lines, 'asks', 't2'),
    lines.event('r:asks.research.1', 'question.asked', { questionId: 'q', prompt: 'Which?' }),
    lines.event('r:asks.research.1', 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
    ...research(lines, 'works', 't3'),
  ])
  await page.ledger.whenIdle()
  await page.ledger.dispose()
}

/** A page whose owners say that everything is at work, or do not know. */
async function comeBack(scope: string, isLive: boolean): Promise<Page> {
  const page = openPage(scope)
  if (isLive) {
    const logs = ['asks', 'works'].flatMap((id) => [workflowLog(id), runLog(`${id}.research.1`)])
    page.source.evidence = new Map(logs.map((log) => [log, { kind: 'live' as const }]))
  }
  show(page, <Morning />)
  await act(() => page.boot())
  return page
}

describe('useMorning', () => {
  test('tells what finished and what waits, each in one group, from local data', async () => {
    const scope = newScope()
    await leave(scope, START)
    await comeBack(scope, true)
    expect(await screen.findByText('finished: done')).toBeInTheDocument()
    expect(screen.getByText('needs_you: asks')).toBeInTheDocument()
    expect(screen.getByText('2 in all, oldest wait known')).toBeInTheDocument()
    expect(screen.getByText('lost_owner: none')).toBeInTheDocument()
  })

  test('what finished before the person left is no news', async () => {
    const scope = newScope()
    await leave(scope, START + 3_600_000)
    await comeBack(scope, true)
    expect(await screen.findByText('finished: none')).toBeInTheDocument()
  })

  test('a first visit has nothing to tell, whatever is there', async () => {
    const page = openPage(newScope())
    show(page, <Morning />)
    await act(() => page.boot())
    const lines = script('live:1')
    page.source.emit(lines.stream, [...research(lines, 'done'), ...settle(lines, 'done', 'completed')])
    await act(() => page.ledger.whenIdle())
    expect(screen.getByText('Nothing.')).toBeInTheDocument()
  })

  test('what nobody can plan for is unclear, never called safe', async () => {
    const scope = newScope()
    await leave(scope, START)
    await comeBack(scope, false)
    expect(await screen.findByText('unclear: works')).toBeInTheDocument()
    expect(screen.getByText('safe_to_resume: none')).toBeInTheDocument()
  })

  test('C3: what waits or was paused without an owner is never unclear', async () => {
    const scope = newScope()
    const before = openPage(scope)
    await before.boot()
    const lines = script('live:1')
    const halt = (id: string, to: string, trigger: string): object[] => {
      const run = `r:${id}.research.1`
      const question = { questionId: 'q', prompt: 'Which?' }
      return [
        ...research(lines, id, id),
        lines.event(run, 'checkpoint.saved', { state: checkpointOf(`${id}.research.1`) }),
        ...(to === 'awaiting_user' ? [lines.event(run, 'question.asked', question)] : []),
        lines.event(run, 'run.transitioned', { to, trigger }),
        lines.event(`w:${id}`, 'workflow.transitioned', { to, trigger }),
      ]
    }
    before.source.emit(lines.stream, [
      ...halt('wf1', 'awaiting_user', 'question_asked'),
      ...halt('wf2', 'paused', 'paused_by_user'),
    ])
    await before.ledger.whenIdle()
    await before.ledger.dispose()

    const page = openPage(scope)
    for (const log of ['wf1', 'wf2'].flatMap((id) => [workflowLog(id), runLog(`${id}.research.1`)])) {
      page.source.evidence.set(log, { kind: 'gone', exitCode: null })
    }
    show(page, <Morning />)
    await act(() => page.boot())
    expect(await screen.findByText('needs_you: wf1')).toBeInTheDocument()
    expect(await screen.findByText('lost_owner: wf2')).toBeInTheDocument()
    expect(screen.getByText('unclear: none')).toBeInTheDocument()
    expect(page.source.sent).toEqual([])
  })

  test('put away, it stays away for this visit', async () => {
    const scope = newScope()
    await leave(scope, START)
    await comeBack(scope, true)
    await userEvent.click(await screen.findByRole('button', { name: 'Dismiss' }))
    expect(screen.getByText('Nothing.')).toBeInTheDocument()
  })
})
