/** Resuming a workflow run after its page and its orchestrator are gone: plan, execution, refusals. SPEC R1-R3. */
import { describe, expect, test } from 'vitest'
import { describeEvent } from '../../src/core/describe.ts'
import type { ResumePlan } from '../../src/core/resume/plan.ts'
import { CannotPlanError, StalePlanError } from '../../src/index.ts'
import { at } from '../../src/state/table.ts'
import { DEFINITION, openWorkshop, Outside, until } from './support/resuming.ts'
import type { Workshop } from './support/resuming.ts'

/** Two phases run until the worker of `b` never comes back; then everything is cut off. */
async function cutOff(outside: Outside): Promise<string> {
  outside.stuck.add('b')
  const page = await openWorkshop(outside)
  const id = await page.start()
  const isDone = (child: string): boolean => page.run(`${id}.work.${child}`).run.status === 'completed'
  await until(() => outside.calls.length === 4 && isDone('1') && isDone('3'))
  await page.crash()
  outside.stuck.clear()
  return id
}

const actions = ({ entries }: ResumePlan): Record<string, string> =>
  Object.fromEntries(
    entries.map(({ id, action, reason }) => [id.replace(/^.*\.(?=\w+\.)/, ''), `${action} ${reason}`]),
  )

async function reportOf(page: Workshop, id: string): Promise<unknown> {
  await until(() => page.workflow(id).workflow.status === 'completed')
  await page.ledger.whenIdle()
  await page.ledger.openWorkflow(id)
  const writer = page.workflow(id).workflow.childRunIds.findLast((child) => child.includes('.report.'))
  const result = page.run(writer ?? '').run.result
  if (result === null) throw new Error('no result')
  const text = await page.ledger.readText(result)
  return text.kind === 'found' ? JSON.parse(text.text) : null
}

async function undisturbed(): Promise<unknown> {
  const page = await openWorkshop(new Outside())
  return reportOf(page, await page.start())
}

describe('resume', () => {
  test('R1: what was finished is not done again, and the report equals that of an undisturbed run', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    const plan = await page.ledger.planResume(id)
    expect(plan).toMatchObject({ refusal: null, isSafe: true, changes: [] })
    expect(actions(plan)).toMatchObject({
      'plan.1': 'reuse completed',
      'work.1': 'reuse completed',
      'work.2': 'relaunch interrupted',
      'work.3': 'reuse completed',
    })
    await page.ledger.resumeWorkflow(plan)
    expect(await reportOf(page, id)).toEqual(await undisturbed())
    const counts = ['plan.1', 'work.1', 'work.2', 'work.3'].map((child) => outside.callsOf(`${id}.${child}`))
    expect(counts).toEqual([1, 1, 2, 1])
    expect(page.workflow(id).workflow).toMatchObject({ attempt: 2, trigger: 'result_received' })
  })

  test('R1: the timeline says that it was planned, and that its orchestrator was asked, each once', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    await page.ledger.resumeWorkflow(await page.ledger.planResume(id))
    await reportOf(page, id)
    const titles = (at(page.state().runs.tails, `w:${id}`) ?? []).map((event) => describeEvent(event).title)
    const requests = titles.filter((title) => /^(Planned|Queued|Asked) to/.test(title))
    expect(requests.slice(-2)).toEqual(['Planned to resume', 'Asked to resume'])
    expect(requests.filter((title) => title.endsWith('resume'))).toHaveLength(2)
  })

  test('R2: planning changes nothing and comes out the same twice', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    const head = page.workflow(id).workflow.lastSequence
    const plan = await page.ledger.planResume(id)
    expect(await page.ledger.planResume(id)).toEqual(plan)
    await page.ledger.whenIdle()
    expect(page.workflow(id).workflow.lastSequence).toBe(head)
    expect(outside.calls).toHaveLength(4)
  })

  test('a plan whose world has moved on is refused by name, and nothing is written or sent', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    const plan = await page.ledger.planResume(id)
    await page.ledger.resumeWorkflow(plan)
    await reportOf(page, id)
    const commands = Object.keys(page.state().runs.commands).length
    const error = await page.ledger.resumeWorkflow(plan).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(StalePlanError)
    expect((error as StalePlanError).message).toContain(id)
    expect((error as StalePlanError).logs).toContain(`w:${id}`)
    expect(Object.keys(page.state().runs.commands)).toHaveLength(commands)
    expect(page.workflow(id).workflow.attempt).toBe(2)
  })

  test('O1: of two pages with one plan, one resumes it', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const [one, other] = [await openWorkshop(outside), await openWorkshop(outside)]
    const plans = [await one.ledger.planResume(id), await other.ledger.planResume(id)] as const
    const ends = await Promise.allSettled([
      one.ledger.resumeWorkflow(plans[0]),
      other.ledger.resumeWorkflow(plans[1]),
    ])
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await reportOf(one, id)
    expect(outside.callsOf(`${id}.work.2`)).toBe(2)
  })

  test('a result whose text is lost is blocked, never done again silently', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    const plan = await page.ledger.planResume(id)
    await forget(outside, page, `${id}.work.1`)
    const error = await page.ledger.resumeWorkflow(plan).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(StalePlanError)
    expect((error as StalePlanError).logs).toEqual([`r:${id}.work.1`])

    const next = await page.ledger.planResume(id)
    expect(next.isSafe).toBe(false)
    expect(next.entries.find(({ runId }) => runId === `${id}.work.1`)).toMatchObject({
      action: 'blocked',
      reason: 'result-missing',
      canAgree: true,
    })
    await page.ledger.resumeWorkflow(next)
    await until(() => page.workflow(id).workflow.status === 'failed')
    expect(outside.callsOf(`${id}.work.1`)).toBe(1)
  })

  test('R3: a call that may have changed something and never ended waits for a word, and then goes', async () => {
    const outside = new Outside()
    outside.effect = 'write'
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    const plan = await page.ledger.planResume(id)
    const child = `${id}.work.2`
    expect(plan.entries.find(({ runId }) => runId === child)).toMatchObject({
      action: 'blocked',
      reason: 'unknown-outcome',
      canAgree: true,
    })
    const agreed = await page.ledger.planResume(id, { agreed: [child] })
    expect(agreed.entries.find(({ runId }) => runId === child)).toMatchObject({ action: 'relaunch' })
    await page.ledger.resumeWorkflow(agreed)
    await reportOf(page, id)
    expect(outside.callsOf(child)).toBe(2)
  })

  test('an agent that is no more blocks its own children and nothing else', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    outside.retired.add('worker')
    const page = await openWorkshop(outside)
    const { entries, isSafe } = await page.ledger.planResume(id)
    expect(isSafe).toBe(false)
    expect(entries.find(({ runId }) => runId === `${id}.plan.1`)).toMatchObject({ action: 'reuse' })
    expect(entries.find(({ runId }) => runId === `${id}.work.2`)).toMatchObject({
      action: 'blocked',
      reason: 'agent-missing',
    })
  })

  test('a changed input is named, and what it changes is done anew', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    const plan = await page.ledger.planResume(id, { input: { question: 'Why not?' } })
    expect(plan.changes).toContain('input changed: question')
    expect(plan.entries.find(({ runId }) => runId === `${id}.plan.1`)).toMatchObject({
      action: 'relaunch',
      reason: 'changed',
    })
    await page.ledger.resumeWorkflow(plan)
    expect(await reportOf(page, id)).toMatchObject({ input: { question: 'Why not?' } })
  })

  test('bad input: no such workflow, no such definition, a workflow that is driven or has finished', async () => {
    const outside = new Outside()
    outside.stuck.add('b')
    const page = await openWorkshop(outside)
    await expect(page.ledger.planResume('nobody')).rejects.toThrow('There is no workflow run nobody here.')
    const id = await page.start()
    await until(() => outside.calls.length === 4)
    const broken = { ...DEFINITION, phases: [] }
    const error = await page.ledger.planResume(id, { definition: broken }).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(CannotPlanError)
    expect((error as Error).message).toContain('The definition has no phases.')
    const plan = await page.ledger.planResume(id)
    expect(plan.refusal).not.toBeNull()
    await expect(page.ledger.resumeWorkflow(plan)).rejects.toThrow(plan.refusal ?? '')
  })

  test('an orchestrator that cannot be reached is an error of its own, and no plan', async () => {
    const outside = new Outside()
    const id = await cutOff(outside)
    const page = await openWorkshop(outside)
    page.local.catalog = () => Promise.reject(new Error('It hung up.'))
    await expect(page.ledger.planResume(id)).rejects.toThrow('cannot be reached: It hung up.')
  })

  test('resumeAllSafe resumes what was cut off, one after the other, and leaves what needs a word', async () => {
    const outside = new Outside()
    const safe = await cutOff(outside)
    outside.effect = 'write'
    outside.calls.length = 0
    const unsafe = await cutOff(outside)
    const page = await openWorkshop(outside)
    const outcomes = await page.ledger.resumeAllSafe()
    const by = new Map(outcomes.map(({ workflowRunId, outcome }) => [workflowRunId, outcome]))
    expect(by.get(safe)).toBe('resumed')
    expect(by.get(unsafe)).toBe('left')
    await reportOf(page, safe)
    expect(page.workflow(unsafe).workflow.attempt).toBe(1)
  })
})

/** The text of a run's result is gone from the disk. */
async function forget(outside: Outside, page: Workshop, runId: string): Promise<void> {
  const ref = page.run(runId).run.result?.ref
  if (ref === undefined || ref === null) throw new Error('the result is not in a blob')
  const { openDB } = await import('idb')
  const { databaseName } = await import('../../src/ledger/indexedDb.ts')
  const db = await openDB(databaseName(outside.scope))
  await db.delete('blobs', ref)
  db.close()
}
