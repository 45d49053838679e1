/** The browser ends, politely or by SIGKILL, and starts again on the same profile. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CLEAR, DISPUTED, finished, idsOf, isTool } from './support/app.ts'
import type { App } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'
import { storedCalls } from './support/database.ts'
import { kill } from './support/process.ts'

const { openProfile } = browserForFile()
let profile = ''

beforeEach(async () => {
  profile = await mkdtemp(join(tmpdir(), 'run-ledger-profile-'))
})
afterEach(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }))

/** One finished run, and one in the middle of research with events still coming. */
async function workAtHand(app: App) {
  const done = await app.finish(CLEAR)
  const report = await app.report()
  const rows = await app.rows()
  const going = await app.ask(DISPUTED, 'gentle')
  await eventually(async () => finished(await app.tools()).length).toBeGreaterThanOrEqual(8)
  return { done, report, rows, going }
}

async function expectAllThere(app: App, before: Awaited<ReturnType<typeof workAtHand>>, calls: string[]) {
  await app.open()
  await eventually(() => app.get('run-row').count()).toBe(2)
  expect(await app.get('health-banner').count()).toBe(0)

  await app.open(before.done)
  expect(await app.report()).toBe(before.report)
  await eventually(() => app.rows()).toEqual(before.rows)

  await app.open(before.going)
  await app.status('interrupted')
  await eventually(async () => idsOf(finished(await app.tools()))).toEqual(expect.arrayContaining(calls))
  const after = await app.rows()
  expect(new Set(idsOf(after)).size).toBe(after.length)
  const alive = ['running', 'starting', 'ticking']
  expect((await app.shown()).filter(({ status }) => alive.includes(status))).toEqual([])
}

test('a browser that is closed and started again has every run, the one in flight as interrupted', async () => {
  const app = await (await openProfile(profile, { hooks: { gentleMs: 120 } })).open()
  const before = await workAtHand(app)
  const calls = idsOf(finished(await app.rows()).filter(isTool))
  await app.page.context().close()
  await expectAllThere(await openProfile(profile), before, calls)
})

test('a browser killed in the middle of research comes back with all that was on disk', async () => {
  const app = await (await openProfile(profile, { hooks: { gentleMs: 120 } })).open()
  const before = await workAtHand(app)
  const id = before.going.replace('/workflows/', '')
  let calls: string[] = []
  // The disk follows the screen by a write; what counts is what it had when the browser was killed.
  await eventually(async () => {
    calls = (await storedCalls(app.page)).filter((call) => call.includes(id))
    return calls.length
  }).toBeGreaterThanOrEqual(7)
  await kill(app.page.context())
  await expectAllThere(await openProfile(profile), before, calls)
})
