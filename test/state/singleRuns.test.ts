/** A single run that has ended is tried again, or told more, by the real orchestrator. SPEC R1, O1. */
import { afterEach, describe, expect, test } from 'vitest'
import type { RunCommand } from '../../src/index.ts'
import { describeEvent } from '../../src/core/describe.ts'
import { isSettled } from '../../src/core/status.ts'
import { at } from '../../src/state/table.ts'
import { openWorkshop, Outside, until } from './support/resuming.ts'
import type { Workshop } from './support/resuming.ts'

const pages: Workshop[] = []
async function open(outside: Outside): Promise<Workshop> {
  const page = await openWorkshop(outside)
  pages.push(page)
  return page
}
afterEach(async () => {
  for (const page of pages.splice(0)) await page.ledger.dispose()
})

/** A workflow run that came to its end. */
async function run(outside: Outside, page: Workshop): Promise<string> {
  const id = await page.start()
  await until(() => isSettled(page.workflow(id).workflow.status))
  await page.ledger.whenIdle()
  return id
}

async function resultOf(page: Workshop, runId: string): Promise<unknown> {
  const { result } = page.run(runId).run
  const text = result === null ? null : await page.ledger.readText(result)
  return text?.kind === 'found' ? JSON.parse(text.text) : null
}

const settles = (page: Workshop, { id }: RunCommand): Promise<void> =>
  until(() => page.state().runs.commands[id]?.state === 'applied')

/** Where the run was asked: by the page that ran it, or the next day. */
const VISITS = [
  ['in the same visit', async (_outside: Outside, page: Workshop) => page],
  [
    'after a restart',
    async (outside: Outside, page: Workshop) => {
      await page.crash()
      return open(outside)
    },
  ],
] as const

describe.each(VISITS)('a run that has ended, %s', (_when, visit) => {
  test('R1: takes a follow-up, and begins again with the words', async () => {
    const outside = new Outside()
    const first = await open(outside)
    const id = await run(outside, first)
    const child = `${id}.work.2`
    const page = await visit(outside, first)
    const words = 'Look once more.'
    const command = await page.ledger.send({
      log: `r:${child}`,
      verb: 'follow_up',
      payload: { message: words },
    })
    expect(command.detail).toBeNull()
    await until(() => page.run(child).run.attempt === 2 && page.run(child).run.status === 'completed')
    await settles(page, command)
    expect(await resultOf(page, child)).toMatchObject({ item: 'b', followUps: [words] })
    expect(['1', '2', '3'].map((child) => outside.callsOf(`${id}.work.${child}`))).toEqual([1, 2, 1])
    // Its workflow is over, and stays as it is.
    expect(page.workflow(id).workflow).toMatchObject({ status: 'completed', attempt: 1 })
    const told = (at(page.state().runs.tails, `r:${child}`) ?? []).map(describeEvent)
    expect(told).toContainEqual(expect.objectContaining({ title: 'Asked to follow up', detail: words }))
  })

  test('R1: that failed is tried again alone', async () => {
    const outside = new Outside()
    outside.doomed.add('b')
    const first = await open(outside)
    const id = await run(outside, first)
    const child = `${id}.work.2`
    expect(first.workflow(id).workflow.status).toBe('failed')
    expect(first.run(child).run.status).toBe('failed')
    const others = outside.calls.length
    const page = await visit(outside, first)
    outside.doomed.clear()
    const command = await page.ledger.send({ log: `r:${child}`, verb: 'retry', payload: null })
    await until(() => page.run(child).run.attempt === 2 && page.run(child).run.status === 'completed')
    await settles(page, command)
    expect(await resultOf(page, child)).toMatchObject({ item: 'b', answer: null })
    expect(page.run(child).run).toMatchObject({ workflowRunId: id, phase: 'work', error: null })
    expect(outside.calls).toHaveLength(others + 1)
    expect(page.workflow(id).workflow).toMatchObject({ status: 'failed', attempt: 1 })
    // What it made of the second try is what its workflow goes on with.
    const plan = await page.ledger.planResume(id)
    expect(plan.entries.find(({ runId }) => runId === child)).toMatchObject({ action: 'reuse' })
  })
})

test('O1: an agent that takes no follow-ups refuses one, and nothing of it changes', async () => {
  const outside = new Outside()
  const page = await open(outside)
  const id = await run(outside, page)
  const child = `${id}.plan.1`
  const payload = { message: 'Plan more.' }
  const command = await page.ledger.send({ log: `r:${child}`, verb: 'follow_up', payload })
  expect(command).toMatchObject({ state: 'rejected', detail: 'The planner takes no follow-ups.' })
  expect(page.run(child).run).toMatchObject({ status: 'completed', attempt: 1 })
})
