/** An owner that knows of no commands shows that an answer arrived by going on. SPEC O1. */
import { expect, test } from 'vitest'
import { script } from './support/page.ts'
import { RUN, tellPage, waiting } from './support/commands.ts'

const answer = { log: RUN, verb: 'answer', payload: { questionId: 'q1', answer: 'eu' } } as const

test('O1 an answer that was delivered is applied once its run is taken up elsewhere, and stays so', async () => {
  const { page } = await tellPage(waiting)
  const { id, state } = await page.ledger.send(answer)
  expect(state).toBe('delivered')
  const { stream, event } = script('live:2')
  page.source.emit(stream, [event(RUN, 'run.registered', { status: 'running', parentRunId: 'later' })])
  await page.ledger.whenIdle()
  expect(page.state().runs.commands[id]).toMatchObject({ state: 'applied' })
})

test('O1 an answer whose question is still open is not applied by anything else the run says', async () => {
  const { page, lines } = await tellPage(waiting)
  const { id } = await page.ledger.send(answer)
  page.source.emit(lines.stream, [
    lines.event(RUN, 'question.asked', { questionId: 'q2', prompt: 'And?' }),
    lines.event(RUN, 'question.settled', { questionId: 'q2', state: 'answered', answer: 'so' }),
  ])
  await page.ledger.whenIdle()
  expect(page.state().runs.commands[id]).toMatchObject({ state: 'delivered' })
})
