/** Owns the death of a browser: SIGKILL to its process and all of its children, as when the machine fails. */
import type { BrowserContext } from 'playwright'

/** Kills the browser of a persistent context; only processes that this test started are touched. */
export async function kill(context: BrowserContext): Promise<void> {
  const browser = context.browser()
  if (browser === null) throw new Error('This context has no browser of its own.')
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const closed = new Promise((resolve) => context.once('close', resolve))
  // The browser process first: it would clean up after its children.
  const inOrder = processInfo.toSorted((a, b) => Number(b.type === 'browser') - Number(a.type === 'browser'))
  for (const { id } of inOrder) {
    try {
      process.kill(id, 'SIGKILL')
    } catch {
      // Gone with its parent.
    }
  }
  await closed
}
