/** A conversation with an OpenHuman core as a person has it: writing, reading, answering, and a core that is away. */
import { expect, test } from 'vitest'
import { approvalTurn, QUESTION, researchTurn } from '../../src/testing/doubles/index.ts'
import type { App } from './support/app.ts'
import { browserForFile, eventually } from './support/browser.ts'
import { openHumanForFile } from './support/openHumanApp.ts'

const { open } = browserForFile()
const { at, startCore } = openHumanForFile()

const start = () =>
  startCore({
    onMessage: (threadId, text) => ({
      ...(text.includes('check') ? approvalTurn() : researchTurn()),
      threadId,
    }),
  })

async function visit(): Promise<App> {
  const app = await open({ allow: [/WebSocket|ERR_CONNECTION|Failed to load resource/] })
  await app.open(at('/'))
  return app
}

/** Goes from the first page to the new conversation. */
async function write(app: App, text: string): Promise<void> {
  await app.get('openhuman-input').fill(text)
  await app.page.keyboard.press('Enter')
  await app.page.waitForURL(/\/threads\//)
}

const turns = (app: App) => app.get('turn').evaluateAll((all) => all.map((turn) => turn.dataset['status']))
const bubbles = (app: App) => app.page.locator('.bubble').allInnerTexts()

test('openhuman: a conversation shows what was written, who worked, what was asked and what was answered', async () => {
  await start()
  const app = await visit()
  await write(app, 'How do umbrellas sell?')
  const question = app.get('question').filter({ hasText: QUESTION })
  await question.waitFor()
  await eventually(() => turns(app)).toEqual(['completed'])
  expect(await bubbles(app)).toEqual(['How do umbrellas sell?'])
  const link = app.get('thread-link').first()
  expect(await link.innerText()).toMatch(/How do umbrellas sell\?[^]*4 runs · needs you/)
  expect((await app.agents()).map(({ text }) => text.split(' researcher')[0])).toHaveLength(3)

  await question.getByTestId('answer-text').fill('EU only')
  await question.getByTestId('answer-submit').click()
  await eventually(() => turns(app)).toEqual(['completed', 'completed'])
  await app.reload()
  await eventually(() => bubbles(app)).toEqual(['How do umbrellas sell?', 'EU only'])
  // The child stands where it was launched; the later turn names it.
  const [first, second] = await app.get('turn').all()
  expect(await first?.getByTestId('subagent-row').count()).toBe(3)
  expect(await second?.getByTestId('subagent-row').count()).toBe(0)
  expect(await second?.innerText()).toContain('Goes on with Sales researcher.')
})

test('openhuman: an approval is decided by keys in its conversation, which goes on from its foot', async () => {
  await start()
  const app = await visit()
  await write(app, 'Please check the shop.')
  await app.get('question').waitFor()
  await app.atRest()
  // The core's row says running all the while: it must not end the approval.
  await app.reload()
  await app.get('question').waitFor()
  expect(await app.get('composer-send').isDisabled()).toBe(true)
  await eventually(() => app.get('answer-option').first().isEnabled()).toBe(true)
  await app.page.keyboard.press('1')
  await app.page.keyboard.press('Enter')
  await eventually(() => turns(app)).toEqual(['completed'])
  expect(await app.get('settled-question').innerText()).toContain('Approve once')

  await eventually(() => app.get('composer-send').isEnabled()).toBe(true)
  await app.get('composer-input').fill('Please check it again.')
  await app.page.keyboard.press('Enter')
  await eventually(() => bubbles(app)).toEqual(['Please check the shop.', 'Please check it again.'])
  await app.get('question').waitFor()
})

test('openhuman: a core that is away is said to be, and is back by itself', async () => {
  const app = await visit()
  const banner = app.get('connection-banner')
  await banner.waitFor()
  await app.get('openhuman-input').fill('Hello')
  await app.page.keyboard.press('Enter')
  await app.page.getByText('OpenHuman did not answer').waitFor()
  expect(await app.get('openhuman-input').inputValue()).toBe('Hello')
  await start()
  await banner.waitFor({ state: 'detached' })
})
