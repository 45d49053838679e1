/** An approval that waits, in a real store: the core's rows do not know of it, so they cannot end it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rpcDouble } from './support/rpcDouble.ts'
import type { RpcDouble } from './support/rpcDouble.ts'
import { at12, openHumanPage, turnRow } from './support/rpcPage.ts'

let core: RpcDouble
let pages: Awaited<ReturnType<typeof openHumanPage>>[] = []

beforeEach(async () => {
  core = await rpcDouble()
})
afterEach(async () => {
  for (const page of pages) await page.ledger.dispose()
  pages = []
  await core.close()
})

async function open(scope?: string) {
  const page = await openHumanPage(core, { ...(scope !== undefined && { scope }) })
  pages.push(page)
  return page
}

type Page = Awaited<ReturnType<typeof open>>

const state = (page: Page) => {
  const { run, questions } = page.run('req-9f2')
  return [run.status, questions.map((each) => each.state)]
}
const WAITING = ['awaiting_user', ['open']]

test('openhuman 2: a row that says running does not end an approval that waits, here and after a reload', async () => {
  const page = await open()
  page.say('inference_start', { seq: 0 })
  page.say('approval_request', { seq: 1, tool_name: 'shell', message: 'Run it?', tool_call_id: 'call_5' })
  await page.until(() => expect(state(page)).toEqual(WAITING))
  core.runs = [turnRow({ updatedAt: at12(70) })]
  await page.rounds(3)
  expect(state(page)).toEqual(WAITING)
  await page.ledger.dispose()
  pages = []

  core.runs = [turnRow({ updatedAt: at12(80) })]
  const again = await open(page.scope)
  await again.rounds(3)
  expect(state(again)).toEqual(WAITING)
  core.runs = [turnRow({ status: 'completed', completedAt: at12(90), updatedAt: at12(90) })]
  await again.until(() => expect(state(again)[0]).toBe('completed'))
})
