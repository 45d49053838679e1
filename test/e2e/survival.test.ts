/** A run outlives its page: another page and back, reloads at every point, with nothing lost, doubled or made up. */
import { expect, test } from 'vitest'
import { DISPUTED, finished, idsOf, isAgent, isTool } from './support/app.ts'
import type { App, Row } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'

const { open } = browserForFile()

/** Researchers at work, with calls behind them: the middle of a run. */
async function inTheMiddle(app: App, calls = 6): Promise<Row[]> {
  let rows: Row[] = []
  await eventually(async () => {
    rows = await app.rows()
    const working = rows.filter((row) => isAgent(row) && row.status === 'running').length
    return working >= 2 && finished(rows).filter(isTool).length >= calls
  }).toBe(true)
  return rows
}

/** All that was there is there, in the same order, and what had ended reads the same. */
function expectAllOf(before: readonly Row[], after: readonly Row[]): void {
  const known = new Set(idsOf(before))
  expect(new Set(idsOf(after)).size, 'each row once').toBe(after.length)
  expect(idsOf(after).filter((id) => known.has(id))).toEqual(idsOf(before))
  const texts = new Map(after.map(({ id, status, text }) => [id, { status, text }]))
  for (const { id, status, text } of finished(before)) expect(texts.get(id), id).toEqual({ status, text })
}

const alive = ['running', 'starting', 'ticking']
const shownAlive = async (app: App) => (await app.shown()).filter(({ status }) => alive.includes(status))

/** From the first paint on, nothing of a dead page reads as alive. */
async function expectNeverRunning(app: App): Promise<void> {
  expect((await shownAlive(app)).filter(({ part }) => part !== 'phase')).toEqual([])
}

async function expectInterrupted(app: App, before: readonly Row[]): Promise<void> {
  await app.status('interrupted')
  await eventually(async () => (await app.tools()).length).toBeGreaterThanOrEqual(
    before.filter(isTool).length,
  )
  const after = await app.rows()
  expectAllOf(before, after)
  const inFlight = before.filter(({ status }) => status === 'running')
  expect(inFlight.length).toBeGreaterThan(0)
  for (const { id } of inFlight) {
    expect(after.find((row) => row.id === id)?.status, id).toMatch(/^(interrupted|completed)$/)
  }
  expect(after.filter(({ status }) => status === 'interrupted').length).toBeGreaterThan(0)
  await expectNeverRunning(app)
}

test('a run goes on while another page is looked at, and its rows are there on the way back', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  const path = await app.ask(DISPUTED, 'gentle')
  const before = await inTheMiddle(app)
  await app.page.getByRole('link', { name: 'Threads' }).click()
  await app.get('threads-page').waitFor()
  await app.page.getByRole('link', { name: 'Runs', exact: true }).click()
  const row = app.page.locator('[data-testid=run-row][data-status=running]')
  await row.getByRole('link', { name: DISPUTED, exact: true }).click()
  expect(app.path).toBe(path)
  const after = await app.rows()
  expectAllOf(before, after)
  // Live, not a memory of it.
  await eventually(async () => finished(await app.tools()).length).toBeGreaterThan(finished(after).length)
  await app.status('awaiting_user')
  const all = await app.rows()
  expectAllOf(after, all)
  expect(await app.figure('Tool calls')).toBe(String(all.filter(isTool).length))
})

test('a reload in the middle of research loses no row and shows nothing as running', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  const path = await app.ask(DISPUTED, 'gentle')
  const before = await inTheMiddle(app)
  await app.reload()
  await expectInterrupted(app, before)
  expect(app.path).toBe(path)

  // The list says the same, and so does one more reload.
  const after = await app.rows()
  await app.open('/')
  expect(await app.get('run-row').getAttribute('data-status')).toBe('interrupted')
  await app.open(path)
  await eventually(() => app.rows()).toEqual(after)
  await expectNeverRunning(app)
})

test('a phase of a run nobody confirmed is not marked as running either', async () => {
  const app = await (await open({ hooks: { callsHeard: 14 } })).open()
  await app.ask(DISPUTED)
  await eventually(async () => finished(await app.tools()).length).toBe(14)
  await app.reload()
  await app.status('interrupted')
  expect(await shownAlive(app)).toEqual([])
})

test('a tool call under way when the page goes is interrupted, its siblings are whole', async () => {
  const app = await (await open({ hooks: { callsHeard: 14 } })).open()
  await app.ask(DISPUTED)
  await eventually(async () => finished(await app.tools()).length).toBe(14)
  const before = await app.rows()
  const inFlight = before.filter((row) => isTool(row) && row.status === 'running')
  expect(inFlight.length).toBeGreaterThan(0)
  await app.reload()
  await expectInterrupted(app, before)
  const after = await app.rows()
  expect(idsOf(after)).toEqual(idsOf(before))
  for (const { id } of inFlight) expect(after.find((row) => row.id === id)?.status).toBe('interrupted')
})

// Chromium drops the last transaction of such a page in half of the runs; what it left beside the database is there.
test('fault F16: what is on the screen at the moment a page is left is there afterwards', async () => {
  const app = await (await open({ hooks: { gentleMs: 60 } })).open()
  const path = await app.ask(DISPUTED, 'gentle')
  await app.get('subagent-row').nth(3).waitFor()
  // Leaves in the same breath as React shows the call: nothing of the writer's has run in between.
  await app.page.evaluate(() => {
    new MutationObserver((_, observer) => {
      const calls = document.querySelectorAll<HTMLElement>('[data-testid=tool-row][data-status=completed]')
      if (calls.length < 9) return
      observer.disconnect()
      const agentOf = (call: HTMLElement) => call.closest<HTMLElement>('[data-testid=subagent-row]')
      const ids = [...calls].map((call) => `${agentOf(call)?.dataset['rowId']}/${call.dataset['rowId']}`)
      sessionStorage.setItem('e2e-shown', JSON.stringify(ids))
      location.href = 'about:blank'
    }).observe(document, { subtree: true, childList: true, attributes: true })
  })
  await app.page.waitForURL('about:blank')
  await app.open(path)
  await app.status('interrupted')
  const shown: unknown = await app.page.evaluate(() =>
    JSON.parse(sessionStorage.getItem('e2e-shown') ?? '[]'),
  )
  await expect
    .poll(async () => idsOf(await app.tools()), { timeout: 5_000 })
    .toEqual(expect.arrayContaining(shown as string[]))
})

test('a conversation reloaded in the middle of research keeps its rows and their ids', async () => {
  const app = await (await open({ hooks: { gentleMs: 100 } })).open()
  await app.ask(DISPUTED, 'gentle')
  await app.page.getByRole('link', { name: 'Open the thread' }).click()
  await app.get('thread-page').waitFor()
  const before = await inTheMiddle(app)
  await app.reload()
  await app.page.locator('[data-testid=turn][data-status=interrupted]').waitFor()
  await eventually(async () => (await app.tools()).length).toBeGreaterThanOrEqual(
    before.filter(isTool).length,
  )
  expectAllOf(before, await app.rows())
  await expectNeverRunning(app)
})

/** What is shown is on disk a write later; the critic's own page says when. */
async function onDisk(app: App, kind: string): Promise<void> {
  const critic = (await app.agents()).find(({ text }) => text.includes('Critic'))
  await app.page
    .locator(`[data-row-id="${critic?.id ?? ''}"]`)
    .getByRole('link')
    .first()
    .click()
  await app.page.locator(`[data-kind="${kind}"][data-durable=true]`).waitFor()
  await app.page.goBack()
  await app.get('workflow-page').waitFor()
}

test('a question open at a reload is still asked, and its answer reaches the report', async () => {
  const app = await (await open()).open()
  await app.ask(DISPUTED)
  await app.status('awaiting_user')
  const prompt = await app.get('question').locator('legend').innerText()
  const before = await app.rows()
  await onDisk(app, 'question.asked')
  await app.reload()
  await app.get('resume-plan').waitFor()
  await eventually(async () => (await app.tools()).length).toBe(before.filter(isTool).length)
  expect(idsOf(await app.rows())).toEqual(idsOf(before))
  expect(await app.get('question').locator('legend').innerText()).toBe(prompt)
  expect(await app.get('needs-you').innerText()).toContain('1')
  await expectNeverRunning(app)

  await app.get('plan-resume').click()
  await app.status('awaiting_user')
  await app.answer(1)
  await app.status('completed')
  expect(await app.report()).toContain('Decided by you')
  // The same worker went on; nothing that was done is done again.
  expect((await app.rows()).filter(isTool).map(({ id }) => id)).toEqual(idsOf(before.filter(isTool)))
})

test('a finished run reads the same after a reload', async () => {
  const app = await (await open()).open()
  await app.ask(DISPUTED)
  await app.answer(2)
  await app.status('completed')
  const report = await app.report()
  const before = await app.rows()
  const totals = await app.get('totals').innerText()
  const events = await app.get('event-row').allInnerTexts()
  await app.reload()
  expect(await app.report()).toBe(report)
  await eventually(() => app.rows()).toEqual(before)
  expect(await app.get('totals').innerText()).toBe(totals)
  expect(await app.get('event-row').allInnerTexts()).toEqual(events)
  await expectNeverRunning(app)
})
