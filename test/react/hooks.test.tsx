/** The hooks of the run pages: what they show, when they load, and how rarely they render. */
import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { Provider } from 'react-redux'
import { describe, expect, test, vi } from 'vitest'
import {
  RunLedgerProvider,
  usePendingQuestions,
  useRun,
  useRunActions,
  useRunEvents,
  useRuns,
  useRunTotals,
  useText,
  useWorkflow,
} from 'run-ledger/react'
import { newScope, openPage, research, script } from '../state/support/page.ts'
import type { Page } from '../state/support/page.ts'

const RUN_ID = 'wf1.research.1'
const RUN = `r:${RUN_ID}` as const

const show = (page: Page, node: ReactNode) =>
  render(
    <Provider store={page.store}>
      <RunLedgerProvider ledger={page.ledger}>{node}</RunLedgerProvider>
    </Provider>,
  )

async function hear(page: Page, lines: ReturnType<typeof script>, events: object[]): Promise<void> {
  page.source.emit(lines.stream, events)
  await act(() => page.ledger.whenIdle())
}

async function booted(): Promise<Page> {
  const page = openPage(newScope())
  await page.boot()
  return page
}

describe('hooks', () => {
  test('useRuns lists a workflow with its children counted in, grouped by what it needs', async () => {
    function List() {
      const entries = useRuns({ bucket: 'needs_input' })
      return (
        <p>
          {entries.map((each) => `${each.title}: ${each.toolCount} tools, ${each.openQuestions} open`).join()}
        </p>
      )
    }
    const page = await booted()
    const lines = script()
    show(page, <List />)
    await hear(page, lines, [
      ...research(lines),
      lines.event(RUN, 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
      lines.event(RUN, 'question.asked', { questionId: 'q', prompt: 'Which?' }),
      lines.event('w:wf1', 'workflow.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
    ])
    expect(screen.getByText('Why?: 2 tools, 1 open')).toBeInTheDocument()
  })

  test('useRun renders for events of its own run only', async () => {
    const rendered = vi.fn()
    function One() {
      rendered()
      return <p>{useRun(RUN_ID).record?.run.status}</p>
    }
    const page = await booted()
    const lines = script()
    await hear(page, lines, research(lines))
    show(page, <One />)
    await screen.findByText('running')
    await act(() => page.ledger.whenIdle())
    const before = rendered.mock.calls.length
    const other = script('live:2')
    for (const each of research(other, 'wf2', 't2')) await hear(page, other, [each])
    expect(rendered.mock.calls.length).toBe(before)
    await hear(page, lines, [lines.event(RUN, 'iteration.started', { iteration: 2 })])
    expect(rendered.mock.calls.length).toBeGreaterThan(before)
  })

  test('useWorkflow, useRunTotals and useRunEvents show phases, sums and the log; unknown cost stays null', async () => {
    function Workflow() {
      const { record, runs } = useWorkflow('wf1')
      const totals = useRunTotals('w:wf1')
      const { events } = useRunEvents('w:wf1')
      return (
        <p>
          {record?.workflow.phases.map((phase) => `${phase.name} ${phase.status}`).join()} / {runs.length} run
          /{totals?.toolCount} tools / cost {String(totals?.costUsd)} / {events.length} events
        </p>
      )
    }
    const page = await booted()
    const lines = script()
    await hear(page, lines, research(lines))
    show(page, <Workflow />)
    expect(
      await screen.findByText('research running / 1 run /2 tools / cost null / 4 events'),
    ).toBeInTheDocument()
  })

  test('useText reads the whole of a long text, and says when it is gone', async () => {
    function Output() {
      const view = useText(useRun(RUN_ID).record?.run.output ?? null)
      return (
        <p data-testid="output">{view.state === 'ready' ? `${view.text.length} characters` : view.state}</p>
      )
    }
    const page = await booted()
    const lines = script()
    const transition = { to: 'completed', trigger: 'result_received', output: 'x'.repeat(9_000) }
    await hear(page, lines, [...research(lines), lines.event(RUN, 'run.transitioned', transition)])
    show(page, <Output />)
    expect(await screen.findByText('9000 characters')).toBeInTheDocument()
  })

  test('useRunActions answers a question through the outbox and says why it cannot', async () => {
    function Question() {
      const [pending] = usePendingQuestions()
      const { answer, stop } = useRunActions(RUN)
      return (
        <>
          <button type="button" disabled={!stop.can} title={stop.whyNot ?? ''}>
            Stop
          </button>
          {pending && (
            <button
              type="button"
              onClick={() => void answer.run(pending.question.questionId, 'eu')}
              disabled={!answer.can}
            >
              {pending.question.prompt}
            </button>
          )}
          <p role="alert">{answer.error}</p>
        </>
      )
    }
    const page = openPage(newScope())
    show(page, <Question />)
    expect(screen.getByRole('button', { name: 'Stop' })).toHaveAttribute('title', 'Still loading.')
    await act(() => page.boot())
    const lines = script()
    await hear(page, lines, [
      ...research(lines),
      lines.event(RUN, 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
      lines.event(RUN, 'question.asked', { questionId: 'q', prompt: 'EU or US?' }),
    ])
    page.source.answer = async () => ({ kind: 'rejected', reason: 'That is not one of the options.' })
    await userEvent.click(screen.getByRole('button', { name: 'EU or US?' }))
    const answer = { verb: 'answer', payload: { questionId: 'q', answer: 'eu' } }
    await waitFor(() => expect(page.source.sent).toMatchObject([answer]))
    expect(await screen.findByText('That is not one of the options.')).toBeInTheDocument()
    await hear(page, lines, [
      lines.event(RUN, 'question.settled', { questionId: 'q', state: 'answered', answer: 'us' }),
      lines.event(RUN, 'run.transitioned', { to: 'cancelled', trigger: 'user_terminated' }),
    ])
    expect(screen.getByRole('button', { name: 'Stop' })).toHaveAttribute('title', 'It is cancelled already.')
    expect(screen.queryByRole('button', { name: 'EU or US?' })).toBeNull()
  })

  test('a hook outside the provider says what is missing', () => {
    const page = openPage(newScope())
    const Lost = () => <p>{useRun('x').state}</p>
    const renderLost = () =>
      render(
        <Provider store={page.store}>
          <Lost />
        </Provider>,
      )
    expect(renderLost).toThrow('Put a <RunLedgerProvider')
  })
})
