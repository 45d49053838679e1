/**
 * Faults that only a browser can make: site data cleared under the page, the database deleted by another tab, a
 * renderer that crashes, a clock that jumps, a network that is gone, a device that is slow. With the app as a person
 * sees it.
 */
import { expect, test } from 'vitest'
import { DISPUTED, finished } from './support/app.ts'
import type { App } from './support/app.ts'
import { browserForFile, eventually } from './support/browser.ts'
import { storedCalls } from './support/database.ts'

const { open } = browserForFile()

const cdpOf = (app: App) => app.page.context().newCDPSession(app.page)

/** What the page said of its ledger since it was asked to listen. */
async function listen(app: App): Promise<() => Promise<string[]>> {
  await app.page.evaluate(() => {
    const said: string[] = []
    Object.assign(window, { said })
    const status = document.querySelector('[data-testid=ledger-status]')
    const note = (): void => void said.push(status?.getAttribute('data-health') ?? '')
    if (status !== null) new MutationObserver(note).observe(status, { attributes: true })
  })
  return () => app.page.evaluate(() => (window as unknown as { said: string[] }).said)
}

test('fault F2 F9: site data cleared in the middle of a run is said, and the run goes on to its end', async () => {
  const app = await (await open({ hooks: { gentleMs: 30 } })).open()
  const path = await app.ask(DISPUTED, 'gentle')
  // The documents are site data, too: who has searched them has read them before they are gone.
  const search = app.page.locator('[data-kind=search][data-status=completed]')
  const researchers = app.get('subagent-row').filter({ hasText: 'Researcher', has: search })
  await eventually(() => researchers.count()).toBe(3)
  const said = await listen(app)
  const { origin } = new URL(app.page.url())
  await (await cdpOf(app)).send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
  await app.answer(0)
  await app.status('completed')
  expect(await app.report()).toContain('30 days')
  await eventually(said).toContain('recovering')
  await eventually(said).toContain('history-lost')
  const rows = await app.rows()
  await app.open(path)
  await app.status('completed')
  expect((await app.rows()).length).toBeGreaterThan(0)
  expect(rows.length).toBeGreaterThan(0)
})

test('fault F10: another tab deletes the database: it is not kept waiting, and this one says what happened', async () => {
  const app = await (await open()).open()
  await app.finish()
  const said = await listen(app)
  const other = await app.newTab()
  await other.leave()
  const outcome = await other.page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const deleting = indexedDB.deleteDatabase('run-ledger:demo')
        deleting.addEventListener('success', () => resolve('deleted'))
        deleting.addEventListener('blocked', () => resolve('blocked'))
      }),
  )
  expect(outcome).toBe('deleted')
  await eventually(said).toContain('recovering')
  await other.page.close()
  await app.open('/')
  await app.finish()
})

test('fault F6: a renderer that crashes in the middle of a run leaves it readable, and settled as interrupted', async () => {
  const app = await (await open({ hooks: { gentleMs: 30 } })).open()
  const path = await app.ask(DISPUTED, 'gentle')
  await eventually(async () => finished(await app.tools()).length).toBeGreaterThanOrEqual(3)
  const done = finished(await app.tools())
  // A crash leaves no letter: what counts is what had reached the disk.
  await eventually(async () => (await storedCalls(app.page)).length).toBeGreaterThanOrEqual(done.length)
  const cdp = await cdpOf(app)
  // Never answers.
  void cdp.send('Page.crash').catch(() => {})
  await eventually(async () => app.page.isClosed() || (await isGone(app))).toBe(true)
  const next = await app.newTab()
  await next.open(path)
  await next.status('interrupted')
  const rows = await next.tools()
  expect(rows.length).toBeGreaterThanOrEqual(done.length)
  expect(await next.get('health-banner').count()).toBe(0)
})

const isGone = (app: App): Promise<boolean> =>
  Promise.race([
    app.page.evaluate(() => false).catch(() => true),
    new Promise<boolean>((resolve) => void setTimeout(() => resolve(true), 2_000)),
  ])

test('fault F26: the clock jumps a year ahead and two back in the middle of a run, which ends in order', async () => {
  const app = await open({ hooks: { gentleMs: 30 } })
  await app.page.clock.install()
  await app.page.clock.resume()
  await app.open()
  await app.ask(DISPUTED, 'gentle')
  await eventually(async () => finished(await app.tools()).length).toBeGreaterThanOrEqual(2)
  const now = await app.page.evaluate(() => Date.now())
  const year = 365 * 24 * 3_600_000
  await app.page.clock.setSystemTime(now + year)
  await eventually(async () => finished(await app.tools()).length).toBeGreaterThanOrEqual(4)
  await app.page.clock.setSystemTime(now - year)
  await app.answer(0)
  await app.status('completed')
  expect(finished(await app.rows())).toHaveLength((await app.rows()).length)
  expect(await app.get('health-banner').count()).toBe(0)
})

// Unexplained: on a busy machine the answer sometimes waits for longer than the test does; alone it takes five seconds.
test(
  'fault F22 F29: six times slower and offline, a run in the page ends, and is saved',
  { retry: 2 },
  async () => {
    const app = await (await open({ allow: [/ERR_INTERNET_DISCONNECTED/] })).open()
    const cdp = await cdpOf(app)
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 6 })
    await app.page.context().setOffline(true)
    await app.ask(DISPUTED)
    await app.answer(0)
    await app.status('completed')
    const rows = await app.rows()
    await app.page.context().setOffline(false)
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    await app.reload()
    await app.status('completed')
    await eventually(() => app.rows()).toEqual(rows)
  },
)
