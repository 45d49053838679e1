/** Several tabs over one core in real Chromium, with its locks and its line between tabs. Laws T1, T2, O1. */
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchChromium } from '../setup/chromium.ts'
import { openSite } from './shared/site.ts'
import type { Site } from './shared/site.ts'
import { eventually } from './support/browser.ts'

const RUN = 'r:a'
let site: Site
let browser: Browser
let context: BrowserContext

beforeAll(async () => {
  site = await openSite()
  browser = await launchChromium()
})
afterAll(async () => {
  await browser.close()
  await site.close()
})
beforeEach(async () => {
  site.reset()
  context = await browser.newContext()
})
afterEach(() => context.close())

async function newTab(): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site.url)
  await page.waitForFunction(() => document.title === 'ready')
  return page
}

async function threeTabs(): Promise<[leader: Page, second: Page, third: Page]> {
  const leader = await newTab()
  await eventually(() => sourceOf(leader)).toBe('connected')
  const tabs: [Page, Page, Page] = [leader, await newTab(), await newTab()]
  tell(2)
  for (const tab of tabs) await eventually(() => shownBy(tab)).toEqual(told())
  expect(await Promise.all(tabs.map(sourceOf))).toEqual(['connected', 'elsewhere', 'elsewhere'])
  return tabs
}

/** A run registers, runs, and goes on. */
function tell(count: number): void {
  for (let each = 0; each < count; each += 1) {
    const at = site.core().history.length
    if (at === 0) site.core().emit([{ log: RUN, type: 'run.registered', payload: { kind: 'subagent' } }])
    else if (at === 1) {
      site.core().emit([{ log: RUN, type: 'run.transitioned', payload: { to: 'running', trigger: 'spawn' } }])
    } else site.core().emit([{ log: RUN, type: 'iteration.started', payload: { iteration: at } }])
  }
}
const told = (): number[] => site.core().history.map(({ position }) => position)

const sourceOf = (tab: Page): Promise<string> => tab.evaluate(() => window.tab.source())
/** All of the run as this tab shows it, whatever of it was in memory. */
const shownBy = (tab: Page): Promise<unknown[]> =>
  tab.evaluate(async () => {
    await window.tab.open('r:a')
    return window.tab.shown('r:a')
  })
/** Without asking the disk: what came by itself. */
const rowsOf = (tab: Page): Promise<unknown[]> => tab.evaluate(() => window.tab.shown('r:a'))

/** One log, equal to what the core told: shown by these tabs, and by one that has only the disk. */
async function expectOneLog(...tabs: Page[]): Promise<void> {
  tell(3)
  for (const tab of tabs) await eventually(() => rowsOf(tab)).toEqual(told())
  const fresh = await newTab()
  await eventually(() => shownBy(fresh)).toEqual(told())
  const sources = await Promise.all([...tabs, fresh].map(sourceOf))
  expect(sources.filter((state) => state === 'connected')).toHaveLength(1)
  for (const tab of [...tabs, fresh]) expect(await tab.evaluate(() => window.tab.health())).toBe('ok')
}

test('T1 rows of a run progress in a tab that is not connected, as they do in the one that is', async () => {
  const [leader, second, third] = await threeTabs()
  for (let round = 0; round < 5; round += 1) {
    tell(4)
    for (const tab of [leader, second, third]) await eventually(() => rowsOf(tab)).toEqual(told())
  }
  await expectOneLog(leader, second, third)
})

test('T2 a closed leader is followed by the next tab; nothing is lost or doubled', async () => {
  const [leader, second, third] = await threeTabs()
  tell(20)
  await leader.close()
  tell(5)
  await eventually(async () => (await Promise.all([second, third].map(sourceOf))).toSorted()).toEqual([
    'connected',
    'elsewhere',
  ])
  await expectOneLog(second, third)
})

test('T2 fault F6: a crashed leader is followed by the next tab; nothing is lost or doubled', async () => {
  const [leader, second, third] = await threeTabs()
  const crashed = new Promise((resolve) => leader.once('crash', resolve))
  const session = await context.newCDPSession(leader)
  tell(20)
  // Never answers.
  session.send('Page.crash').catch(() => {})
  await crashed
  tell(5)
  await eventually(async () => (await Promise.all([second, third].map(sourceOf))).toSorted()).toEqual([
    'connected',
    'elsewhere',
  ])
  await expectOneLog(second, third)
})

test('O1 T1 a command of any tab reaches the core once, and both tabs see what came of it', async () => {
  const [leader, second] = await threeTabs()
  expect(await second.evaluate(() => window.tab.stop('r:a'))).toBe('queued')
  for (const tab of [leader, second])
    await eventually(() => tab.evaluate(() => window.tab.commands())).toEqual(['applied'])
  expect(site.core().sent).toHaveLength(1)
})
