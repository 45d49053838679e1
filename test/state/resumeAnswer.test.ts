/** A worker that waited when its page and orchestrator went is continued by its answer. SPEC R1, O1. */
import { describe, expect, test } from 'vitest'
import { openWorkshop, Outside, until } from './support/resuming.ts'

async function askedAndCutOff(outside: Outside): Promise<string> {
  outside.asking.add('b')
  const page = await openWorkshop(outside)
  const id = await page.start()
  const isDone = (child: string): boolean => page.run(`${id}.work.${child}`).run.status === 'completed'
  await until(() => outside.calls.length === 4 && isDone('1') && isDone('3'))
  await until(() => page.run(`${id}.work.2`).run.status === 'awaiting_user')
  await page.crash()
  return id
}

describe('an answer after a restart', () => {
  test('R1: continues the worker from its checkpoint, without a call made twice', async () => {
    const outside = new Outside()
    const id = await askedAndCutOff(outside)
    const page = await openWorkshop(outside)
    const child = `${id}.work.2`
    const { run, questions } = page.run(child)
    expect(run).toMatchObject({ status: 'awaiting_user', attempt: 1 })
    const [question] = questions
    expect(await page.ledger.standingOf(`r:${child}`)).toEqual({ ownership: 'gone', hasCheckpoint: true })
    const payload = { questionId: question?.questionId ?? '', answer: 'Because.' }
    const command = await page.ledger.send({ log: `r:${child}`, verb: 'answer', payload })
    expect(command.detail).toBeNull()
    await until(() => page.run(child).run.status === 'completed')
    expect(outside.callsOf(child)).toBe(1)
    const after = page.run(child)
    expect(after.run).toMatchObject({ attempt: 1, workflowRunId: id, phase: 'work' })
    expect(after.questions).toMatchObject([{ state: 'answered', answer: 'Because.' }])
    const result = after.run.result && (await page.ledger.readText(after.run.result))
    expect(result?.kind === 'found' && JSON.parse(result.text)).toMatchObject({
      item: 'b',
      answer: 'Because.',
    })
  })

  test('R1: the workflow resumes with the answered worker reused', async () => {
    const outside = new Outside()
    const id = await askedAndCutOff(outside)
    const page = await openWorkshop(outside)
    const child = `${id}.work.2`
    const questionId = page.run(child).questions[0]?.questionId ?? ''
    await page.ledger.send({ log: `r:${child}`, verb: 'answer', payload: { questionId, answer: 'Because.' } })
    await until(() => page.run(child).run.status === 'completed')
    // Nothing waits in it any more, and nobody drives it.
    await until(() => page.workflow(id).workflow.status === 'interrupted')
    const plan = await page.ledger.planResume(id)
    expect(plan.entries.find(({ runId }) => runId === child)).toMatchObject({ action: 'reuse' })
    await page.ledger.resumeWorkflow(plan)
    await until(() => page.workflow(id).workflow.status === 'completed')
    expect(outside.callsOf(child)).toBe(1)
  })
})
