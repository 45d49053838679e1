/** The inbox: questions of several runs in one place, answered by key, each once. */
import { expect, test } from 'vitest'
import { DISPUTED } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'

const { open } = browserForFile()

const SILENT = 'How many weeks of parental leave do employees get?'

test('an empty inbox says so', async () => {
  const app = await (await open()).open('/inbox')
  await app.get('inbox-empty').waitFor()
  expect(await app.get('needs-you').innerText()).toBe('')
})

test('questions of several runs stand there oldest first and are answered by key alone', async () => {
  const app = await (await open()).open()
  const first = await app.ask(DISPUTED)
  await app.status('awaiting_user')
  await app.page.getByRole('link', { name: 'Runs' }).first().click()
  const second = await app.ask(SILENT)
  await app.status('awaiting_user')
  expect(await app.get('needs-you').innerText()).toContain('2')

  await app.page.getByRole('link', { name: /^Inbox/ }).click()
  await eventually(() => app.get('inbox-item').count()).toBe(2)
  const [oldest, newest] = [app.get('inbox-item').nth(0), app.get('inbox-item').nth(1)]
  expect(await oldest.innerText()).toContain('the documents disagree')
  expect(await newest.innerText()).toContain('No document says anything')
  expect(await oldest.getAttribute('data-active')).toBe('true')

  // Keys are for one card at a time.
  const { keyboard } = app.page
  await keyboard.press('j')
  expect(await newest.getAttribute('data-active')).toBe('true')
  await keyboard.press('2')
  expect(await oldest.locator('input:checked').count()).toBe(0)
  expect(await newest.locator('input').nth(1).isChecked()).toBe(true)
  await keyboard.press('k')
  await keyboard.press('2')
  expect(await oldest.locator('input').nth(1).isChecked()).toBe(true)
  await keyboard.press('Enter')
  await eventually(() => app.get('inbox-item').count()).toBe(1)

  // The one that is left keeps what was chosen; what was answered does not come back.
  await keyboard.press('j')
  await keyboard.press('2')
  await keyboard.press('Enter')
  await app.get('inbox-empty').waitFor()
  await app.open(first)
  await app.status('completed')
  await app.open(second)
  await app.status('completed')
  await app.open('/inbox')
  await app.get('inbox-empty').waitFor()
})

test('an answer given after a reload goes on with the worker, and its run with the resume', async () => {
  const app = await (await open()).open()
  const path = await app.ask(DISPUTED)
  await app.status('awaiting_user')
  await app.open('/inbox')
  await app.get('inbox-item').waitFor()
  await eventually(() => app.get('answer-option').nth(1).locator('input').isEnabled()).toBe(true)
  await app.page.keyboard.press('2')
  await app.page.keyboard.press('Enter')
  await app.get('inbox-empty').waitFor()
  await app.get('answered').getByRole('link').click()
  expect(app.path).toBe(path)
  await app.get('plan-resume').click()
  await app.status('completed')
  expect(await app.report()).toContain('Decided by you')
})

test('an answer on its way is shown as such, and is one command however often it is sent', async () => {
  const app = await (await open()).open()
  await app.ask(DISPUTED)
  await app.status('awaiting_user')
  await app.page.getByRole('link', { name: /^Inbox/ }).click()
  await app.get('inbox-item').waitFor()
  await app.page.evaluate(() => window.e2e.holdCommands())
  await app.page.keyboard.press('1')
  await app.get('answer-submit').dblclick()
  await eventually(() => app.get('answer-note').innerText()).toMatch(/Sending|Sent/)
  expect(await app.get('answer-submit').isEnabled()).toBe(false)
  expect(await app.get('inbox-item').count()).toBe(1)
  await app.release()
  await app.get('inbox-empty').waitFor()
  await app.get('answered').getByRole('link').click()
  await app.status('completed')

  const critic = (await app.agents()).find(({ text }) => text.includes('Critic'))
  await app.page
    .locator(`[data-row-id="${critic?.id ?? ''}"]`)
    .getByRole('link')
    .first()
    .click()
  await app.get('run-page').waitFor()
  await eventually(() => app.page.locator('[data-kind="question.settled"]').count()).toBe(1)
  expect(await app.page.locator('[data-kind="control.requested"]').count()).toBe(1)
})
