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

test('C1 what an import that was cut off left in flight is settled by the next, also when nothing in it is new', async () => {
  const page = await bootedPage()
  const stream = { id: 'elsewhere:old', contiguous: false, first: 1, kind: 'repair' } as const
  page.source.emit(
    stream,
    begun.map(({ event }) => event),
  )
  await page.ledger.whenIdle()
  expect(selectRun(page.state(), 'old')?.run.status).toBe('running')
  expect(await page.ledger.importEvents(begun)).toMatchObject({ added: 0, repeated: 3, interrupted: 1 })
  expect(selectRun(page.state(), 'old')?.run).toMatchObject({ status: 'interrupted', inferred: true })
  expect(await page.ledger.importEvents(begun)).toMatchObject({ added: 0, repeated: 3, interrupted: 0 })
})

test('A2 progress ends with all of it, what was refused included', async () => {
  const page = await bootedPage()
  const shares: number[] = []
  const bad = told('x', 'run.transitioned', { to: 'flying', trigger: 'spawn' })
  await page.ledger.importEvents([bad, ...ended], (done) => shares.push(done))
  expect(shares.at(-1)).toBe(1)
})

/** A page on which the imported run was deleted by a person. */
async function withoutIt(scope: string) {
  const page = await bootedPage(scope)
  await page.ledger.importEvents(ended)
  await page.ledger.retention.prune(await page.ledger.retention.preview({ maxRuns: 0 }))
  expect(selectRun(page.state(), 'old')).toBeNull()
  return page
}

test('A2 W6 what was deleted and is imported again is here again, and stays', async () => {
  const scope = newScope()
  const page = await withoutIt(scope)
  expect(await page.ledger.importEvents(ended)).toMatchObject({ added: 4, repeated: 0 })
  await page.ledger.dispose()
  const next = await bootedPage(scope)
  await next.ledger.openRun(RUN)
  expect(selectRun(next.state(), 'old')?.run).toMatchObject({ status: 'completed', summary: 'Done.' })
})

test.each(['in its page', 'after a reload'])(
  'A2 a list brings back nothing that was deleted %s, and its owner’s stream does',
  async (when) => {
    const scope = newScope()
    let page = await withoutIt(scope)
    if (when === 'after a reload') {
      await page.ledger.dispose()
      page = await bootedPage(scope)
    }
    const row = { log: RUN, type: 'run.observed', payload: { status: 'completed' }, timestamp: START }
    const list = { id: 'list', contiguous: false, first: 1, kind: 'repair' } as const
    page.source.emit(list, [
      { ...row, position: 'row:1' },
      { ...row, log: 'r:other', position: 'row:2' },
    ])
    await page.ledger.whenIdle()
    expect(selectRun(page.state(), 'other')?.run.status).toBe('completed')
    expect(selectRun(page.state(), 'old')).toBeNull()
    const begun = { ...row, type: 'run.registered', payload: { status: 'running' }, position: 1 }
    page.source.emit({ ...list, id: 'live', kind: 'live' }, [begun])
    await page.ledger.whenIdle()
    expect(selectRun(page.state(), 'old')?.run.status).toBe('running')
    page.source.emit(list, [
      { ...row, payload: { status: 'completed', summary: 'Done.' }, position: 'row:3' },
    ])
    await page.ledger.whenIdle()
    expect(selectRun(page.state(), 'old')?.run.status).toBe('completed')
  },
)
