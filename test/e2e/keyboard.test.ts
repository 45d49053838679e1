/** The whole way without a mouse, and preferences that are still there afterwards. */
import { expect, test } from 'vitest'
import { DISPUTED } from './support/app.ts'
import type { App } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'

const { open } = browserForFile()

/** Presses Tab until the element has the focus, as a person would. */
async function tabTo(app: App, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await app.page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector))
      return
    await app.page.keyboard.press('Tab')
  }
  throw new Error(`Sixty tabs do not reach ${selector}.`)
}

test('asking, answering and reading the report need no mouse', async () => {
  const app = await (await open()).open()
  const { keyboard } = app.page
  await tabTo(app, '[data-testid=question-input]')
  await keyboard.type(DISPUTED)
  await tabTo(app, '[data-testid=use-samples]')
  await keyboard.press('Enter')
  await eventually(() => app.get('document').count()).toBe(7)
  await tabTo(app, '[data-testid=pace-switch]')
  await keyboard.press('Space')
  expect(await app.get('pace-switch').isChecked()).toBe(false)
  await tabTo(app, '[data-testid=start-button]')
  await keyboard.press('Enter')
  await app.get('workflow-page').waitFor()

  await app.status('awaiting_user')
  await keyboard.press('2')
  expect(await app.get('answer-option').nth(1).locator('input').isChecked()).toBe(true)
  await tabTo(app, '[data-testid=answer-submit]')
  await keyboard.press('Enter')
  await app.status('completed')

  // From the list back to the report, by the name of the run.
  await app.open('/')
  await tabTo(app, '[data-testid=run-row] a')
  await keyboard.press('Enter')
  expect(await app.report()).toContain('30 days')
  await tabTo(app, '[data-testid=report] a')
  await tabTo(app, '[data-testid=subagent-row] button[aria-expanded]')
  await keyboard.press('Enter')
  await app.get('tool-row').first().waitFor()
})

test('number keys belong to the text while a person writes', async () => {
  const app = await (await open()).open()
  await app.ask(DISPUTED)
  await app.status('awaiting_user')
  await app.page.getByRole('link', { name: 'Open the thread' }).click()
  await app.get('question').waitFor()
  await app.get('composer-input').focus()
  await app.page.keyboard.type('1')
  expect(await app.get('composer-input').inputValue()).toBe('1')
  expect(await app.get('question').locator('input:checked').count()).toBe(0)
})

// A choice is written a moment after it was made: one made in the very moment a page is left can be lost.
test(
  'theme and pace are still chosen after a reload, the theme from the first paint on',
  { retry: 2 },
  async () => {
    const app = await (await open()).open()
    await app.get('theme-switch').selectOption('dark')
    await app.get('pace-switch').uncheck()
    await app.reload()
    await eventually(() => app.get('pace-switch').isChecked()).toBe(false)
    expect(await app.get('theme-switch').inputValue()).toBe('dark')
    expect(await app.page.locator('html').getAttribute('data-theme')).toBe('dark')
    const themes = await app.page.evaluate(() => window.e2e.themes)
    expect(themes).toEqual(['dark'])
  },
)
