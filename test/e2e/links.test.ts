/** Addresses: every page can be opened from outside, and one that leads nowhere says so. */
import { expect, test } from 'vitest'
import { browserForFile } from './support/browser.ts'

const { open } = browserForFile()

test('a workflow run, an agent run, a thread and an event open by their address in a new page', async () => {
  const app = await (await open()).open()
  const workflow = await app.finish()
  const report = await app.report()
  const rows = await app.rows()
  const [agent] = rows
  const run = `/runs/${agent?.id.replace('subagent:', '') ?? ''}`
  const thread = await app.page.getByRole('link', { name: 'Open the thread' }).getAttribute('href')

  const onWorkflow = await (await app.newTab()).open(workflow)
  expect(await onWorkflow.report()).toBe(report)
  expect(await onWorkflow.rows()).toHaveLength(rows.length)

  const onRun = await (await app.newTab()).open(run)
  await onRun.status('completed')
  await onRun.get('tool-row').first().waitFor()
  expect(await onRun.page.title()).toContain('Planner')

  const onThread = await (await app.newTab()).open(thread ?? '')
  await onThread.page.locator('[data-testid=turn][data-status=completed]').waitFor()
  await onThread.page.locator('[data-testid=report][data-state=ready]').waitFor()
  expect(await onThread.agents()).toHaveLength(rows.filter(({ part }) => part === 'subagent').length)

  const onEvent = await (await app.newTab()).open(`${workflow}#event-3`)
  const event = onEvent.page.locator('#event-3')
  await event.waitFor()
  await onEvent.page.waitForFunction(() => document.getElementById('event-3')?.dataset['linked'] === 'true')
})

const NOWHERE = [
  '/workflows/nobody-knows-me',
  '/runs/nobody-knows-me',
  '/threads/nobody-knows-me',
  '/runs/__proto__',
  '/workflows/constructor',
  '/runs/%F0%9F%9C%81',
  '/no/such/page',
]

test('an address that leads nowhere says so and leads back', async () => {
  const app = await (await open()).open()
  for (const path of NOWHERE) {
    await app.open(path)
    await app.get('not-found').waitFor()
    expect(await app.get('not-found').locator('h1').innerText(), path).toMatch(/not known here|no such page/)
    await app.get('not-found').getByRole('link').click()
    await app.get('runs-page').waitFor()
    expect(app.path).toBe('/')
  }
})

test('an address that is not even encoded properly is one more that leads nowhere', async () => {
  const app = await (await open()).open()
  for (const page of ['/runs/', '/workflows/', '/threads/']) {
    // Most servers refuse such an address themselves, a link in the page meets no server.
    await app.page.evaluate((path) => history.pushState(null, '', path), `${page}%E0%A4%A`)
    await app.get('not-found').waitFor()
    await app.get('not-found').getByRole('link').click()
    await app.get('runs-page').waitFor()
  }
})
