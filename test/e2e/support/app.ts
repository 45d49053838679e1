/** Owns the app as a person uses it: asking, answering, stopping, and reading what the page shows. */
import type { Locator, Page } from 'playwright'
import { inject } from 'vitest'
import type { Shown } from './hooks.ts'
import { onDisk, untilAtRest } from './rest.ts'

/** Ends in a disagreement between two of the sample documents. */
export const DISPUTED = 'How long do customers have to return a product, and who pays for shipping?'
/** Ends without a question to the person. */
export const CLEAR = 'How long is the warranty, and what does it not cover?'

export interface Row {
  part: 'subagent' | 'tool'
  id: string
  status: string
  text: string
}

export const settled = ['completed', 'failed', 'cancelled', 'interrupted']

export class App {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  get = (testId: string): Locator => this.page.getByTestId(testId)

  async open(path = '/'): Promise<this> {
    await this.page.bringToFront()
    await this.page.goto(new URL(path, inject('appUrl')).href)
    return this.ready()
  }

  async reload(): Promise<this> {
    await this.page.reload()
    return this.ready()
  }

  async ready(): Promise<this> {
    await this.page.locator('[data-testid=ledger-status][data-phase=ready]').waitFor()
    return this
  }

  /** Another tab of the same browser. */
  async newTab(): Promise<App> {
    return new App(await this.page.context().newPage())
  }

  /** A page of the origin without the app: nothing holds the database, nothing writes. */
  async leave(): Promise<void> {
    const url = new URL('/e2e-blank', inject('appUrl')).href
    await this.page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: '<title>blank' }))
    await this.page.goto(url)
  }

  get path(): string {
    return new URL(this.page.url()).pathname
  }

  /** From the first page to the page of the new workflow run; gives its path. */
  async ask(question: string, pace: 'off' | 'gentle' = 'off'): Promise<string> {
    await this.page.bringToFront()
    if (this.path !== '/') await this.open()
    await this.get('pace-switch').setChecked(pace === 'gentle')
    await this.get('question-input').fill(question)
    await this.get('use-samples').click()
    return this.start()
  }

  async start(): Promise<string> {
    await this.get('start-button').click()
    await this.get('workflow-page').waitFor()
    return this.path
  }

  /** Chooses an answer of the open question and sends it. */
  async answer(option: number): Promise<void> {
    await this.get('question').waitFor()
    // A tab behind another gets no frames, and clicks wait for them.
    await this.page.bringToFront()
    await this.get('answer-option').nth(option).click()
    await this.get('answer-submit').click()
  }

  /** Stops the run on this page, having read what that does to others. */
  async stop(): Promise<void> {
    await this.get('stop-button').click()
    if ((await this.get('stop-button').getAttribute('aria-expanded')) === null) return
    await this.get('stop-all').click()
  }

  /** Asks at full speed and waits for the end, on the screen and on disk; gives the path of the workflow run. */
  async finish(question = CLEAR): Promise<string> {
    const path = await this.ask(question)
    await this.status('completed')
    await this.atRest()
    return path
  }

  atRest(): Promise<void> {
    return untilAtRest(() => this.page.evaluate(onDisk))
  }

  /** Waits until the run on this page has the status. */
  async status(status: string): Promise<void> {
    await this.page.locator(`[data-testid=run-header][data-status=${status}]`).waitFor()
  }

  async report(): Promise<string> {
    const report = this.page.locator('[data-testid=report][data-state=ready]')
    await report.waitFor()
    return report.innerText()
  }

  /** A figure of the totals, as shown to the eye. */
  async figure(name: string): Promise<string> {
    const figures = await this.get('totals').innerText()
    const lines = figures.split('\n').map((line) => line.trim())
    const at = lines.findIndex((line) => line.toLowerCase() === name.toLowerCase())
    return lines[at + 1] ?? ''
  }

  /**
   * Agents and their tool calls as shown, in the order of the page; closed rows are opened first. A call's id
   * is unique within its run, so it is told with its agent's.
   */
  rows(): Promise<Row[]> {
    return this.page.evaluate(async () => {
      for (const agent of document.querySelectorAll<HTMLElement>('[data-testid=subagent-row]')) {
        const toggle = agent.querySelector<HTMLElement>('button[aria-controls]')
        if (toggle?.getAttribute('aria-expanded') === 'false') toggle.click()
      }
      // React commits in a microtask.
      await Promise.resolve()
      const rows = document.querySelectorAll<HTMLElement>(
        '[data-testid=subagent-row], [data-testid=tool-row]',
      )
      return [...rows].map((row) => {
        const { testid, rowId = '', status = '' } = row.dataset
        const agent = row.closest<HTMLElement>('[data-testid=subagent-row]')?.dataset['rowId']
        const body = row.querySelector('button[aria-controls]')?.getAttribute('aria-controls') ?? ''
        const inside = document.getElementById(body)?.textContent ?? ''
        const whole = row.textContent ?? ''
        const text = whole.slice(0, whole.length - inside.length)
        return testid === 'tool-row'
          ? { part: 'tool' as const, id: `${agent ?? ''}/${rowId}`, status, text }
          : { part: 'subagent' as const, id: rowId, status, text }
      })
    })
  }

  async agents(): Promise<Row[]> {
    return (await this.rows()).filter(isAgent)
  }

  async tools(): Promise<Row[]> {
    return (await this.rows()).filter(isTool)
  }

  /** What this document has shown since it began. */
  shown(): Promise<Shown[]> {
    return this.page.evaluate(() => window.e2e.shown)
  }

  release(): Promise<void> {
    return this.page.evaluate(() => window.e2e.release())
  }
}

export const isAgent = ({ part }: Row): boolean => part === 'subagent'
export const isTool = ({ part }: Row): boolean => part === 'tool'

export const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id)

/** Rows that will not change any more. */
export const finished = (rows: readonly Row[]): Row[] => rows.filter(({ status }) => settled.includes(status))
