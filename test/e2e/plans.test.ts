/** Plans a person has a say in: work that is blocked, a world that moved on since, one agent tried again. */
import { expect, test } from 'vitest'
import { CLEAR, DISPUTED, finished } from './support/app.ts'
import type { App } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'

const { open } = browserForFile()

const entries = (app: App, kind: string) => app.page.locator(`[data-testid=plan-entry][data-kind=${kind}]`)

/** From the workflow page to that of the first agent of a status. */
async function openAgent(app: App, status: string): Promise<string> {
  const agent = (await app.agents()).find((row) => row.status === status && row.text.includes('Researcher'))
  const row = app.page.locator(`[data-row-id="${agent?.id ?? ''}"]`)
  await row.getByRole('link').first().click()
  await app.get('run-page').waitFor()
  return app.path
}

test('R3 a call of unknown outcome blocks its agent until a person agrees', async () => {
  const hooks = { gentleMs: 50, callsHeard: 8, effectsUnsaid: true }
  const app = await (await open({ hooks })).open()
  const path = await app.ask(CLEAR, 'gentle')
  await eventually(async () => finished(await app.tools()).length).toBe(8)
  await eventually(async () => (await app.tools()).some(({ status }) => status === 'running')).toBe(true)
  await app.open(path)
  await app.release()
  await eventually(() => entries(app, 'blocked').count()).toBeGreaterThanOrEqual(1)
  expect(await entries(app, 'blocked').first().innerText()).toContain('never reported its end')

  // By the keyboard, as it is the only way for some.
  const blocked = await entries(app, 'blocked').count()
  for (let left = blocked; left > 0; left -= 1) {
    await entries(app, 'blocked').first().getByRole('checkbox').focus()
    await app.page.keyboard.press('Space')
    await eventually(() => entries(app, 'blocked').count()).toBe(left - 1)
  }
  expect(await app.page.locator('[data-testid=plan-entry][data-reason=agreed]').count()).toBe(blocked)
  await app.get('plan-resume').click()
  await app.status('completed')
  expect(await app.report()).toContain('warranty')
  expect(await app.get('resume-receipt').getAttribute('data-as-planned')).toBe('true')
})

test('R2 a plan is refused once another tab has moved on, and a new one is made', async () => {
  // Tabs that do not hear of each other, so that the plan stays as it was read.
  const before = () => void Reflect.deleteProperty(globalThis, 'BroadcastChannel')
  const app = await (await open({ hooks: { gentleMs: 100 }, before })).open()
  const path = await app.ask(CLEAR, 'gentle')
  await eventually(async () => finished(await app.tools()).length).toBeGreaterThanOrEqual(6)
  await app.open(path)
  await app.get('plan-resume').waitFor()

  const other = await (await app.newTab()).open(path)
  await openAgent(other, 'interrupted')
  await other.get('retry-button').click()
  await other.status('completed')

  // A click would wait for a frame, and coming to the front is what makes a tab look at the disk.
  await app.get('plan-resume').evaluate((button: HTMLButtonElement) => button.click())
  await app.get('plan-refresh').waitFor()
  expect(await app.get('plan-note').innerText()).toMatch(/\.$/)
  await app.page.bringToFront()
  await app.get('plan-refresh').click()
  await app.get('plan-resume').click()
  await app.status('completed')
  expect(await app.report()).toContain('warranty')
  expect(await app.get('resume-receipt').getAttribute('data-as-planned')).toBe('true')
})

test('R1 an agent that was stopped is retried alone, and the resume keeps what it found', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  const path = await app.ask(DISPUTED, 'gentle')
  await eventually(async () => (await app.agents()).filter(({ status }) => status === 'running').length).toBe(
    3,
  )
  await app.stop()
  await app.status('cancelled')
  await eventually(async () => (await app.agents()).every(({ status }) => status !== 'running')).toBe(true)
  const agent = await openAgent(app, 'cancelled')
  await app.get('retry-button').click()
  await app.page.getByRole('heading', { name: 'Earlier attempts' }).waitFor()
  await app.status('completed')
  expect(await app.get('run-page').innerText()).toContain('This is attempt 2')

  await app.page.getByRole('link', { name: 'Open its workflow run' }).click()
  expect(app.path).toBe(path)
  await app.get('plan-toggle').click()
  const kept = entries(app, 'reuse').locator(`a[href="${agent}"]`)
  await kept.waitFor()
  await app.get('plan-resume').click()
  await app.status('awaiting_user')
  await app.answer(1)
  await app.status('completed')
  const again = (await app.agents()).find(({ id }) => agent.endsWith(encodeURIComponent(id.slice(9))))
  expect(again?.text).toContain('attempt 2')
})
