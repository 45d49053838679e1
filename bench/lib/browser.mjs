// Owns Chromium: one process tree per sample, on a profile on real disk, each subject in an origin of its own.
import { chromium } from 'playwright'
import { chromiumArgs, findChromium } from '../../scripts/chromium.mjs'
import { busy, treeBusy } from './machine.mjs'

/**
 * @typedef {object} Tab
 * @property {(name: string, argument?: unknown) => Promise<any>} call Runs a measure of the page.
 * @property {(work: () => Promise<any>) => Promise<{ result: any, cpu: Cpu }>} metered CPU spent meanwhile.
 * @property {() => Promise<void>} close
 */
/**
 * @typedef {object} Cpu Milliseconds; those of processes only where /proc tells.
 * @property {number} thread The main thread's CPU.
 * @property {number} task The main thread's tasks, wall time.
 * @property {number | null} all CPU of all processes of the browser.
 * @property {number | null} foreign Cores that others kept busy.
 */

/**
 * Opens the page in a fresh browser process. The origin is the subject's name, whatever port is free, so that a
 * copied profile finds its stores again.
 * @param {{ profile: string, port: number, subject: string }} options
 * @returns {Promise<Tab>}
 */
export async function openTab({ profile, port, subject }) {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('No Chromium: run `node scripts/setup.mjs --browser`.')
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [...chromiumArgs, `--host-resolver-rules=MAP *.localhost:80 127.0.0.1:${port}`],
  })
  const page = context.pages()[0] ?? (await context.newPage())
  /** @type {string[]} */
  const errors = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('crash', () => errors.push('the page crashed'))
  await page.goto(`http://${subject}.localhost/`)
  await page.waitForFunction(() => 'bench' in globalThis)
  const session = await context.newCDPSession(page)
  await session.send('Performance.enable')

  const call = async (name, argument) => {
    const result = await page.evaluate(
      ([name, argument]) => globalThis.bench[name](argument),
      [name, argument],
    )
    if (errors.length > 0) throw new Error([...new Set(errors)].slice(0, 5).join('; '))
    return result
  }
  if (!(await call('isIsolated'))) throw new Error('The page is not cross-origin isolated.')

  const mainThread = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    const of = (wanted) => (metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN) * 1_000
    return { thread: of('ThreadTime'), task: of('TaskDuration') }
  }
  const metered = async (work) => {
    const before = { ...(await mainThread()), all: treeBusy(profile), total: busy(), at: performance.now() }
    const result = await work()
    const after = { ...(await mainThread()), all: treeBusy(profile), total: busy(), at: performance.now() }
    const all = difference(after.all, before.all)
    const total = difference(after.total, before.total)
    const foreign = all === null || total === null ? null : Math.max(0, total - all) / (after.at - before.at)
    return {
      result,
      cpu: { thread: after.thread - before.thread, task: after.task - before.task, all, foreign },
    }
  }
  return { call, metered, close: () => context.close() }
}

/** @param {number | null} after @param {number | null} before */
const difference = (after, before) => (after === null || before === null ? null : after - before)

/** @returns {string} For instance "Chromium 156.0.1". */
export async function chromiumVersion() {
  const executablePath = findChromium() ?? undefined
  const browser = await chromium.launch({ executablePath, args: chromiumArgs })
  const version = browser.version()
  await browser.close()
  return version
}
