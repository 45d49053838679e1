/**
 * Issue 5, "Done when": a scripted turn of an OpenHuman core, disturbed in every way it can be, ends in the same rows
 * as one that nobody disturbed. Rows are read from the screen and from the disk.
 */
import { expect, test } from 'vitest'
import type { RunRecord } from '../../src/core/entities.ts'
import { QUESTION, researchTurn } from '../../src/testing/doubles/index.ts'
import type { OpenHumanDouble, Switches } from '../../src/testing/doubles/index.ts'
import { finished } from './support/app.ts'
import type { App } from './support/app.ts'
import { browserForFile, eventually } from './support/browser.ts'
import { storedRuns } from './support/database.ts'
import { OPEN_HUMAN_DATABASE, openHumanForFile } from './support/openHumanApp.ts'

const { open } = browserForFile()
const { at, startCore, stopCore } = openHumanForFile()

interface Story {
  switches?: Partial<Switches>
  /** Three children are at work; nothing moves until it returns. */
  inTheMiddle?: (app: App, core: OpenHumanDouble) => Promise<void>
  /** The turn is over, a question is open. */
  whileAsked?: (app: App, core: OpenHumanDouble) => Promise<void>
}

async function tell({ switches, inTheMiddle, whileAsked }: Story) {
  const core = await startCore({ ...(switches && { switches }) })
  // A line that was cut is an error to the browser's console.
  const app = await (
    await open({ allow: [/WebSocket|ERR_CONNECTION|Failed to load resource/] })
  ).open(at('/'))
  await connected(core)
  const play = core.play(researchTurn({ pause: 'middle' }))
  await eventually(() => core.isWaiting('middle')).toBe(true)
  await visit(app, '/threads/thread-1')
  // What the core said is not said again: it has arrived before anything is disturbed.
  await eventually(async () => finished(await app.tools()).length).toBe(5)
  await inTheMiddle?.(app, core)
  await connected(core)
  core.go('middle')
  await eventually(() => core.isWaiting('answer')).toBe(true)
  await eventually(async () => finished(await app.tools()).length).toBe(13)
  // What a detached child spent is told once, with its end, and a list may tell of the end before: a page that misses
  // the message never learns it.
  const isDone = ({ run, telemetry }: RunRecord): boolean =>
    run.status === 'completed' && run.kind === 'subagent' && telemetry.inputTokens !== null
  await eventually(async () => (await storedRuns(app.page, OPEN_HUMAN_DATABASE)).filter(isDone).length).toBe(
    2,
  )
  await whileAsked?.(app, core)
  await connected(core)

  await visit(app, '/runs/sub-1-sales')
  const question = app.get('question').filter({ hasText: QUESTION })
  await question.waitFor()
  await question.getByTestId('answer-text').fill('EU only')
  await question.getByTestId('answer-submit').click()
  expect(await play.ended).toBe('ended')
  await app.status('completed')
  await eventually(() => unfinished(app)).toEqual([])

  await visit(app, '/threads/thread-1')
  await eventually(async () => (await app.agents()).filter(({ status }) => status !== 'completed')).toEqual(
    [],
  )
  const rows = (await app.rows()).map(({ part, id, status }) => ({ part, id, status }))
  await leave(app)
  const stored = (await storedRuns(app.page, OPEN_HUMAN_DATABASE)).map(withoutVolatile)
  // A page that is left may be kept for the way back, its socket with it.
  await app.page.close()
  return { rows, stored }
}

const connected = (core: OpenHumanDouble) => eventually(() => core.clients()).toBe(1)

/** Goes to a page as a click does: nothing is loaded again. */
const visit = ({ page }: App, path: string): Promise<void> =>
  page.evaluate((to) => history.pushState(null, '', to), path)

/** Runs on disk that are not completed, or whose figures are not there yet: a turn's come with its last message. */
async function unfinished({ page }: App): Promise<unknown[]> {
  const runs = await storedRuns(page, OPEN_HUMAN_DATABASE)
  const open = runs.filter(isUnfinished).map(({ run }) => run.id)
  return runs.length === 5 ? open : ['not all of them are there']
}

const isUnfinished = ({ run, telemetry }: RunRecord): boolean =>
  run.status !== 'completed' ||
  // What the answer begins bears it, told when the core has taken it: that may be later than the turn's end.
  (run.id.endsWith('-b') && run.prompt === null) ||
  telemetry.inputTokens === null ||
  // Rows say that it was deleted.
  run.checkpoint !== null ||
  // Only the row of a turn names it.
  (run.kind === 'background_agent' && telemetry.model === null)

/** A page of this origin without the app: all of it is on disk. */
async function leave({ page }: App): Promise<void> {
  await page.route(at('/blank'), (route) => route.fulfill({ contentType: 'text/html', body: '<title>blank' }))
  await page.goto(at('/blank'))
}

/** What depends on when something was heard, and not on what happened. */
const VOLATILE = {
  run: ['createdAt', 'startedAt', 'updatedAt', 'sortAt', 'completedAt', 'lastSequence'],
  checkpoint: ['savedAt'],
  telemetry: ['updatedAt', 'elapsedMs'],
  questions: ['askedAt', 'settledAt'],
  toolCalls: ['startedAt'],
} as const

function withoutVolatile({ run, telemetry, questions, toolCalls }: RunRecord) {
  return {
    run: {
      ...omit(run, VOLATILE.run),
      checkpoint: omit(run.checkpoint ?? {}, VOLATILE.checkpoint),
    },
    telemetry: omit(telemetry, VOLATILE.telemetry),
    questions: questions.map((question) => omit(question, VOLATILE.questions)),
    toolCalls: toolCalls.map((call) => omit(call, VOLATILE.toolCalls)),
  }
}

const omit = (from: object, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)))

test('openhuman: a turn with 3 children, 20 calls, a question, a restart and a reload ends as an undisturbed one', async () => {
  const quiet = await tell({})
  expect(quiet.rows.filter(({ part }) => part === 'subagent')).toHaveLength(3)
  // Five are the turns' own: they are on the pages of the turns.
  expect(quiet.rows.filter(({ part }) => part === 'tool')).toHaveLength(15)
  expect(quiet.stored.flatMap(({ toolCalls }) => toolCalls)).toHaveLength(20)
  expect(quiet.stored.flatMap(({ questions }) => questions)).toMatchObject([{ state: 'answered' }])
  await stopCore()

  const disturbed = await tell({
    switches: { replay: 12 },
    async inTheMiddle(app, core) {
      await app.reload()
      core.replay('req-1-a')
      await core.disconnect()
    },
    async whileAsked(app, core) {
      await core.restart(async () => {
        await app.reload()
      })
      await core.disconnect()
      await app.reload()
    },
  })
  expect(disturbed.rows).toEqual(quiet.rows)
  expect(disturbed.stored).toEqual(quiet.stored)
})
