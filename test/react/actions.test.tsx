/** What can be asked of a run, why not, what a stop takes with it, and how its status is known. */
import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { Provider } from 'react-redux'
import { describe, expect, test } from 'vitest'
import type { LogId } from 'run-ledger'
import { RunLedgerProvider, useEvidence, useRunActions } from 'run-ledger/react'
import { scriptedSource } from '../../src/testing/scriptedSource.ts'
import { breakableSource, tellPage, waiting } from '../state/support/commands.ts'
import { newScope, openPage, research, script } from '../state/support/page.ts'
import type { Page } from '../state/support/page.ts'

const RUN = 'r:wf1.research.1'
const VERBS = ['start', 'stop', 'pause', 'resume', 'retry', 'answer', 'follow_up'] as const

const show = (page: Page, node: ReactNode) =>
  render(
    <Provider store={page.store}>
      <RunLedgerProvider ledger={page.ledger}>{node}</RunLedgerProvider>
    </Provider>,
  )

function Actions({ log }: { log: LogId }) {
  const { pause, resume, retry, followUp, stop, consequenceOfStop, resumesByPlan } = useRunActions(log)
  const shown = { pause, resume, retry, stop }
  return (
    <>
      {Object.entries(shown).map(([name, action]) => (
        <button key={name} type="button" title={action.whyNot ?? ''} onClick={() => void action.run()}>
          {name}
        </button>
      ))}
      <button type="button" title={followUp.whyNot ?? ''} onClick={() => void followUp.run('And then?')}>
        follow up
      </button>
      <p>{consequenceOfStop ?? 'Stops itself.'}</p>
      <p>{resumesByPlan ? 'by plan' : 'not by plan'}</p>
    </>
  )
}

const Evidence = () => <p>{useEvidence(RUN)?.kind ?? 'not known'}</p>

async function open(): Promise<Page> {
  const page = openPage(newScope(), { source: scriptedSource({ verbs: [...VERBS] }) })
  await page.boot()
  return page
}

async function hear(page: Page, lines: ReturnType<typeof script>, events: object[]): Promise<void> {
  page.source.emit(lines.stream, events)
  await act(() => page.ledger.whenIdle())
}

describe('useRunActions', () => {
  test('sends what can be asked, and says why the rest cannot', async () => {
    const page = await open()
    show(page, <Actions log={RUN} />)
    expect(screen.getByRole('button', { name: 'pause' })).toHaveAttribute(
      'title',
      'This run is not known here.',
    )
    const lines = script()
    await hear(page, lines, research(lines))
    expect(screen.getByRole('button', { name: 'pause' })).toHaveAttribute('title', '')
    expect(screen.getByRole('button', { name: 'retry' })).toHaveAttribute(
      'title',
      'It has not ended yet: stop it first.',
    )
    await userEvent.click(screen.getByRole('button', { name: 'pause' }))
    await userEvent.click(screen.getByRole('button', { name: 'follow up' }))
    await waitFor(() =>
      expect(page.source.sent).toMatchObject([
        { verb: 'pause', payload: null },
        { verb: 'follow_up', payload: { message: 'And then?' } },
      ]),
    )
  })

  test('says what a stop takes with it', async () => {
    const page = await open()
    show(page, <Actions log="w:wf1" />)
    const lines = script()
    await hear(page, lines, research(lines))
    expect(screen.getByText('Stops 1 agent that is at work.')).toBeInTheDocument()
  })

  test('a workflow that was cut off is resumed by its plan, and the verb says so', async () => {
    const page = await open()
    show(page, <Actions log="w:wf1" />)
    const lines = script()
    await hear(page, lines, [
      ...research(lines),
      lines.event('w:wf1', 'workflow.transitioned', { to: 'interrupted', trigger: 'process_crashed' }),
    ])
    expect(screen.getByText('by plan')).toBeInTheDocument()
    expect(screen.getByRole('button', { name: 'resume' }).title).toContain('resumed by a plan')
  })

  test('C3: a workflow whose owner is gone is resumed by a plan, and no owner is asked again for it', async () => {
    const { source } = breakableSource({ verbs: VERBS })
    const { page } = await tellPage(
      (lines) => [
        ...waiting(lines),
        lines.event('w:wf1', 'workflow.transitioned', { to: 'paused', trigger: 'paused_by_user' }),
      ],
      { source },
    )
    for (const log of [RUN, 'w:wf1'] as const) source.evidence.set(log, { kind: 'gone', exitCode: null })
    show(page, <Actions log="w:wf1" />)
    expect(screen.getByText('not by plan')).toBeInTheDocument()
    const { ask } = source
    let asked = 0
    source.ask = (runs) => ((asked += 1) === 1 ? ask(runs) : Promise.reject(new Error('asked again')))
    await act(() => page.ledger.reconcile())
    expect(await screen.findByText('by plan')).toBeInTheDocument()
    expect(screen.getByRole('button', { name: 'pause' }).title).not.toBe('')
    expect(screen.getByRole('button', { name: 'resume' }).title).toContain('resumed by a plan')
  })

  test('useEvidence: confirmed by its events, settled by its owner', async () => {
    const page = await open()
    show(page, <Evidence />)
    expect(screen.getByText('not known')).toBeInTheDocument()
    const lines = script()
    await hear(page, lines, research(lines))
    expect(screen.getByText('confirmed')).toBeInTheDocument()
    await hear(page, lines, [lines.event(RUN, 'run.transitioned', { to: 'failed', trigger: 'errored' })])
    expect(screen.getByText('settled')).toBeInTheDocument()
  })
})
