/** A question is answered once: two submits, two tabs, a restart. Law O1. */
import { afterEach, describe, expect, test } from 'vitest'
import { CommandRefusedError, memoryStorage } from '../../src/index.ts'
import type { Json } from '../../src/index.ts'
import {
  breakableSource,
  commandsOf,
  eventually,
  RUN,
  saidOf,
  statusOf,
  tellPage,
  waiting,
} from './support/commands.ts'
import { newScope, openPage } from './support/page.ts'
import type { Page } from './support/page.ts'

const pages: Page[] = []
const open: typeof tellPage = async (...given) => {
  const told = await tellPage(...given)
  pages.push(told.page)
  return told
}
afterEach(async () => {
  for (const page of pages.splice(0)) await page.ledger.dispose()
})

const send = (page: Page, answer: Json, questionId = 'q1') =>
  page.ledger.send({ log: RUN, verb: 'answer', payload: { questionId, answer } })

describe('an answer', () => {
  test('O1 submitted twice is one command, and the second submit gets the first', async () => {
    const { page } = await open(waiting)
    const [one, two] = await Promise.all([send(page, 'eu'), send(page, 'us')])
    expect(two.id).toBe(one.id)
    expect(two.payload).toEqual({ questionId: 'q1', answer: 'eu' })
    expect(page.source.sent).toHaveLength(1)
    expect(one.idempotencyKey).toBe(one.id)
    expect((await send(page, 'eu')).id).toBe(one.id)
    expect(page.source.sent).toHaveLength(1)
  })

  test('O1 submitted twice is one command where the browser has no locks, too', async () => {
    const locks = { hold: async () => () => {}, held: async () => null }
    const { page } = await open(waiting, { locks })
    const [one, two, three] = await Promise.all([send(page, 'eu'), send(page, 'us'), send(page, 'eu')])
    expect(new Set([one.id, two.id, three.id]).size).toBe(1)
    expect(page.source.sent).toHaveLength(1)
  })

  test('O1 submitted in two tabs is one command', async () => {
    const scope = newScope()
    const { page: first } = await open(waiting, { scope })
    first.source.answer = () => new Promise(() => {})
    const second = openPage(scope)
    pages.push(second)
    await second.boot()
    void send(first, 'eu')
    await eventually(() => expect(first.source.sent).toHaveLength(1))
    expect(await send(second, 'us')).toMatchObject({ id: first.source.sent[0]?.id, state: 'sending' })
    expect(second.source.sent).toEqual([])
    expect(await first.ledger.whenIdle()).toBeUndefined()
  })

  test('O1 that was refused may be given again, as another command', async () => {
    const { page } = await open(waiting)
    page.source.answer = async () => ({ kind: 'rejected', reason: 'Say it again.' })
    const first = await send(page, 'eu')
    expect(first.state).toBe('rejected')
    page.source.answer = async () => ({ kind: 'delivered' })
    const second = await send(page, 'us')
    expect(second).toMatchObject({ state: 'delivered', payload: { answer: 'us' } })
    expect(second.id).not.toBe(first.id)
    expect((await send(page, 'us')).id).toBe(second.id)
    expect(page.source.sent).toHaveLength(2)
  })

  test.each([
    ['is none of the options', 'mars'],
    ['is empty', ''],
    ['is missing', null],
    ['is of another kind', { deep: ['eu'] }],
  ])('that %s is refused with the reason, and nothing is written', async (_, answer) => {
    const storage = memoryStorage()
    const { page } = await open(waiting, { storage })
    const sending = send(page, answer)
    await expect(sending).rejects.toThrow(CommandRefusedError)
    await expect(sending).rejects.toThrow(/^The answer is .*\.$/)
    expect(await storage.ledger.listCommands()).toEqual([])
    expect(page.source.sent).toEqual([])
    expect((await send(page, 'eu')).state).toBe('delivered')
  })

  test('to a question that is closed is refused, and one to a question only the owner knows is not', async () => {
    const { page, lines } = await open(waiting)
    page.source.emit(lines.stream, [
      lines.event(RUN, 'question.settled', { questionId: 'q1', state: 'answered', answer: 'eu' }),
    ])
    await page.ledger.whenIdle()
    await expect(send(page, 'us')).rejects.toThrow('This question is not open any more: it was answered.')
    expect((await send(page, 'us', 'q2')).state).toBe('delivered')
  })

  test('O1 given while its owner is away waits, and is delivered once when it is back', async () => {
    const { source, say } = breakableSource()
    const { page } = await open(waiting, { source })
    say('disconnected')
    const [one, two] = await Promise.all([send(page, 'eu'), send(page, 'eu')])
    expect(one).toMatchObject({ state: 'queued', detail: 'Waits for scripted, which is not connected.' })
    expect(two.id).toBe(one.id)
    say('connected')
    await eventually(() => expect(commandsOf(page)).toMatchObject([{ state: 'delivered' }]))
    expect(source.sent).toMatchObject([{ id: one.id, payload: { questionId: 'q1', answer: 'eu' } }])
    expect(saidOf(page, RUN)).toHaveLength(1)
  })
})

describe('an answer and a restart', () => {
  test('O1 one whose orchestrator died with its page goes to the next that can take the run on', async () => {
    const scope = newScope()
    const { page: first } = await open(waiting, { scope })
    first.source.answer = () => new Promise(() => {})
    void send(first, 'eu')
    await eventually(() => expect(first.source.sent).toHaveLength(1))
    first.die()

    const second = openPage(scope)
    pages.push(second)
    second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await second.boot()
    expect(statusOf(second, RUN)).toBe('awaiting_user')
    await eventually(() => expect(commandsOf(second)).toMatchObject([{ state: 'delivered' }]))
    expect(second.source.sent).toMatchObject([
      { id: first.source.sent[0]?.id, payload: { questionId: 'q1', answer: 'eu' } },
    ])
  })

  test('O1 one to a run whose orchestrator crashed waits for the next, which gets it once', async () => {
    const scope = newScope()
    const { source, say } = breakableSource()
    const { page: first } = await open(waiting, { scope, source })
    say('disconnected')
    source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    const command = await send(first, 'eu')
    expect(command).toMatchObject({ state: 'queued' })
    first.die()

    const second = openPage(scope)
    pages.push(second)
    second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await second.boot()
    await eventually(() => expect(commandsOf(second)).toMatchObject([{ id: command.id, state: 'delivered' }]))
    expect(second.source.sent).toMatchObject([{ id: command.id, payload: { answer: 'eu' } }])
    expect(source.sent).toEqual([])
  })

  test('O1 one whose question was answered, as far as is known, is not sent again and counts as given', async () => {
    const scope = newScope()
    const { page: first, lines } = await open(waiting, { scope })
    first.source.answer = async () => {
      first.source.emit(lines.stream, [
        lines.event(RUN, 'question.settled', { questionId: 'q1', state: 'answered', answer: 'eu' }),
      ])
      await first.ledger.whenIdle()
      return new Promise(() => {})
    }
    void send(first, 'eu')
    await eventually(() => expect(saidQuestion(first)).toBe('answered'))
    first.die()
    const second = openPage(scope)
    pages.push(second)
    second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await second.boot()
    await eventually(() => expect(commandsOf(second)).toMatchObject([{ state: 'applied' }]))
    expect(second.source.sent).toEqual([])
  })

  test('an answer to a run whose checkpoint is damaged finds its question closed', async () => {
    const scope = newScope()
    const { page: first } = await open(
      (lines) => [
        ...waiting(lines),
        lines.event(RUN, 'checkpoint.saved', { state: '{"checkpoint":1,"digest":"no","state":{}}' }),
      ],
      { scope },
    )
    first.die()
    const second = openPage(scope)
    pages.push(second)
    second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
    await second.boot()
    expect(statusOf(second, RUN)).toBe('interrupted')
    await expect(send(second, 'eu')).rejects.toThrow('This question is not open any more')
  })
})

function saidQuestion(page: Page): string | undefined {
  const record = page.state().runs.records.flatMap((bucket) => bucket[RUN] ?? [])[0]
  return record?.entity === 'run' ? record.questions[0]?.state : undefined
}
