/**
 * Bugs of other tools, reported by their users, about work that is done again and rows that say "running": each is
 * done to a real store with a real orchestrator, and must not happen here. Names are those of the reports.
 */
import { describe, expect, test } from 'vitest'
import type { RunRecord } from '../../src/core/entities.ts'
import { RUN, tellPage } from './support/commands.ts'
import { at } from '../../src/state/table.ts'
import { newScope, research, script } from './support/page.ts'
import type { Page } from './support/page.ts'
import { begin, completes, cutOff, Finders, isDone, resume, status } from './support/finders.ts'
import { openWorkshop, until } from './support/resuming.ts'

describe('resume that does finished work again', () => {
  test('claude-code #78215: 7 finders are not spawned 28 times over four resumes', async () => {
    const outside = new Finders(['1', '2', '3', '4', '5', '6', '7'])
    outside.stuck.add('7')
    const id = await cutOff(outside, [1, 2, 3, 4, 5, 6])
    for (const round of [2, 3, 4]) {
      const page = await openWorkshop(outside)
      await resume(page, id)
      await until(() => outside.made('7') === round)
      await page.crash()
    }
    outside.stuck.clear()
    const page = await openWorkshop(outside)
    // Four losses without a result: the next would be the fifth attempt, which the policy still allows.
    await resume(page, id)
    await completes(page, id)
    expect(outside.items.map((item) => outside.made(item))).toEqual([1, 1, 1, 1, 1, 1, 5])
    expect(page.workflow(id).workflow.childRunIds.filter((child) => child.includes('.find'))).toHaveLength(7)
  })

  test('claude-code #72295: a stop does not forget what was finished', async () => {
    const outside = new Finders(['a', 'b'])
    outside.stuck.add('b')
    const { page, id } = await begin(outside)
    await until(() => isDone(page, id, 1))
    await page.ledger.send({ log: `w:${id}`, verb: 'stop', payload: null })
    await until(() => page.workflow(id).workflow.status === 'cancelled')
    outside.stuck.clear()
    await resume(page, id)
    await completes(page, id)
    expect([outside.made('a'), outside.made('b')]).toEqual([1, 2])
  })

  test('claude-code #74599, #95076: siblings that finish in any order do not break what is kept', async () => {
    const outside = new Finders(['a', 'b', 'c', 'd'])
    outside.stuck.add('a').add('c')
    const id = await cutOff(outside, [2, 4])
    outside.stuck.clear()
    const page = await openWorkshop(outside)
    await resume(page, id)
    await completes(page, id)
    expect(outside.items.map((item) => outside.made(item))).toEqual([2, 1, 2, 1])
  })

  test('the documented rule "a failure at B runs C and D again" does not hold', async () => {
    const outside = new Finders(['a', 'b', 'c', 'd'])
    outside.failing.add('b')
    const { page, id } = await begin(outside)
    await until(() => page.workflow(id).workflow.status === 'failed')
    outside.failing.clear()
    await resume(page, id)
    await completes(page, id)
    expect(outside.items.map((item) => outside.made(item))).toEqual([1, 2, 1, 1])
  })

  test('claude-code #89784, #88288: identical pieces of work are each kept, and not dispatched again', async () => {
    const outside = new Finders(['same', 'same', 'other'])
    outside.stuck.add('other')
    const id = await cutOff(outside, [1, 2])
    outside.stuck.clear()
    const page = await openWorkshop(outside)
    const plan = await page.ledger.planResume(id)
    expect(plan.entries.filter(({ action }) => action === 'reuse')).toHaveLength(3)
    await page.ledger.resumeWorkflow(plan)
    await completes(page, id)
    expect([outside.made('same'), outside.made('other')]).toEqual([2, 2])
  })

  test('claude-code #80608: a child run again has its result under the key it started with', async () => {
    const outside = new Finders(['a', 'b'])
    outside.stuck.add('b')
    const id = await cutOff(outside, [1])
    outside.stuck.clear()
    const page = await openWorkshop(outside)
    const before = page.run(`${id}.find.2`).run.contentKey
    await resume(page, id)
    await completes(page, id)
    const { contentKey, attempt } = page.run(`${id}.find.2`).run
    expect({ contentKey, attempt }).toEqual({ contentKey: before, attempt: 2 })
    expect(before).not.toBeNull()
  })

  test('laurigates/claude-plugins #1868: a child that may have opened a pull request is not run again unasked', async () => {
    const outside = new Finders(['a', 'b'])
    outside.effect = 'write'
    outside.stuck.add('b')
    const id = await cutOff(outside, [1])
    outside.stuck.clear()
    const page = await openWorkshop(outside)
    const plan = await page.ledger.planResume(id)
    expect(plan.isSafe).toBe(false)
    expect(plan.entries.find(({ runId }) => runId === `${id}.find.2`)).toMatchObject({
      action: 'blocked',
      reason: 'unknown-outcome',
    })
    expect((await page.ledger.resumeAllSafe()).map(({ outcome }) => outcome)).toEqual(['left'])
    expect(outside.made('b')).toBe(1)
  })

  test('laurigates/claude-plugins #1868: nor one that has opened it, and was cut off later', async () => {
    const outside = new Finders(['a', 'b'])
    outside.effect = 'write'
    outside.lingering.add('b')
    const { page: first, id } = await begin(outside)
    await until(() => isDone(first, id, 1) && first.run(`${id}.find.2`).toolCalls.length === 2)
    await first.crash()
    outside.lingering.clear()
    const page = await openWorkshop(outside)
    await page.ledger.resumeAllSafe()
    await page.ledger.whenIdle()
    await until(() => page.workflow(id).workflow.attempt === 1 || isDone(page, id, 2))
    expect(outside.made('b')).toBe(1)
  })

  test('openhuman #3600: a run stopped in the middle of a phase does not deadlock when it is resumed', async () => {
    const outside = new Finders(['a', 'b'])
    outside.stuck.add('a').add('b')
    const { page, id } = await begin(outside)
    await page.ledger.send({ log: `w:${id}`, verb: 'stop', payload: null })
    await until(() => page.workflow(id).workflow.status === 'cancelled')
    expect(page.workflow(id).workflow.phases.map((phase) => phase.status)).not.toContain('running')
    outside.stuck.clear()
    await resume(page, id)
    await completes(page, id)
    expect(page.workflow(id).workflow.phases.map((phase) => phase.status)).toEqual(Array(3).fill('completed'))
  })

  test('openhuman #4015: results are found after a restart, not counted as zero', async () => {
    const outside = new Finders(['a', 'b'])
    outside.stuck.add('b')
    const id = await cutOff(outside, [1])
    const page = await openWorkshop(outside)
    const { result } = page.run(`${id}.find.1`).run
    expect(result).not.toBeNull()
    const text = result === null ? null : await page.ledger.readText(result)
    expect(text).toMatchObject({
      kind: 'found',
      text: JSON.stringify({ item: 'a', number: 1, answer: null }),
    })
  })

  test('openhuman 8.18: a run that failed and then completed does not keep its old error', async () => {
    const outside = new Finders(['a', 'b'])
    outside.failing.add('b')
    const { page, id } = await begin(outside)
    await until(() => page.workflow(id).workflow.status === 'failed')
    const failed = page.run(`${id}.find.2`).run
    expect(failed.error).toContain('no luck')
    outside.failing.clear()
    await resume(page, id)
    await completes(page, id)
    expect(page.run(`${id}.find.2`).run).toMatchObject({ status: 'completed', error: null, attempt: 2 })
    expect(page.workflow(id).workflow).toMatchObject({
      status: 'completed',
      error: null,
      summary: 'Written.',
    })
  })
})

describe('questions and checkpoints', () => {
  async function asked(): Promise<{ outside: Finders; id: string; question: string }> {
    const outside = new Finders(['a', 'b'])
    outside.asking.add('b')
    const { page, id } = await begin(outside)
    await until(() => isDone(page, id, 1) && status(page, id, 2) === 'awaiting_user')
    const [question] = page.run(`${id}.find.2`).questions
    await page.crash()
    return { outside, id, question: question?.questionId ?? '' }
  }

  test('openhuman #6036, 8.19: after a restart the question is still there, and an answer keeps the lineage', async () => {
    const { outside, id, question } = await asked()
    const page = await openWorkshop(outside)
    expect(status(page, id, 2)).toBe('awaiting_user')
    const before = page.run(`${id}.find.2`).run
    await page.ledger.send({
      log: `r:${id}.find.2`,
      verb: 'answer',
      payload: { questionId: question, answer: 'x' },
    })
    await until(() => isDone(page, id, 2))
    const after = page.run(`${id}.find.2`).run
    expect(after).toMatchObject({
      attempt: before.attempt,
      workflowRunId: before.workflowRunId,
      parentThreadId: before.parentThreadId,
    })
    // Not spawned anew: what it had been told was not asked for again.
    expect(outside.made('b')).toBe(1)
    // Its last run in flight has ended: nobody drives it.
    await until(() => page.workflow(id).workflow.status === 'interrupted')
    await resume(page, id)
    await completes(page, id)
    expect([outside.made('a'), outside.made('b')]).toEqual([1, 1])
  })

  test('openhuman #5928, #5951: only a run whose checkpoint was really saved is said to be resumable', async () => {
    const { page } = await tellPage((lines) => [
      ...research(lines),
      lines.event(RUN, 'question.asked', { questionId: 'q1', prompt: 'Which?' }),
      lines.event(RUN, 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
    ])
    expect((await page.ledger.standingOf(RUN))?.hasCheckpoint).toBe(false)
  })
})

describe('rows that say running', () => {
  /** The run of scripted pages. */
  function scripted(page: Page): RunRecord {
    const record = at(page.state().runs.records, RUN)
    if (record?.entity !== 'run') throw new Error('There is no such run.')
    return record
  }

  test('agenc-core #2167, NeoAgent #85, MJ #2652, AutoGPT #10438, openhuman #4008: nothing is running after a restart', async () => {
    const outside = new Finders(['a', 'b', 'c'])
    outside.stuck.add('b').add('c')
    const id = await cutOff(outside, [1])
    const page = await openWorkshop(outside)
    const found = [1, 2, 3].map((number) => status(page, id, number))
    // claude-code #63023: nor does what died look like a success.
    expect(found).toEqual(['completed', 'interrupted', 'interrupted'])
    expect(page.workflow(id).workflow).toMatchObject({ status: 'interrupted', inferred: true })
  })

  test('nimbalyst #1266: runs of an owner that lives are left alone when another page starts', async () => {
    const outside = new Finders(['a', 'b'])
    outside.stuck.add('b')
    const { page, id } = await begin(outside)
    await until(() => isDone(page, id, 1))
    await page.ledger.whenIdle()
    const other = await openWorkshop(outside)
    await other.ledger.reconcile()
    await other.ledger.whenIdle()
    expect([1, 2].map((number) => status(other, id, number))).toEqual(['completed', 'running'])
    expect(other.workflow(id).workflow.status).toBe('running')
  })

  test('t3code #7314, #9391: a child without an end is settled, and what its owner said before does not re-arm it', async () => {
    const { page, lines } = await tellPage(research)
    const late = lines.event(RUN, 'run.heartbeat', {})
    const other = lines.event(RUN, 'tool.finished', { callId: 'c2', status: 'completed', output: 'late' })
    await page.ledger.runs.transition(RUN, 'interrupted', {
      trigger: 'reconciliation',
      reason: 'Its owner is gone.',
    })
    page.source.emit(lines.stream, [late, other])
    await page.ledger.whenIdle()
    const { run } = scripted(page)
    expect({ status: String(run.status), attempt: run.attempt }).toEqual({
      status: 'interrupted',
      attempt: 1,
    })
  })

  test('octo-agent #1587: history told again to a page that comes back raises nobody', async () => {
    const lines = script()
    const end = (): object[] => [
      lines.event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received', summary: 'Done.' }),
    ]
    const told = [...research(lines), ...end()]
    const { page } = await tellPage(() => told)
    const before = scripted(page)
    page.source.emit(lines.stream, told)
    await page.ledger.whenIdle()
    expect(String(before.run.status)).toBe('completed')
    expect(scripted(page)).toEqual(before)
  })

  test('t3code #5529: a child that is run again is at work now, with a clock of its own', async () => {
    const outside = new Finders(['a', 'b'])
    outside.stuck.add('b')
    const id = await cutOff(outside, [1])
    const page = await openWorkshop(outside)
    const before = page.run(`${id}.find.2`).run
    await resume(page, id)
    await until(() => status(page, id, 2) === 'running' && outside.made('b') === 2)
    const { run } = page.run(`${id}.find.2`)
    expect(run).toMatchObject({ attempt: 2, completedAt: null, inferred: false })
    expect(run.startedAt).toBeGreaterThanOrEqual(before.completedAt ?? before.updatedAt)
    expect(run.attempts.map(({ status }) => String(status))).toEqual(['interrupted'])
  })

  test('jarvis #1058, kimi-code #2154, openhuman 8.20: what hangs can really be stopped, and its clock stands then', async () => {
    const outside = new Finders(['a'])
    outside.stuck.add('a')
    const { page, id } = await begin(outside)
    await page.ledger.send({ log: `r:${id}.find.1`, verb: 'stop', payload: null })
    await until(() => status(page, id, 1) === 'cancelled')
    const { run, telemetry } = page.run(`${id}.find.1`)
    expect(telemetry.elapsedMs).toBe((run.completedAt ?? 0) - run.startedAt)
    expect(telemetry.elapsedMs).toBeGreaterThanOrEqual(0)
  })

  test('CopilotKit #2326, OpenHands #5758: a row says what its run is, in every state there ever was', async () => {
    const { page, lines } = await tellPage(research)
    const told = [
      lines.event(RUN, 'run.transitioned', { to: 'idle', trigger: 'result_received' }),
      lines.event(RUN, 'run.transitioned', { to: 'running', trigger: 'prompt_received' }),
      lines.event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received' }),
    ]
    const shown: [row: string | undefined, run: string][] = []
    const stop = page.store.subscribe(() => {
      const row = Object.values(page.state().chatRuntime.toolTimelineByThread)
        .flat()
        .find(({ runId }) => `r:${runId}` === RUN)
      shown.push([row?.runStatus, scripted(page).run.status])
    })
    for (const event of told) {
      page.source.emit(lines.stream, [event])
      await page.ledger.whenIdle()
    }
    stop()
    expect(shown.filter(([row, run]) => row !== run)).toEqual([])
    expect(new Set(shown.map(([, run]) => run))).toEqual(new Set(['idle', 'running', 'completed']))
  })

  test('claude-code #74198, #86764: what was cut off opens at the first try, and can be resumed', async () => {
    const outside = new Finders(['a', 'b'])
    outside.stuck.add('b')
    const id = await cutOff(outside, [1])
    const page = await openWorkshop(outside)
    expect(page.state().ledger).toMatchObject({ phase: 'ready', health: { state: 'ok' } })
    expect(await page.ledger.planResume(id)).toMatchObject({ refusal: null, isSafe: true })
  })

  test('claude-code #75540: a deleted run is no zombie after a restart, though it is told again', async () => {
    const scope = newScope()
    const lines = script()
    const told = [
      ...research(lines),
      lines.event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received' }),
      lines.event('w:wf1', 'workflow.transitioned', { to: 'completed', trigger: 'result_received' }),
    ]
    const { page } = await tellPage(() => told, { scope })
    await page.ledger.retention.prune(await page.ledger.retention.preview({ maxRuns: 0 }))
    await page.ledger.dispose()
    const { page: next } = await tellPage(() => told, { scope })
    expect(at(next.state().runs.records, RUN)).toBeUndefined()
    expect(await next.ledger.openRun(RUN)).toBe(false)
  })

  test('kimi-code #2673: a stop of a run its owner does not know settles the row', async () => {
    const { page } = await tellPage(research)
    page.source.answer = async () => ({ kind: 'unknownRun', reason: 'No such run.' })
    await page.ledger.send({ log: RUN, verb: 'stop', payload: null })
    await page.ledger.whenIdle()
    expect(scripted(page).run).toMatchObject({ status: 'cancelled', inferred: true })
  })
})
