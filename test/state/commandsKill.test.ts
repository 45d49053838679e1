/** A page that dies between any two steps of sending a command. Law O1. */
import { describe, expect, test } from 'vitest'
import { indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { memoryContentStore } from '../../src/ledger/contentStore.ts'
import { systemClock } from '../../src/platform/browser.ts'
import { scriptedSource } from '../../src/testing/scriptedSource.ts'
import type { ScriptedSource } from '../../src/testing/scriptedSource.ts'
import { sharedCore } from '../../src/testing/sharedCore.ts'
import type { SharedCore } from '../../src/testing/sharedCore.ts'
import { commandsOf, cutLedger, eventually, RUN, waiting } from './support/commands.ts'
import { newScope, openPage, script } from './support/page.ts'
import type { Page } from './support/page.ts'

const stop = { log: RUN, verb: 'stop', payload: null } as const
const answer = { log: RUN, verb: 'answer', payload: { questionId: 'q1', answer: 'eu' } } as const
const cuts = [1, 2, 3, 4].flatMap((cut) => [
  { cut, isBefore: true, when: `before its write ${cut}` },
  { cut, isBefore: false, when: `after its write ${cut}` },
])

function openOn(
  scope: string,
  source: ScriptedSource,
  ledger = indexedDbLedger({ scope, clock: systemClock }),
): Page {
  return openPage(scope, { source, storage: { ledger, journal: null, content: memoryContentStore() } })
}

/** Sends with a page that dies at that write, or after the last. */
async function sendAndDie(
  page: Page,
  cutting: ReturnType<typeof cutLedger>['state'],
  request: typeof stop | typeof answer,
): Promise<void> {
  cutting.armed = true
  let isSent = false
  void page.ledger.send(request).then(() => {
    isSent = true
  })
  await eventually(() => expect(cutting.isDead || isSent).toBe(true))
  if (!cutting.isDead)
    await Promise.race([page.ledger.whenIdle(), eventually(() => expect(cutting.isDead).toBe(true))])
  page.die()
}

const waitingRun = (core: SharedCore): void => {
  const lines = script()
  core.emit(waiting(lines).map((event) => event as { log: string; type: string; payload: object }))
}

describe('an orchestrator that outlives its page', () => {
  test.each(cuts)(
    'O1 a page that dies $when leaves a command that has one effect, or none',
    async ({ cut, isBefore }) => {
      const scope = newScope()
      const core = sharedCore()
      waitingRun(core)
      const source = (): ScriptedSource => core.source() as ScriptedSource
      const cutting = cutLedger(indexedDbLedger({ scope, clock: systemClock }), cut, isBefore)
      const first = openOn(scope, source(), cutting.ledger)
      await first.boot()
      await first.ledger.whenIdle()
      await sendAndDie(first, cutting.state, stop)

      const second = openOn(scope, source())
      await second.boot()
      const isWritten = cut > 1 || !isBefore
      await eventually(() =>
        expect(commandsOf(second).map(({ state }) => state)).toEqual(isWritten ? ['applied'] : []),
      )
      await second.ledger.whenIdle()
      const effects = core.history.filter(({ type }) => type === 'control.settled')
      expect(effects).toHaveLength(isWritten ? 1 : 0)
      expect(new Set(core.sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(isWritten ? 1 : 0)
      await second.ledger.dispose()
    },
  )
})

describe('an orchestrator that dies with its page', () => {
  test.each(cuts)(
    'O1 a stop cut off $when is sent once at most, and is known or shown as unknown',
    async (at) => {
      const { second, sent } = await restart(stop, at)
      const isWritten = at.cut > 1 || !at.isBefore
      await eventually(() =>
        expect(commandsOf(second).map(({ state }) => state)).toEqual(isWritten ? ['unknown'] : []),
      )
      expect(second.source.sent).toEqual([])
      expect(sent.length).toBeLessThanOrEqual(isWritten ? 1 : 0)
      await second.ledger.dispose()
    },
  )

  test.each(cuts)(
    'O1 an answer cut off $when reaches the next orchestrator, if it was ever given',
    async (at) => {
      const { second } = await restart(answer, at)
      const isWritten = at.cut > 1 || !at.isBefore
      await eventually(() =>
        expect(commandsOf(second).map(({ state }) => state)).toEqual(isWritten ? ['delivered'] : []),
      )
      expect(second.source.sent.map(({ payload }) => payload)).toEqual(isWritten ? [answer.payload] : [])
      await second.ledger.dispose()
    },
  )
})

async function restart(
  request: typeof stop | typeof answer,
  { cut, isBefore }: (typeof cuts)[number],
): Promise<{ second: Page; sent: ScriptedSource['sent'] }> {
  const scope = newScope()
  const cutting = cutLedger(indexedDbLedger({ scope, clock: systemClock }), cut, isBefore)
  const first = openOn(scope, scriptedSource(), cutting.ledger)
  await first.boot()
  const lines = script()
  first.source.emit(lines.stream, waiting(lines))
  await first.ledger.whenIdle()
  // Nobody settles it: a local orchestrator's event would be the next write.
  await sendAndDie(first, cutting.state, request)
  const second = openOn(scope, scriptedSource())
  second.source.evidence.set(RUN, { kind: 'gone', exitCode: null })
  await second.boot()
  return { second, sent: first.source.sent }
}
