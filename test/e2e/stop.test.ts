/** Stopping: a workflow run and all that works for it end as stopped, now and after a reload. */
import { expect, test } from 'vitest'
import { DISPUTED, finished, idsOf, isAgent, isTool } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'

const { open } = browserForFile()

test('stopping a workflow run stops its agents, and it stays stopped', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  const path = await app.ask(DISPUTED, 'gentle')
  await eventually(async () => (await app.agents()).filter(({ status }) => status === 'running').length).toBe(
    3,
  )
  const running = (await app.agents()).filter(({ status }) => status === 'running')
  await app.get('stop-button').click()
  expect(await app.get('stop-confirm').innerText()).toContain(
    'Stops 3 agents that are at work; 1 finished result',
  )
  await app.page.getByRole('button', { name: 'Keep going' }).click()
  expect(await app.get('stop-confirm').count()).toBe(0)
  await app.status('running')
  await app.stop()
  await app.status('cancelled')
  await eventually(async () => finished(await app.rows()).length === (await app.rows()).length).toBe(true)
  const rows = await app.rows()
  for (const { id } of running) expect(rows.find((row) => row.id === id)?.status, id).toBe('cancelled')
  // What was done before stays done, nothing begins any more.
  expect(rows.filter(isAgent).some(({ status }) => status === 'completed')).toBe(true)
  expect(await app.get('stop-button').isEnabled()).toBe(false)
  expect(await app.get('run-header').innerText()).toContain('Stopped')

  await app.reload()
  await app.status('cancelled')
  await eventually(() => app.rows()).toEqual(rows)
  await app.open('/')
  expect(await app.get('run-row').getAttribute('data-status')).toBe('cancelled')
  await app.open(path)
  await app.status('cancelled')
})

test('stopping one agent leaves the word to the workflow, and nothing in flight behind', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  const path = await app.ask(DISPUTED, 'gentle')
  await eventually(async () => (await app.agents()).filter(({ status }) => status === 'running').length).toBe(
    3,
  )
  const [, victim] = (await app.agents()).filter(({ status }) => status === 'running')
  await app.page
    .locator(`[data-row-id="${victim?.id ?? ''}"]`)
    .getByRole('link')
    .first()
    .click()
  await app.get('run-page').getByTestId('stop-button').click()
  await app.status('cancelled')
  await app.page.getByRole('link', { name: 'Open its workflow run' }).click()
  expect(app.path).toBe(path)
  await eventually(async () => (await app.rows()).find(({ id }) => id === victim?.id)?.status).toBe(
    'cancelled',
  )
  // However the others go on, the figures are those of the rows.
  await app.page.locator('[data-testid=run-header]:not([data-status=running])').waitFor()
  const tools = (await app.rows()).filter(isTool)
  expect(await app.figure('Tool calls')).toBe(String(tools.length))
  expect(new Set(idsOf(tools)).size).toBe(tools.length)
})

test('stopping while a question is open closes the question', async () => {
  const app = await (await open()).open()
  await app.ask(DISPUTED)
  await app.status('awaiting_user')
  await app.stop()
  await app.status('cancelled')
  await eventually(() => app.get('question').count()).toBe(0)
  expect(await app.get('needs-you').innerText()).toBe('')
  await app.reload()
  await app.status('cancelled')
  expect(await app.get('question').count()).toBe(0)
})
