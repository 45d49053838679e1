/** What a person writes, in a real store: the turn it begins bears it, whichever is heard of first. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rpcDouble } from './support/rpcDouble.ts'
import type { RpcDouble } from './support/rpcDouble.ts'
import { openHumanPage } from './support/rpcPage.ts'

let core: RpcDouble
let page: Awaited<ReturnType<typeof openHumanPage>>

beforeEach(async () => {
  core = await rpcDouble()
})
afterEach(async () => {
  await page.ledger.dispose()
  await core.close()
})

const accepted = { accepted: true, thread_id: 'thread-4', request_id: 'req-9f2' }
const prompt = () => page.run('req-9f2')?.run.prompt?.preview

test('openhuman 1: a message is the prompt of the turn it begins, announced after the answer', async () => {
  page = await openHumanPage(core, { send: async () => accepted })
  await page.core.write('thread-4', 'How is the rain?')
  await page.ledger.whenIdle()
  expect(page.run('req-9f2')).toBeUndefined()
  page.say('inference_start', { seq: 0 })
  await page.until(() => expect(prompt()).toBe('How is the rain?'))
  expect(page.run('req-9f2').run).toMatchObject({ kind: 'background_agent', status: 'running', attempt: 1 })
})

test('openhuman 1: a message is the prompt of its turn, announced before the answer', async () => {
  page = await openHumanPage(core, {
    async send() {
      page.say('inference_start', { seq: 0 })
      await page.ledger.whenIdle()
      return { data: accepted }
    },
  })
  await page.core.write('thread-4', 'How is the rain?')
  await page.until(() => expect(prompt()).toBe('How is the rain?'))
})

test('openhuman 1: a message is the prompt of its turn, over before the answer and before the ledger has it', async () => {
  page = await openHumanPage(core, {
    async send() {
      page.say('inference_start', { seq: 0 })
      page.say('chat_done', {})
      return { data: accepted }
    },
  })
  await page.core.write('thread-4', 'How is the rain?')
  await page.until(() => expect(prompt()).toBe('How is the rain?'))
})

test('openhuman 1: a message that waits in a queue is the prompt of nothing', async () => {
  page = await openHumanPage(core, { send: async () => ({ queued: true }) })
  page.say('inference_start', { seq: 0 })
  await page.until(() => expect(page.run('req-9f2')?.run.status).toBe('running'))
  await page.core.write('thread-4', 'And the snow?')
  await page.ledger.whenIdle()
  expect(prompt()).toBeUndefined()
})

test('openhuman 1: without a way to send, writing says so', async () => {
  page = await openHumanPage(core)
  await expect(page.core.write('thread-4', 'Hello')).rejects.toThrow('no way to send')
})
