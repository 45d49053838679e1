/** The conversation hook: it loads what is on disk, shows what comes, and keeps the runs it shows. */
import { act, render, screen } from '@testing-library/react'
import { StrictMode } from 'react'
import { Provider } from 'react-redux'
import { expect, test } from 'vitest'
import { subscribed } from '../../src/state/actions.ts'
import { RunLedgerProvider, useChatRuntime } from 'run-ledger/react'
import { tell, turnClock, turnScript } from '../state/support/chatTurns.ts'
import { newScope, openPage } from '../state/support/page.ts'
import type { Page } from '../state/support/page.ts'

function Conversation({ thread }: { thread: string }) {
  const { state, runtime } = useChatRuntime(thread)
  return (
    <section aria-label={thread}>
      {state} {runtime.inferenceTurnLifecycle ?? 'at rest'}{' '}
      {runtime.toolTimeline.map(({ name, status }) => `${name} ${status}`).join(', ')}
    </section>
  )
}

const view = (page: Page, thread: string) => (
  <StrictMode>
    <Provider store={page.store}>
      <RunLedgerProvider ledger={page.ledger}>
        <Conversation thread={thread} />
      </RunLedgerProvider>
    </Provider>
  </StrictMode>
)

async function settle(page: Page): Promise<void> {
  await act(async () => {
    await page.ledger.whenIdle()
  })
}

test('H3 a conversation is read from the disk, goes on live, and is kept while it is shown', async () => {
  const scope = newScope()
  const first = openPage(scope)
  await first.boot()
  const turn = turnScript(turnClock(), 'req-1')
  const events = [turn.started(), turn.call('a', 'read'), turn.spawned('s'), turn.done()]
  await tell(first, turn, ...events)
  await first.ledger.dispose()

  const page = openPage(scope)
  const { rerender, unmount } = render(view(page, 't1'))
  expect(screen.getByLabelText('t1')).toHaveTextContent('loading at rest')
  await act(() => page.boot())
  expect(
    await screen.findByText(/ready at rest read cancelled, subagent:researcher running/),
  ).toBeInTheDocument()
  const subscribers = () => page.state().runs.subscribers
  expect(subscribers()).toEqual({ 'r:req-1': 1, 'r:s': 1 })
  // However many there are, they are kept by one action.
  const kept = page.actions.filter(subscribed.match).map(({ payload }) => payload.logs.toSorted())
  expect(kept).toEqual([['r:req-1', 'r:s']])

  const next = turnScript(turnClock(), 'req-2')
  page.source.emit(next.stream, [next.started(), next.call('b', 'write')])
  await settle(page)
  expect(screen.getByLabelText('t1')).toHaveTextContent('ready streaming write running')
  expect(subscribers()).toEqual({ 'r:req-1': 1, 'r:s': 1, 'r:req-2': 1 })

  rerender(view(page, 't2'))
  expect(await screen.findByText(/missing at rest/)).toBeInTheDocument()
  expect(subscribers()).toEqual({})
  rerender(view(page, 't1'))
  expect(subscribers()).toEqual({ 'r:req-1': 1, 'r:s': 1, 'r:req-2': 1 })
  unmount()
  expect(subscribers()).toEqual({})
})
