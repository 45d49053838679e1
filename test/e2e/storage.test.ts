/** Storage that was damaged, and storage that is not to be had: rebuilt, reported, or done without, and said so. */
import { expect, test } from 'vitest'
import { DISPUTED } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'
import { deleteAll, deleteDatabase, deleteEvents, deleteJournal, stored } from './support/database.ts'

const { open } = browserForFile()

test('rows deleted behind the app are rebuilt from events, and the run reads the same', async () => {
  const app = await (await open()).open()
  await app.ask(DISPUTED)
  await app.answer(0)
  await app.status('completed')
  const report = await app.report()
  const rows = await app.rows()
  const totals = await app.get('totals').innerText()
  const records = rows.filter(({ part }) => part === 'subagent').length + 1
  const { path } = app

  await app.leave()
  expect(await stored(app.page, 'runs')).toBe(records - 1)
  await deleteAll(app.page, 'runs')
  await deleteAll(app.page, 'workflows')

  await app.open(path)
  await app.status('completed')
  expect(await app.report()).toBe(report)
  await eventually(() => app.rows()).toEqual(rows)
  expect(await app.get('totals').innerText()).toBe(totals)
  expect(await app.get('health-banner').count()).toBe(0)
  await app.get('ledger-status').click()
  const panel = await app.page.getByRole('dialog', { name: 'Ledger' }).innerText()
  expect(panel).toMatch(new RegExp(`Rebuilt from events\\s+${records} records`))
  expect(panel).toMatch(/Lost\s+0 events/)

  await app.open('/')
  expect(await app.get('run-row').getAttribute('data-status')).toBe('completed')
})

test('W6 events deleted behind the app come back from the second copy, and that they did is said', async () => {
  const app = await (await open()).open()
  const path = await app.finish()
  const report = await app.report()
  const rows = await app.rows()
  await app.leave()
  await deleteEvents(app.page)

  await app.open(path)
  await app.get('healing-notice').waitFor()
  expect(await app.get('healing-notice').innerText()).toMatch(/\d+ events of \d+ runs came back/)
  expect(await app.get('health-banner').count()).toBe(0)
  expect(await app.report()).toBe(report)
  await eventually(() => app.rows()).toEqual(rows)
  await app.reload()
  expect(await app.get('healing-notice').count()).toBe(0)
})

test('W7 a database that is gone is not a fresh start: its history comes back, and that it was gone is said', async () => {
  const app = await (await open()).open()
  const path = await app.finish()
  const report = await app.report()
  await app.leave()
  await deleteDatabase(app.page)

  await app.open(path)
  await app.get('healing-notice').waitFor()
  expect(await app.get('healing-notice').innerText()).toMatch(/The browser had removed the stored history/)
  await app.status('completed')
  expect(await app.report()).toBe(report)
  await app.open('/')
  expect(await app.get('run-row').count()).toBe(1)
})

test('events that no copy has any more are reported as lost, in numbers, where everybody sees it', async () => {
  const app = await (await open()).open()
  const path = await app.finish()
  const agents = (await app.agents()).length

  await app.leave()
  await deleteEvents(app.page)
  await deleteJournal(app.page)

  await app.open(path)
  const banner = app.page.locator('[data-testid=health-banner][data-health=history-lost]')
  await banner.waitFor()
  expect(await banner.innerText()).toMatch(new RegExp(`lost \\d+ events of ${agents + 1} runs`))
  // What the rows know is still shown.
  await app.status('completed')
  expect(await app.agents()).toHaveLength(agents)
  await app.open('/')
  expect(await app.get('run-row').count()).toBe(1)
})

test('a loss is still to be seen at the next start', async () => {
  const app = await (await open()).open()
  const path = await app.finish()
  await app.leave()
  await deleteEvents(app.page)
  await deleteJournal(app.page)
  await app.open(path)
  await app.get('health-banner').waitFor()
  await app.reload()
  await app.status('completed')
  await expect
    .poll(() => app.page.locator('body').innerText(), { timeout: 3_000 })
    .toMatch(/\b(lost|missing)\b/i)
})

const REFUSALS: readonly { name: string; before: () => void }[] = [
  {
    name: 'missing',
    before: () => Object.defineProperty(window, 'indexedDB', { value: undefined }),
  },
  {
    name: 'forbidden',
    before: () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('The user denied permission to access the database.', 'SecurityError')
      }
    },
  },
]

for (const { name, before } of REFUSALS) {
  test(`with IndexedDB ${name}, research works in memory and the app says that nothing is saved`, async () => {
    const app = await (await open({ before })).open()
    const banner = app.page.locator('[data-testid=health-banner][data-health=memory-only]')
    await banner.waitFor()
    expect(await banner.innerText()).toContain('Nothing is saved')
    await app.ask(DISPUTED)
    await app.answer(1)
    await app.status('completed')
    expect(await app.report()).toContain('30 days')
    await eventually(() => app.tools()).not.toHaveLength(0)
    expect(await banner.isVisible()).toBe(true)

    // And it is as gone as it said.
    await app.open('/')
    await app.get('no-runs').waitFor()
  })
}

test('a history written by a newer version is left alone, and the app says so', async () => {
  const app = await open()
  await app.leave()
  await app.page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const opening = indexedDB.open('run-ledger:demo', 99)
        opening.addEventListener('success', () => {
          opening.result.close()
          resolve()
        })
      }),
  )
  await app.open()
  await app.page.locator('[data-testid=health-banner][data-health=read-only]').waitFor()
  await app.finish()
  await app.leave()
  const versions = await app.page.evaluate(() => indexedDB.databases())
  expect(versions.find(({ name }) => name === 'run-ledger:demo')?.version).toBe(99)
})
