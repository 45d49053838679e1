/** The outbox: durable before it is sent, settled by the orchestrator's own event. Law O1. */
import { describe, expect, test, vi } from 'vitest'
import { memoryStorage } from '../../src/index.ts'
import type { CommandState, RunCommand } from '../../src/index.ts'
import { scriptedSource } from '../../src/testing/scriptedSource.ts'
import { newScope, openPage, research, script } from './support/page.ts'
import type { Page } from './support/page.ts'

const RUN = 'r:wf1.research.1'
const stop = { log: RUN, verb: 'stop', payload: null } as const

async function running(options: Parameters<typeof openPage>[1] = {}, scope = newScope()): Promise<Page> {
  const page = openPage(scope, options)
  await page.boot()
  const lines = script()
  page.source.emit(lines.stream, research(lines))
  await page.ledger.whenIdle()
  return page
}

const stateOf = (page: Page, { id }: RunCommand): CommandState | undefined =>
  page.state().runs.commands[id]?.state

describe('commands', () => {
  test('O1 a command is on disk as sending before anyone hears of it', async () => {
    const storage = memoryStorage()
    const page = await running({ storage })
    let seen: readonly RunCommand[] = []
    page.source.answer = async () => {
      seen = await storage.ledger.listCommands()
      return { kind: 'delivered' }
    }
    const command = await page.ledger.send(stop)
    expect(seen).toMatchObject([{ id: command.id, state: 'sending', verb: 'stop' }])
    expect(command.state).toBe('delivered')
  })

  test("O1 the orchestrator's own event settles a command, durably", async () => {
    const storage = memoryStorage()
    const page = await running({ storage })
    const command = await page.ledger.send(stop)
    const lines = script('live:1', 10)
    page.source.emit(lines.stream, [
      lines.event(RUN, 'control.settled', { commandId: command.id, state: 'applied' }),
    ])
    await page.ledger.whenIdle()
    expect(stateOf(page, command)).toBe('applied')
    expect(await storage.ledger.listCommands()).toMatchObject([{ id: command.id, state: 'applied' }])
  })

  test('O1 an event that is quicker than the receipt wins', async () => {
    const page = await running()
    const lines = script('live:1', 10)
    page.source.answer = async (command) => {
      page.source.emit(lines.stream, [
        lines.event(RUN, 'control.settled', { commandId: command.id, state: 'applied' }),
      ])
      await page.ledger.whenIdle()
      return { kind: 'delivered' }
    }
    const command = await page.ledger.send(stop)
    expect(stateOf(page, command)).toBe('applied')
  })

  test('a refusal is shown with its reason', async () => {
    const page = await running()
    page.source.answer = async () => ({ kind: 'rejected', reason: 'There is no such run.' })
    expect(await page.ledger.send(stop)).toMatchObject({ state: 'rejected', detail: 'There is no such run.' })
  })

  test('O1 a send that breaks off is unknown, not failed', async () => {
    const page = await running()
    page.source.answer = async () => {
      throw new Error('the line went dead')
    }
    const command = await page.ledger.send(stop)
    expect(command).toMatchObject({ state: 'unknown', detail: 'May have been delivered: the line went dead' })
  })

  test('a verb nobody carries is refused before anything is written', async () => {
    const storage = memoryStorage()
    const page = await running({ storage, source: scriptedSource({ verbs: ['stop'] }) })
    await expect(page.ledger.send({ ...stop, verb: 'pause' })).rejects.toThrow(
      'No connected source can pause',
    )
    expect(await storage.ledger.listCommands()).toEqual([])
  })

  test('before the ledger is ready commands say so', async () => {
    const page = openPage(newScope())
    const booting = page.boot()
    await expect(page.ledger.send(stop)).rejects.toThrow('still loading')
    await booting
  })
})

describe('the outbox after a reload', () => {
  async function left(state: CommandState, overrides: Partial<RunCommand> = {}): Promise<Page> {
    const scope = newScope()
    const first = await running({}, scope)
    // The page dies while the command is on its way.
    let command: RunCommand | undefined
    first.source.answer = (sent) => {
      command = sent
      return new Promise(() => {})
    }
    void first.ledger.send({ ...stop, ...overrides })
    const sent = await vi.waitUntil(() => command)
    expect(stateOf(first, sent)).toBe(state)
    first.die()
    const second = openPage(scope)
    await second.boot()
    await second.ledger.whenIdle()
    return second
  }

  test('O1 a command that was on its way is shown as unknown and not sent again', async () => {
    const page = await left('sending')
    expect(Object.values(page.state().runs.commands)).toMatchObject([{ verb: 'stop', state: 'unknown' }])
    expect(page.source.sent).toEqual([])
  })

  test('O1 a start whose run never appeared is sent again', async () => {
    const page = await left('sending', { verb: 'start', log: 'w:new' })
    expect(page.source.sent).toMatchObject([{ verb: 'start', log: 'w:new' }])
    expect(Object.values(page.state().runs.commands)).toMatchObject([{ state: 'delivered' }])
  })

  test('O1 a command of a page that is still alive is left to that page, until it dies', async () => {
    const scope = newScope()
    const first = await running({}, scope)
    first.source.answer = () => new Promise(() => {})
    void first.ledger.send({ log: 'w:new', verb: 'start', payload: null })
    await vi.waitUntil(() => first.source.sent.length > 0)
    const second = openPage(scope)
    await second.boot()
    await second.ledger.whenIdle()
    expect(second.source.sent).toEqual([])
    expect(Object.values(second.state().runs.commands)).toMatchObject([{ verb: 'start', state: 'sending' }])
    first.die()
    await vi.waitUntil(() => second.source.sent.length > 0, { timeout: 3_000 })
    expect(second.source.sent).toMatchObject([{ verb: 'start', log: 'w:new' }])
  })

  test('O1 a start whose run did appear is not', async () => {
    const page = await left('sending', { verb: 'start', log: 'w:wf1' })
    expect(page.source.sent).toEqual([])
    expect(Object.values(page.state().runs.commands)).toMatchObject([{ state: 'applied' }])
  })
})
