/**
 * What redaction takes out of a checkpoint, a result or an input is not there any more when a workflow is resumed.
 * SPEC R1, S1.
 */
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/entities.ts'
import type { ResumePlan } from '../../src/core/resume/plan.ts'
import type { Agent, AgentContext } from '../../src/orchestrator/agent.ts'
import { openWorkshop, Outside, until } from './support/resuming.ts'
import type { Workshop } from './support/resuming.ts'

const SECRET = `ghp_${'a1B2c3D4e5'.repeat(4).slice(0, 36)}`
const TAKEN_OUT = '[redacted:github-token]'

/** Two workers; the second fetches something and asks before it goes on. */
class Leaky extends Outside {
  items: readonly Json[] = ['a', 'b']
  fetched: Json = 'nothing'

  override agents(): readonly Agent[] {
    const agent = (id: string, run: Agent['run']): Agent => ({ id, name: `The ${id}`, description: '', run })
    return [
      agent('planner', async () => ({ output: this.items, summary: 'Planned.' })),
      agent('worker', async (context, { index }) => {
        const found = await this.fetch(context, index === 1 ? this.fetched : null)
        const answer = index === 1 ? await context.ask({ prompt: 'Go on?', options: [] }) : null
        return { output: { found, answer }, summary: 'Worked.' }
      }),
      agent('writer', async () => ({ output: 'Written.', summary: 'Written.' })),
    ]
  }

  private fetch(context: AgentContext, found: Json): Promise<Json> {
    const run = (): Json => {
      this.calls.push({ runId: context.runId, name: 'fetch' })
      return found
    }
    return context.tool({ name: 'fetch', label: 'fetch', args: null, effect: 'none', run, show: String })
  }
}

interface Opened {
  page: Workshop
  plan: ResumePlan
  finished: string
  asking: string
}

/** Cut off when one worker is done and the other waits for its answer, and opened again. */
async function cutOffAndOpened(outside: Leaky, input?: Json, capture?: 'none'): Promise<Opened> {
  const options = capture === undefined ? {} : { capture }
  const before = await openWorkshop(outside, options)
  const id = await before.start(input)
  const [finished, asking] = [`${id}.work.1`, `${id}.work.2`]
  await until(() => before.run(asking).run.status === 'awaiting_user')
  await until(() => before.run(finished).run.status === 'completed')
  await before.crash()
  const page = await openWorkshop(outside, options)
  return { page, plan: await page.ledger.planResume(id), finished, asking }
}

const entryOf = ({ entries }: ResumePlan, runId: string) => entries.find((entry) => entry.runId === runId)

const holding = (change: Partial<Pick<Leaky, 'items' | 'fetched'>>): Leaky =>
  Object.assign(new Leaky(), change)

describe('without any secret', () => {
  test('R1: the finished worker is reused and the other waits for its answer', async () => {
    const { plan, finished, asking } = await cutOffAndOpened(new Leaky())
    expect(entryOf(plan, finished)).toMatchObject({ action: 'reuse' })
    expect(entryOf(plan, asking)).toMatchObject({ action: 'await', reason: 'question', fromCheckpoint: true })
  })
})

describe('a checkpoint that held a secret', () => {
  const leaky = (): Leaky => holding({ fetched: { said: SECRET } })

  test('S1: is stored without it', async () => {
    const { page, asking } = await cutOffAndOpened(leaky())
    const state = page.run(asking).run.checkpoint?.state
    const text = state && (await page.ledger.readText(state))
    expect(text?.kind === 'found' && text.text).toContain(TAKEN_OUT)
    expect(JSON.stringify(text)).not.toContain(SECRET)
  })

  test('R1: is never gone on from: the worker is blocked until a person agrees to start it afresh', async () => {
    const outside = leaky()
    const { page, plan, finished, asking } = await cutOffAndOpened(outside)
    expect(page.run(asking).run).toMatchObject({ status: 'interrupted', inferred: true })
    expect(await page.ledger.standingOf(`r:${asking}`)).toMatchObject({ hasCheckpoint: false })
    expect(plan.isSafe).toBe(false)
    expect(entryOf(plan, finished)).toMatchObject({ action: 'reuse' })
    expect(entryOf(plan, asking)).toMatchObject({
      action: 'blocked',
      reason: 'checkpoint-unusable',
      canAgree: true,
    })
    const agreed = await page.ledger.planResume(plan.workflowRunId, { agreed: [asking] })
    expect(entryOf(agreed, asking)).toMatchObject({ action: 'relaunch', fromCheckpoint: false, attempt: 2 })
    await page.ledger.resumeWorkflow(agreed)
    await until(() => page.run(asking).run.status === 'awaiting_user')
    expect([outside.callsOf(asking), outside.callsOf(finished)]).toEqual([2, 1])
  })

  test('S1: and the plan says that a secret was taken out of it, not that it is damaged', async () => {
    const { plan, asking } = await cutOffAndOpened(leaky())
    expect(entryOf(plan, asking)?.message).toContain('secret')
  })
})

describe('a result that held a secret', () => {
  const leaky = (): Leaky => holding({ items: [{ said: SECRET }, 'b'] })

  test('S1: is stored without it, and reads back', async () => {
    const { page, plan, finished } = await cutOffAndOpened(leaky())
    const planned = page.run(`${plan.workflowRunId}.plan.1`).run.result
    const text = planned && (await page.ledger.readText(planned))
    expect(text?.kind === 'found' && JSON.parse(text.text)).toEqual([{ said: TAKEN_OUT }, 'b'])
    expect(page.run(finished).run.status).toBe('completed')
  })

  test('R1: work that built upon it is not called other work and done again without a word', async () => {
    const { plan, finished } = await cutOffAndOpened(leaky())
    expect([plan.isSafe, entryOf(plan, finished)?.action]).not.toEqual([true, 'relaunch'])
  })
})

describe('an input that held a secret', () => {
  const input = { question: `Why ${SECRET}?` }

  test('S1: is stored without it', async () => {
    const { page, plan, finished } = await cutOffAndOpened(new Leaky(), input)
    expect(page.workflow(plan.workflowRunId).workflow.input).toEqual({ question: `Why ${TAKEN_OUT}?` })
    expect(page.run(finished).run.status).toBe('completed')
  })

  test('R1: it is not called another input, and all work done again without a word', async () => {
    const { plan } = await cutOffAndOpened(new Leaky(), input)
    expect([plan.isSafe, plan.changes]).not.toEqual([true, ['input changed']])
  })
})

describe('a ledger that keeps no content', () => {
  test('S1: has neither input nor results', async () => {
    const { page, plan, finished } = await cutOffAndOpened(new Leaky(), undefined, 'none')
    expect(page.workflow(plan.workflowRunId).workflow.input).toBe('[not captured]')
    expect(page.run(finished).run).toMatchObject({
      status: 'completed',
      result: { preview: '[not captured]' },
    })
  })

  test('R1: offers no resume, which would do all work again on what stands for its input', async () => {
    const { plan } = await cutOffAndOpened(new Leaky(), undefined, 'none')
    expect([plan.isSafe, plan.refusal]).not.toEqual([true, null])
  })
})
