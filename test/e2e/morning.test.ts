/** Coming back: what happened meanwhile, the plan before anything is done, the resume, the answer, the report. */
import { expect, test } from 'vitest'
import { CLEAR, DISPUTED, finished, idsOf, isAgent, isTool } from './support/app.ts'
import type { App } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'

const { open } = browserForFile()

/** Research cut off by a reload, with calls made and researchers at work. */
async function cutOff(app: App, question = DISPUTED): Promise<{ path: string; done: string[] }> {
  const path = await app.ask(question, 'gentle')
  await eventually(async () => finished(await app.tools()).length).toBeGreaterThanOrEqual(6)
  await app.open('/')
  await app.get('morning').waitFor()
  return { path, done: idsOf(finished(await app.rows())) }
}

const group = (app: App, name: string) => app.page.locator(`[data-testid=morning-group][data-kind=${name}]`)
const entries = (app: App, kind: string) => app.page.locator(`[data-testid=plan-entry][data-kind=${kind}]`)

test('a first visit has nothing to tell', async () => {
  const app = await (await open()).open()
  await app.get('no-runs').waitFor()
  expect(await app.get('morning').count()).toBe(0)
})

test('after a crash: the morning view, the plan, the resume, the answer from the inbox, the report', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  const { path } = await cutOff(app)
  await eventually(() => group(app, 'safe_to_resume').count()).toBe(1)
  expect(await app.get('morning-row').count()).toBe(1)
  await app.get('pace-switch').setChecked(false)

  // The plan is read on the run's own page; nothing moves before the button.
  await app.get('morning-row').getByRole('link').click()
  await app.get('plan-resume').waitFor()
  expect(app.path).toBe(path)
  expect(await entries(app, 'reuse').count()).toBeGreaterThanOrEqual(1)
  expect(await entries(app, 'relaunch').count()).toBeGreaterThanOrEqual(1)
  expect(await entries(app, 'blocked').count()).toBe(0)
  expect(await app.get('plan-saved').innerText()).toContain('tool call')
  const planner = (await app.rows()).filter(({ id }) => id.includes('.decompose.'))
  await app.status('interrupted')
  await app.get('plan-resume').click()
  await app.status('awaiting_user')
  expect(await app.get('resume-plan').count()).toBe(0)

  await app.page.getByRole('link', { name: /^Inbox/ }).click()
  await app.get('inbox-item').waitFor()
  await app.page.keyboard.press('2')
  await app.page.keyboard.press('Enter')
  await app.get('inbox-empty').waitFor()
  await app.get('answered').getByRole('link').click()
  await app.status('completed')
  const report = await app.report()
  expect(report).toContain('Decided by you')
  expect(report).toContain('30 days')

  // What was finished is the same work, and the receipt says that all went as planned.
  const after = await app.rows()
  for (const row of planner.filter(isTool)) expect(after).toContainEqual(row)
  expect(after.filter(isAgent).every(({ status }) => status === 'completed')).toBe(true)
  expect(await app.get('resume-receipt').getAttribute('data-as-planned')).toBe('true')
  await app.page.getByRole('button', { name: 'Show planned against done' }).click()
  expect(
    await app.page.locator('[data-testid=receipt-entry][data-kind=kept]').count(),
  ).toBeGreaterThanOrEqual(1)
})

test('all that is safe is resumed at once, after its plan was shown, and comes to its report', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  const { path } = await cutOff(app, CLEAR)
  await app.get('pace-switch').setChecked(false)
  await app.get('resume-all').click()
  expect(await app.get('resume-all-line').innerText()).toMatch(/kept.*saves.*does again/s)
  // Shown, not done.
  await app.page.getByRole('button', { name: 'Not now' }).click()
  expect(await app.get('run-row').getAttribute('data-status')).toBe('interrupted')
  await app.get('resume-all').click()
  await app.get('resume-all-go').click()
  await app.page.locator('[data-testid=resume-outcome][data-kind=resumed]').waitFor()
  expect(await app.get('resume-outcomes').innerText()).toContain('1 of 1 resumed.')
  await eventually(() => app.get('run-row').getAttribute('data-status')).toBe('completed')
  await app.get('resume-outcome').getByRole('link').click()
  expect(app.path).toBe(path)
  expect(await app.report()).toContain('warranty')
  expect(await app.get('resume-receipt').getAttribute('data-as-planned')).toBe('true')
})

test('what finished meanwhile is told once, and what was put away stays away', async () => {
  const app = await (await open()).open()
  await app.ask(DISPUTED)
  await app.status('awaiting_user')
  await app.open('/')
  await eventually(() => group(app, 'needs_you').count()).toBe(1)
  expect(await app.get('morning').innerText()).toContain('the oldest question has waited')
  await app.get('morning-dismiss').click()
  await eventually(() => app.get('morning').count()).toBe(0)
  await app.page.getByRole('link', { name: 'Threads' }).click()
  await app.page.getByRole('link', { name: 'Runs' }).first().click()
  expect(await app.get('morning').count()).toBe(0)
})

test('a run that went well while the person watched is no news', async () => {
  const app = await (await open()).open()
  await app.finish(CLEAR)
  await app.page.getByRole('link', { name: 'Runs' }).first().click()
  await app.get('run-row').waitFor()
  expect(await app.get('morning').count()).toBe(0)
})
