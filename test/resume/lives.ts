/** Owns the lives of the page under test: opened in one browser profile, ended in four ways, heard until the end. */
import type { CDPSession, Page } from 'playwright'
import { launch } from '../kill/chromium.ts'
import type { Binary, Chromium } from '../kill/chromium.ts'
import type { BackEnd } from '../kill/modes.ts'

export type Death = 'crashed' | 'closed' | 'reloaded' | 'browser killed'

/** What a call meets when the page dies under it. */
export class DeadPage extends Error {
  override name = 'DeadPage'
}

export interface Life {
  /** Calls the page. @throws DeadPage */
  call<Value>(work: (page: Page) => Promise<Value>): Promise<Value>
  /** Resolves when the page has booted. @throws DeadPage */
  ready(): Promise<void>
  /** Resolves once so many events became durable in this life; never when it ends before. */
  durable(events: number): Promise<void>
  /** How many did so far. */
  durableNow(): number
  /** Errors nobody caught. */
  errors(): readonly string[]
  die(death: Death): Promise<void>
}

export interface Bed {
  /** The next life of the page; there is one at a time. */
  birth(): Promise<Life>
  /** Makes room for the next trial after one that failed. */
  clear(): Promise<void>
  end(): Promise<void>
}

interface Tab {
  page: Page
  cdp: CDPSession
  hear: (durable: number) => void
}

export async function makeBed(place: {
  binary: Binary
  profile: string
  backEnd: BackEnd
  url: string
}): Promise<Bed> {
  const { url } = place
  let chromium: Chromium = await launch(place)
  let tab: Tab | null = null

  async function openTab(): Promise<Tab> {
    const [context] = chromium.browser.contexts()
    if (context === undefined) throw new Error('The browser has no context.')
    const page = await context.newPage()
    const cdp = await context.newCDPSession(page)
    const opened: Tab = { page, cdp, hear: () => {} }
    cdp.on('Runtime.bindingCalled', ({ name, payload }) => {
      if (name === 'tell') opened.hear(Number(payload))
    })
    await cdp.send('Runtime.enable')
    await cdp.send('Runtime.addBinding', { name: 'tell' })
    return opened
  }

  async function forget({ page }: Pick<Tab, 'page'>): Promise<void> {
    await page.close()
    tab = null
  }

  async function kill({ page, cdp }: Tab, death: Death): Promise<void> {
    switch (death) {
      case 'crashed': {
        const crashed = page.waitForEvent('crash')
        // Never answers.
        cdp.send('Page.crash').catch(() => {})
        await crashed
        await forget({ page })
        break
      }
      case 'closed':
        await forget({ page })
        break
      case 'reloaded':
        // A page still on its way cannot be reloaded: it is left for another.
        await page.reload({ waitUntil: 'commit' }).catch(() => forget({ page }))
        break
      case 'browser killed':
        await chromium.kill()
        tab = null
        chromium = await launch(place)
        break
    }
  }

  return {
    async birth() {
      // A reloaded page lives already.
      const isNew = tab === null
      const own = tab ?? (await openTab())
      tab = own
      const life = lifeOf(own, (death) => kill(own, death))
      if (isNew) life.call((page) => page.goto(url, { waitUntil: 'commit' })).catch(() => {})
      return life
    },
    clear: async () => (tab === null ? undefined : forget(tab)),
    end: () => chromium.kill(),
  }
}

function lifeOf(tab: Tab, kill: (death: Death) => Promise<void>): Life {
  const { page } = tab
  const errors: string[] = []
  const waiting: { events: number; resolve: () => void }[] = []
  let durable = 0
  let announce: () => void = () => {}
  const died = new Promise<void>((resolve) => {
    announce = resolve
  })
  const dead = died.then((): never => {
    throw new DeadPage('The page died.')
  })
  dead.catch(() => {})
  const fault = (error: Error): void => void errors.push(`${error.name}: ${error.message}`)
  page.on('pageerror', fault)
  tab.hear = (events) => {
    durable = events
    for (const each of waiting) if (durable >= each.events) each.resolve()
  }

  const call: Life['call'] = (work) => Promise.race([work(page), dead])
  return {
    call,
    ready: async () =>
      void (await call((own) =>
        own.waitForFunction(() => document.title === 'ready', null, { polling: 20 }),
      )),
    durable: (events) =>
      new Promise((resolve) => {
        if (durable >= events) resolve()
        else waiting.push({ events, resolve })
      }),
    durableNow: () => durable,
    errors: () => errors,
    async die(death) {
      announce()
      tab.hear = () => {}
      page.off('pageerror', fault)
      await kill(death)
    },
  }
}
