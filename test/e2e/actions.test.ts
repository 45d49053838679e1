/** Pausing, going on and asking for more: what a person does about a run, and what it does then. */
import { expect, test } from 'vitest'
import { CLEAR, DISPUTED, finished } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'

const { open } = browserForFile()

test('a paused workflow run does nothing until it is resumed, and says so', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  await app.ask(DISPUTED, 'gentle')
  await eventually(async () => finished(await app.tools()).length).toBeGreaterThanOrEqual(4)
  await app.get('pause-button').click()
  await app.status('paused')
  // A call that was under way may still end; nothing new begins.
  await eventually(async () => (await app.tools()).every(({ status }) => status !== 'running')).toBe(true)
  const before = (await app.tools()).length
  await eventually(() => app.get('pause-button').count()).toBe(0)
  expect(await app.page.locator('[data-testid=phase][data-status=paused]').count()).toBe(1)
  expect(await app.page.locator('[data-testid=phase][data-status=running]').count()).toBe(0)

  // Time passes: as much as another run needs from its beginning to its end.
  await app.page.getByRole('link', { name: 'Runs' }).first().click()
  await app.finish(CLEAR)
  await app.page.getByRole('link', { name: 'Runs' }).first().click()
  await app.page.getByRole('link', { name: DISPUTED, exact: true }).click()
  await app.status('paused')
  await eventually(async () => (await app.tools()).length).toBe(before)
  await app.get('resume-button').click()
  await app.status('awaiting_user')
  expect((await app.tools()).length).toBeGreaterThan(before)
})

test('what is in flight says by whose word, and what has ended says nothing of it', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  await app.ask(DISPUTED, 'gentle')
  await app.page.locator('[data-testid=run-header] [data-testid=evidence][data-kind=confirmed]').waitFor()
  expect(await app.get('run-header').getByTestId('evidence').innerText()).toMatch(
    /^Confirmed by its owner .+\.$/,
  )
  await app.stop()
  await app.status('cancelled')
  expect(await app.get('run-header').getByTestId('evidence').count()).toBe(0)
})

test('a finished researcher takes a follow-up as a new attempt', async () => {
  const app = await (await open()).open()
  await app.finish(CLEAR)
  const researcher = (await app.agents()).find(({ text }) => text.includes('Researcher'))
  await app.page
    .locator(`[data-row-id="${researcher?.id ?? ''}"]`)
    .getByRole('link')
    .first()
    .click()
  await app.get('run-page').waitFor()
  await app.get('follow-up-button').click()
  await app.get('follow-up-text').fill('When is customer support open?')
  await app.get('follow-up-send').click()
  await app.page.getByRole('heading', { name: 'Earlier attempts' }).waitFor()
  await app.status('completed')
  await eventually(() => app.get('run-page').innerText()).toContain('support is open')
})
