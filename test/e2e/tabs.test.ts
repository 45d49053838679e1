/** Two tabs of one browser: the second sees the first's work and does not touch it. */
import { expect, test } from 'vitest'
import { DISPUTED, finished, idsOf, isTool } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'
import { stored } from './support/database.ts'

const { open } = browserForFile()

test('a second tab leaves the runs of the first alone and claims nothing about them', async () => {
  const first = await (await open({ hooks: { gentleMs: 60 } })).open()
  const path = await first.ask(DISPUTED, 'gentle')
  await eventually(async () => finished(await first.tools()).length).toBeGreaterThanOrEqual(6)
  const before = await first.rows()

  const second = await (await first.newTab()).open(path)
  await eventually(async () => (await second.rows()).length).toBeGreaterThanOrEqual(before.length)
  const seen = await second.shown()
  expect(seen.filter(({ status }) => status === 'interrupted' || status === 'cancelled')).toEqual([])
  expect(await second.get('run-header').getAttribute('data-status')).toMatch(
    /^(unconfirmed|running|awaiting_user)$/,
  )
  // Without a word of its owner there is nothing to pause, and it says why.
  if ((await second.get('run-header').getAttribute('data-status')) === 'unconfirmed') {
    expect(await second.get('pause-button').isEnabled()).toBe(false)
    expect(await second.get('run-header').innerText()).toContain('Nobody has confirmed')
  }

  await first.answer(1)
  await first.status('completed')
  const after = await first.rows()
  expect(idsOf(after).filter((id) => idsOf(before).includes(id))).toEqual(idsOf(before))
  expect(after.filter(({ status }) => status !== 'completed')).toEqual([])
  expect(await first.figure('Tool calls')).toBe(String(after.filter(isTool).length))
  const report = await first.report()

  // The second tab catches up when it is looked at anew; so does one that never saw it running.
  await second.reload()
  expect(await second.report()).toBe(report)
  await eventually(() => second.rows()).toEqual(after)
  await first.reload()
  await eventually(() => first.rows()).toEqual(after)
  expect(await first.get('health-banner').count()).toBe(0)
})

test('two tabs at work at once keep their runs apart, and each sees both afterwards', async () => {
  const first = await (await open({ hooks: { gentleMs: 20 } })).open()
  const second = await (await first.newTab()).open()
  const one = await first.ask(DISPUTED, 'gentle')
  const two = await second.ask(DISPUTED, 'gentle')
  await Promise.all([first.answer(0), second.answer(1)])
  await Promise.all([first.status('completed'), second.status('completed')])
  const [rowsOne, rowsTwo] = [await first.rows(), await second.rows()]
  await second.open(one)
  await eventually(() => second.rows()).toEqual(rowsOne)
  await first.open(two)
  await eventually(() => first.rows()).toEqual(rowsTwo)
  await first.open('/')
  await eventually(() => first.page.locator('[data-testid=run-row][data-status=completed]').count()).toBe(2)
})

test('a start that is on its way in one tab is not sent again by another', async () => {
  const first = await (await open({ hooks: { holdCommands: true } })).open()
  await first.get('pace-switch').uncheck()
  await first.get('question-input').fill(DISPUTED)
  await first.get('use-samples').click()
  await first.get('start-button').click()
  // On disk, and not yet taken by the worker.
  await first.page.getByRole('button', { name: 'Starting…' }).waitFor()
  await eventually(() => stored(first.page, 'commands')).toBe(1)

  const second = await (await first.newTab()).open()
  await second.release()
  await eventually(() => second.get('ledger-status').getAttribute('data-phase')).toBe('ready')
  await first.release()
  await first.get('workflow-page').waitFor()
  await first.answer(0)
  await first.status('completed')
  await first.reload()
  await first.status('completed')
  const agents = idsOf(await first.agents())
  expect(agents).toHaveLength(6)
  const registered = first.page.locator('[data-testid=event-row][data-kind="workflow.registered"]')
  // The events of a run come after its state.
  await eventually(() => registered.count()).toBe(1)
  expect(await second.get('question').count()).toBe(0)
})
