/**
 * Owns the tabs of one browser: what is done to them, who of them is connected to the core, and what was acknowledged,
 * all of it held outside of them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogId } from '../../src/core/ids.ts'
import type { TabWord } from '../e2e/shared/main.ts'
import type { RawChromium, RawTab } from '../e2e/support/rawChromium.ts'

const READY_MS = 20_000
const GONE_MS = 5_000
const LOOK_MS = 20

export interface Tab {
  raw: RawTab
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

export async function openTabs(browser: RawChromium, url: string): Promise<Tabs> {
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

  function hear(tab: Tab, word: TabWord): void {
    if (word.kind === 'committed') {
      for (const [log, sequence] of word.heads) {
        acknowledged.set(log, Math.max(acknowledged.get(log) ?? 0, sequence))
      }
      return
    }
    tab.source = word.state
    if (word.state !== 'connected' || vacant === null) return
    taken.push({ why: vacant.why, ms: performance.now() - vacant.at })
    vacant = null
  }

  async function open(): Promise<Tab> {
    const raw = await browser.newTab('about:blank')
    const tab: Tab = { raw, state: 'running', source: '' }
    tabs.add(tab)
    raw.on('Inspector.targetCrashed', () => {
      vacate(tab, 'freed')
      tab.state = 'gone'
    })
    raw.on('Runtime.bindingCalled', ({ payload }) => hear(tab, JSON.parse(String(payload)) as TabWord))
    for (const domain of ['Inspector', 'Runtime', 'Page']) await raw.send(`${domain}.enable`)
    await raw.send('Runtime.addBinding', { name: 'hearTab' })
    await raw.send('Page.navigate', { url })
    await ready(tab)
    return tab
  }

  async function thaw(tab: Tab): Promise<void> {
    if (tab.state !== 'frozen') return
    await tab.raw.send('Page.setWebLifecycleState', { state: 'active' })
    tab.state = 'running'
    // Nobody took its place.
    if (tab.source === 'connected' && vacant?.why === 'frozen') vacant = null
  }

  /** Brings a running tab to the front: only what lies behind another can be frozen, and only who is seen robs. */
  async function show(except: Tab): Promise<void> {
    const other = inState('running').find((tab) => tab !== except)
    await other?.raw.send('Page.bringToFront')
  }

  return {
    open,
    running: () => inState('running'),
    frozen: () => inState('frozen'),
    leader,
    async freeze(tab, ms) {
      await show(tab)
      await until(() => tab.raw.evaluate<boolean>("document.visibilityState === 'hidden'"), GONE_MS)
      vacate(tab, 'frozen')
      tab.state = 'frozen'
      await tab.raw.send('Page.setWebLifecycleState', { state: 'frozen' })
      // Its own words after it thaws tell whether somebody took its place meanwhile.
      setTimeout(() => void thaw(tab).catch(() => {}), ms)
    },
    async thawAll() {
      for (const tab of inState('frozen')) await thaw(tab)
    },
    async crash(tab) {
      await show(tab)
      // Never answers.
      tab.raw.send('Page.crash').catch(() => {})
      await until(async () => tab.state === 'gone', GONE_MS)
      await tab.raw.close()
    },
    async close(tab) {
      await show(tab)
      vacate(tab, 'freed')
      tab.state = 'gone'
      await tab.raw.close()
    },
    async reload(tab) {
      vacate(tab, 'freed')
      tab.source = ''
      await tab.raw.evaluate("document.title = 'leaving'")
      await tab.raw.send('Page.reload')
      await ready(tab)
    },
    async stop(tab, log) {
      // Whether it got anywhere is seen in the end; its tab may be gone before it knows.
      await tab.raw.evaluate(`void window.tab.stop('${log}').catch(() => {})`)
    },
    taken: () => taken,
    acknowledged,
  }
}

const ready = ({ raw }: Tab): Promise<void> =>
  until(() => raw.evaluate<boolean>("document.title === 'ready'").catch(() => false), READY_MS)

/** @throws Error when it does not come true in time */
async function until(isTrue: () => Promise<boolean>, ms: number): Promise<void> {
  const end = Date.now() + ms
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`This did not come true within ${ms} ms: ${isTrue}`)
    await sleep(LOOK_MS)
  }
}
