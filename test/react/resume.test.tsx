/** The plan and the receipt as components see them, over a real orchestrator. SPEC R1, R2. */
import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { Provider } from 'react-redux'
import { describe, expect, test, vi } from 'vitest'
import { RunLedgerProvider, useResumePlan, useResumeReceipt, useRunActions } from 'run-ledger/react'
import { openWorkshop, Outside, until } from '../state/support/resuming.ts'
import type { Workshop } from '../state/support/resuming.ts'

const show = (page: Workshop, node: ReactNode) =>
  render(
    <Provider store={page.store}>
      <RunLedgerProvider ledger={page.ledger}>{node}</RunLedgerProvider>
    </Provider>,
  )

async function cutOff(outside: Outside): Promise<string> {
  outside.stuck.add('b')
  const page = await openWorkshop(outside)
  const id = await page.start()
  const isDone = (child: string): boolean => page.run(`${id}.work.${child}`).run.status === 'completed'
  await until(() => outside.calls.length === 4 && isDone('1') && isDone('3'))
  await page.crash()
  outside.stuck.clear()
  return id
}

function Plan({ id }: { id: string }) {
  const { state, plan, error, agree, resume, resuming, resumeError, isStale } = useResumePlan(id)
  const { resume: verb } = useRunActions(`w:${id}`)
  return (
    <>
      <h1>{state}</h1>
      <p role="alert">{error ?? resumeError}</p>
      <p>
        {isStale ? 'stale' : 'fresh'}, {resuming ? 'resuming' : 'idle'}, {verb.whyNot}
      </p>
      <ul>
        {plan?.entries.map((entry) => (
          <li key={entry.id}>
            {entry.id.slice(id.length + 1)}: {entry.action}
            {entry.canAgree && (
              <button type="button" onClick={() => agree(entry.id)}>
                Agree
              </button>
            )}
          </li>
        ))}
      </ul>
      <button type="button" disabled={plan === null || plan.refusal !== null} onClick={() => void resume()}>
        Resume
      </button>
    </>
  )
}

function Receipt({ id }: { id: string }) {
  const { state, receipt } = useResumeReceipt(id)
  return <h2>{state === 'ready' && receipt !== null ? 'There is a receipt.' : `Receipt: ${state}.`}</h2>
}

describe('useResumePlan', () => {
  test('shows the plan, carries it out, and leaves a receipt', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    show(
      page,
      <>
        <Plan id={id} />
        <Receipt id={id} />
      </>,
    )
    expect(await screen.findByText('work.2: relaunch')).toBeInTheDocument()
    expect(screen.getByText('work.1: reuse')).toBeInTheDocument()
    expect(screen.getByText(/resumed by a plan/)).toBeInTheDocument()
    expect(await screen.findByText('Receipt: none.')).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Resume' }))
    await act(() => until(() => page.workflow(id).workflow.status === 'completed'))
    expect(outside.callsOf(`${id}.work.1`)).toBe(1)
    expect(await screen.findByText('There is a receipt.')).toBeInTheDocument()
    await waitFor(() => expect(screen.getByRole('button', { name: 'Resume' })).toBeDisabled())
  })

  test('a word of agreement makes a new plan', async () => {
    const outside = new Outside()
    outside.effect = 'write'
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    show(page, <Plan id={id} />)
    expect(await screen.findByText('work.2: blocked')).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Agree' }))
    expect(await screen.findByText('work.2: relaunch')).toBeInTheDocument()
  })

  test('plans once while nothing moves, however often it renders', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    const plans = vi.spyOn(page.ledger, 'planResume')
    await act(() => page.ledger.openWorkflow(id))
    const view = show(page, <Plan id={id} />)
    await screen.findByText('work.2: relaunch')
    const again = (
      <Provider store={page.store}>
        <RunLedgerProvider ledger={page.ledger}>
          <Plan id={id} />
        </RunLedgerProvider>
      </Provider>
    )
    for (let time = 0; time < 5; time += 1) view.rerender(again)
    expect(plans).toHaveBeenCalledTimes(1)
  })

  test('a workflow that is not there says so', async () => {
    const page = await openWorkshop(new Outside())
    show(page, <Plan id="nobody" />)
    expect(await screen.findByText('There is no workflow run nobody here.')).toBeInTheDocument()
    expect(screen.getByRole('heading')).toHaveTextContent('failed')
  })
})
