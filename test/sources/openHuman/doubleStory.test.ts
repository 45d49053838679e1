/** The source against the double over real wires, in a real store: what a person's answer does, from end to end. */
import { io } from 'socket.io-client'
import { afterEach, expect, test } from 'vitest'
import type { RunRecord } from '../../../src/index.ts'
import { jsonRpc, openHumanSource } from '../../../src/sources/openHuman/index.ts'
import type { Source } from '../../../src/core/ports.ts'
import { at } from '../../../src/state/table.ts'
import { createOpenHumanDouble, researchTurn } from '../../../src/testing/doubles/index.ts'
import type { OpenHumanDoubleOptions } from '../../../src/testing/doubles/index.ts'
import type { ScriptedSource } from '../../../src/testing/scriptedSource.ts'
import { newScope, openPage } from '../../state/support/page.ts'

let close: (() => unknown)[] = []
afterEach(async () => {
  for (const each of close.toReversed()) await each()
  close = []
})

async function meet(options: OpenHumanDoubleOptions = {}) {
  const core = await createOpenHumanDouble(options)
  const socket = io(core.url, { transports: ['websocket'] })
  const rpc = jsonRpc(core.url)
  const send = (thread_id: string, message: string) =>
    rpc('openhuman.channel_web_chat', { thread_id, message })
  const source: Source = openHumanSource({ socket, rpc, send, instance: core.url, pollMs: 100 })
  // Its type asks for the scripted one, whose hands are not used here.
  const page = openPage(newScope(), { source: source as ScriptedSource })
  close.push(
    () => core.close(),
    () => socket.close(),
    () => page.ledger.dispose(),
  )
  await page.boot()
  const run = (id: string) => at(page.state().runs.records, `r:${id}`) as RunRecord | undefined
  return { core, page, run }
}

test('openhuman 5.2: the question of a child is answered by a message, and it goes on as itself', async () => {
  const { core, page, run } = await meet()
  const play = core.play(researchTurn())
  await expect.poll(() => run('sub-1-sales')?.run.status, { timeout: 10_000 }).toBe('awaiting_user')
  const question = run('sub-1-sales')?.questions[0]
  await page.ledger.send({
    log: 'r:sub-1-sales',
    verb: 'answer',
    payload: { questionId: question?.questionId ?? '', answer: 'EU only' },
  })
  expect(await play.ended).toBe('ended')
  await expect.poll(() => run('sub-1-sales')?.run.status, { timeout: 10_000 }).toBe('completed')
  expect(run('sub-1-sales')).toMatchObject({
    run: { attempt: 1, parentRunId: 'req-1-b', formerParentRunIds: ['req-1-a'] },
    questions: [{ state: 'answered' }],
  })
})
