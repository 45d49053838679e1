/**
 * Owns the way out of the resume model's world: whatever happened, a person who makes plans, agrees, answers and
 * resumes gets every report in the end. SPEC R1, R2.
 */
import { expect } from 'vitest'
import { workflowLog } from '../../src/core/ids.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { ResumePolicy } from '../../src/core/resume/policy.ts'
import { agreeable, shown } from './resumeActions.ts'
import type { ResumeWorld, Tab } from './resumeWorld.ts'

const ALWAYS: ResumePolicy = {
  failed: 'always',
  missing: 'always',
  interrupted: 'always',
  orphan: 'always',
  unknown: 'ask',
}
const ROUNDS = 14

/** A person with patience: resumes, agrees and answers until every report is there. Tells what never came. */
export async function finish(world: ResumeWorld, tab: Tab): Promise<readonly string[]> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const open = (await world.workflows()).filter(({ workflow }) => workflow.status !== 'completed')
    if (open.length === 0) return []
    for (const { workflow } of open) {
      const refusal = await carryOn(world, tab, workflow.id, round > 0)
      await world.settle()
      if (refusal !== null && round === ROUNDS - 1) return [`${workflow.id}: ${refusal}`]
    }
    await answerAll(world, tab)
    await world.settle()
  }
  const left = (await world.workflows()).filter(({ workflow }) => workflow.status !== 'completed')
  return left.map(
    ({ workflow }) => `${workflow.id} is ${workflow.status} in the end: ${workflow.reason ?? ''}`,
  )
}

/** `agrees`: not at first, so that nothing unclear is done without it. */
async function carryOn(world: ResumeWorld, tab: Tab, id: string, agrees: boolean): Promise<string | null> {
  if (await isLive(tab, id)) {
    const paused = (await world.records()).filter(
      (record) => (record.entity === 'run' ? record.run.status : record.workflow.status) === 'paused',
    )
    for (const { log } of paused) {
      world.ask(tab, 'resume', () => tab.ledger.send({ log, verb: 'resume', payload: null }))
      await world.settle()
    }
    return 'it is still driven'
  }
  const first = await tab.ledger.planResume(id, { policy: ALWAYS })
  const agreed = agrees ? agreeable(first) : []
  for (const each of agreed) world.agreed.add(each)
  const plan = await tab.ledger.planResume(id, { policy: ALWAYS, agreed })
  // R2: nothing happened in between, so it comes out the same.
  expect(await tab.ledger.planResume(id, { policy: ALWAYS, agreed })).toEqual(plan)
  world.plans.push(plan)
  if (plan.refusal !== null) return plan.refusal
  await tab.ledger.resumeWorkflow(plan)
  return null
}

/** Whether an orchestrator of a living page drives it. */
async function isLive(tab: Tab, id: string): Promise<boolean> {
  await tab.ledger.reconcile()
  const log = workflowLog(id)
  const record = shown(tab).find((each) => each.log === log)
  const stream = record?.bindings.at(-1)?.stream ?? null
  const answers = await tab.owner.ask([{ log, stream }])
  return answers.get(log)?.kind === 'live'
}

async function answerAll(world: ResumeWorld, tab: Tab): Promise<void> {
  for (const { log, questions } of await world.runs()) {
    for (const { questionId } of questions.filter(({ state }) => state === 'open')) {
      const payload = { questionId, answer: 'this' }
      world.ask(tab, 'answer', () => tab.ledger.send({ log, verb: 'answer', payload }))
      await world.settle()
    }
  }
}

/** Reports hold what the children of the workflow found, each item once. */
export async function reports(world: ResumeWorld, textOf: (log: LogId) => Promise<string | null>) {
  const wrong: string[] = []
  for (const { workflow } of await world.workflows()) {
    const writer = (await world.runs()).findLast(
      ({ run }) => run.workflowRunId === workflow.id && run.phase === 'report' && run.status === 'completed',
    )
    const report = writer === undefined ? null : await textOf(writer.log)
    // The report itself was lost after it had come.
    if (report === null && writer !== undefined && world.damaged.has(writer.run.id)) continue
    const { given = [] } = report === null ? {} : (JSON.parse(report) as { given?: { item: string }[] })
    const items = given.map(({ item }) => item).join()
    if (items !== 'a,asks,writes') wrong.push(`the report of ${workflow.id} is about ${items || 'nothing'}`)
  }
  return wrong
}
