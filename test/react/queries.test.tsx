/** The hooks over the endpoints: pages from disk that follow what happens while they are shown. */
import { act, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { Provider } from 'react-redux'
import { expect, test } from 'vitest'
import { RunLedgerProvider, useRunEventPages, useRunList, useWorkflowRunList } from 'run-ledger/react'
import type { AgentRunQuery } from 'run-ledger'
import { end, tellRun } from '../state/support/lists.ts'
import { newScope, openPage, script } from '../state/support/page.ts'
import type { Page, Script } from '../state/support/page.ts'

function Runs({ filter }: { filter: AgentRunQuery }) {
  const { rows, total, state, error, hasMore, loadMore } = useRunList(filter)
  return (
    <>
      <p data-testid="runs">
        {state} {rows.map(({ id }) => id).join(' ')} of {total?.count} {error?.message}
      </p>
      {hasMore && (
        <button type="button" onClick={loadMore}>
          more
        </button>
      )}
    </>
  )
}

const show = (page: Page, node: React.ReactNode) =>
  render(
    <Provider store={page.store}>
      <RunLedgerProvider ledger={page.ledger}>{node}</RunLedgerProvider>
    </Provider>,
  )

async function hear(page: Page, lines: Script, events: object[]): Promise<void> {
  page.source.emit(lines.stream, events)
  await act(() => page.ledger.whenIdle())
}

test('useRunList shows a page, more of it, and what becomes of its runs', async () => {
  const page = openPage(newScope())
  const lines = script()
  show(page, <Runs filter={{ limit: 2 }} />)
  expect(screen.getByTestId('runs')).toHaveTextContent('loading of')
  await act(() => page.boot())
  expect(await screen.findByText('ready of 0')).toBeInTheDocument()
  await hear(
    page,
    lines,
    ['a', 'b', 'c'].flatMap((id) => tellRun(lines.event, id, {})),
  )
  expect(screen.getByTestId('runs')).toHaveTextContent('ready c b a of 3')
  await hear(page, lines, [end(lines.event, 'a', 'completed')])
  expect(screen.getByTestId('runs')).toHaveTextContent('ready a c b of 3')
  await act(() => page.ledger.dispose())
})

test('useRunList loads further pages from disk after a reload, and says what is wrong with a filter', async () => {
  const scope = newScope()
  const before = openPage(scope)
  await before.boot()
  const lines = script()
  before.source.emit(
    lines.stream,
    ['a', 'b', 'c'].flatMap((id) => tellRun(lines.event, id, {}, 'completed')),
  )
  await before.ledger.whenIdle()
  await before.ledger.dispose()
  const page = openPage(scope)
  await page.boot()
  const view = show(page, <Runs filter={{ limit: 2, status: 'completed' }} />)
  expect(await screen.findByText('ready c b of 3')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'more' }))
  expect(await screen.findByText('ready c b a of 3')).toBeInTheDocument()
  expect(screen.queryByRole('button')).toBeNull()
  view.unmount()
  show(page, <Runs filter={{ limit: 0 }} />)
  expect(await screen.findByText(/failed .*limit takes a whole number from 1 to 500/)).toBeInTheDocument()
  await act(() => page.ledger.dispose())
})

test('useWorkflowRunList and useRunEventPages show workflow runs and a log that grows', async () => {
  function Both() {
    const { rows } = useWorkflowRunList({ definitionId: 'research' })
    const { events, state } = useRunEventPages({ workflowRunId: 'wf', limit: 2 })
    return (
      <p>
        {rows.length} of it, {state} {events.map(({ sequence }) => sequence).join(' ')}
      </p>
    )
  }
  const page = openPage(newScope())
  await page.boot()
  const lines = script()
  const step = (type: string, payload: object): object => lines.event('w:wf', type, payload)
  await hear(page, lines, [step('workflow.registered', { definitionId: 'research', phases: [] })])
  show(page, <Both />)
  expect(await screen.findByText('1 of it, ready 1')).toBeInTheDocument()
  await hear(page, lines, [
    step('workflow.transitioned', { to: 'running', trigger: 'spawn' }),
    step('run.linked', { childRunId: 'child' }),
  ])
  expect(await screen.findByText('1 of it, ready 3 2 1')).toBeInTheDocument()
  await act(() => page.ledger.dispose())
})
