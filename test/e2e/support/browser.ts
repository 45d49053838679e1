/** Owns the browser of a test file: fresh contexts, and the rule that no page may log or throw an error. */
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { launchChromium } from '../../setup/chromium.ts'
import { App } from './app.ts'
import { installHooks, NO_HOOKS } from './hooks.ts'
import type { HookOptions } from './hooks.ts'

export interface Opening {
  hooks?: Partial<HookOptions>
  /** Errors the test is about; everything else fails it. */
  allow?: readonly RegExp[]
  /** Runs in each page before the app, for browsers that lack something. */
  before?: () => void
}

export interface Surroundings {
  /** A context of its own: empty storage, one page. */
  open(opening?: Opening): Promise<App>
  /** A browser whose profile outlives it. The test closes it. */
  openProfile(userDataDir: string, opening?: Opening): Promise<App>
}

export function browserForFile(): Surroundings {
  let browser: Browser | null = null
  let contexts: BrowserContext[] = []
  let faults: string[] = []

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()))
    const seen = faults
    contexts = []
    faults = []
    expect(seen, 'errors of pages').toEqual([])
  })

  async function prepare(context: BrowserContext, { hooks, allow = [], before }: Opening): Promise<void> {
    contexts.push(context)
    const fault = (text: string): void => {
      if (!allow.some((pattern) => pattern.test(text))) faults.push(text)
    }
    context.on('weberror', (error) => fault(String(error.error().stack ?? error.error())))
    context.on('console', (message) => {
      if (message.type() === 'error') fault(`${message.text()} (${message.location().url})`)
    })
    context.on('dialog', (dialog) => {
      fault(`a dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    if (before !== undefined) await context.addInitScript(before)
    await context.addInitScript(installHooks, { ...NO_HOOKS, ...hooks })
  }

  return {
    async open(opening = {}) {
      if (browser === null) throw new Error('Call open() in a test.')
      const context = await browser.newContext()
      await prepare(context, opening)
      return new App(await context.newPage())
    },
    async openProfile(userDataDir, opening = {}) {
      const context = await launchChromium({ userDataDir })
      await prepare(context, opening)
      return new App(await firstPage(context))
    },
  }
}

const firstPage = async (context: BrowserContext): Promise<Page> =>
  context.pages()[0] ?? (await context.newPage())

/** `expect.poll` with the patience of a slow machine. */
export const eventually = <Value>(value: () => Value | Promise<Value>, about?: string) =>
  expect.poll(value, { timeout: 20_000, interval: 50, ...(about !== undefined && { message: about }) })
