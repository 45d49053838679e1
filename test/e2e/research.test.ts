/** The whole way: question, documents, agents at work, an answer, the report. */
import { expect, test } from 'vitest'
import { DISPUTED, finished, idsOf, isAgent, isTool } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'

const { open } = browserForFile()

test('a question is answered by agents at work side by side, with a decision of the person', async () => {
  const app = await (await open()).open()
  const path = await app.ask(DISPUTED, 'gentle')

  // Several researchers at once, each with calls of its own on the screen.
  await eventually(async () => {
    const rows = await app.rows()
    const working = rows.filter((row) => isAgent(row) && row.status === 'running')
    return { working: working.length, calls: finished(rows).filter(isTool).length }
  }).toSatisfy(({ working, calls }: { working: number; calls: number }) => working >= 2 && calls >= 4)

  // Enough seen: the pace is a choice at any time.
  await app.page.getByRole('link', { name: 'Runs' }).first().click()
  await app.get('pace-switch').uncheck()
  await app.page.getByRole('link', { name: DISPUTED, exact: true }).click()
  await app.status('awaiting_user')
  expect(app.path).toBe(path)

  const question = await app.get('question').innerText()
  expect(question).toContain('the documents disagree')
  expect(question).toContain('returns-policy.md')
  expect(question).toContain('customer-faq-2022.md')
  const asking = (await app.agents()).filter(({ status }) => status === 'awaiting_user')
  expect(asking).toHaveLength(1)
  expect(await app.get('needs-you').innerText()).toContain('1')

  await app.answer(1)
  await app.status('completed')
  expect(await app.get('question').count()).toBe(0)
  expect(await app.get('needs-you').innerText()).toBe('')
  const report = await app.report()
  expect(report).toContain('30 days')
  expect(report).toContain('Decided by you')
  expect(report).toContain('returns-policy.md')
})

test('every citation of a report leads to its source', async () => {
  const app = await (await open()).open()
  await app.finish()
  await app.report()
  const targets = await app
    .get('report')
    .locator('a[href^="#"]')
    .evaluateAll((links) =>
      links.map(
        (link) => document.getElementById(link.getAttribute('href')?.slice(1) ?? '')?.textContent ?? '',
      ),
    )
  expect(targets.length).toBeGreaterThan(1)
  for (const target of targets) expect(target).toMatch(/warranty\.md, lines? \d/)
})

test('figures are those of the rows, and what nobody reported is not a number', async () => {
  const app = await (await open()).open()
  await app.finish()
  const rows = await app.rows()
  const agents = rows.filter(isAgent)
  const tools = rows.filter(isTool)
  expect(new Set(idsOf(rows)).size).toBe(rows.length)
  expect(await app.figure('Agents')).toBe(String(agents.length))
  expect(await app.figure('Tool calls')).toBe(String(tools.length))
  expect(await app.figure('Tool errors')).toBe('0')
  expect(await app.figure('Tokens')).toBe('—')
  expect(await app.figure('Cost')).toBe('—')
  for (const { status } of rows) expect(status).toBe('completed')

  // The same figure in the list, and on the page of each agent.
  await app.open('/')
  expect(await app.get('run-row').innerText()).toContain(`${tools.length} tool calls`)
  const researcher = agents.find(({ text }) => text.includes('Researcher'))
  const runId = researcher?.id.replace('subagent:', '') ?? ''
  await app.open(`/runs/${runId}`)
  const own = tools.filter(({ id }) => id.includes(runId))
  await eventually(() => app.get('tool-row').count()).toBe(own.length)
  expect(await app.figure('Tool calls')).toBe(String(own.length))
  expect(await app.figure('Cost')).toBe('—')
})

test('a conversation shows the same rows as the run, and goes on with another question', async () => {
  const app = await (await open()).open()
  await app.finish()
  const before = await app.rows()
  await app.page.getByRole('link', { name: 'Open the thread' }).click()
  await app.get('thread-page').waitFor()
  await eventually(async () => idsOf(await app.tools())).toHaveLength(before.filter(isTool).length)
  expect(idsOf(await app.rows()).toSorted()).toEqual(idsOf(before).toSorted())

  await app.get('composer-input').fill('When is customer support open?')
  await app.get('composer-input').press('Enter')
  await app.page.locator('[data-testid=turn][data-status=completed]').nth(1).waitFor()
  await eventually(() => app.page.locator('[data-testid=report][data-state=ready]').count()).toBe(2)
  expect(await app.get('thread-link').count()).toBe(1)
  const after = await app.rows()
  expect(new Set(idsOf(after)).size).toBe(after.length)
  const thread = app.path

  await app.reload()
  await eventually(async () => idsOf(await app.rows())).toEqual(idsOf(after))
  expect(app.path).toBe(thread)
})
