/** Owns one life of the browser with the harness's page in it: what it is asked, and what it said until it died. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CDPSession, Page } from 'playwright'
import { launch } from './chromium.ts'
import type { Binary, Chromium } from './chromium.ts'
import type { Mode } from './modes.ts'
import type { Healed, Opened, Stored, Word, WriteOptions } from './page/protocol.ts'

/** A loop that does not begin in this time is broken, not slow. */
const FIRST_RECEIPT_MS = 30_000

export interface Place {
  binary: Binary
  url: string
  /** The browser's user data directory. */
  profile: string
  mode: Mode
}

export interface Session {
  page: Page
  cdp: CDPSession
  chromium: Chromium
  open(): Promise<Opened>
  verify(): Promise<Healed>
  readBack(): Promise<Stored>
  /** Begins to write; resolves with the first receipt. `onWord` hears everything until the browser is dead. */
  write(options: WriteOptions, onWord: (word: Word) => void): Promise<void>
  kill(): Promise<void>
  /** The page anew in the same tab, as after a failed start. */
  reload(): Promise<void>
  /** The same with another page of the same browser. */
  another(): Promise<Session>
}

export async function startSession({ binary, url, profile, mode }: Place): Promise<Session> {
  const chromium = await launch({ binary, profile, backEnd: mode.backEnd })
  try {
    return await enter(chromium, url, mode, 'first')
  } catch (error) {
    await chromium.kill()
    throw error
  }
}

async function enter(chromium: Chromium, url: string, mode: Mode, which: 'first' | 'new'): Promise<Session> {
  const [context] = chromium.browser.contexts()
  if (context === undefined) throw new Error('The browser has no context.')
  const [first] = which === 'first' ? context.pages() : []
  const page = first ?? (await context.newPage())
  const cdp = await context.newCDPSession(page)
  let heard: (word: Word) => void = () => {}
  cdp.on('Runtime.bindingCalled', ({ name, payload }) => {
    if (name === 'tell') heard(JSON.parse(payload) as Word)
  })
  await cdp.send('Runtime.enable')
  await cdp.send('Runtime.addBinding', { name: 'tell' })
  await page.goto(url)
  const { journal } = mode

  return {
    page,
    cdp,
    chromium,
    open: () => page.evaluate((options) => window.kill.open(options), { journal }),
    verify: () => page.evaluate(() => window.kill.verify()),
    readBack: async () => JSON.parse(await page.evaluate(() => window.kill.readBack())) as Stored,
    write: (options, onWord) =>
      new Promise((resolve, reject) => {
        const late = sleep(FIRST_RECEIPT_MS, null, { ref: false }).then(() => {
          throw new Error('The page never had a receipt.')
        })
        heard = (word) => {
          if (word.kind === 'acknowledged' || word.kind === 'failed') resolve()
          onWord(word)
        }
        page.evaluate((given) => window.kill.write(given), options).catch(reject)
        late.catch(reject)
      }),
    kill: () => chromium.kill(),
    async reload() {
      await page.reload()
    },
    another: () => enter(chromium, url, mode, 'new'),
  }
}
