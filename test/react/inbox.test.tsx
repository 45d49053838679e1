/** The inbox: what is open, whether it can be answered, and what becomes of an answer. SPEC O1. */
import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { Provider } from 'react-redux'
import { describe, expect, test } from 'vitest'
import { RunLedgerProvider, useInbox, usePendingQuestions } from 'run-ledger/react'
import { breakableSource, tellPage, waiting } from '../state/support/commands.ts'
import { newScope, openPage, research, script } from '../state/support/page.ts'
import type { Page } from '../state/support/page.ts'

const RUN = 'r:wf1.research.1'

const show = (page: Page, node: ReactNode) =>
  render(
    <Provider store={page.store}>
      <RunLedgerProvider ledger={page.ledger}>{node}</RunLedgerProvider>
    </Provider>,
  )

function Inbox() {
  const { state, items, answer } = useInbox()
  return (
    <ul aria-label={`Inbox ${state}`}>
      {items.map((item) => (
        <li key={item.id}>
          <button type="button" disabled={!item.canAnswer} onClick={() => void answer(item, 'eu')}>
            {item.question.prompt}
          </button>
          <p>
            {item.workflowTitle} · {item.threadId} · {item.isPending ? 'pending' : 'open'} ·{' '}
            {item.whyNot ?? 'can be answered'} · {item.queued} · {item.orphaned}
          </p>
          <p role="alert">{item.error}</p>
        </li>
      ))}
    </ul>
  )
}

/** A workflow whose researcher asks. */
function asking(lines: ReturnType<typeof script>, id: string, question: object): object[] {
  const run = `r:${id}.research.1`
  return [
    ...research(lines, id, `thread of ${id}`),
    lines.event(run, 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
    lines.event(run, 'question.asked', { questionId: 'q', prompt: `${id}?`, ...question }),
  ]
}

async function hear(page: Page, lines: ReturnType<typeof script>, events: object[]): Promise<void> {
  page.source.emit(lines.stream, events)
  await act(() => page.ledger.whenIdle())
}

describe('useInbox', () => {
  test('shows the open questions of all runs and threads, oldest first, with where they belong', async () => {
    const page = openPage(newScope())
    show(page, <Inbox />)
    expect(screen.getByRole('list')).toHaveAccessibleName('Inbox loading')
    await act(() => page.boot())
    const lines = script()
    await hear(page, lines, [...asking(lines, 'wf1', {}), ...asking(lines, 'wf2', {})])
    expect(screen.getByRole('list')).toHaveAccessibleName('Inbox ready')
    expect(screen.getAllByRole('button').map(({ textContent }) => textContent)).toEqual(['wf1?', 'wf2?'])
    expect(screen.getByText(/Why\? · thread of wf2 · open · can be answered/)).toBeInTheDocument()
  })

  test('an answer is pending until its orchestrator settles it, and then the question is gone', async () => {
    const page = openPage(newScope())
    await page.boot()
    show(page, <Inbox />)
    const lines = script()
    await hear(page, lines, asking(lines, 'wf1', {}))
    await userEvent.click(screen.getByRole('button'))
    expect(await screen.findByText(/pending/)).toBeInTheDocument()
    const sent = { verb: 'answer', payload: { questionId: 'q', answer: 'eu' } }
    await waitFor(() => expect(page.source.sent).toMatchObject([sent]))
    await hear(page, lines, [
      lines.event(RUN, 'question.settled', { questionId: 'q', state: 'answered', answer: 'eu' }),
    ])
    expect(screen.queryByRole('button')).toBeNull()
  })

  test('O1: a double submit is one command', async () => {
    const page = openPage(newScope())
    await page.boot()
    show(page, <Inbox />)
    const lines = script()
    await hear(page, lines, asking(lines, 'wf1', {}))
    const button = screen.getByRole('button')
    await act(async () => {
      button.click()
      button.click()
    })
    await screen.findByText(/pending/)
    await act(() => page.ledger.whenIdle())
    expect(page.source.sent).toHaveLength(1)
  })

  test('a refused answer says why beside its own question', async () => {
    const page = openPage(newScope())
    await page.boot()
    show(page, <Inbox />)
    const lines = script()
    const options = [{ value: 'us', label: 'US' }]
    await hear(page, lines, [...asking(lines, 'wf1', { options }), ...asking(lines, 'wf2', {})])
    await userEvent.click(screen.getByRole('button', { name: 'wf1?' }))
    expect(await screen.findByText('The answer is not one of the options: us.')).toBeInTheDocument()
    expect(screen.getAllByRole('alert').map(({ textContent }) => textContent !== '')).toEqual([true, false])
    expect(page.source.sent).toEqual([])
  })

  test('a question whose time is over cannot be answered and says so', async () => {
    const page = openPage(newScope())
    await page.boot()
    show(page, <Inbox />)
    const lines = script()
    await hear(page, lines, asking(lines, 'wf1', { expiresAt: Date.UTC(2026, 1, 1) }))
    expect(screen.getByRole('button')).toBeDisabled()
    expect(screen.getByText(/The time to answer is over/)).toBeInTheDocument()
  })

  test('C3: whose owner is gone, says that its answer goes on from the checkpoint', async () => {
    const { page } = await tellPage(waiting)
    show(page, <Inbox />)
    expect(await screen.findByText(/can be answered · ·$/)).toBeInTheDocument()
    page.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await act(() => page.ledger.reconcile())
    expect(
      await screen.findByText(/Its owner is gone; with an answer it goes on from its checkpoint/),
    ).toBeInTheDocument()
    expect(screen.getByRole('button')).toBeEnabled()
  })

  test('O1: an answer that nobody can take on yet is queued, and says that its owner is gone', async () => {
    const { source, say } = breakableSource()
    const { page } = await tellPage(waiting, { source })
    source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    show(page, <Inbox />)
    await act(() => page.ledger.reconcile())
    await act(async () => say('disconnected'))
    await waitFor(() => expect(screen.getByRole('button')).toBeEnabled())
    await userEvent.click(screen.getByRole('button'))
    expect(
      await screen.findByText(/Queued: its owner is gone, and it goes on from its checkpoint once/),
    ).toBeInTheDocument()
    expect(source.sent).toEqual([])
  })

  test('questions of runs that have settled are history', async () => {
    function Counts() {
      return (
        <p>
          {useInbox().items.length} of {usePendingQuestions().length}
        </p>
      )
    }
    const page = openPage(newScope())
    await page.boot()
    show(page, <Counts />)
    const lines = script()
    await hear(page, lines, [
      ...asking(lines, 'wf1', {}),
      lines.event(RUN, 'run.transitioned', { to: 'failed', trigger: 'errored' }),
    ])
    expect(screen.getByText('0 of 0')).toBeInTheDocument()
  })
})
