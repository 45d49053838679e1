/** A conversation's rows: from a stored ledger, live, and both mixed, they are the same. Law H3. */
import { act, render, screen, within } from '@testing-library/react'
import { Provider } from 'react-redux'
import { describe, expect, test } from 'vitest'
import { RunLedgerProvider, useThread } from 'run-ledger/react'
import { newScope, openPage, research, script } from '../state/support/page.ts'
import type { Page } from '../state/support/page.ts'

const RUN = 'r:wf1.research.1'

/** All of a thread that a page would show. */
function Rows() {
  const { state, rows } = useThread('t1')
  if (state !== 'ready') return <p>{state}</p>
  return (
    <ul aria-label="subagents">
      {rows.map((row) => (
        <li key={row.id} data-row-id={row.id}>
          {row.displayName} {row.status} {row.unconfirmed ? 'unconfirmed' : 'confirmed'} {row.detail}
          <ul aria-label={`tools of ${row.runId}`}>
            {row.toolCalls.map((call) => (
              <li key={call.id} data-row-id={`${row.id} ${call.id}`}>
                {call.name} {call.status} {call.args?.preview} {call.output?.preview}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  )
}

const view = (page: Page) =>
  render(
    <Provider store={page.store}>
      <RunLedgerProvider ledger={page.ledger}>
        <Rows />
      </RunLedgerProvider>
    </Provider>,
  )

const finished = (lines: ReturnType<typeof script>): object[] => [
  lines.event(RUN, 'tool.finished', { callId: 'c2', status: 'completed', output: 'a passage', elapsedMs: 3 }),
  lines.event(RUN, 'tool.started', { name: 'search', args: '{"q":"again"}' }),
  lines.event(RUN, 'tool.finished', { name: 'search', status: 'failed', failure: 'nothing found' }),
  lines.event(RUN, 'run.transitioned', {
    to: 'completed',
    trigger: 'result_received',
    summary: 'Two findings',
  }),
]

async function settle(page: Page): Promise<void> {
  await act(async () => {
    await page.ledger.whenIdle()
  })
}

/** The rows after everything arrived live, on an open page. */
async function live(scope: string): Promise<string> {
  const page = openPage(scope)
  const { container, unmount } = view(page)
  await act(() => page.boot())
  const lines = script()
  for (const event of [...research(lines), ...finished(lines)]) {
    page.source.emit(lines.stream, [event])
    await settle(page)
  }
  await screen.findByText(/Two findings/)
  const html = container.innerHTML
  unmount()
  await page.ledger.dispose()
  return html
}

describe('thread rows', () => {
  test('H3 a stored history renders the rows that were live', async () => {
    const scope = newScope()
    const before = await live(scope)
    const page = openPage(scope)
    const { container } = view(page)
    await act(() => page.boot())
    await screen.findByText(/Two findings/)
    expect(container.innerHTML).toBe(before)
  })

  test('H3 half from disk and half live renders the same rows, at every cut', async () => {
    const whole = await live(newScope())
    const count = 13
    for (let cut = 5; cut < count; cut += 1) {
      const scope = newScope()
      const lines = script()
      const events = [...research(lines), ...finished(lines)]
      expect(events).toHaveLength(count)
      const first = openPage(scope)
      await first.boot()
      first.source.emit(lines.stream, events.slice(0, cut))
      await first.ledger.whenIdle()
      await first.ledger.dispose()

      const second = openPage(scope)
      const { container, unmount } = view(second)
      await act(() => second.boot())
      second.source.emit(lines.stream, events.slice(cut))
      await settle(second)
      await screen.findByText(/Two findings/)
      expect(container.innerHTML).toBe(whole)
      unmount()
      await second.ledger.dispose()
    }
  })

  test('a row from disk says unconfirmed until somebody vouches for it', async () => {
    const scope = newScope()
    const first = openPage(scope)
    await first.boot()
    const lines = script()
    first.source.emit(lines.stream, research(lines))
    await first.ledger.whenIdle()
    await first.ledger.dispose()

    const second = openPage(scope)
    view(second)
    await act(() => second.boot())
    const row = await screen.findByText(/Researcher/)
    expect(row).toHaveTextContent('Researcher running unconfirmed')
    second.source.emit(lines.stream, finished(lines))
    await settle(second)
    expect(screen.getByText(/Researcher/)).toHaveTextContent('success confirmed Two findings')
    expect(within(screen.getByLabelText('tools of wf1.research.1')).getAllByRole('listitem')).toHaveLength(3)
  })

  test('a thread nobody knows is missing, not loading for ever', async () => {
    const page = openPage(newScope())
    view(page)
    expect(screen.getByText('loading')).toBeInTheDocument()
    await act(() => page.boot())
    expect(await screen.findByText('missing')).toBeInTheDocument()
  })
})
