/** History of another system, as its importer made it events. SPEC A2, A3, H4. */
import { expect, test } from 'vitest'
import { selectLedgerStatus, selectRun } from '../../src/index.ts'
import type { ImportedEvent, RunLogId } from '../../src/index.ts'
import { committed } from '../../src/state/actions.ts'
import { newScope, openPage, START } from './support/page.ts'

const RUN: RunLogId = 'r:old'

const told = (position: string, type: string, payload: object, log: string = RUN): ImportedEvent => ({
  stream: 'elsewhere:old',
  event: { log, type, payload, timestamp: START, position },
})

const begun = [
  told('registered', 'run.registered', { agentName: 'Old', startedAt: START - 60_000 }),
  told('started', 'run.transitioned', { to: 'running', trigger: 'imported' }),
  told('call:1', 'tool.started', { callId: 'c1', name: 'search' }),
]
const ended = [
  ...begun,
  told('finished', 'run.transitioned', { to: 'completed', trigger: 'result_received', summary: 'Done.' }),
]

async function bootedPage(scope = newScope()) {
  const page = openPage(scope)
  await page.boot()
  return page
}

test('A2 twice is once, also after a reload, and a newer file adds what is new in it', async () => {
  const scope = newScope()
  const page = await bootedPage(scope)
  expect(await page.ledger.importEvents(ended)).toMatchObject({ added: 4, repeated: 0, refused: 0 })
  expect(await page.ledger.importEvents(ended)).toMatchObject({ added: 0, repeated: 4 })
  await page.ledger.dispose()
  const next = await bootedPage(scope)
  expect(await next.ledger.importEvents(ended)).toMatchObject({ added: 0, repeated: 4 })
  const more = [...ended, told('usage', 'usage.reported', { key: 'all', scope: 'own', inputTokens: 5 })]
  expect(await next.ledger.importEvents(more)).toMatchObject({ added: 1, repeated: 4, logs: [RUN] })
  expect(selectRun(next.state(), 'old')?.telemetry.inputTokens).toBe(5)
})

test('C1 what was in flight there is settled here as inferred, and the owner’s later word replaces it', async () => {
  const page = await bootedPage()
  expect(await page.ledger.importEvents(begun)).toMatchObject({ added: 3, interrupted: 1 })
  expect(selectRun(page.state(), 'old')?.run).toMatchObject({ status: 'interrupted', inferred: true })
  expect(await page.ledger.importEvents(ended)).toMatchObject({ added: 1, repeated: 3, interrupted: 0 })
  expect(selectRun(page.state(), 'old')?.run).toMatchObject({
    status: 'completed',
    inferred: false,
    summary: 'Done.',
  })
})

test('H4 nobody is told of what happened before', async () => {
  const page = await bootedPage()
  await page.ledger.importEvents(ended)
  await page.ledger.whenIdle()
  const told = page.actions.filter(committed.match).flatMap(({ payload }) => payload.transitions)
  expect(told).toEqual([])
  expect(page.source.sent).toEqual([])
})

test('A3 what cannot be used is put aside once, with its reason', async () => {
  const page = await bootedPage()
  const bad = [told('x', 'run.transitioned', { to: 'flying', trigger: 'spawn' }), ...begun]
  expect(await page.ledger.importEvents(bad)).toMatchObject({ added: 3, refused: 1 })
  await page.ledger.importEvents(bad)
  const { quarantine } = selectLedgerStatus(page.state())
  expect(quarantine).toMatchObject([{ stream: 'elsewhere:old', position: 'x' }])
})
