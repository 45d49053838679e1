/** agentd's defects (B6) and old databases, its own and ours: nothing ends before its owner was asked. Checklist 8. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Evidence } from '../../../src/core/ports.ts'
import { lifecycleOf } from '../../../src/core/entities.ts'
import type { LogId } from '../../../src/core/ids.ts'
import { databaseName } from '../../../src/ledger/indexedDb.ts'
import { observe, readRow } from '../../../src/sources/agentd/rows.ts'
import { agentdSource } from '../../../src/sources/agentd/source.ts'
import { toActivity, toExecutionState, toLegacyStatus } from '../../../src/sources/agentd/views.ts'
import { at as inTable } from '../../../src/state/table.ts'
import type { AgentdDouble } from '../../../src/testing/doubles/agentd/index.ts'
import { agentRow, approvalRow, createAgentdDouble, turn } from '../../../src/testing/doubles/agentd/index.ts'
import { machine } from '../../faults/support/page.ts'
import type { FaultyPage, Machine } from '../../faults/support/page.ts'
import one from '../../fixtures/schema-1/dump.json' with { type: 'json' }
import { loadDatabase } from '../../fixtures/schema-1/load.ts'
import type { DatabaseDump } from '../../fixtures/schema-1/load.ts'
import { bootWith, lineTo } from './pages.ts'
import { AT, foldRaw } from './support.ts'

const LOG: LogId = 'r:a1'

let at: Machine
let double: AgentdDouble

beforeEach(async () => {
  at = machine()
  double = await createAgentdDouble()
})
afterEach(async () => {
  at.end()
  await double.close()
})

const lifeOf = (page: FaultyPage, log: LogId = LOG) => {
  const record = inTable(page.state().runs.records, log)
  return record === undefined ? null : lifecycleOf(record)
}
const statusOf = (page: FaultyPage, log?: LogId) => lifeOf(page, log)?.status

async function said(
  rows: readonly unknown[],
  stream: string | null = 'agentd:a1',
): Promise<Evidence | undefined> {
  const source = agentdSource({ connect: () => 'ws://nowhere', list: async () => rows })
  return (await source.ask([{ log: LOG, stream }])).get(LOG)
}

/** Rows of servers before there was a state, and of a migration that filled the column. */
const OLD = [
  [{ status: 'running' }, 'starting'],
  [{ status: 'running', activity: 'busy' }, 'busy'],
  [{ status: 'running', activity: 'idle' }, 'starting'],
  [{ status: 'running', execution_state: 'pending' }, 'starting'],
  [{ status: 'running', execution_state: 'pending', activity: 'busy' }, 'busy'],
  [{ status: 'running', execution_state: 'idle' }, 'idle'],
  [{ status: 'pending', execution_state: 'pending' }, 'pending'],
  [{ status: 'stopped', execution_state: 'pending' }, 'stopped'],
  [{ status: 'failed' }, 'failed'],
  [{ status: 'coffee' }, 'pending'],
] as const

test.each(OLD)(
  'agentd B6 defect 1: the row %j is read as %s before anything is concluded from it',
  async (fields, state) => {
    const row = readRow(agentRow('a1', fields))
    expect(row?.fact.state).toBe(state)
    const { run } = foldRaw(row === null ? [] : [observe(row, AT)], undefined, 'agentd:list')
    expect(toExecutionState(run)).toBe(state)
    if (fields.status === 'running') expect(await said([agentRow('a1', fields)])).toEqual({ kind: 'live' })
    if (state === 'starting') expect([toLegacyStatus(run), toActivity(run)]).toEqual(['running', 'unknown'])
  },
)

/** A page beside an agent at work. */
async function working(): Promise<FaultyPage> {
  double.agents.set('a1', agentRow('a1'))
  double.append('a1', 'activity_changed', 'busy')
  const page = await bootWith(at, lineTo(double).options)
  expect(await page.until(() => statusOf(page) === 'running')).toBe(true)
  return page
}

test('agentd B6 defect 1: runs of a schema-1 database stay in flight until their owner was asked, and after it cannot be', async () => {
  await loadDatabase(databaseName(at.scope), one as DatabaseDump)
  double.switches.refuse = true
  const page = await bootWith(at, lineTo(double).options)
  await page.until(() => page.state().ledger.sources['agentd']?.state === 'disconnected')
  await page.meanwhile(page.ledger.openRun('r:child-2'))
  await page.meanwhile(page.ledger.reconcile())
  expect(lifeOf(page, 'r:child-2')).toMatchObject({ status: 'running', inferred: false })
})

test('agentd B6 defect 2: a row said to be stopped is known, ends as our conclusion, and lives on when it runs again', async () => {
  const page = await working()
  // A shutdown that leaves sessions running writes this.
  double.agents.set('a1', agentRow('a1', { status: 'stopped', updated_at: '2026-03-21T10:00:00Z' }))
  expect(await page.until(() => statusOf(page) === 'cancelled')).toBe(true)
  expect(lifeOf(page)).toMatchObject({ inferred: true, attempt: 1 })
  double.agents.set('a1', agentRow('a1', { updated_at: '2026-03-21T10:05:00Z' }))
  await page.until(() => double.sent.length > 0 || double.connections() > 0)
  await page.meanwhile(page.ledger.reconcile())
  expect(lifeOf(page)).toMatchObject({ status: 'running', attempt: 2, inferred: false })
})

const later = (ms: number): string => new Date(Date.now() + ms).toISOString()

/** A page that saw the agent stop, by its owner's word, and is gone. */
async function stopped(): Promise<void> {
  double.agents.set('a1', agentRow('a1', { execution_state: 'idle' }))
  double.append('a1', 'state_changed', 'idle')
  double.append('a1', 'state_changed', 'stopped', { trigger: 'user_terminated' })
  double.agents.set('a1', agentRow('a1', { status: 'stopped', execution_state: 'stopped' }))
  const page = await bootWith(at, lineTo(double).options)
  expect(await page.until(() => lifeOf(page)?.status === 'cancelled' && !lifeOf(page)?.inferred)).toBe(true)
  await page.meanwhile(page.ledger.dispose())
}

test('agentd a restart that both the list and the stream tell of is one attempt', async () => {
  await stopped()
  double.agents.set('a1', agentRow('a1', { execution_state: 'idle', updated_at: later(60_000) }))
  double.append('a1', 'state_changed', 'starting', { from: 'stopped', trigger: 'restart' })
  double.append('a1', 'state_changed', 'idle', { from: 'starting' })
  const page = await bootWith(at, lineTo(double).options)
  expect(await page.until(() => statusOf(page) === 'idle')).toBe(true)
  const listed = double.listed()
  expect(await page.until(() => double.listed() > listed + 3)).toBe(true)
  await page.meanwhile(page.ledger.whenIdle())
  expect(lifeOf(page)).toMatchObject({ status: 'idle', attempt: 2 })
  expect(lifeOf(page)?.attempts.map(({ status }) => status)).toEqual(['cancelled'])
})

test('agentd a restart that only the list tells of is an attempt, once', async () => {
  await stopped()
  double.agents.set('a1', agentRow('a1', { execution_state: 'idle', updated_at: later(60_000) }))
  const page = await bootWith(at, lineTo(double).options)
  expect(await page.until(() => statusOf(page) === 'idle')).toBe(true)
  const listed = double.listed()
  expect(await page.until(() => double.listed() > listed + 3)).toBe(true)
  await page.meanwhile(page.ledger.whenIdle())
  expect(lifeOf(page)).toMatchObject({ status: 'idle', attempt: 2, trigger: 'restart' })
})

test('agentd B6 defect 3: a list that cannot be read says nothing of anyone', async () => {
  const page = await working()
  double.switches.refuse = true
  const source = agentdSource(lineTo(double).options)
  await expect(source.ask([{ log: LOG, stream: 'agentd:a1' }])).rejects.toThrow('status 500')
  await page.meanwhile(page.ledger.reconcile())
  expect(statusOf(page)).toBe('running')
  // Half a list proves nothing either.
  expect(await said([{ no: 'id' }])).toBeUndefined()
})

test('agentd B6 defect 4: an agent whose row is deleted keeps its history, and its end is our conclusion', async () => {
  double.agents.set('a1', agentRow('a1'))
  for (const [type, content, metadata] of turn('Hello', 'Hi.')) double.append('a1', type, content, metadata)
  const page = await bootWith(at, lineTo(double).options)
  expect(await page.until(() => statusOf(page) === 'idle')).toBe(true)
  double.agents.delete('a1')
  await page.meanwhile(page.ledger.reconcile())
  expect(lifeOf(page)).toMatchObject({ status: 'interrupted', inferred: true })
  expect(inTable(page.state().runs.records, LOG)).toMatchObject({ run: { artifacts: [{ name: 'result' }] } })
  // A run of somebody else is none of agentd's business.
  expect([await said([], null), await said([], 'openhuman:7')]).toEqual([undefined, undefined])
})

test('agentd B6 defect 4: an approval that agentd forgot stays as a question, and is over', async () => {
  const page = await working()
  double.approvals.set('p1', approvalRow('p1', 'a1'))
  expect(await page.until(() => statusOf(page) === 'awaiting_user')).toBe(true)
  const question = () => {
    const record = inTable(page.state().runs.records, LOG)
    return record?.entity === 'run' ? record.questions[0] : undefined
  }
  expect(question()).toMatchObject({ questionId: 'approval:p1', kind: 'approval', state: 'open' })
  double.approvals.clear()
  expect(await page.until(() => question()?.state === 'unknown')).toBe(true)
  expect(await page.until(() => statusOf(page) === 'running')).toBe(true)
})

test('A3 rows that cannot be read are put aside once, however often the lists hold them', async () => {
  double.agents.set('a1', agentRow('a1'))
  double.agents.set('odd', { ...agentRow('odd'), id: 7 as unknown as string })
  double.approvals.set('odd', approvalRow('odd', '', { tool_name: 'Nobody’s' }))
  const page = await bootWith(at, lineTo(double).options)
  const aside = () => page.state().ledger.quarantine.map(({ stream }) => stream)
  expect(await page.until(() => aside().length === 2)).toBe(true)
  const listed = double.listed()
  expect(await page.until(() => double.listed() > listed + 6)).toBe(true)
  await page.meanwhile(page.ledger.whenIdle())
  expect(aside().toSorted()).toEqual(['agentd:approvals', 'agentd:list'])
})

test('A3 a list of approvals with a row that cannot be read says nothing of those that are missing', async () => {
  const page = await working()
  double.approvals.set('p1', approvalRow('p1', 'a1'))
  expect(await page.until(() => statusOf(page) === 'awaiting_user')).toBe(true)
  double.approvals.set('p1', approvalRow('p1', ''))
  const listed = double.listed()
  expect(await page.until(() => double.listed() > listed + 6)).toBe(true)
  await page.meanwhile(page.ledger.whenIdle())
  const record = inTable(page.state().runs.records, LOG)
  expect(record).toMatchObject({ run: { status: 'awaiting_user' }, questions: [{ state: 'open' }] })
})

test('agentd a stop, a message and an answer are REST calls, and what was not known arrived nowhere', async () => {
  const page = await working()
  double.approvals.set('p1', approvalRow('p1', 'a1'))
  expect(await page.until(() => statusOf(page) === 'awaiting_user')).toBe(true)
  const payload = { questionId: 'approval:p1', answer: 'approve' }
  await page.meanwhile(page.ledger.send({ log: LOG, verb: 'answer', payload }))
  expect(await page.until(() => statusOf(page) === 'running')).toBe(true)
  await page.meanwhile(page.ledger.send({ log: LOG, verb: 'follow_up', payload: { message: 'Go on' } }))
  await page.meanwhile(page.ledger.send({ log: LOG, verb: 'stop', payload: null }))
  expect(await page.until(() => statusOf(page) === 'cancelled')).toBe(true)
  expect(lifeOf(page)).toMatchObject({ inferred: false, trigger: 'user_terminated' })
  expect(double.sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /approvals/p1/approve',
    'POST /agents/a1/message',
    'DELETE /agents/a1',
  ])
  expect(Object.values(page.state().runs.commands).map(({ state }) => state)).toEqual([
    'applied',
    'applied',
    'applied',
  ])
})

test('A2 the same rows again change nothing', async () => {
  double.agents.set('a1', agentRow('a1', { execution_state: 'idle' }))
  const page = await bootWith(at, lineTo(double).options)
  expect(await page.until(() => statusOf(page) === 'idle')).toBe(true)
  const before = lifeOf(page)?.lastSequence
  await page.meanwhile(page.ledger.dispose())
  const next = await bootWith(at, lineTo(double).options)
  await next.until(() => next.state().ledger.sources['agentd']?.state === 'connected')
  await next.meanwhile(next.ledger.openRun(LOG))
  expect(lifeOf(next)?.lastSequence).toBe(before)
})

test('S1 the environment of an agent is not kept', () => {
  const row = readRow(agentRow('a1', { config: { env: { KEY: 'secret-value' }, model: 'opus' }, pid: 7 }))
  const text = JSON.stringify(row === null ? null : observe(row, AT).payload)
  expect(text).not.toContain('secret-value')
  expect(text).toContain('"model":"opus"')
  expect(text).toContain('"pid":7')
})
