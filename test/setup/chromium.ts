// Starts Chromium for the `e2e` project.
import { chromium, type Browser, type BrowserContext } from 'playwright'
import { chromiumArgs, findChromium } from '../../scripts/chromium.mjs'

/** A browser; with `userDataDir`, one whose storage outlives it, so that a test can close and come back. */
export function launchChromium(): Promise<Browser>
export function launchChromium(options: { userDataDir: string }): Promise<BrowserContext>
export function launchChromium(options?: { userDataDir: string }): Promise<Browser | BrowserContext> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('No Chromium: run `node scripts/setup.mjs --browser`.')
  const launch = { executablePath, args: chromiumArgs, headless: true }
  return options ? chromium.launchPersistentContext(options.userDataDir, launch) : chromium.launch(launch)
}
