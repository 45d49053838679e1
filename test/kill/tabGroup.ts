/**
 * Owns the tabs of one browser: what is done to them, who of them is connected to the core, and what was acknowledged,
 * all of it held outside of them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright'
import type { LogId } from '../../src/core/ids.ts'
import type { TabWord } from '../e2e/shared/main.ts'

const READY_MS = 20_000
const GONE_MS = 5_000
const COMMAND_MS = 5_000

export interface Tab {
  page: Page
  cdp: CDPSession
  state: 'running' | 'frozen' | 'gone'
  /** What it last said of its connection. */
  source: string
}

/** The seat was empty for so long. */
export interface Taken {
  why: 'freed' | 'frozen'
  ms: number
}

export interface Tabs {
  open(): Promise<Tab>
  running(): readonly Tab[]
  frozen(): readonly Tab[]
  /** Who is connected and runs. */
  leader(): Tab | undefined
  freeze(tab: Tab, ms: number): Promise<void>
  thawAll(): Promise<void>
  crash(tab: Tab): Promise<void>
  close(tab: Tab): Promise<void>
  reload(tab: Tab): Promise<void>
  stop(tab: Tab, log: LogId): Promise<void>
  taken(): readonly Taken[]
  /** Highest sequence a tab said to be durable, by log. */
  acknowledged: ReadonlyMap<LogId, number>
}

function contextOf(browser: Browser): BrowserContext {
  const [context] = browser.contexts()
  if (context === undefined) throw new Error('The browser has no context.')
  return context
}

export async function openTabs(browser: Browser, url: string): Promise<Tabs> {
  const context = contextOf(browser)
  const tabs = new Set<Tab>()
  const acknowledged = new Map<LogId, number>()
  const taken: Taken[] = []
  /** Since when nobody is connected. */
  let vacant: { at: number; why: Taken['why'] } | null = null

  const inState = (state: Tab['state']): Tab[] => [...tabs].filter((tab) => tab.state === state)
  const leader = (): Tab | undefined => inState('running').find(({ source }) => source === 'connected')
  const vacate = (tab: Tab, why: Taken['why']): void => {
    if (tab.source === 'connected' && tab.state === 'running') vacant ??= { at: performance.now(), why }
  }

  function hear(page: Page, word: TabWord): void {
    const tab = [...tabs].find((each) => each.page === page)
    if (word.kind === 'committed') {
      for (const [log, sequence] of word.heads) {
        acknowledged.set(log, Math.max(acknowledged.get(log) ?? 0, sequence))
      }
    } else if (tab !== undefined) {
      tab.source = word.state
      if (word.state !== 'connected' || vacant === null) return
      taken.push({ why: vacant.why, ms: performance.now() - vacant.at })
      vacant = null
    }
  }
  await context.exposeBinding('hearTab', ({ page }, word: TabWord) => hear(page, word))

  async function open(): Promise<Tab> {
    const page = await context.newPage()
    const tab: Tab = { page, cdp: await context.newCDPSession(page), state: 'running', source: '' }
    tabs.add(tab)
    page.on('crash', () => {
      vacate(tab, 'freed')
      tab.state = 'gone'
    })
    await page.goto(url)
    await page.waitForFunction(() => document.title === 'ready', null, { timeout: READY_MS })
    return tab
  }

  async function thaw(tab: Tab): Promise<void> {
    if (tab.state !== 'frozen') return
    await tab.cdp.send('Page.setWebLifecycleState', { state: 'active' })
    tab.state = 'running'
    // Nobody robbed it: it is where it was.
    if (tab.source === 'connected' && vacant?.why === 'frozen') vacant = null
  }

  /** Brings a running tab to the front: only what lies behind another can be frozen, and only who is seen robs. */
  const show = async (except: Tab): Promise<void> => {
    const other = inState('running').find((tab) => tab !== except)
    await other?.page.bringToFront()
  }

  return {
    open,
    running: () => inState('running'),
    frozen: () => inState('frozen'),
    leader,
    async freeze(tab, ms) {
      await show(tab)
      vacate(tab, 'frozen')
      tab.state = 'frozen'
      await tab.cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
      // Its own words after it thaws tell whether it was robbed meanwhile.
      setTimeout(() => void thaw(tab).catch(() => {}), ms)
    },
    async thawAll() {
      for (const tab of inState('frozen')) await thaw(tab)
    },
    async crash(tab) {
      await show(tab)
      const crashed = tab.page.waitForEvent('crash', { timeout: GONE_MS })
      // Never answers.
      tab.cdp.send('Page.crash').catch(() => {})
      await crashed
      await tab.page.close().catch(() => {})
    },
    async close(tab) {
      await show(tab)
      vacate(tab, 'freed')
      tab.state = 'gone'
      await tab.page.close()
    },
    async reload(tab) {
      vacate(tab, 'freed')
      tab.source = ''
      await tab.page.reload()
      await tab.page.waitForFunction(() => document.title === 'ready', null, { timeout: READY_MS })
    },
    async stop(tab, log) {
      const sent = tab.page.evaluate((of) => window.tab.stop(of), log).catch(() => {})
      await Promise.race([sent, sleep(COMMAND_MS, null, { ref: false })])
    },
    taken: () => taken,
    acknowledged,
  }
}
