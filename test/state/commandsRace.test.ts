/** What an orchestrator says of a command while its receipt is being written. Law O1. */
import { expect, test } from 'vitest'
import { memoryStorage } from '../../src/index.ts'
import type { CommandState } from '../../src/index.ts'
import type { Ledger } from '../../src/ledger/port.ts'
import { commandsOf, eventually, RUN, tellPage } from './support/commands.ts'
import { research, script } from './support/page.ts'

/** A ledger that lets something happen after the receipt is on disk and before its page hears so. */
function slowReceipts(ledger: Ledger): { ledger: Ledger; meanwhile: { happens: () => Promise<void> } } {
  const meanwhile = { happens: async (): Promise<void> => {} }
  const decide: Ledger['decide'] = async (...given) => {
    const decided = await ledger.decide(...given)
    if (decided?.batch.commands.some(({ state }) => state === 'delivered')) await meanwhile.happens()
    return decided
  }
  return { ledger: { ...ledger, decide }, meanwhile }
}

test.each(['applied', 'rejected'] as const)(
  'O1 a command that is settled as %s while its receipt is written stays settled',
  async (end) => {
    const storage = memoryStorage()
    const { ledger, meanwhile } = slowReceipts(storage.ledger)
    const { page } = await tellPage(research, { storage: { ...storage, ledger } })
    const seen: (CommandState | undefined)[] = []
    const look = (): CommandState | undefined => commandsOf(page)[0]?.state
    page.store.subscribe(() => seen.at(-1) !== look() && seen.push(look()))
    meanwhile.happens = async () => {
      const { stream, event } = script('live:1', 10)
      const commandId = commandsOf(page)[0]?.id
      page.source.emit(stream, [
        event(RUN, 'control.settled', { commandId, state: end, detail: 'So it is.' }),
      ])
      await eventually(() => expect(look()).toBe(end))
    }
    const command = await page.ledger.send({ log: RUN, verb: 'stop', payload: null })
    await page.ledger.whenIdle()
    expect(seen).toEqual(['sending', end])
    expect(command).toMatchObject({ state: end, detail: 'So it is.' })
    expect(await ledger.listCommands()).toMatchObject([{ id: command.id, state: end }])
  },
)
