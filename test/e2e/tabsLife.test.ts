/**
 * Tabs that stop running and go on: Chromium's freezer and its back/forward cache, without a driver that keeps pages
 * awake. Laws T1, T2; faults F17, F18.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openSite } from './shared/site.ts'
import type { Site } from './shared/site.ts'
import { eventually } from './support/browser.ts'
import { launchRaw } from './support/rawChromium.ts'
import type { RawChromium, RawTab } from './support/rawChromium.ts'
import { onDisk, untilAtRest } from './support/rest.ts'

const RUN = 'r:a'
let site: Site
let browser: RawChromium

beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())
// A browser for each test: its profile is the only storage these tabs have.
beforeEach(async () => {
  site.reset()
  browser = await launchRaw()
})
afterEach(() => browser.close())

async function newTab(): Promise<RawTab> {
  const tab = await browser.newTab(site.url)
  await eventually(() => tab.evaluate('document.title')).toBe('ready')
  return tab
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
const sourceOf = (tab: RawTab): Promise<string> => tab.evaluate('window.tab.source()')
const rowsOf = (tab: RawTab): Promise<number[]> => tab.evaluate(`window.tab.shown('${RUN}')`)
const shownBy = (tab: RawTab): Promise<number[]> =>
  tab.evaluate(`window.tab.open('${RUN}').then(() => window.tab.shown('${RUN}'))`)

/** One log, equal to what the core told: shown by these tabs, and by one that has only the disk. */
async function expectOneLog(...tabs: RawTab[]): Promise<void> {
  tell(3)
  for (const tab of tabs) await eventually(() => rowsOf(tab)).toEqual(told())
  const fresh = await newTab()
  await eventually(() => shownBy(fresh)).toEqual(told())
  const sources = await Promise.all([...tabs, fresh].map(sourceOf))
  expect(sources.filter((state) => state === 'connected')).toHaveLength(1)
}

async function twoTabs(): Promise<[leader: RawTab, second: RawTab]> {
  const leader = await newTab()
  await eventually(() => sourceOf(leader)).toBe('connected')
  const second = await newTab()
  tell(4)
  for (const tab of [leader, second]) await eventually(() => shownBy(tab)).toEqual(told())
  return [leader, second]
}

test('T2 fault F17: a leader that is frozen leaves its source to the next, and follows when it thaws', async () => {
  const [leader, second] = await twoTabs()
  await second.send('Page.bringToFront')
  await eventually(() => leader.evaluate('document.visibilityState')).toBe('hidden')
  // Who is stopped by force in the middle of a transaction blocks every other page: so does a bare page, for as long as it sleeps.
  await untilAtRest(() => leader.evaluate(`(${onDisk})()`))
  await leader.send('Page.setWebLifecycleState', { state: 'frozen' })
  tell(10)
  await eventually(() => sourceOf(second)).toBe('connected')
  await eventually(() => rowsOf(second)).toEqual(told())
  await leader.send('Page.setWebLifecycleState', { state: 'active' })
  await eventually(() => sourceOf(leader)).toBe('elsewhere')
  await expectOneLog(leader, second)
})

test('T2 fault F17: a leader that stops without a word is robbed by the tab in view, and follows when it goes on', async () => {
  const [leader, second] = await twoTabs()
  await second.send('Page.bringToFront')
  await eventually(() => leader.evaluate('document.visibilityState')).toBe('hidden')
  const stuck = leader.evaluate('for (const end = Date.now() + 8_000; Date.now() < end;);')
  tell(10)
  await eventually(() => sourceOf(second)).toBe('connected')
  await eventually(() => rowsOf(second)).toEqual(told())
  await stuck
  await eventually(() => sourceOf(leader)).toBe('elsewhere')
  await expectOneLog(leader, second)
})

/** The answer, or null from a page that is just being replaced. */
const ask = <Value>(tab: RawTab, expression: string): Promise<Value | null> =>
  tab.evaluate<Value>(expression).catch(() => null)

async function goAway(tab: RawTab): Promise<void> {
  await tab.send('Page.navigate', { url: `${site.url}/blank` })
  await eventually(() => ask(tab, 'document.title')).toBe('blank')
}

async function goBack(tab: RawTab): Promise<void> {
  await tab.evaluate('void setTimeout(() => history.back())')
  await eventually(() => ask(tab, 'document.title')).toBe('ready')
}

test('T1 fault F18: a tab that follows comes back as it was, and reads what it missed', async () => {
  const [leader, second] = await twoTabs()
  await goAway(second)
  tell(6)
  await eventually(() => rowsOf(leader)).toEqual(told())
  await goBack(second)
  expect(await second.evaluate('window.tab.restored')).toBe(1)
  await eventually(() => rowsOf(second)).toEqual(told())
  await expectOneLog(leader, second)
})

test('T2 fault F18: a leader that goes away leaves its source to the next, and comes back to follow', async () => {
  const [leader, second] = await twoTabs()
  await goAway(leader)
  await eventually(() => sourceOf(second)).toBe('connected')
  tell(6)
  await eventually(() => rowsOf(second)).toEqual(told())
  await goBack(leader)
  await eventually(() => shownBy(leader)).toEqual(told())
  expect(await sourceOf(leader)).toBe('elsewhere')
  await expectOneLog(leader, second)
})

test('T2 fault F18: a tab that was alone is connected again when it is back, stored or loaded anew', async () => {
  const alone = await newTab()
  await eventually(() => sourceOf(alone)).toBe('connected')
  tell(4)
  await eventually(() => shownBy(alone)).toEqual(told())
  await goAway(alone)
  // Meanwhile a tab that comes, reads on, and goes.
  const other = await newTab()
  await eventually(() => sourceOf(other)).toBe('connected')
  tell(6)
  await eventually(() => shownBy(other)).toEqual(told())
  await other.close()
  await goBack(alone)
  await eventually(() => sourceOf(alone)).toBe('connected')
  await eventually(() => shownBy(alone)).toEqual(told())
  await expectOneLog(alone)
})
